/** The phone's decision (section 6) and what evidence is over (sections 4 and 7). */

import { sha256 } from '../crypto.ts';
import { type Bytes, decode, encode, utf8 } from './bytes.ts';
import { sign } from './jws.ts';
import { label } from './label.ts';

/** `akkoord-decision+jwt`, without `v`. */
export interface Decision {
  readonly iss: string;
  readonly aud: string;
  readonly rid: string;
  readonly rh: string;
  readonly d: 'approve' | 'deny' | 'report';
  readonly number?: string;
  readonly unlock: 'webauthn' | 'pin' | 'none';
  readonly iat: number;
  readonly jti: string;
}

export const signDecision = (key: CryptoKey, claims: Decision): Promise<string> =>
  sign(key, 'akkoord-decision+jwt', { kid: claims.iss }, { ...claims });

/** What evidence of an approval covers: all of the decision as sent. */
export const decisionHash = (decision: string): Promise<Bytes> => sha256(label('uv'), utf8(decision));

/** What is switched on with evidence (section 4). */
export type Setting = 'phone_sign_in' | 'unknown_browsers';

/** What switching a setting on is signed over; the nonce is that of the call's proof. */
export const settingHash = (setting: Setting, phone: string, nonce: string) =>
  sha256(label('setting'), utf8(`${setting}\0${phone}`), decode(nonce) ?? new Uint8Array());

/** What a phone signs to authorise a new one. */
export const enrolStartHash = (phone: string, nonce: string): Promise<Bytes> =>
  sha256(label('enrol-start'), utf8(phone), decode(nonce) ?? new Uint8Array());

/** What a change of the PIN is signed over. */
export const pinChangeHash = (change: string, newKey: Bytes): Promise<Bytes> =>
  sha256(label('pin-change'), utf8(change), newKey);

/** Evidence by the PIN-protected key: `akkoord-pin+jwt`. */
export const signPinEvidence = (key: CryptoKey, phone: string, hash: Bytes): Promise<string> =>
  sign(key, 'akkoord-pin+jwt', { kid: phone }, { dh: encode(hash) });
