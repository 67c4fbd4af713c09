// Lets a page that waits for a phone go on by itself. Without this script the page refreshes itself.
//
// It listens on `data-events` while the page can be seen. An event `state` that differs from `data-state` means that
// there is something new to show: the server decides what, the page only asks again. One state is special: after
// "approved" a page with a form `data-finish` sends it. Nothing here decides who is signed in.

const page = document.querySelector('[data-waiting]');
const live = page?.querySelector('[data-live]');
const timer = page?.querySelector('[data-seconds]');
const bar = page?.querySelector('[data-bar]');
const deadline = timer && Date.now() + Number(timer.dataset.seconds) * 1000;

let source = null;
let retryAfter = 1000;
let retry = 0;
let leaving = false;
let shown = false;
let saidSoon = false;

function say(text) {
  if (live && live.textContent !== text) live.textContent = text;
}

function leave(how) {
  if (leaving) return;
  leaving = true;
  disconnect();
  how();
}

// Not within a second of the last load, so that a page and a server that disagree can't chase each other.
function reload() {
  leave(() => setTimeout(() => location.reload(), Math.max(0, 1000 - performance.now())));
}

function receive(event) {
  retryAfter = 1000;
  say('');
  const state = event.data.trim().toUpperCase();
  if (state === page.dataset.state) return;
  const finish = page.querySelector('form[data-finish]');
  if (state === 'APPROVED' && finish) {
    say(live?.dataset.done ?? '');
    leave(() => finish.submit());
  } else {
    reload();
  }
}

function connect() {
  if (leaving || source || document.hidden) return;
  const stream = new EventSource(page.dataset.events);
  source = stream;
  stream.addEventListener('state', receive);
  stream.addEventListener('open', () => { if (!leaving) say(''); });
  stream.addEventListener('error', () => {
    const refused = stream.readyState === EventSource.CLOSED;
    // The browser's own retries never change their pace and stop after an answer that is not a stream; ours do not.
    disconnect();
    if (refused) leaveIfOver();
    if (retryAfter > 1000) say(live?.dataset.offline ?? '');
    // Not all at one moment: after a restart of the server thousands of pages do the same.
    retry = setTimeout(connect, retryAfter * (0.5 + Math.random()));
    retryAfter = Math.min(retryAfter * 2, 20000);
  });
}

// A stream that is refused may have ended in another tab: then the page itself leads elsewhere now. A proxy refuses too
// while its server is away, and that is no reason to leave.
function leaveIfOver() {
  fetch(location.href, { method: 'HEAD', redirect: 'manual' }).then((answer) => {
    if (answer.type === 'opaqueredirect' || answer.status === 404) reload();
  }, () => {});
}

function disconnect() {
  clearTimeout(retry);
  source?.close();
  source = null;
}

// The server sends the notification once the number can be seen, so that the phone never asks for one that is not there.
function tellShown() {
  if (shown || document.hidden || !page.dataset.shown) return;
  shown = true;
  const body = new URLSearchParams({ csrf: page.dataset.csrf });
  fetch(page.dataset.shown, { method: 'POST', body, credentials: 'same-origin' }).catch(() => {});
}

function tick() {
  if (leaving) return;
  const left = Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
  timer.textContent = timer.dataset.text.replace('{time}', () => clock);
  if (bar) bar.value = left;
  if (left <= 30 && !saidSoon && Number(timer.dataset.seconds) > 30) {
    saidSoon = true;
    say(live?.dataset.soon ?? '');
  }
  // A second of grace: the server must agree that the time is over, or the page would come back as it was.
  if (left === 0) setTimeout(reload, 1500);
  else setTimeout(tick, 1000 - (Date.now() - deadline + left * 1000) % 1000);
}

if (page) {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      disconnect();
    } else {
      retryAfter = 1000;
      connect();
      tellShown();
    }
  });
  addEventListener('online', () => { disconnect(); retryAfter = 1000; connect(); });
  addEventListener('offline', () => say(live?.dataset.offline ?? ''));
  addEventListener('pagehide', disconnect);
  // A page that comes back from the browser's memory shows an old number.
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
  connect();
  if (timer) tick();
  requestAnimationFrame(() => requestAnimationFrame(tellShown));
}
