/** Starts the app: what is kept first, then the first screen, then everything that may take longer. */
import { render } from 'preact';
import { Locker } from '../features/lock/page/locker.ts';
import { Store } from '../shared/kv.ts';
import { openPhones } from '../shared/phone/open.ts';
import type { Phones } from '../shared/phone/phones.ts';
import { type App, AppContext } from '../ui/app.ts';
import { NavigateContext, PhonesContext } from '../ui/context.ts';
import { asFailure } from '../ui/failure.tsx';
import { preferred, useLanguage } from '../ui/texts.ts';
import '../ui/style.css';
import { startAccounts } from './accounts.ts';
import { KeptChoices } from './choices.ts';
import { Frame } from './frame.tsx';
import { startInstall } from './install.ts';
import { coded, Diary, logged } from './log.ts';
import { mark } from './mark.ts';
import { startNotices } from './notices.ts';
import { platform } from './platform.ts';
import { navigate, path, startRouter } from './router.ts';
import { startServer } from './server.ts';
import { build, listenToWorker, ready, startWorker } from './sw-bridge.ts';
import { Guarded, Wall } from './wall.tsx';

async function start(root: HTMLElement): Promise<void> {
  startRouter();
  listenToWorker();
  const store = await Store.open();
  const diary = new Diary(store);
  const note = (event: string) => diary.note(event);
  const install = startInstall(note);
  const choices = new KeptChoices(store);
  const locker = new Locker(store, platform);
  const [opened] = await Promise.all([openPhones({ platform, mark }), choices.start(), locker.start()]);
  const phones = logged(opened, note);
  const server = startServer(store);
  const app: App = {
    platform,
    accounts: startAccounts(phones),
    log: diary,
    store,
    notices: startNotices(phones, store, server, note),
    install,
    choices,
    server,
    build,
    async persist() {
      note(`persist ${await navigator.storage?.persist?.()}`);
    },
    note,
  };
  note(`start ${location.pathname.split('/')[2] ?? ''}`);
  render(
    <PhonesContext.Provider value={phones}>
      <NavigateContext.Provider value={navigate}>
        <AppContext.Provider value={app}>
          <Guarded note={(thrown) => note(coded(thrown))}>
            <Frame locker={locker} />
          </Guarded>
        </AppContext.Provider>
      </NavigateContext.Provider>
    </PhonesContext.Provider>,
    root,
  );
  // The screens stand by now: what fails from here on must not take them away.
  afterwards(phones, app, note).catch((thrown: unknown) => note(coded(thrown)));
}

/** What nobody waits for. */
async function afterwards(phones: Phones, app: App, note: (event: string) => void): Promise<void> {
  addEventListener('error', ({ error }) => note(coded(error)));
  addEventListener('unhandledrejection', ({ reason }) => note(`unhandled ${coded(reason)}`));
  // Digits that were on the screen when the app was closed are looked for first.
  if (path.value === '/app/' && (await phones.unfinished())) navigate('/app/add/unfinished');
  clearNotices();
  document.addEventListener('visibilitychange', clearNotices);
  await startWorker(note);
  await Promise.allSettled(
    (await phones.accounts())
      .filter(({ state }) => state === 'active' || state === 'locked')
      .map(({ phone }) => phones.refresh(phone)),
  );
  await app.notices.refresh();
}

/** Who looks at the app needs no notice that tells to look at it. */
function clearNotices(): void {
  if (document.visibilityState !== 'visible') return;
  navigator.clearAppBadge?.().catch(() => undefined);
  ready()
    .then((registration) => registration?.getNotifications())
    .then((shown) => {
      for (const notice of shown ?? []) if (notice.tag.startsWith('akkoord/')) notice.close();
    })
    .catch(() => undefined);
}

const root = document.getElementById('app');
if (root)
  start(root).catch(async (thrown: unknown) => {
    // Where nothing can be kept no log can be either; the browser's own console is all that is left.
    console.error(thrown);
    await useLanguage(preferred(undefined, navigator.languages)).catch(() => undefined);
    render(<Wall failure={asFailure(thrown)} />, root);
  });
