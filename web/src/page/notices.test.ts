import { signal } from '@preact/signals';
import { afterEach, expect, test, vi } from 'vitest';
import type { Store } from '../shared/kv.ts';
import type { Phones } from '../shared/phone/phones.ts';
import type { Server } from '../ui/app.ts';
import { startNotices } from './notices.ts';

afterEach(() => vi.unstubAllGlobals());

test('a permission that comes back while it is being withdrawn is not missed', async () => {
  const key = new Uint8Array([4, 1, 2]);
  const made = { endpoint: 'https://push.example', options: { applicationServerKey: key.buffer }, toJSON: () => ({}) };
  const registration = { pushManager: { getSubscription: async () => made } };
  const browser = { permission: 'denied' };
  vi.stubGlobal('Notification', browser);
  vi.stubGlobal('PushManager', class {});
  vi.stubGlobal('navigator', { serviceWorker: { ready: Promise.resolve(registration) } });
  vi.stubGlobal('document', { addEventListener: () => undefined, visibilityState: 'visible' });
  vi.stubGlobal('addEventListener', () => undefined);

  const told: string[] = [];
  let push = true;
  let release: () => void = () => undefined;
  const phones = {
    accounts: async () => [{ state: 'active', phone: 'phone', push }],
    pushKey: async () => key,
    async setPush(_: string, subscription: unknown) {
      told.push(subscription ? 'on' : 'off');
      push = subscription !== undefined;
      if (!subscription) await new Promise<void>((resolve) => (release = resolve));
    },
  } as unknown as Phones;
  const store = { get: async () => undefined, write: async () => undefined } as unknown as Store;
  const server = signal<Server | undefined>({ name: 'x', public_url: 'x', phone_url: 'x', push: true });

  const notices = startNotices(phones, store, server, () => undefined);
  await vi.waitFor(() => expect(told).toEqual(['off']));
  browser.permission = 'granted';
  const again = notices.refresh();
  release();
  await again;
  expect(told).toEqual(['off', 'on']);
});
