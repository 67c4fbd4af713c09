/** Permission for notices, and the subscription that the server pushes to. Everything works without them. */
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import * as v from 'valibot';
import type { Store } from '../shared/kv.ts';
import type { Account, Phones } from '../shared/phone/phones.ts';
import type { NoticeState, Notices, Server } from '../ui/app.ts';
import { fromHomeScreen } from './install.ts';
import { coded } from './log.ts';
import { ready, testsArrived } from './sw-bridge.ts';

export const DELIVERY = 'app/delivery';
const SENT = 'app/push-sent';
/** `subscribe` never settles where the push service can't be reached. */
const PATIENCE = 10_000;
/** A push takes a second; a phone that sleeps may take longer, and then the person looks at it again. */
const ON_ITS_WAY = 20_000;

function state(): NoticeState {
  if (fromHomeScreen() === false && navigator.maxTouchPoints > 1) return 'install_first';
  if (!('Notification' in globalThis) || !('PushManager' in globalThis)) return 'unsupported';
  if (Notification.permission === 'granted') return 'on';
  return Notification.permission === 'denied' ? 'denied' : 'ask';
}

export function startNotices(
  phones: Phones,
  store: Store,
  server: ReadonlySignal<Server | undefined>,
  note: (event: string) => void,
): Notices {
  const allowed = signal<NoticeState>(state());
  const now = computed<NoticeState>(() => (server.value?.push ? allowed.value : 'not_sent'));
  let last: Promise<boolean> = Promise.resolve(true);

  async function subscription(account: Account): Promise<PushSubscription | undefined> {
    const manager = (await ready())?.pushManager;
    if (!manager) return undefined;
    const key = await phones.pushKey(account.phone);
    const known = await manager.getSubscription();
    if (known && same(known.options.applicationServerKey, key)) return known;
    // One registration has one server key; another one means that the server was set up anew.
    await known?.unsubscribe();
    return await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  }

  async function refresh(): Promise<boolean> {
    // Not known yet is no reason to take a subscription back.
    if (!server.value) return true;
    allowed.value = state();
    const accounts = (await phones.accounts()).filter((one) => one.state === 'active');
    const [first] = accounts;
    if (!first) return true;
    if (now.value !== 'on') {
      // Permission was withdrawn, or the server sends none any more: it need not try.
      const subscribed = accounts.filter((one) => one.push);
      for (const { phone } of subscribed) await phones.setPush(phone, undefined);
      if (subscribed.length > 0) note('push withdrawn');
      return true;
    }
    const made = await within(subscription(first), PATIENCE);
    if (!made) {
      note('push no answer');
      return false;
    }
    const sent = await store.get(SENT, v.string()).catch(() => undefined);
    for (const { phone, push } of accounts)
      if (!push || sent !== made.endpoint) await phones.setPush(phone, made.toJSON());
    await store.write({ [SENT]: made.endpoint });
    return true;
  }

  const notices: Notices = {
    state: now,
    async ask() {
      if (now.value === 'ask') {
        await Notification.requestPermission();
        allowed.value = state();
        note(`notices ${now.value}`);
      }
      if (now.value === 'on') await notices.refresh();
      return now.value;
    },
    refresh() {
      // One after the other: what was allowed or forbidden while one ran is seen by the next.
      last = last.then(refresh).catch((thrown: unknown) => {
        note(`push ${coded(thrown)}`);
        return false;
      });
      return last;
    },
    async test() {
      await notices.refresh();
      const account = (await phones.accounts()).find((one) => one.state === 'active' && one.push);
      if (!account) return 'no_address';
      const before = testsArrived.value;
      const came = new Promise<true>((resolve) => {
        const stop = testsArrived.subscribe((count) => {
          if (count === before) return;
          resolve(true);
          queueMicrotask(() => stop());
        });
      });
      try {
        if (!(await phones.testPush(account.phone))) return 'no_address';
      } catch (thrown) {
        note(`push test ${coded(thrown)}`);
        return 'failed';
      }
      const outcome = (await within(came, ON_ITS_WAY)) ? 'arrived' : 'late';
      note(`push test ${outcome}`);
      return outcome;
    },
    lastDelivery: () => store.get(DELIVERY, v.number()).catch(() => undefined),
  };

  // A permission can be changed in the browser's settings while the app is open.
  const look = () => {
    if (document.visibilityState !== 'visible' || state() === allowed.value) return;
    void notices.refresh();
  };
  document.addEventListener('visibilitychange', look);
  addEventListener('focus', look);
  server.subscribe((told) => {
    if (told) void notices.refresh();
  });
  return notices;
}

function same(a: ArrayBuffer | null, b: Uint8Array): boolean {
  const bytes = new Uint8Array(a ?? new ArrayBuffer(0));
  return bytes.length === b.length && bytes.every((byte, at) => byte === b[at]);
}

function within<T>(promise: Promise<T>, time: number): Promise<T | undefined> {
  return Promise.race([promise, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), time))]);
}
