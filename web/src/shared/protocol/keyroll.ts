/** The server's change of key (section 8): signed by the key that phones have pinned. */

import * as v from 'valibot';
import { type Jwk, jwk, type PublicKey, readKey } from './jwk.ts';
import { parseMessage, verify } from './jws.ts';
import { Refused } from './refused.ts';
import { seconds, version } from './schema.ts';

/** A server key that was replaced is still accepted for this long, in seconds: 30 days. */
const OLD_KEY_KEPT = 30 * 24 * 60 * 60;

export const keyroll = v.strictObject({ v: version, iss: v.string(), iat: seconds, jwk, from: seconds });

/**
 * Follows a chain of rolls, oldest first, from a pinned key. Links before that key are passed over; the first link after
 * it that the newest trusted key did not sign refuses the whole chain. Tells the keys that were added.
 */
export async function followChain(
  chain: readonly string[],
  pinned: PublicKey,
  iss: string,
): Promise<{ key: PublicKey; from: number }[]> {
  let trusted = pinned;
  const added: { key: PublicKey; from: number }[] = [];
  for (const message of chain) {
    const parsed = parseMessage(message, 'akkoord-keyroll+jwt');
    if (parsed.kid !== trusted.kid && added.length === 0) continue;
    const claims = await verify(parsed, trusted.kid, trusted, keyroll);
    if (claims.iss !== iss) throw new Refused('claims');
    trusted = await readKey(claims.jwk).catch((error: unknown) => {
      throw new Refused('claims', error);
    });
    added.push({ key: trusted, from: claims.from });
  }
  return added;
}

/** A server key that this phone trusts. The next key of an offer has no `from` until a roll tells when it begins. */
export interface PinnedKey {
  readonly jwk: Jwk;
  readonly from?: number;
}

/** The keys that may have signed a message at `now`. */
export const usableKeys = (keys: readonly PinnedKey[], now: number): Promise<PublicKey[]> =>
  Promise.all(keys.filter(({ from }) => from === undefined || from <= now).map((pinned) => readKey(pinned.jwk)));

/** Follows a chain from what is pinned, and drops keys that were replaced 30 days ago; never the last. */
export async function followPinned(
  pinned: readonly PinnedKey[],
  chain: readonly string[],
  iss: string,
  now: number,
): Promise<PinnedKey[]> {
  // A key that is announced and not yet in use is announced again by the chain: the walk starts at the newest key
  // already in use, so that an announcement may also be replaced.
  const current = Math.max(
    0,
    pinned.findLastIndex(({ from }) => from !== undefined && from <= now),
  );
  const start = pinned[current];
  if (!start) return [];
  const added = await followChain(chain, await readKey(start.jwk), iss);
  const keys: PinnedKey[] = added.length
    ? [...pinned.slice(0, current + 1), ...added.map(({ key, from }) => ({ jwk: key.jwk, from }))]
    : [...pinned];
  return keys.filter((_, at) => {
    const replaced = keys[at + 1]?.from;
    return replaced === undefined || replaced + OLD_KEY_KEPT > now;
  });
}
