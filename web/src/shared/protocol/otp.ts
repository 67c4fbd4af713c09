/** One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238), by an HMAC key that can't be exported. */

import { type HmacHash, hmac } from '../crypto.ts';

export type Algorithm = 'SHA1' | 'SHA256' | 'SHA512';

export const hashOf = (algorithm: Algorithm): HmacHash =>
  algorithm === 'SHA1' ? 'SHA-1' : algorithm === 'SHA256' ? 'SHA-256' : 'SHA-512';

/** RFC 4226 section 5.3: the code of a counter. */
export async function hotp(key: CryptoKey, counter: number, digits: number): Promise<string> {
  const message = new DataView(new ArrayBuffer(8));
  message.setBigUint64(0, BigInt(counter));
  const tag = await hmac(key, new Uint8Array(message.buffer));
  const view = new DataView(tag.buffer);
  const offset = view.getUint8(tag.length - 1) & 0x0f;
  const number = view.getUint32(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/** RFC 6238 section 4: the code at a time, and the seconds it is still shown. */
export async function totp(key: CryptoKey, now: number, period: number, digits: number) {
  const step = Math.floor(now / period);
  return { digits: await hotp(key, step, digits), left: (step + 1) * period - now };
}
