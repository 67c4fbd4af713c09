/**
 * The door to WebCrypto. Private keys that stay on the phone are made not extractable: a script that gets into the page
 * could use them while it runs, and could not carry them away.
 */

import { type Bytes, concat } from './protocol/bytes.ts';

const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export type HmacHash = 'SHA-1' | 'SHA-256' | 'SHA-512';

/** Random bytes of the platform. */
export const randomBytes = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length));

/** SHA-256 over the parts, joined. */
export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat(...parts)));
}

/** A key pair for ES256. Only the PIN-protected key is extractable, for as long as it takes to wrap it. */
export const newKeyPair = (extractable: boolean): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey(ES256, extractable, ['sign', 'verify']);

/** The uncompressed point of a public key, 65 bytes. */
export const pointOf = async (key: CryptoKey): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.exportKey('raw', key));

/** Imports an uncompressed point; rejects one that does not lie on the curve. */
export const importPoint = (point: Bytes): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', point, ES256, true, ['verify']);

/** PKCS#8 of an extractable private key. */
export const pkcs8Of = async (key: CryptoKey): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.exportKey('pkcs8', key));

/** Imports a private key for one signature; it can't be exported again. */
export const importPkcs8 = (document: Bytes): Promise<CryptoKey> =>
  crypto.subtle.importKey('pkcs8', document, ES256, false, ['sign']);

/** ES256: `r || s`. */
export const signEs256 = async (key: CryptoKey, message: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.sign(ES256, key, message));

export const verifyEs256 = (key: CryptoKey, signature: Bytes, message: Bytes): Promise<boolean> =>
  crypto.subtle.verify(ES256, key, signature, message);

/** A key for HMAC that can't be exported. */
export const importHmac = (secret: Bytes, hash: HmacHash): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash }, false, ['sign']);

export const hmac = async (key: CryptoKey, message: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.sign('HMAC', key, message));

/** PBKDF2-HMAC-SHA-256 (RFC 8018), 32 bytes. */
export async function pbkdf2(password: Bytes, salt: Bytes, iterations: number): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, key, 256),
  );
}

/** HKDF-SHA-256 (RFC 5869), 32 bytes. */
export async function hkdf(material: Bytes, salt: Bytes, info: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', material, 'HKDF', false, ['deriveBits']);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, 256));
}

/** AES-256-GCM with its tag of 16 bytes behind. */
export async function seal(key: Bytes, iv: Bytes, additional: Bytes, plain: Bytes): Promise<Bytes> {
  const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
  return new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: additional }, aes, plain));
}

/** The plain text, or `undefined` where the key or anything else is not the one of sealing. */
export async function unseal(key: Bytes, iv: Bytes, additional: Bytes, sealed: Bytes): Promise<Bytes | undefined> {
  const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: additional }, aes, sealed),
    );
  } catch {
    return undefined;
  }
}
