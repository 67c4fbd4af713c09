/** A browser with an enrolled phone, for the tests only. */

import { vi } from 'vitest';
import { Clock } from '../../clock.ts';
import { Store } from '../../kv.ts';
import { assemble } from '../assemble.ts';
import {
  type Account,
  Failure,
  type Invitation,
  type Mark,
  type Phones,
  type PlatformAuthenticator,
} from '../phones.ts';
import { API, FakeServer } from './fake-server.ts';

export const PIN = '480213';

// Stretching a PIN is slow on purpose, and a busy machine makes it slower.
vi.setConfig({ testTimeout: 60_000 });

let names = 0;

export interface Setting {
  readonly server: FakeServer;
  /** The database's name. */
  readonly name: string;
  /** Another tab of the same browser, or the app after a restart. */
  open(platform?: PlatformAuthenticator): Promise<Phones>;
  /** What the store holds, by the prefix of its keys. */
  stored(prefix: string): Promise<number>;
  /** What stays where the browser deletes the store. */
  mark: Mark;
  /** The phone's own clock, in seconds; the server's is another. */
  device: { wall: number; steady: number };
}

export async function setting(): Promise<Setting> {
  const server = await FakeServer.start();
  vi.stubGlobal('fetch', server.fetch);
  const name = `phone${++names}`;
  const device = { wall: 1_700_000_000, steady: 50 };
  const ticks = { wall: () => device.wall, steady: () => device.steady };
  let marked = false;
  const mark: Mark = {
    isSet: () => marked,
    set(on) {
      marked = on;
    },
  };
  const open = async (platform?: PlatformAuthenticator) =>
    assemble(
      { origin: API, store: await Store.open(name), clock: new Clock(ticks), mark, ...(platform ? { platform } : {}) },
      () => import('../../protocol/pin.ts'),
    );
  const stored = async (prefix: string) => {
    const store = await Store.open(name);
    const all = await store.list(prefix);
    store.close();
    return all.length;
  };
  return { server, name, open, stored, mark, device };
}

export function invitation(phones: Phones, link: string): Invitation {
  const reading = phones.read(link);
  if (reading.kind !== 'invitation') throw new Error(reading.kind);
  return reading.invitation;
}

/** Enrols with a PIN, digits typed. */
export async function enrolled(phones: Phones, server: FakeServer): Promise<Account> {
  const enrolment = await phones.enrol(invitation(phones, server.invite().link));
  await enrolment.setPin(PIN);
  const proved = await enrolment.prove('Test phone');
  for (const phone of server.phones.values()) if (phone.digits === proved.digits) phone.state = 'ACTIVE';
  return proved.wait(new AbortController().signal);
}

/** The failure of something that must fail. */
export async function failure(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => new Error('nothing failed'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Failure)) throw error;
  return error;
}

/** Makes the waits between two tries short. */
export function hurry(): void {
  const real = globalThis.setTimeout;
  const short = (work: () => void, time = 0) => real(work, time > 200 && time < 5000 ? 1 : time);
  vi.stubGlobal('setTimeout', short);
}
