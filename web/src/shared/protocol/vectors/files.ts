/** The shared vectors of the protocol, for the tests only: `crates/protocols/tests/vectors/README.md`. */

import { expect } from 'vitest';
import enrolment from '../../../../../crates/protocols/tests/vectors/enrolment.json' with { type: 'json' };
import json from '../../../../../crates/protocols/tests/vectors/json.json' with { type: 'json' };
import keyCare from '../../../../../crates/protocols/tests/vectors/key-care.json' with { type: 'json' };
import keyFile from '../../../../../crates/protocols/tests/vectors/keys.json' with { type: 'json' };
import messages from '../../../../../crates/protocols/tests/vectors/messages.json' with { type: 'json' };
import pin from '../../../../../crates/protocols/tests/vectors/pin.json' with { type: 'json' };
import proof from '../../../../../crates/protocols/tests/vectors/proof.json' with { type: 'json' };
import request from '../../../../../crates/protocols/tests/vectors/request.json' with { type: 'json' };
import text from '../../../../../crates/protocols/tests/vectors/text.json' with { type: 'json' };
import { importPkcs8 } from '../../crypto.ts';
import { decode } from '../bytes.ts';
import { type Jwk, type PublicKey, readKey } from '../jwk.ts';
import { type Check, Refused } from '../refused.ts';

const FILES = { enrolment, json, 'key-care': keyCare, messages, pin, proof, request, text };

// biome-ignore lint/suspicious/noExplicitAny: the files' form is what the tests look at.
export type Vectors = any;

export const file = (name: keyof typeof FILES): Vectors => FILES[name];

interface Key {
  readonly jwk: Jwk;
  readonly pkcs8: string;
  readonly thumbprint: string;
  readonly with_id: Jwk & { kid: string };
}

export const keys: Record<string, Key> = keyFile as unknown as Record<string, Key>;

const named = (name: string): Key => {
  const key = keys[name];
  if (!key) throw new Error(`no key ${name}`);
  return key;
};

export const publicKey = (name: string): Promise<PublicKey> => readKey(named(name).jwk);
export const privateKey = (name: string): Promise<CryptoKey> => importPkcs8(bytes(named(name).pkcs8));
export const thumbprintOf = (name: string) => bytes(named(name).thumbprint);

/** Base64url that must be right. */
export function bytes(text: string) {
  const read = decode(text);
  if (!read) throw new Error('not base64url');
  return read;
}

/** A list that must not be empty: a file that was emptied fails its test. */
export function some<T>(list: readonly T[], least = 1): readonly T[] {
  expect(list.length).toBeGreaterThanOrEqual(least);
  return list;
}

/** Why something is refused; `undefined` where it is accepted. */
export async function refusal(work: () => unknown): Promise<Check | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return error.check;
    throw error;
  }
}
