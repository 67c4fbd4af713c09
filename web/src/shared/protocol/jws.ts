/** Compact JWS (section 3; RFC 7515 section 3.1) with ES256, an explicit type and a closed header. */

import * as v from 'valibot';
import { signEs256, verifyEs256 } from '../crypto.ts';
import { type Bytes, decode, decodeExactly, encode, utf8 } from './bytes.ts';
import { parseJson } from './json.ts';
import { type Jwk, jwk, type PublicKey } from './jwk.ts';
import { Refused } from './refused.ts';

/** The size of a message in bytes. */
export const MAX_MESSAGE = 8 * 1024;

const TYPES = [
  'akkoord-offer+jwt',
  'akkoord-enrol+jwt',
  'akkoord-request+jwt',
  'akkoord-decision+jwt',
  'akkoord-pin+jwt',
  'akkoord-proof+jwt',
  'akkoord-rotate+jwt',
  'akkoord-keyroll+jwt',
] as const;

/** What a message is. Compared exactly: a message of one type is never taken for another. */
export type Type = (typeof TYPES)[number];

const header = v.union([
  v.strictObject({ alg: v.literal('ES256'), typ: v.picklist(TYPES), kid: v.pipe(v.string(), v.maxLength(64)) }),
  v.strictObject({ alg: v.literal('ES256'), typ: v.picklist(TYPES), jwk }),
]);

/** A message whose form is right and whose signature has not been looked at. */
export interface Unverified {
  readonly message: string;
  /** The key that the message names: by id, or in an enrolment the key itself. */
  readonly kid: string | undefined;
  readonly jwk: Jwk | undefined;
  readonly payload: Bytes;
  readonly signature: Bytes;
}

/** Takes a message apart. Nothing in it is to be believed yet. */
export function parseMessage(message: string, type: Type): Unverified {
  const parts = message.length > MAX_MESSAGE ? [] : message.split('.');
  const [first, second, third] = parts.map(decode);
  if (parts.length !== 3 || !first || !second || third?.length !== 64) throw new Refused('form');
  let read: v.InferOutput<typeof header>;
  try {
    read = v.parse(header, parseJson(first));
  } catch (error) {
    throw new Refused('header', error);
  }
  if (read.typ !== type) throw new Refused('type');
  // The key may stand in the header of an enrolment only, whose key is new and bound by the commitment.
  if ('jwk' in read !== (type === 'akkoord-enrol+jwt')) throw new Refused('header');
  const [kid, own] = 'jwk' in read ? [undefined, read.jwk] : [read.kid, undefined];
  return { message, kid, jwk: own, payload: second, signature: third };
}

const versioned = v.object({ v: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) });

/**
 * Checks the signature with a key that the reader stored under `kid`, and reads the claims. Another version is told
 * apart from a broken message, as it asks for an update of the app. `schema` refuses unknown members at any depth.
 */
export async function verify<T>(
  parsed: Unverified,
  kid: string | undefined,
  key: PublicKey,
  schema: v.GenericSchema<unknown, T>,
): Promise<T> {
  if (parsed.kid !== kid) throw new Refused('key');
  const signed = utf8(parsed.message.slice(0, parsed.message.lastIndexOf('.')));
  if (!(await verifyEs256(key.key, parsed.signature, signed))) throw new Refused('signature');
  const claims = claimsOf(parsed, versioned);
  if (claims.v !== 1) throw new Refused('version');
  return claimsOf(parsed, schema);
}

/** The claims before the signature is checked, for the one case where the key stands in them: an offer. */
export function claimsOf<T>(parsed: Unverified, schema: v.GenericSchema<unknown, T>): T {
  try {
    return v.parse(schema, parseJson(parsed.payload));
  } catch (error) {
    throw new Refused('claims', error);
  }
}

/** Signs claims: under a key that the reader stored as `kid`, or with the key itself in the header. */
export async function sign(
  key: CryptoKey,
  typ: Type,
  named: { kid: string } | { jwk: Jwk },
  claims: Record<string, unknown>,
): Promise<string> {
  const head = encode(utf8(JSON.stringify({ alg: 'ES256', typ, ...named })));
  const signed = `${head}.${encode(utf8(JSON.stringify({ v: 1, ...claims })))}`;
  const message = `${signed}.${encode(await signEs256(key, utf8(signed)))}`;
  // Its reader would refuse it, and could not say why.
  if (message.length > MAX_MESSAGE) throw new Refused('form');
  return message;
}

/** Reads base64url of a fixed length that a schema has checked. */
export function raw(text: string, length: number): Bytes {
  const bytes = decodeExactly(text, length);
  if (!bytes) throw new Refused('claims');
  return bytes;
}
