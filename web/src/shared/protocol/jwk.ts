/** JSON Web Keys of one kind (section 1; RFC 7517, RFC 7518 section 6.2) and their thumbprints (RFC 7638). */

import * as v from 'valibot';
import { importPoint, pointOf, sha256 } from '../crypto.ts';
import { type Bytes, concat, decodeExactly, encode, utf8 } from './bytes.ts';
import { Refused } from './refused.ts';
import { bytes } from './schema.ts';

const entries = { crv: v.literal('P-256'), kty: v.literal('EC'), x: bytes(32), y: bytes(32) };

/** Exactly these four members, so that no other can be smuggled along. */
export const jwk = v.strictObject(entries);
export type Jwk = v.InferOutput<typeof jwk>;

/** A key of the server's key set. */
export const keyWithId = v.strictObject({ ...entries, kid: bytes(32) });
export type KeyWithId = v.InferOutput<typeof keyWithId>;

/** A public key whose point was checked. */
export interface PublicKey {
  readonly key: CryptoKey;
  readonly jwk: Jwk;
  /** Raw, as it stands in hashes. */
  readonly thumbprint: Bytes;
  /** In base64url, as `kid` and in links. */
  readonly kid: string;
}

/** RFC 7638 section 3: the hash of the required members in lexical order, without blanks. */
export const thumbprint = ({ crv, kty, x, y }: Jwk): Promise<Bytes> => sha256(utf8(JSON.stringify({ crv, kty, x, y })));

async function publicKey(key: CryptoKey, of: Jwk): Promise<PublicKey> {
  const print = await thumbprint(of);
  return { key, jwk: of, thumbprint: print, kid: encode(print) };
}

/** The key of a JWK. A point that does not lie on the curve, or none, is refused. */
export async function readKey({ crv, kty, x, y }: Jwk): Promise<PublicKey> {
  const [left, right] = [decodeExactly(x, 32), decodeExactly(y, 32)];
  if (!left || !right) throw new Refused('key');
  let key: CryptoKey;
  try {
    key = await importPoint(concat(Uint8Array.of(4), left, right));
  } catch (error) {
    throw new Refused('key', error);
  }
  return publicKey(key, { crv, kty, x, y });
}

/** The key of a key set; refused if its `kid` is not its thumbprint. */
export async function readKeyWithId(key: KeyWithId): Promise<PublicKey> {
  const read = await readKey(key);
  if (read.kid !== key.kid) throw new Refused('key');
  return read;
}

/** The public half of a key of our own. */
export async function describeKey(key: CryptoKey): Promise<PublicKey> {
  const point = await pointOf(key);
  const [x, y] = [encode(point.subarray(1, 33)), encode(point.subarray(33))];
  return publicKey(key, { crv: 'P-256', kty: 'EC', x, y });
}
