/** What a phone is asked to approve (section 6): the phone shows this and nothing else. */

import * as v from 'valibot';
import { sha256 } from '../crypto.ts';
import { encode, utf8 } from './bytes.ts';
import type { PublicKey } from './jwk.ts';
import { parseMessage, verify } from './jws.ts';
import { Refused } from './refused.ts';
import { bytes, handle, id, name, seconds, text, unlock, version } from './schema.ts';

export const operation = v.picklist([
  'signin',
  'second-step',
  'step-up',
  'factor',
  'recovery',
  'computer',
  'transaction',
  'practice',
]);

const appEntries = { id: handle, name };
const contextEntries = {
  ip: v.exactOptional(text(45)),
  net: v.exactOptional(name),
  place: v.exactOptional(name),
  browser: v.exactOptional(name),
  known: v.boolean(),
  at: seconds,
};

/** As they stand in answers, where a server may say more later. */
export const app = v.object(appEntries);
export const context = v.object(contextEntries);

export const request = v.strictObject({
  v: version,
  iss: v.string(),
  aud: id,
  jti: id,
  iat: seconds,
  exp: seconds,
  op: operation,
  acct: handle,
  app: v.strictObject(appEntries),
  ctx: v.strictObject(contextEntries),
  number: v.variant('mode', [
    v.strictObject({ mode: v.literal('enter'), digits: v.pipe(v.number(), v.safeInteger()) }),
    v.strictObject({ mode: v.literal('choose'), options: v.strictTuple([v.string(), v.string(), v.string()]) }),
  ]),
  unlock: v.array(unlock),
  n: bytes(16),
  text: v.exactOptional(text(500)),
});
export type RequestClaims = v.InferOutput<typeof request>;

export type Number =
  | { readonly mode: 'enter'; readonly digits: 2 | 3 | 6 }
  | { readonly mode: 'choose'; readonly options: readonly [string, string, string] };

export interface CheckedRequest {
  readonly claims: RequestClaims;
  readonly number: Number;
  /** Base64url of the SHA-256 of the message as sent. */
  readonly hash: string;
}

/** What a phone knows of itself when it checks a request. */
export interface Recipient {
  readonly serverKeys: readonly PublicKey[];
  readonly iss: string;
  readonly phone: string;
  readonly account: string;
  /** The server's time. */
  readonly now: number;
}

/** Checks a request before any of it is shown. */
export async function checkRequest(message: string, recipient: Recipient): Promise<CheckedRequest> {
  const parsed = parseMessage(message, 'akkoord-request+jwt');
  const key = recipient.serverKeys.find((known) => known.kid === parsed.kid);
  if (!key) throw new Refused('server key');
  const claims = await verify(parsed, parsed.kid, key, request);
  const { iss, phone, account, now } = recipient;
  if (claims.iss !== iss || claims.aud !== phone || claims.acct !== account) throw new Refused('misdirected');
  if (claims.exp <= now) throw new Refused('expired');
  const takesText = ['transaction', 'step-up', 'factor'].includes(claims.op);
  const number = sensible(claims.number);
  if (!number || claims.unlock.length === 0 || (claims.text !== undefined && !takesText)) {
    throw new Refused('senseless');
  }
  return { claims, number, hash: encode(await sha256(utf8(message))) };
}

function sensible(number: RequestClaims['number']): Number | undefined {
  if (number.mode === 'enter') {
    const { digits } = number;
    return digits === 2 || digits === 3 || digits === 6 ? { mode: 'enter', digits } : undefined;
  }
  const { options } = number;
  const plain = options.every((option) => /^[0-9]{2,6}$/.test(option) && option.length === options[0].length);
  return plain && new Set(options).size === 3 ? { mode: 'choose', options } : undefined;
}

/** Whether these are digits that may answer: as many as asked, and one of those offered. */
export const mayAnswer = (number: Number, answer: string): boolean =>
  number.mode === 'enter'
    ? /^[0-9]+$/.test(answer) && answer.length === number.digits
    : number.options.includes(answer);
