/** The rules of the app's own lock: when it closes, and what a wrong PIN costs. */
import * as v from 'valibot';
import { pbkdf2, randomBytes } from '../../../shared/crypto.ts';
import { type Bytes, utf8 } from '../../../shared/protocol/bytes.ts';

/** Who comes back within this many seconds is not asked again: the code was on its way to the other screen. */
export const GRACE = 30;
/** So many wrong PINs cost nothing, as fingers slip. */
const FREE_TRIES = 4;
/** The first wait, in seconds; it doubles up to an hour. */
const FIRST_WAIT = 30;
const LONGEST_WAIT = 3600;
/** OWASP's figure for PBKDF2-HMAC-SHA-256. */
const ITERATIONS = 600_000;
export const LEAST_DIGITS = 4;

const bytes = v.custom<Bytes>((value) => value instanceof Uint8Array);

export const keptLock = v.variant('kind', [
  v.object({ kind: v.literal('platform'), credential: v.string() }),
  v.object({ kind: v.literal('pin'), salt: bytes, hash: bytes, wrong: v.number(), last: v.number() }),
]);
export type KeptLock = v.InferOutput<typeof keptLock>;
export type KeptPin = Extract<KeptLock, { kind: 'pin' }>;

/** Whether it must be locked when it is looked at again. A clock that went back means that nobody knows how long it was. */
export function mustLock(hiddenAt: number, now: number): boolean {
  return now < hiddenAt || now - hiddenAt >= GRACE;
}

/** Seconds to wait before the next try. */
export function waitFor(kept: Pick<KeptPin, 'wrong' | 'last'>, now: number): number {
  if (kept.wrong <= FREE_TRIES) return 0;
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (kept.wrong - FREE_TRIES - 1));
  // A clock that was put back must not make the wait longer than it is.
  return Math.min(wait, Math.max(0, kept.last + wait - now));
}

export async function makePin(pin: string): Promise<KeptPin> {
  const salt = randomBytes(16);
  return { kind: 'pin', salt, hash: await pbkdf2(utf8(pin), salt, ITERATIONS), wrong: 0, last: 0 };
}

export async function isPin(kept: KeptPin, pin: string): Promise<boolean> {
  const hash = await pbkdf2(utf8(pin), kept.salt, ITERATIONS);
  let different = hash.length ^ kept.hash.length;
  for (const [at, byte] of hash.entries()) different |= byte ^ (kept.hash[at] ?? 0);
  return different === 0;
}

/** Whether the authenticator says that it verified its user: bit 2 of the flags (WebAuthn level 3, 6.1). */
export function verifiedUser(authenticatorData: Bytes | undefined): boolean {
  return ((authenticatorData?.[32] ?? 0) & 0x04) !== 0;
}
