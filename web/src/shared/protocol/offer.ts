/** The server's offer to a phone that claims an enrolment (sections 3 and 5). */

import * as v from 'valibot';
import { sha256 } from '../crypto.ts';
import { type Bytes, encode, utf8 } from './bytes.ts';
import { keyWithId, type PublicKey, readKeyWithId } from './jwk.ts';
import { claimsOf, parseMessage, verify } from './jws.ts';
import { Refused } from './refused.ts';
import { bytes, handle, id, name, seconds, small, unlock, version } from './schema.ts';

const accountEntries = {
  id: handle,
  username: name,
  name,
  organisation: v.exactOptional(name),
  kind: v.picklist(['work', 'personal']),
};
const policyEntries = { pin_min: small, app_pin: v.boolean(), number_digits: small };

/** As they stand in answers, where a server may say more later. */
export const account = v.object(accountEntries);
export const policy = v.object({ ...policyEntries, one_work_account_per_phone: v.exactOptional(v.boolean(), false) });
export type OfferAccount = v.InferOutput<typeof account>;

const keys = v.strictObject({ keys: v.array(keyWithId) });

export const offer = v.strictObject({
  v: version,
  iss: v.string(),
  iat: seconds,
  exp: seconds,
  enr: id,
  c: bytes(32),
  phone: id,
  account: v.strictObject(accountEntries),
  api: v.string(),
  n_s: bytes(32),
  unlock: v.array(unlock),
  // WebAuthn's own JSON: the browser reads it, and refuses what it does not know.
  webauthn: v.exactOptional(v.record(v.string(), v.unknown())),
  keys,
  voprf: bytes(33),
  vapid: bytes(65),
  // A flag that is off is left out.
  policy: v.strictObject({ ...policyEntries, one_work_account_per_phone: v.exactOptional(v.literal(true)) }),
});
export type Offer = v.InferOutput<typeof offer>;

export interface CheckedOffer {
  readonly claims: Offer;
  /** The key that signed it; pinned from now on. */
  readonly serverKey: PublicKey;
  /** All keys of the offer: one or two. */
  readonly keys: readonly PublicKey[];
  /** SHA-256 of the message as sent. */
  readonly hash: Bytes;
}

/**
 * The phone's check, section 5 step 4. `pinned` is the thumbprint of the scanned link; with a typed code there is none,
 * the key is taken from the offer, and the six digits are the protection.
 */
export async function checkOffer(
  message: string,
  commitment: string,
  api: string,
  pinned: Bytes | undefined,
): Promise<CheckedOffer> {
  const parsed = parseMessage(message, 'akkoord-offer+jwt');
  if (pinned && parsed.kid !== encode(pinned)) throw new Refused('server key');
  // From the unread offer only the key is taken, and only the one named; everything else waits for the signature.
  const unread = claimsOf(parsed, v.object({ keys }));
  const named = unread.keys.keys.find((key) => key.kid === parsed.kid);
  if (!named) throw new Refused('server key');
  const serverKey = await readKeyWithId(named).catch((error: unknown) => {
    throw new Refused('server key', error);
  });
  const claims = await verify(parsed, parsed.kid, serverKey, offer);
  if (claims.c !== commitment) throw new Refused('commitment');
  if (claims.api !== api) throw new Refused('address');
  // All of them get pinned, so all of them must be keys, not only the one that signed.
  const all = await Promise.all(claims.keys.keys.map(readKeyWithId)).catch((error: unknown) => {
    throw new Refused('incomplete', error);
  });
  const different = new Set(all.map((key) => key.kid)).size === all.length;
  if (claims.unlock.length === 0 || all.length < 1 || all.length > 2 || !different) throw new Refused('incomplete');
  return { claims, serverKey, keys: all, hash: await sha256(utf8(message)) };
}
