/** What this browser keeps, and under which keys. Everything is parsed when it is read. */

import * as v from 'valibot';
import { jwk } from '../protocol/jwk.ts';
import { policy as answeredPolicy } from '../protocol/offer.ts';
import { base64url, bytes, count, handle, id, name, seconds, unlock } from '../protocol/schema.ts';
import type { Account, AccountName } from './phones.ts';

export const ACCOUNT = 'account/';
export const ENROLMENT = 'enrolment/';
export const DECISION = 'decision/';
/** Phones that were replaced on this device and that the server could not be told of yet. */
export const LEAVING = 'leaving/';
export const CLOCK = 'clock';

// Without a secure context there is no such class, and this module must still load to say so.
const cryptoKey = v.custom<CryptoKey>((value) => typeof CryptoKey === 'function' && value instanceof CryptoKey);

const accountName = v.object({
  id: handle,
  username: name,
  name,
  organisation: v.exactOptional(name),
  kind: v.picklist(['work', 'personal']),
});

const pinRecord = v.object({ salt: bytes(16), local: bytes(32), iv: bytes(12), wrapped: base64url });

export const removedBy = v.picklist(['self', 'user', 'administrator']);

/** Who proves calls: a phone of an account, with its key. */
export const identity = v.object({ phone: id, iss: v.string(), key: cryptoKey });
export type Identity = v.InferOutput<typeof identity>;

/** One account on this phone, with its keys. */
export const account = v.object({
  ...identity.entries,
  name,
  account: accountName,
  policy: answeredPolicy,
  /** Methods that policy allows. */
  allowed: v.array(unlock),
  /** The server keys that are trusted, oldest first. */
  keys: v.pipe(v.array(v.object({ jwk, from: v.exactOptional(seconds) })), v.minLength(1)),
  voprf: bytes(33),
  vapid: bytes(65),
  pin: v.exactOptional(pinRecord),
  /** The wrapped key of a new PIN, from before a change is sent until it is known to hold: the answer may be lost. */
  nextPin: v.exactOptional(pinRecord),
  /** The platform's credential. */
  credential: v.exactOptional(v.object({ id: base64url, transports: v.exactOptional(v.array(v.string())) })),
  codes: v.exactOptional(v.object({ key: cryptoKey, digits: count, period: count })),
  phoneSignIn: v.boolean(),
  /** Until when browsers that the account does not know don't ring, as last told. */
  quietUntil: v.optional(seconds),
  push: v.boolean(),
  locked: v.boolean(),
  removed: v.exactOptional(v.object({ at: seconds, by: removedBy })),
  addedAt: seconds,
  lastUsedAt: v.exactOptional(seconds),
});
export type AccountRecord = v.InferOutput<typeof account>;

/** An enrolment whose proof was made: the phone's keys, its digits, and the proof as sent, which may be sent again. */
export const enrolment = v.object({
  account,
  digits: v.pipe(v.string(), v.regex(/^[0-9]{6}$/)),
  exp: seconds,
  prove: v.string(),
  proved: v.boolean(),
});
export type EnrolmentRecord = v.InferOutput<typeof enrolment>;

/** A decision: the bytes that were sent until they are answered, then how it ended. */
export const decision = v.object({
  decision: v.picklist(['approve', 'deny', 'report']),
  number: v.exactOptional(v.string()),
  body: v.exactOptional(v.string()),
  /** Which record of the PIN its evidence is by. */
  pin: v.exactOptional(v.picklist(['old', 'new'])),
  state: v.exactOptional(v.string()),
  exp: seconds,
});
export type DecisionRecord = v.InferOutput<typeof decision>;

export const clock = v.object({ off: v.number() });

/** An account as the screens see it. */
export function toAccount(record: AccountRecord): Account {
  const has = { webauthn: record.credential !== undefined, pin: record.pin !== undefined };
  return {
    phone: record.phone,
    name: record.name,
    account: toAccountName(record.account),
    iss: record.iss,
    policy: record.policy,
    unlock: record.allowed.filter((method) => has[method]),
    phoneSignIn: record.phoneSignIn && !record.removed,
    quietUntil: record.quietUntil,
    push: record.push,
    state: record.removed ? 'removed' : record.locked ? 'locked' : 'active',
    removed: record.removed,
    hasCodes: record.codes !== undefined && !record.removed,
    addedAt: record.addedAt,
    lastUsedAt: record.lastUsedAt,
  };
}

export const toAccountName = (named: v.InferOutput<typeof accountName>): AccountName => ({
  id: named.id,
  username: named.username,
  name: named.name,
  organisation: named.organisation,
  kind: named.kind,
});

/** What can be told of an account whose record does not read: its keys are gone, or a newer version wrote it. */
export function toBroken(key: string, value: unknown): Account {
  const rest = v.safeParse(v.object({ account: accountName, iss: v.string(), name }), value);
  const phone = key.slice(ACCOUNT.length);
  const nobody = { id: phone, username: '?', name: '?', organisation: undefined, kind: 'personal' } as const;
  return {
    phone,
    name: rest.success ? rest.output.name : '?',
    account: rest.success ? toAccountName(rest.output.account) : nobody,
    iss: rest.success ? rest.output.iss : '',
    policy: { pin_min: 6, app_pin: false, number_digits: 2, one_work_account_per_phone: false },
    unlock: [],
    phoneSignIn: false,
    quietUntil: undefined,
    push: false,
    state: 'broken',
    removed: undefined,
    hasCodes: false,
    addedAt: 0,
    lastUsedAt: undefined,
  };
}
