/** Puts the parts of the phone together. `open.ts` is for the page, `open-in-worker.ts` for the worker. */

import * as v from 'valibot';
import { Clock } from '../clock.ts';
import { Store } from '../kv.ts';
import { decode, encode } from '../protocol/bytes.ts';
import { parseLink } from '../protocol/link.ts';
import type * as Pin from '../protocol/pin.ts';
import { Refused } from '../protocol/refused.ts';
import { Connection } from './connection.ts';
import { Desk } from './desk.ts';
import { enrol } from './enrolment.ts';
import { history, reportEntry } from './history.ts';
import * as own from './own.ts';
import type { Account, Mark, Phones, PlatformAuthenticator, Reading } from './phones.ts';
import { leave, unfinished } from './proved.ts';
import { ACCOUNT, account, CLOCK, LEAVING, clock as storedClock, toAccount, toBroken } from './records.ts';
import { Requests } from './requests.ts';
import { stream } from './streams.ts';

export interface Options {
  readonly platform?: PlatformAuthenticator;
  readonly mark?: Mark;
  /** The server's address for phones; the app's own origin, as it talks to no other. */
  readonly origin?: string;
  /** Another store, for tests. */
  readonly store?: Store;
  readonly clock?: Clock;
}

/** How far the kept difference of clocks may be off before it is written anew, in seconds. */
const CLOCK_DRIFT = 2;

export async function assemble(options: Options, pin: (() => Promise<typeof Pin>) | undefined): Promise<Phones> {
  const store = options.store ?? (await Store.open());
  const clock = options.clock ?? new Clock();
  let kept = (await store.get(CLOCK, storedClock).catch(() => undefined))?.off;
  if (kept !== undefined) clock.restore(kept);
  const origin = options.origin ?? globalThis.location.origin;
  const desk = new Desk(store, clock, new Connection(origin, clock), options.platform, options.mark, pin);
  const requests = new Requests(desk);

  /** Codes must work without a network on a phone whose clock is wrong, so the difference is kept. */
  const keepClock = async () => {
    const off = clock.off();
    if (off === undefined || (kept !== undefined && Math.abs(kept - off) <= CLOCK_DRIFT)) return;
    kept = off;
    await store.write({ [CLOCK]: { off } });
  };
  // What can't be kept now is kept the next time.
  clock.onTold = () => void keepClock().catch(() => undefined);

  return {
    now: () => clock.now(),
    clockOff: () => clock.off(),
    accounts: async () => (await store.list(ACCOUNT)).map(({ key, value }) => read(key, value)).sort(byAge),
    onChange: (listener) =>
      store.onChange((keys) => {
        if (keys === 'all' || keys.some((key) => key.startsWith(ACCOUNT))) listener();
      }),
    evicted: () => options.mark?.isSet() ?? false,

    read: (text) => readText(text, origin),
    enrol: (invitation) => enrol(desk, invitation),
    unfinished: () => unfinished(desk),

    pending: async () => {
      const waiting = await requests.pending();
      if ((await store.list(LEAVING)).length > 0) void leave(desk).catch(() => undefined);
      return waiting;
    },
    stream: (listener, signal) => void stream(desk, listener, signal).catch(() => undefined),
    decide: (request, decision, number, unlocking) => requests.decide(request, decision, number, unlocking),
    expect: (phone) => own.expectSignIn(desk, phone),
    history: (phone, before) => history(desk, phone, before),
    report: (phone, entry) => reportEntry(desk, phone, entry),

    refresh: (phone) => own.refresh(desk, phone),
    rename: (phone, name) => own.rename(desk, phone, name),
    endQuiet: (phone, unlocking) => own.endQuiet(desk, phone, unlocking),
    setPhoneSignIn: (phone, on, unlocking) => own.setPhoneSignIn(desk, phone, on, unlocking),
    changePin: (phone, old, fresh) => own.changePin(desk, phone, old, fresh),
    unregister: (phone) => own.unregister(desk, phone),
    forget: (phone) => own.forget(desk, phone),
    code: (phone) => own.code(desk, phone),

    pushKey: (phone) => own.pushKey(desk, phone),
    setPush: (phone, subscription) => own.setPush(desk, phone, subscription),
    testPush: (phone) => own.testPush(desk, phone),
  };
}

function read(key: string, value: unknown): Account {
  const parsed = v.safeParse(account, value);
  return parsed.success ? toAccount(parsed.output) : toBroken(key, value);
}

const byAge = (a: Account, b: Account) => a.addedAt - b.addedAt || (a.phone < b.phone ? -1 : 1);

/** The longest text that is looked at: a QR code holds fewer than 3,000 characters. */
const MAX_TEXT = 4096;

/** What a scanned, pasted or opened text is. Only a link of this very origin is ever followed. */
export function readText(text: string, origin: string): Reading {
  const trimmed = text.trim();
  if (trimmed.length > MAX_TEXT) return { kind: 'other' };
  if (/^otpauth(-migration)?:/i.test(trimmed)) return { kind: 'otpauth' };
  try {
    const { api, token, serverKey } = parseLink(trimmed);
    if (api !== origin) return { kind: 'other_server', origin: new URL(api).origin };
    return { kind: 'invitation', invitation: { kind: 'link', token: encode(token), thumbprint: encode(serverKey) } };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return trimmed.startsWith(`${origin}/app/e`) ? { kind: 'damaged' } : foreign(trimmed);
  }
}

/** A link that has the form of ours: told apart from any other text by its fragment. */
function foreign(text: string): Reading {
  const [, origin, token] = /^(https?:\/\/[^/?#\s]+)\/(?:[^?#\s]*\/)?app\/e#[0-9]+\.([^.]*)\./i.exec(text) ?? [];
  if (!origin || !decode(token ?? '')) return { kind: 'other' };
  try {
    return { kind: 'other_server', origin: new URL(origin).origin };
  } catch {
    return { kind: 'other' };
  }
}
