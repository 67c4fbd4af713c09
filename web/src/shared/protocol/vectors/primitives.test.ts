import { describe, expect, it } from 'vitest';
import { importHmac, importPkcs8, signEs256, verifyEs256 } from '../../crypto.ts';
import { decode, encode, utf8 } from '../bytes.ts';
import { parseJsonText } from '../json.ts';
import { readKey, readKeyWithId } from '../jwk.ts';
import { label, type Purpose } from '../label.ts';
import { hotp, totp } from '../otp.ts';
import { FORBIDDEN, isHandle, isId, isText } from '../text.ts';
import { bytes, file, keys, refusal, some } from './files.ts';

describe('keys.json', () => {
  it('imports each key and computes its thumbprint', async () => {
    for (const [name, key] of some(Object.entries(keys), 9)) {
      const read = await readKey(key.jwk);
      expect(read.kid, name).toBe(key.thumbprint);
      expect((await readKeyWithId(key.with_id)).kid).toBe(key.with_id.kid);
      const signed = await signEs256(await importPkcs8(bytes(key.pkcs8)), utf8(name));
      expect(await verifyEs256(read.key, signed, utf8(name)), name).toBe(true);
      expect(await verifyEs256(read.key, signed, utf8('another'))).toBe(false);
    }
  });

  it('refuses points that lie on no curve, and a kid of another key', async () => {
    const { phone, server } = keys;
    if (!phone || !server) throw new Error('no keys');
    expect(await refusal(() => readKey({ ...phone.jwk, x: server.jwk.x }))).toBe('key');
    const zeros = encode(new Uint8Array(32));
    expect(await refusal(() => readKey({ ...phone.jwk, x: zeros, y: zeros }))).toBe('key');
    expect(await refusal(() => readKeyWithId({ ...phone.with_id, kid: server.thumbprint }))).toBe('key');
  });
});

describe('json.json', () => {
  const vectors = file('json');
  it('reads what may be read, to the same value as every other reader', () => {
    for (const text of some<string>(vectors.accepted, 9)) expect(parseJsonText(text)).toEqual(JSON.parse(text));
  });
  it('refuses everything else', async () => {
    for (const text of [...some<string>(vectors.refused, 29), ...some<string>(vectors.left_open, 3)]) {
      expect(await refusal(() => parseJsonText(text)), text).toBe('json');
    }
  });
  it('keeps a member named __proto__ a member', () => {
    expect(Object.keys(parseJsonText('{"__proto__":{"a":1}}'))).toEqual(['__proto__']);
  });
  it('reads long texts without recursion that a hostile one could exhaust', async () => {
    const long = 'x'.repeat(200_000);
    expect(parseJsonText(`{"a":"${long}"}`)).toEqual({ a: long });
    expect(await refusal(() => parseJsonText('['.repeat(100_000)))).toBe('json');
    expect(await refusal(() => parseJsonText(`{"a":${'['.repeat(100_000)}`))).toBe('json');
  });
});

describe('text.json', () => {
  const vectors = file('text');
  it('agrees on names, ids, handles and base64url', () => {
    const readers: [string, (text: string) => boolean][] = [
      ['names', (text) => isText(text, 64)],
      ['ids', isId],
      ['handles', isHandle],
      ['base64url', (text) => decode(text) !== undefined],
    ];
    for (const [kind, reads] of readers) {
      for (const text of some<string>(vectors[kind].accepted, 3)) expect(reads(text), `${kind} ${text}`).toBe(true);
      for (const text of some<string>(vectors[kind].refused, 6)) expect(reads(text), `${kind} ${text}`).toBe(false);
    }
  });
  it('forbids the same characters', () => {
    const surrogates = (first: number) => first === 0xd800;
    expect(FORBIDDEN.filter(([first]) => !surrogates(first))).toEqual(some(vectors.forbidden, 19));
  });
  it('refuses half a pair, which only a keyboard could bring', () => {
    expect(isText('a\ud800', 64)).toBe(false);
  });
});

describe('base64url', () => {
  it('comes back as it was, whatever the length', () => {
    for (let length = 0; length < 70; length++) {
      const all = Uint8Array.from({ length }, (_, at) => (at * 73 + length) & 255);
      expect(encode(all)).toBe(Buffer.from(all).toString('base64url'));
      expect(decode(encode(all))).toEqual(all);
    }
  });
});

it('labels are those of the file', () => {
  for (const { purpose, bytes: expected } of some<{ purpose: Purpose; bytes: string }>(file('enrolment').labels, 9)) {
    expect(encode(label(purpose))).toBe(expected);
  }
});

describe('one-time passwords', () => {
  it('rfc4226_appendix_d', async () => {
    const key = await importHmac(utf8('12345678901234567890'), 'SHA-1');
    const codes = '755224 287082 359152 969429 338314 254676 287922 162583 399871 520489'.split(' ');
    for (const [counter, code] of codes.entries()) expect(await hotp(key, counter, 6)).toBe(code);
  });

  it('rfc6238_appendix_b', async () => {
    const secret = (length: number) => utf8('1234567890'.repeat(7).slice(0, length));
    const rows: [number, string, string, string][] = [
      [59, '94287082', '46119246', '90693936'],
      [1_111_111_109, '07081804', '68084774', '25091201'],
      [1_111_111_111, '14050471', '67062674', '99943326'],
      [1_234_567_890, '89005924', '91819424', '93441116'],
      [2_000_000_000, '69279037', '90698825', '38618901'],
      [20_000_000_000, '65353130', '77737706', '47863826'],
    ];
    const sha1 = await importHmac(secret(20), 'SHA-1');
    const sha256 = await importHmac(secret(32), 'SHA-256');
    const sha512 = await importHmac(secret(64), 'SHA-512');
    for (const [seconds, first, second, third] of rows) {
      expect((await totp(sha1, seconds, 30, 8)).digits).toBe(first);
      expect((await totp(sha256, seconds, 30, 8)).digits).toBe(second);
      expect((await totp(sha512, seconds, 30, 8)).digits).toBe(third);
    }
  });

  it('says how long a code is shown', async () => {
    const key = await importHmac(utf8('12345678901234567890'), 'SHA-1');
    expect((await totp(key, 59.25, 30, 6)).left).toBe(0.75);
    expect((await totp(key, 60, 30, 6)).left).toBe(30);
  });
});
