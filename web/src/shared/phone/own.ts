/** The phone itself (sections 4, 5 and 7): its name and settings, its PIN, its removal, its codes and its pushes. */

import * as v from 'valibot';
import { decode } from '../protocol/bytes.ts';
import { pinChangeHash, type Setting, settingHash } from '../protocol/decision.ts';
import { account as accountAnswer, policy as policyAnswer } from '../protocol/offer.ts';
import { totp } from '../protocol/otp.ts';
import { weaknessOf } from '../protocol/pin-choice.ts';
import { bytes, count, id, name, seconds, unlock } from '../protocol/schema.ts';
import { compose, isText, MAX_NAME } from '../protocol/text.ts';
import { explain } from './connection.ts';
import { type Desk, empty } from './desk.ts';
import {
  type Evidence,
  evaluate,
  pinEvidence,
  platformEvidence,
  settlePin,
  signer,
  startChange,
  unwrapPinKey,
} from './evidence.ts';
import { type Account, type Code, Failure, type PushSubscriptionJSON, type Unlocking } from './phones.ts';
import { ACCOUNT, type AccountRecord, toAccount } from './records.ts';

const ownState = v.object({
  phone: id,
  name,
  state: v.string(),
  account: accountAnswer,
  push: v.boolean(),
  phone_sign_in: v.boolean(),
  quiet_until: v.exactOptional(seconds),
  unlock: v.array(unlock),
  pin_left: count,
  policy: policyAnswer,
  vapid: bytes(65),
  keyroll: v.exactOptional(v.array(v.string()), []),
});

/** Brings an account's state from the server. */
export async function refresh(desk: Desk, phone: string): Promise<Account> {
  const record = await desk.account(phone);
  return takeOver(desk, record, await desk.call(record, { method: 'GET', path: 'self', answer: ownState }));
}

async function takeOver(desk: Desk, record: AccountRecord, state: v.InferOutput<typeof ownState>): Promise<Account> {
  await desk.follow(record, state.keyroll);
  const changed = await desk.change(record.phone, (now) => {
    const next: AccountRecord = {
      ...now,
      name: state.name,
      // The account's id is what requests are checked against: it was fixed at the enrolment and stays.
      account: state.account.id === now.account.id ? state.account : now.account,
      policy: state.policy,
      allowed: state.unlock,
      vapid: state.vapid,
      phoneSignIn: state.phone_sign_in,
      quietUntil: state.quiet_until,
      push: state.push,
      locked: state.state === 'LOCKED',
    };
    return JSON.stringify(next) === JSON.stringify(now) ? now : next;
  });
  return toAccount(changed);
}

export async function rename(desk: Desk, phone: string, typed: string): Promise<void> {
  const fresh = compose(typed);
  if (!isText(fresh, MAX_NAME)) throw new Failure('refused', { code: 'invalid', reason: 'name' });
  const record = await desk.account(phone);
  await takeOver(
    desk,
    record,
    await desk.call(record, { method: 'PATCH', path: 'self', body: { name: fresh }, answer: ownState }),
  );
}

/** On needs evidence over the nonce of the call's proof; off needs none (section 4). */
export async function setPhoneSignIn(desk: Desk, phone: string, on: boolean, unlocking?: Unlocking): Promise<Account> {
  const record = await desk.account(phone);
  if (!on) {
    const body = { phone_sign_in: false };
    return takeOver(desk, record, await desk.call(record, { method: 'PATCH', path: 'self', body, answer: ownState }));
  }
  if (!unlocking) throw new Failure('unlock_missing');
  return switchOn(desk, record, 'phone_sign_in', unlocking);
}

/** Ends the quiet after a report or a denial: browsers that the account does not know may ring again. */
export async function endQuiet(desk: Desk, phone: string, unlocking: Unlocking): Promise<Account> {
  return switchOn(desk, await desk.account(phone), 'unknown_browsers', unlocking);
}

async function switchOn(desk: Desk, record: AccountRecord, setting: Setting, unlocking: Unlocking): Promise<Account> {
  const sign = await signer(desk, record, unlocking);
  const body = async (nonce: string) => ({
    [setting]: true,
    evidence: await sign(await settingHash(setting, record.phone, nonce)),
  });
  return takeOver(desk, record, await desk.call(record, { method: 'PATCH', path: 'self', body, answer: ownState }));
}

/** Changes the PIN, with the old one or, where it is forgotten, with the platform's authenticator (section 7). */
export async function changePin(desk: Desk, phone: string, old: string | undefined, fresh: string): Promise<void> {
  const record = await desk.account(phone);
  const weakness = weaknessOf(fresh, record.policy.pin_min);
  if (weakness) throw new Failure('refused', { code: 'weak_pin', reason: weakness });
  const arithmetic = await desk.pin();
  const pin = await arithmetic.newPin(fresh);
  const { change } = await startChange(desk, record);
  const hash = await pinChangeHash(change, pin.key.thumbprint);
  let evidence: Evidence;
  if (old === undefined) {
    evidence = await platformEvidence(desk, record, hash);
  } else {
    const { key } = await unwrapPinKey(desk, record, change, old);
    evidence = await pinEvidence(record, key, hash);
  }
  const answer = await evaluate(desk, record, { request: change, blinded: pin.blinding.blinded, new: true });
  const nextPin = await arithmetic.wrap(pin, answer, record.voprf, phone).catch((error: unknown) => {
    throw explain(error, 'garbled');
  });
  // Stored before it is sent: if the answer is lost, the next use of the PIN finds out which record holds.
  await desk.change(phone, (now) => ({ ...now, nextPin }));
  try {
    const body = { change, new: pin.key.jwk, evidence };
    await desk.call(record, { method: 'POST', path: 'pin/change/finish', body, answer: empty });
  } catch (error) {
    if (error instanceof Failure && error.kind === 'refused') await settlePin(desk, phone, 'old');
    throw error;
  }
  await settlePin(desk, phone, 'new');
  await desk.change(phone, (now) => (now.locked ? { ...now, locked: false } : now));
}

/** Removes the phone at the server, then here. */
export async function unregister(desk: Desk, phone: string): Promise<void> {
  const record = await desk.account(phone);
  try {
    await desk.call(record, { method: 'DELETE', path: 'self', answer: empty });
  } catch (error) {
    // Removed before, or by a first try whose answer was lost: what was wanted holds.
    if (!(error instanceof Failure) || error.kind !== 'removed') throw error;
  }
  await forget(desk, phone);
}

export async function forget(desk: Desk, phone: string): Promise<void> {
  await desk.store.write({ [ACCOUNT + phone]: undefined });
  // The last one left because its person wanted it to.
  if ((await desk.store.list(ACCOUNT)).length === 0) desk.mark?.set(false);
}

const until = v.object({ until: seconds });

export async function expectSignIn(desk: Desk, phone: string): Promise<number> {
  const record = await desk.account(phone);
  return (await desk.call(record, { method: 'POST', path: 'expect', body: {}, answer: until })).until;
}

/** The code of this moment, by the server's time as far as known. */
export async function code(desk: Desk, phone: string): Promise<Code | undefined> {
  const { codes, removed } = await desk.account(phone);
  // A removed phone's codes went with it (section 4); to show them would only mislead.
  if (!codes || removed) return undefined;
  return { ...(await totp(codes.key, desk.clock.now(), codes.period, codes.digits)), period: codes.period };
}

export async function pushKey(desk: Desk, phone: string): Promise<Uint8Array<ArrayBuffer>> {
  return decode((await desk.account(phone)).vapid) ?? new Uint8Array();
}

export async function setPush(
  desk: Desk,
  phone: string,
  subscription: PushSubscriptionJSON | undefined,
): Promise<void> {
  const record = await desk.account(phone);
  if (subscription) {
    const { endpoint, keys } = subscription;
    // `expirationTime` is left out: no push service gives one, and `null` may not stand (section 1).
    const body = { endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth } };
    await desk.call(record, { method: 'PUT', path: 'push', body, answer: empty });
  } else {
    await desk.call(record, { method: 'DELETE', path: 'push', answer: empty });
  }
  const push = subscription !== undefined;
  await desk.change(phone, (now) => (now.push === push ? now : { ...now, push }));
}

const sent = v.object({ sent: v.boolean() });

export async function testPush(desk: Desk, phone: string): Promise<boolean> {
  const record = await desk.account(phone);
  return (await desk.call(record, { method: 'POST', path: 'push/test', body: {}, answer: sent })).sent;
}
