/** The proof on each call (section 4): the phone's key signs method, address, body and a nonce of the server. */

import { randomBytes, sha256 } from '../crypto.ts';
import { type Bytes, encode } from './bytes.ts';
import { sign } from './jws.ts';

export interface ProvedCall {
  /** `iss` of the offer. */
  readonly server: string;
  readonly phone: string;
  /** In capitals. */
  readonly method: string;
  /** `api` and path, without query. */
  readonly address: string;
  readonly body: Bytes;
  /** The newest that the server gave. */
  readonly nonce: string;
  readonly now: number;
}

/** A new id. */
export const newId = (): string => encode(randomBytes(16));

export const signProof = async (key: CryptoKey, call: ProvedCall): Promise<string> =>
  sign(
    key,
    'akkoord-proof+jwt',
    { kid: call.phone },
    {
      aud: call.server,
      htm: call.method,
      htu: call.address,
      iat: call.now,
      jti: newId(),
      nonce: call.nonce,
      bh: encode(await sha256(call.body)),
    },
  );
