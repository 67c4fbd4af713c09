/** Notices. A push is a hint only; each shows one, as a push without a notice costs the permission. */
import * as v from 'valibot';
import { Store } from '../shared/kv.ts';
import { openPhonesInWorker } from '../shared/phone/open-in-worker.ts';

declare const self: ServiceWorkerGlobalScope;

const TEXTS = 'app/notice-texts';
const DELIVERY = 'app/delivery';
/** How long the server is asked before the notice shows without knowing, in milliseconds. */
const PATIENCE = 5000;
/** Tags are one room per origin, whatever the scope: the prefix tells ours, and one notice stands for all requests. */
const TAG = 'akkoord/requests';
const TEST_TAG = 'akkoord/test';

const texts = v.object({
  title: v.string(),
  one: v.string(),
  many: v.string(),
  open: v.string(),
  over: v.string(),
  test: v.string(),
});
type Texts = v.InferOutput<typeof texts>;
/** Without storage there is no account either; the name alone still leads to the app. */
const BARE: Texts = { title: 'Akkoord', one: '', many: '', open: '', over: '', test: '' };

async function words(): Promise<Texts> {
  try {
    return (await (await Store.open()).get(TEXTS, texts)) ?? BARE;
  } catch {
    return BARE;
  }
}

export async function pushed(data: PushMessageData | null): Promise<void> {
  await Promise.all([arrived(), isTest(data) ? showTest() : showWaiting()]);
}

const testPush = v.object({ k: v.literal('t') });

/** Whatever else comes, garbled or of a later version, is taken for a request: what waits is asked either way. */
function isTest(data: PushMessageData | null): boolean {
  try {
    return v.is(testPush, data?.json());
  } catch {
    return false;
  }
}

async function showWaiting(): Promise<void> {
  const [text, waiting] = await Promise.all([words(), within(PATIENCE, ask())]);
  const count = waiting?.count;
  const body =
    count === undefined
      ? text.open
      : count === 0
        ? text.over
        : count === 1
          ? text.one
          : text.many.replace('{count}', String(count));
  await self.registration.showNotification(count === 0 ? 'Akkoord' : text.title, {
    body,
    tag: TAG,
    icon: '/app/icon-192.png',
    badge: '/app/badge-96.png',
    requireInteraction: count !== 0,
    data: { path: waiting?.path ?? '/app/requests' },
    ...{ renotify: true },
  });
  // What shows the notice already; the number on the icon is a courtesy.
  await navigator.setAppBadge?.(count ?? 1).catch(() => undefined);
}

interface Asked {
  /** Undefined where an account could not be asked: then nobody knows. */
  readonly count: number | undefined;
  readonly path: string;
}

async function ask(): Promise<Asked> {
  const phones = await openPhonesInWorker();
  const { requests, failures } = await phones.pending();
  const [first] = requests;
  const path = requests.length === 1 && first ? `/app/request/${first.id}` : '/app/requests';
  return { count: requests.length > 0 || failures.length === 0 ? requests.length : undefined, path };
}

async function arrived(): Promise<void> {
  try {
    await (await Store.open()).write({ [DELIVERY]: Math.floor(Date.now() / 1000) });
  } catch {
    // The notice matters more than the time of its delivery.
  }
}

async function showTest(): Promise<void> {
  const text = await words();
  await self.registration.showNotification('Akkoord', {
    body: text.test,
    tag: TEST_TAG,
    icon: '/app/icon-192.png',
    data: { path: '/app/settings/notices' },
  });
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  for (const window of windows) window.postMessage({ type: 'test-arrived' });
}

/** Opens what the notice is about. An open window is used, and told where to go before it comes to the front. */
export async function clicked(notification: Notification): Promise<void> {
  notification.close();
  const path = pathOf(notification.data);
  const [open] = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  try {
    if (!open) {
      await self.clients.openWindow(path);
      return;
    }
    open.postMessage({ type: 'open', path });
    await open.focus();
  } catch {
    // Without a real tap no window may be opened; the request waits in the app.
  }
}

const target = v.object({ path: v.pipe(v.string(), v.regex(/^\/app\/[\w/-]*$/)) });

function pathOf(data: unknown): string {
  const parsed = v.safeParse(target, data);
  return parsed.success ? parsed.output.path : '/app/';
}

/** The push service gave up the subscription: make a new one and tell the server, without waiting for the next start. */
export async function resubscribe(): Promise<void> {
  const phones = await openPhonesInWorker();
  const accounts = (await phones.accounts()).filter(({ state }) => state === 'active');
  const [first] = accounts;
  if (!first) return;
  const subscription = await self.registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: await phones.pushKey(first.phone),
  });
  await Promise.allSettled(accounts.map(({ phone }) => phones.setPush(phone, subscription.toJSON())));
}

function within<T>(time: number, promise: Promise<T>): Promise<T | undefined> {
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), time));
  return Promise.race([promise.catch(() => undefined), late]);
}
