import { describe, expect, it } from 'vitest';
import { decode } from '../bytes.ts';
import { parseMessage, sign, type Type, verify } from '../jws.ts';
import { followChain, followPinned, usableKeys } from '../keyroll.ts';
import { newId, signProof } from '../proof.ts';
import { bytes, file, keys, privateKey, publicKey, refusal, some } from './files.ts';
import { checkProof, checkRotation, proof, read } from './server-side.ts';

const vectors = file('messages');
const phone: string = file('request').phone;
const TYPES = Object.keys(vectors.messages) as Type[];

/** The key and id that the reader of a type expects. */
const reader = async (type: Type) => {
  const signer = vectors.messages[type].signed_by as string;
  const key = await publicKey(signer);
  return { key, kid: signer === 'server' ? key.kid : phone };
};

describe('messages.json', () => {
  it('accepts each message as its own type, with its claims, and refuses it as each other', async () => {
    expect(TYPES.length).toBe(8);
    let refused = 0;
    for (const type of TYPES) {
      const { message, claims } = vectors.messages[type];
      for (const other of TYPES) {
        const { key, kid } = await reader(other);
        if (other === type) {
          expect(await read(message, type, key, kid), type).toEqual(claims);
        } else {
          const why = await refusal(() => read(message, other, key, kid));
          expect(why, `${type} as ${other}`).toBe('type');
          refused++;
        }
      }
    }
    expect(refused).toBe(56);
  });

  it('refuses the claims of one type under the header of another', async () => {
    for (const mixed of some<{ header: Type; claims: Type; message: string; error: string }>(vectors.mixed, 56)) {
      const { key, kid } = await reader(mixed.header);
      const why = await refusal(() => read(mixed.message, mixed.header, key, kid));
      expect(why, `${mixed.claims} under ${mixed.header}`).toBe(mixed.error);
    }
  });

  it('refuses headers and forms', async () => {
    const refused = some<{ why: string; error: string; read_as: Type; message: string }>(vectors.refused, 93);
    for (const { why, error, read_as, message } of refused) {
      const { key, kid } = await reader(read_as);
      expect(await refusal(() => read(message, read_as, key, kid)), why).toBe(error);
    }
  });

  it('accepts a high s', async () => {
    const { message, signed_by, claims } = vectors.high_s;
    expect(await verify(parseMessage(message, 'akkoord-proof+jwt'), phone, await publicKey(signed_by), proof)).toEqual(
      claims,
    );
  });

  it('writes what its reader reads, and nothing that is too long', async () => {
    const key = await privateKey('phone');
    const message = await sign(key, 'akkoord-pin+jwt', { kid: phone }, { dh: keys.phone?.thumbprint });
    const claims = await read(message, 'akkoord-pin+jwt', await publicKey('phone'), phone);
    expect(claims).toEqual({ v: 1, dh: keys.phone?.thumbprint });
    expect(await refusal(() => sign(key, 'akkoord-pin+jwt', { kid: phone }, { dh: 'x'.repeat(8192) }))).toBe('form');
  });
});

describe('proof.json', () => {
  const proofs = file('proof');
  const [first] = proofs.proofs;

  it('agrees on proofs and on the hash of the body', async () => {
    const key = await publicKey('phone');
    for (const { proof, ...call } of some<typeof first>(proofs.proofs, 4)) {
      const expected = { audience: proofs.audience, ...call };
      expect(await checkProof(proof.message, expected, proofs.phone, key)).toBe('');
      expect(proof.claims.bh).toBe(call.bh);
    }
  });

  it('refuses the others', async () => {
    const key = await publicKey('phone');
    const call = { audience: proofs.audience, method: first.method, address: first.address, body: first.body };
    for (const { why, error, message } of some<Record<string, string>>(proofs.refused, 34)) {
      let told: string | undefined;
      const thrown = await refusal(async () => {
        told = await checkProof(message ?? '', call, proofs.phone, key);
      });
      expect(thrown ?? told, why).toBe(error);
    }
  });

  it('makes proofs that are good for their call and no other', async () => {
    const { audience, phone } = proofs;
    const call = { audience, method: 'POST', address: 'https://phone.example.org/phone/v1/expect', body: '{}' };
    const made = { server: audience, phone, nonce: 'AAAA', now: 7, body: new TextEncoder().encode('{}') };
    const message = await signProof(await privateKey('phone'), { ...made, method: 'POST', address: call.address });
    const key = await publicKey('phone');
    expect(await checkProof(message, call, phone, key)).toBe('');
    expect(await checkProof(message, { ...call, method: 'GET' }, phone, key)).toBe('call');
    expect(await checkProof(message, { ...call, body: '' }, phone, key)).toBe('body');
    expect(decode(newId())?.length).toBe(16);
  });
});

describe('key-care.json', () => {
  const care = file('key-care');
  const chain: string[] = care.chain.map((link: { message: string }) => link.message);
  type Follows = { pinned: string; added: { key: string; from: number }[] };

  it('follows the chain from each key', async () => {
    for (const { pinned, added } of some<Follows>(care.follows, 4)) {
      const followed = await followChain(chain, await publicKey(pinned), care.iss);
      const told = followed.map(({ key, from }) => ({ kid: key.kid, from }));
      expect(told, pinned).toEqual(added.map(({ key, from }) => ({ kid: keys[key]?.thumbprint, from })));
    }
  });

  it('refuses whole chains', async () => {
    type Chain = { why: string; error: string; pinned: string; chain: string[] };
    for (const { why, error, pinned, chain } of some<Chain>(care.refused_chains, 7)) {
      const key = await publicKey(pinned);
      expect(await refusal(() => followChain(chain, key, care.iss)), why).toBe(error);
    }
  });

  it('keeps the current and the next key pinned, and drops an old one after 30 days', async () => {
    const jwk = async (name: string) => (await publicKey(name)).jwk;
    const pinned = [{ jwk: await jwk('server'), from: 0 }];
    const [first, second] = (care.follows as Follows[])[0]?.added ?? [];
    if (!first || !second) throw new Error('no chain');
    const kids = async (keys: typeof pinned, now: number) => (await usableKeys(keys, now)).map((key) => key.kid);
    const [a, b, c] = [keys.server, keys['server-next'], keys['server-third']].map((key) => key?.thumbprint);
    const day = 24 * 60 * 60;

    const announced = (await followPinned(pinned, chain.slice(0, 1), care.iss, first.from - 1)) as typeof pinned;
    expect(await kids(announced, first.from - 1)).toEqual([a]);
    expect(await kids(announced, first.from)).toEqual([a, b]);
    const later = (await followPinned(announced, chain, care.iss, first.from + 31 * day)) as typeof pinned;
    expect(await kids(later, first.from + 31 * day)).toEqual([c]);
    expect(await followPinned(later, [], care.iss, first.from + 900 * day)).toEqual(later);
    const stranger = (care.refused_chains as { chain: string[] }[])[0]?.chain ?? [];
    expect(await refusal(() => followPinned(pinned, stranger, care.iss, first.from))).toBeDefined();
  });

  it('agrees on a rotation, and refuses the others', async () => {
    const old = await publicKey(care.old);
    const fresh = await checkRotation(care.rotate.message, care.phone, care.iss, old);
    expect(fresh.kid).toBe(keys[care.new]?.thumbprint);
    for (const { why, error, message } of some<Record<string, string>>(care.refused_rotations, 7)) {
      expect(await refusal(() => checkRotation(message ?? '', care.phone, care.iss, old)), why).toBe(error);
    }
    expect(bytes(care.rotate.claims.sig).length).toBe(64);
  });
});
