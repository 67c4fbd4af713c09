/** The pieces that messages and answers are made of (section 1). */

import * as v from 'valibot';
import { decode, decodeExactly } from './bytes.ts';
import { isHandle, isId, isText, MAX_NAME } from './text.ts';

/** A string that people read, of 1 to `max` characters. */
export const text = (max: number) =>
  v.pipe(
    v.string(),
    v.check((value) => isText(value, max)),
  );
export const name = text(MAX_NAME);
export const id = v.pipe(v.string(), v.check(isId));
export const handle = v.pipe(v.string(), v.check(isHandle));
/** Base64url of exactly so many bytes; it stays text. */
export const bytes = (length: number) =>
  v.pipe(
    v.string(),
    v.check((value) => decodeExactly(value, length) !== undefined),
  );
export const base64url = v.pipe(
  v.string(),
  v.check((value) => decode(value) !== undefined),
);
/** Whole seconds of the server's clock. */
export const seconds = v.pipe(v.number(), v.safeInteger());
/** A whole number of 0 and more. */
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** A small count, as policy has them. */
export const small = v.pipe(count, v.maxValue(255));
export const unlock = v.picklist(['webauthn', 'pin']);
export const version = v.literal(1);
