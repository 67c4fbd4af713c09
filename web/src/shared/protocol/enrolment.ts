/**
 * Enrolment (section 5): the commitment, the phone's answer to the offer, and the six digits.
 *
 * The phone commits to its key before it sees the offer, and the offer carries the commitment back. So neither a claimer
 * nor a relay can try keys until the six digits agree: without it that takes under a minute.
 */

import { hmac, importHmac, sha256 } from '../crypto.ts';
import { type Bytes, concat, encode, utf8 } from './bytes.ts';
import type { Jwk, PublicKey } from './jwk.ts';
import { sign } from './jws.ts';
import { label } from './label.ts';

/** Over the phone's nonce and key, and the server key of the QR code; with a typed code zeros stand in its place. */
export const commitment = async (nonce: Bytes, phoneKey: Bytes, serverKey: Bytes | undefined): Promise<string> =>
  encode(await sha256(label('commit'), nonce, phoneKey, serverKey ?? new Uint8Array(32)));

/** The challenge of the platform authenticator's new credential. */
export const enrolChallenge = (offerHash: Bytes, phoneKey: Bytes): Promise<Bytes> =>
  sha256(label('enrol-uv'), offerHash, phoneKey);

/** Both halves of the nonce, both keys and the enrolment: whoever stands in between has other digits. */
export interface DigitsOf {
  readonly phoneNonce: Bytes;
  readonly serverNonce: Bytes;
  readonly phoneKey: Bytes;
  readonly serverKey: Bytes;
  readonly enrolment: string;
}

/** The six digits that the phone shows and the person types into the page. */
export async function sixDigits(of: DigitsOf): Promise<string> {
  const key = await importHmac(concat(of.phoneNonce, of.serverNonce), 'SHA-256');
  const tag = await hmac(key, concat(label('sas'), of.phoneKey, of.serverKey, utf8(of.enrolment)));
  const number = tag.reduce((rest, byte) => (rest * 256 + byte) % 1_000_000, 0);
  return String(number).padStart(6, '0');
}

/** `akkoord-enrol+jwt`, without `v`. */
export interface Enrol {
  readonly iat: number;
  readonly enr: string;
  readonly oh: string;
  readonly n_d: string;
  readonly name: string;
  readonly platform: string;
  readonly origin?: string;
  readonly pin?: Jwk;
  readonly wa?: string;
}

/** Signs with the new key, which stands in the header. */
export const signEnrol = (key: CryptoKey, own: PublicKey, claims: Enrol): Promise<string> =>
  sign(key, 'akkoord-enrol+jwt', { jwk: own.jwk }, { ...claims });
