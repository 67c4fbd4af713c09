/** The enrolment link that a QR code holds, and the code for people who cannot scan (section 5). */

import { type Bytes, decodeExactly, encode } from './bytes.ts';
import { Refused } from './refused.ts';

export interface Link {
  /** The base of the phone's calls: everything before `/app/e`. */
  readonly api: string;
  /** Spent by the claim. */
  readonly token: Bytes;
  /** The thumbprint of the server key that must have signed the offer. */
  readonly serverKey: Bytes;
}

/** `https://phone.<zone>/app/e#1.<token>.<thumbprint>`. */
export function parseLink(text: string): Link {
  const trimmed = text.trim();
  const hash = trimmed.indexOf('#');
  const address = trimmed.slice(0, hash);
  if (hash < 0 || !address.endsWith('/app/e')) throw new Refused('form');
  const api = address.slice(0, -'/app/e'.length);
  checkApi(api);
  const [version = '', token = '', key = '', ...more] = trimmed.slice(hash + 1).split('.');
  if (version !== '1') throw new Refused(/^[0-9]+$/.test(version) ? 'version' : 'form');
  const [tokenBytes, keyBytes] = [decodeExactly(token, 32), decodeExactly(key, 32)];
  if (!tokenBytes || !keyBytes || more.length > 0) throw new Refused('form');
  return { api, token: tokenBytes, serverKey: keyBytes };
}

export const writeLink = ({ api, token, serverKey }: Link): string =>
  `${api}/app/e#1.${encode(token)}.${encode(serverKey)}`;

/** Whether an address may be the base of the phone's calls (section 2): one spelling, https or this machine. */
export function checkApi(api: string): void {
  let url: URL;
  try {
    url = new URL(api);
  } catch (error) {
    throw new Refused('form', error);
  }
  // What the browser's parser would write is the one spelling: lower-case host, no default port, no dots in the path.
  if (api !== url.href.replace(/\/$/, '') || url.username || url.password || url.search || url.hash) {
    throw new Refused('form');
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) throw new Refused('insecure');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Refused('form');
}

/** `localhost`, a name under it (RFC 6761 section 6.3), or a loopback address. */
const isLoopback = (host: string): boolean =>
  /^(?:.+\.)?localhost$/.test(host) || /^127(?:\.[0-9]+){3}$/.test(host) || host === '[::1]';

const CODE = /^[0-9A-HJKMNP-TV-Z]{8}$/;

/** A typed code, normalised: upper case, no blanks and hyphens, O read as 0, I and L as 1. U is no letter of it. */
export function parseCode(typed: string): string {
  const code = typed.replace(/[\s-]/g, '').replace(/[a-z]/g, (letter) => letter.toUpperCase());
  const read = code.replaceAll('O', '0').replace(/[IL]/g, '1');
  if (!CODE.test(read)) throw new Refused('form');
  return read;
}

/** As shown: `XXXX-XXXX`. */
export const showCode = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`;
