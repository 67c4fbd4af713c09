import { describe, expect, it } from 'vitest';
import { sha256 } from '../../crypto.ts';
import { encode, utf8 } from '../bytes.ts';
import { commitment, enrolChallenge, signEnrol, sixDigits } from '../enrolment.ts';
import { parseCode, parseLink, showCode, writeLink } from '../link.ts';
import { checkOffer } from '../offer.ts';
import { bytes, file, privateKey, publicKey, refusal, some, thumbprintOf } from './files.ts';
import { read } from './server-side.ts';

const vectors = file('enrolment');

describe('enrolment.json', () => {
  it('reads links and writes them again', () => {
    for (const { text, api, token, server_key } of some<Record<string, string>>(vectors.links, 3)) {
      const link = parseLink(text ?? '');
      expect([link.api, encode(link.token), encode(link.serverKey)]).toEqual([api, token, server_key]);
      expect(writeLink(link)).toBe(text);
    }
  });

  it('refuses other links', async () => {
    for (const { text, error } of some<Record<string, string>>(vectors.refused_links, 18)) {
      expect(await refusal(() => parseLink(text ?? '')), text).toBe(error);
    }
  });

  it('reads typed codes', async () => {
    for (const { typed, code, shown } of some<Record<string, string>>(vectors.typed_codes, 8)) {
      expect(parseCode(typed ?? '')).toBe(code);
      expect(showCode(code ?? '')).toBe(shown);
    }
    for (const code of some<string>(vectors.refused_codes, 7)) {
      expect(await refusal(() => parseCode(code)), code).toBe('form');
    }
  });

  it('commits, scanned and typed', async () => {
    for (const { n_d, phone_key, server_key, c } of some<Record<string, string>>(vectors.commitments, 2)) {
      const server = server_key ? thumbprintOf(server_key) : undefined;
      expect(await commitment(bytes(n_d ?? ''), thumbprintOf(phone_key ?? ''), server)).toBe(c);
    }
  });

  it('checks the offer', async () => {
    const { offer, api, pinned } = vectors;
    const checked = await checkOffer(offer.message, vectors.commitment, api, bytes(pinned));
    expect(checked.claims).toEqual(offer.claims);
    expect(encode(checked.hash)).toBe(vectors.offer_hash);
    expect(checked.serverKey.kid).toBe(pinned);
    const typed = await checkOffer(offer.message, vectors.commitment, api, undefined);
    expect(typed.serverKey.kid).toBe(pinned);
  });

  it('refuses other offers', async () => {
    const refused = some<Record<string, string>>(vectors.refused_offers, 20);
    for (const { why, error, message } of refused) {
      const check = () => checkOffer(message ?? '', vectors.commitment, vectors.api, bytes(vectors.pinned));
      expect(await refusal(check), why).toBe(error);
    }
  });

  it('computes the challenge of the first credential', async () => {
    const { offer_hash, phone_key, challenge } = vectors.challenge;
    expect(encode(await enrolChallenge(bytes(offer_hash), thumbprintOf(phone_key)))).toBe(challenge);
  });

  it('answers the offer as the vector does', async () => {
    const { claims } = vectors.enrol;
    const { v, ...rest } = claims;
    const key = await publicKey(vectors.enrol.signed_by);
    const message = await signEnrol(await privateKey(vectors.enrol.signed_by), key, rest);
    expect(await read(message, 'akkoord-enrol+jwt', key, '')).toEqual(claims);
    expect(v).toBe(1);
    expect(claims.oh).toBe(encode(await sha256(utf8(vectors.offer.message))));
    expect(await commitment(bytes(claims.n_d), key.thumbprint, bytes(vectors.pinned))).toBe(vectors.commitment);
  });

  it('shows the same six digits, leading zeros included', async () => {
    for (const row of some<Record<string, string>>(vectors.digits, 3)) {
      const digits = await sixDigits({
        phoneNonce: bytes(row.n_d ?? ''),
        serverNonce: bytes(row.n_s ?? ''),
        phoneKey: thumbprintOf(row.phone_key ?? ''),
        serverKey: thumbprintOf(row.server_key ?? ''),
        enrolment: row.enr ?? '',
      });
      expect(digits).toBe(row.digits);
    }
  });
});
