/** The server's readers of what a phone signs, for the tests only: the app writes these messages and reads none. */

import * as v from 'valibot';
import { sha256, verifyEs256 } from '../../crypto.ts';
import { concat, decode, encode, utf8 } from '../bytes.ts';
import { jwk, type PublicKey, readKey } from '../jwk.ts';
import { parseMessage, type Type, verify } from '../jws.ts';
import { keyroll } from '../keyroll.ts';
import { label } from '../label.ts';
import { offer } from '../offer.ts';
import { Refused } from '../refused.ts';
import { request } from '../request.ts';
import { bytes, id, name, seconds, version } from '../schema.ts';

export const enrol = v.strictObject({
  v: version,
  iat: seconds,
  enr: id,
  oh: bytes(32),
  n_d: bytes(32),
  name,
  platform: v.picklist(['android', 'ios', 'windows', 'macos', 'linux', 'chromeos', 'terminal', 'other']),
  origin: v.exactOptional(v.string()),
  pin: v.exactOptional(jwk),
  wa: v.exactOptional(bytes(32)),
});
export const decision = v.strictObject({
  v: version,
  iss: id,
  aud: v.string(),
  rid: id,
  rh: bytes(32),
  d: v.picklist(['approve', 'deny', 'report']),
  number: v.exactOptional(v.string()),
  unlock: v.picklist(['webauthn', 'pin', 'none']),
  iat: seconds,
  jti: id,
});
export const pin = v.strictObject({ v: version, dh: bytes(32) });
export const proof = v.strictObject({
  v: version,
  aud: v.string(),
  htm: v.string(),
  htu: v.string(),
  iat: seconds,
  jti: id,
  nonce: v.string(),
  bh: bytes(32),
});
export const rotate = v.strictObject({
  v: version,
  iss: id,
  aud: v.string(),
  iat: seconds,
  jti: id,
  jwk,
  sig: bytes(64),
});

export const schemas: Record<Type, v.GenericSchema<unknown, Record<string, unknown>>> = {
  'akkoord-offer+jwt': offer,
  'akkoord-enrol+jwt': enrol,
  'akkoord-request+jwt': request,
  'akkoord-decision+jwt': decision,
  'akkoord-pin+jwt': pin,
  'akkoord-proof+jwt': proof,
  'akkoord-rotate+jwt': rotate,
  'akkoord-keyroll+jwt': keyroll,
};

/** Reads any message as one type, with the key and id that the reader of that type expects. */
export async function read(message: string, type: Type, key: PublicKey, kid: string): Promise<Record<string, unknown>> {
  const parsed = parseMessage(message, type);
  if (!parsed.jwk) return verify(parsed, kid, key, schemas[type]);
  const own = await readKey(parsed.jwk).catch((error: unknown) => {
    throw new Refused('header', error);
  });
  return verify(parsed, undefined, own, schemas[type]);
}

export interface ExpectedProof {
  readonly audience: string;
  readonly method: string;
  readonly address: string;
  readonly body: string;
}

/** Checks a proof against a call. The words are those of the vectors. */
export async function checkProof(message: string, call: ExpectedProof, phone: string, key: PublicKey): Promise<string> {
  const claims = await verify(parseMessage(message, 'akkoord-proof+jwt'), phone, key, proof);
  if (claims.aud !== call.audience) return 'audience';
  if (claims.htm !== call.method || claims.htu !== call.address) return 'call';
  return claims.bh === encode(await sha256(utf8(call.body))) ? '' : 'body';
}

/** Checks a rotation for a phone with the old key; tells the new one. */
export async function checkRotation(message: string, phone: string, server: string, old: PublicKey) {
  const claims = await verify(parseMessage(message, 'akkoord-rotate+jwt'), phone, old, rotate);
  if (claims.iss !== phone || claims.aud !== server) throw new Refused('claims');
  const fresh = await readKey(claims.jwk);
  const signed = concat(label('rotate'), utf8(phone), old.thumbprint);
  const signature = decode(claims.sig);
  if (!signature || !(await verifyEs256(fresh.key, signature, signed))) throw new Refused('claims');
  return fresh;
}
