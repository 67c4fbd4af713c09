/** Evidence that the owner is there (sections 4, 6 and 7): by the platform's authenticator or by the PIN. */

import * as v from 'valibot';
import { type Bytes, encode } from '../protocol/bytes.ts';
import { signPinEvidence } from '../protocol/decision.ts';
import { Refused } from '../protocol/refused.ts';
import { bytes, count, id } from '../protocol/schema.ts';
import { explain } from './connection.ts';
import type { Desk } from './desk.ts';
import { Failure, type Unlocking } from './phones.ts';
import type { AccountRecord } from './records.ts';

export type Evidence =
  | { readonly type: 'webauthn'; readonly credential: Record<string, unknown> }
  | { readonly type: 'pin'; readonly jws: string };

/** Which record of the PIN holds: after a change whose answer was lost it may be either. */
export type Holds = 'old' | 'new';

export const evaluation = v.object({ evaluated: bytes(33), proof: bytes(64) });
const counted = v.object({ ...evaluation.entries, left: count });
const change = v.object({ change: id });

/** An assertion of the platform's authenticator over a hash. */
export async function platformEvidence(desk: Desk, record: AccountRecord, hash: Bytes): Promise<Evidence> {
  const { credential } = record;
  if (!credential || !desk.platform) throw new Failure('unlock_missing');
  const assertion = await desk.platform.get({
    challenge: encode(hash),
    rpId: new URL(desk.connection.api).hostname,
    allowCredentials: [{ type: 'public-key', ...credential }],
    userVerification: 'required',
    timeout: 120_000,
  });
  return { type: 'webauthn', credential: assertion };
}

/**
 * Has the server evaluate a PIN, and unwraps the PIN-protected key for one signature. `purpose` is a waiting request or
 * an open change. Costs one try, or two after a change of the PIN whose answer was lost; it is never sent twice.
 */
export async function unwrapPinKey(
  desk: Desk,
  record: AccountRecord,
  purpose: string,
  pin: string,
): Promise<{ key: CryptoKey; holds: Holds }> {
  const arithmetic = await desk.pin();
  // The new one is likelier to hold.
  const tries = [['new', record.nextPin] as const, ['old', record.pin] as const];
  let failed = new Failure('unlock_missing');
  for (const [holds, wrapped] of tries) {
    if (!wrapped) continue;
    const blinding = await arithmetic.blindPin(pin, wrapped.salt);
    const answer = await evaluate(desk, record, { request: purpose, blinded: blinding.blinded });
    try {
      const key = await arithmetic.unwrap(wrapped, blinding, answer, record.voprf, record.phone);
      return { key, holds };
    } catch (error) {
      if (!(error instanceof Refused) || error.check !== 'wrong') throw explain(error, 'garbled');
      failed = new Failure('wrong_pin', { left: answer.left });
      if (answer.left === 0) await desk.heed(record.phone, new Failure('refused', { code: 'locked', left: 0 }));
    }
  }
  throw failed;
}

export const evaluate = (desk: Desk, record: AccountRecord, body: { request: string; blinded: string; new?: true }) =>
  desk.call(record, { method: 'POST', path: 'pin/evaluate', body, answer: counted, once: true });

export const startChange = (desk: Desk, record: AccountRecord) =>
  desk.call(record, { method: 'POST', path: 'pin/change/start', body: {}, answer: change });

export const pinEvidence = async (record: AccountRecord, key: CryptoKey, hash: Bytes): Promise<Evidence> => ({
  type: 'pin',
  jws: await signPinEvidence(key, record.phone, hash),
});

/**
 * Gets ready to give evidence for something that is no request. An evaluation needs a request or an open change, so with
 * a PIN a change is opened and left to run out. It costs a try, which the evidence that follows gives back only where
 * the server takes it for a good one.
 */
export async function signer(
  desk: Desk,
  record: AccountRecord,
  unlocking: Unlocking,
): Promise<(hash: Bytes) => Promise<Evidence>> {
  if (unlocking.method === 'webauthn') return (hash) => platformEvidence(desk, record, hash);
  const { change } = await startChange(desk, record);
  const { key } = await unwrapPinKey(desk, record, change, unlocking.pin);
  return (hash) => pinEvidence(record, key, hash);
}

/** After a change of the PIN whose answer was lost: the record that holds stays, the other goes. */
export async function settlePin(desk: Desk, phone: string, holds: Holds): Promise<void> {
  await desk.change(phone, (record) => {
    const { nextPin, ...rest } = record;
    if (!nextPin) return record;
    return holds === 'new' ? { ...rest, pin: nextPin } : rest;
  });
}
