/**
 * The PIN, hardened by the server with a VOPRF (section 7; RFC 9497, P256-SHA256, mode 0x01). A PIN has few digits, so
 * whoever copies the phone's storage could try them all. Here each try needs the server, which counts, and which learns
 * nothing about the PIN: it sees a blinded point.
 *
 * This module carries the curve's arithmetic: import it where a PIN is used, not where the app starts.
 */

import { p256_oprf } from '@noble/curves/nist.js';
import { hkdf, importPkcs8, newKeyPair, pbkdf2, pkcs8Of, randomBytes, seal, unseal } from '../crypto.ts';
import { type Bytes, concat, decode, encode, utf8 } from './bytes.ts';
import { describeKey, type PublicKey } from './jwk.ts';
import { raw } from './jws.ts';
import { label } from './label.ts';
import { Refused } from './refused.ts';

/** PBKDF2 iterations that stretch the PIN before it is blinded. */
export const ITERATIONS = 600_000;

/** What the phone keeps: salt of the stretching, its own half of the wrapping key, and the wrapped key. */
export interface PinRecord {
  readonly salt: string;
  readonly local: string;
  readonly iv: string;
  readonly wrapped: string;
}

export interface Evaluation {
  readonly evaluated: string;
  readonly proof: string;
}

/** A blinded PIN, waiting for the server's answer. */
export interface Blinding {
  readonly x: Bytes;
  readonly scalar: Bytes;
  /** What is sent, base64url. */
  readonly blinded: string;
  readonly point: Bytes;
}

const owned = (bytes: Uint8Array): Bytes => new Uint8Array(bytes);

/** Stretches the PIN and blinds it. The one slow step, on the phone only. */
export async function blindPin(pin: string, salt: string): Promise<Blinding> {
  return blind(await pbkdf2(utf8(pin), raw(salt, 16), ITERATIONS));
}

/** Blind (RFC 9497 section 3.3.1) of a stretched PIN. */
export function blind(x: Bytes): Blinding {
  const { blind: scalar, blinded } = p256_oprf.voprf.blind(x);
  return { x, scalar: owned(scalar), point: owned(blinded), blinded: encode(blinded) };
}

/** Finalize (RFC 9497 section 3.3.2): checks the server's proof under the pinned key, and unblinds. */
export function finish(blinding: Blinding, evaluation: Evaluation, voprf: string): Bytes {
  const { x, scalar, point } = blinding;
  const [evaluated, key] = [compressed(evaluation.evaluated), compressed(voprf)];
  try {
    return owned(p256_oprf.voprf.finalize(x, scalar, evaluated, point, key, raw(evaluation.proof, 64)));
  } catch (error) {
    throw new Refused('proof', error);
  }
}

/** A point in compressed form only, so that one point has one text. */
function compressed(text: string): Bytes {
  const point = raw(text, 33);
  if (point[0] !== 2 && point[0] !== 3) throw new Refused('proof');
  return point;
}

/** The key that wraps the PIN-protected key: over the server's and the phone's half. */
export const wrappingKey = (y: Bytes, local: string, phone: string): Promise<Bytes> =>
  hkdf(concat(y, raw(local, 32)), utf8(phone), label('pin-kek'));

/** A PIN-protected key in the making. */
export interface NewPin {
  readonly salt: string;
  readonly blinding: Blinding;
  readonly pair: CryptoKeyPair;
  readonly key: PublicKey;
}

export async function newPin(pin: string): Promise<NewPin> {
  const salt = encode(randomBytes(16));
  const [blinding, pair] = await Promise.all([blindPin(pin, salt), newKeyPair(true)]);
  return { salt, blinding, pair, key: await describeKey(pair.publicKey) };
}

/** Wraps the new key under what the server's evaluation gave. */
export async function wrap(pin: NewPin, evaluation: Evaluation, voprf: string, phone: string): Promise<PinRecord> {
  const y = finish(pin.blinding, evaluation, voprf);
  const local = encode(randomBytes(32));
  const iv = randomBytes(12);
  const document = await pkcs8Of(pin.pair.privateKey);
  const wrapped = await seal(await wrappingKey(y, local, phone), iv, utf8(phone), document);
  document.fill(0);
  return { salt: pin.salt, local, iv: encode(iv), wrapped: encode(wrapped) };
}

/** Unwraps the PIN-protected key for one signature. A wrong PIN shows here, and only here. */
export async function unwrap(
  record: PinRecord,
  blinding: Blinding,
  evaluation: Evaluation,
  voprf: string,
  phone: string,
): Promise<CryptoKey> {
  const kek = await wrappingKey(finish(blinding, evaluation, voprf), record.local, phone);
  const document = await unseal(kek, raw(record.iv, 12), utf8(phone), decode(record.wrapped) ?? new Uint8Array());
  if (!document) throw new Refused('wrong');
  const key = await importPkcs8(document);
  document.fill(0);
  return key;
}
