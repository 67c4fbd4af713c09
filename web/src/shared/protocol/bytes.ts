/** Bytes and their one text form (section 1): base64url without padding, RFC 4648 section 5. */

export type Bytes = Uint8Array<ArrayBuffer>;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const encoder = new TextEncoder();

/** UTF-8. */
export const utf8 = (text: string): Bytes => encoder.encode(text);

/** Encodes as base64url without padding. */
export function encode(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    const all = (first << 16) | (second << 8) | third;
    const letters = Math.min(4, bytes.length - at + 1);
    for (let letter = 0; letter < letters; letter++) text += ALPHABET[(all >> (18 - 6 * letter)) & 63];
  }
  return text;
}

/**
 * Decodes base64url; `undefined` for everything else. Padding, other alphabets and non-zero trailing bits are refused,
 * so that one value has one text.
 */
export function decode(text: string): Bytes | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const letter of text) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) return undefined;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >> bits;
    }
  }
  return held & ((1 << bits) - 1) ? undefined : bytes;
}

/** Decodes base64url of exactly `length` bytes. */
export function decodeExactly(text: string, length: number): Bytes | undefined {
  const bytes = decode(text);
  return bytes?.length === length ? bytes : undefined;
}

/** Joins bytes, without lengths or separators between them. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
