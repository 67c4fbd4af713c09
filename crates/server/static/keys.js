// Asks the browser for a passkey or a security key, and sends its answer with the page's own form.
//
// A form `data-key="get"` or `"create"` fetches what to ask for from `data-options` and fills in `ticket` and `credential`.
// With `data-autofill` a passkey is offered among the names of the user name field as well. Nothing here decides who is
// signed in; without this script the form is sent as it is, and the page that answers says what it needs.

const told = document.querySelector('[data-told]');
const forms = [...document.querySelectorAll('form[data-key]')];
const offered = forms.find((form) => 'autofill' in form.dataset);

// What is asked of a browser may be answered for ten minutes.
const STALE_AFTER = 8 * 60 * 1000;

let underway = null;
let refresh = 0;

function say(word) {
  if (told) told.textContent = word ? told.dataset[word] : '';
}

// `parseCreationOptionsFromJSON` came to browsers after passkeys did.
function isSupported() {
  return typeof PublicKeyCredential === 'function'
    && 'parseCreationOptionsFromJSON' in PublicKeyCredential
    && 'parseRequestOptionsFromJSON' in PublicKeyCredential;
}

class Unreachable extends Error {}

async function fetchOptions(form, signal) {
  let answer;
  try {
    answer = await fetch(form.dataset.options, { redirect: 'manual', signal });
  } catch (error) {
    throw signal.aborted ? error : new Unreachable();
  }
  // The sign-in went on in another tab, or its time is over: the page itself says what comes next.
  if (answer.type === 'opaqueredirect' || answer.status === 404) location.reload();
  if (!answer.ok) throw new Unreachable();
  return answer.json();
}

async function ask(form, mediation) {
  underway?.abort();
  clearTimeout(refresh);
  const mine = new AbortController();
  underway = mine;
  const { signal } = mine;
  const { options, ticket } = await fetchOptions(form, signal);
  const credential = form.dataset.key === 'create'
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options), signal })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), mediation, signal });
  if (signal.aborted) return;
  form.elements.ticket.value = ticket;
  form.elements.credential.value = JSON.stringify(credential.toJSON());
  form.submit();
}

// Browsers don't say whether a person cancelled or found nothing in time, but for how long it took.
function reason(error, took, timeout) {
  switch (error.name) {
    case 'AbortError': return '';
    case 'InvalidStateError': return 'known';
    case 'NotAllowedError': return took < timeout ? 'cancelled' : 'late';
    case 'ConstraintError':
    case 'NotSupportedError': return 'unable';
    default: return error instanceof Unreachable ? 'offline' : 'failed';
  }
}

async function press(form) {
  if (!isSupported()) {
    say('unsupported');
    return;
  }
  say('follow');
  const start = performance.now();
  try {
    await ask(form, 'optional');
  } catch (error) {
    say(reason(error, performance.now() - start, Number(told?.dataset.timeout)));
    offer();
  }
}

// Passkeys among the names of the field, silently: who doesn't want one types on.
async function offer() {
  if (!offered || !isSupported() || !await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
  const again = () => { refresh = setTimeout(offer, STALE_AFTER); };
  ask(offered, 'conditional').catch(() => {});
  again();
}

for (const form of forms) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    press(form);
  });
}
addEventListener('pagehide', () => underway?.abort());
addEventListener('pageshow', (event) => { if (event.persisted) offer(); });
offer();
