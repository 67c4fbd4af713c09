import { p256_oprf } from '@noble/curves/nist.js';
import { describe, expect, it, vi } from 'vitest';
import { pbkdf2, seal, unseal } from '../../crypto.ts';
import { concat, encode, utf8 } from '../bytes.ts';
import { enrolStartHash, pinChangeHash, settingHash } from '../decision.ts';
import { blind, blindPin, finish, ITERATIONS, newPin, unwrap, wrap, wrappingKey } from '../pin.ts';
import { weaknessOf } from '../pin-choice.ts';
import { bytes, file, keys, publicKey, refusal, some, thumbprintOf } from './files.ts';
import { read } from './server-side.ts';

// Stretching a PIN is slow on purpose, and a busy machine makes it slower.
vi.setConfig({ testTimeout: 60_000 });

const vectors = file('pin');
type Run = Record<string, string> & { iterations: number };
const of = (run: Run, name: string) => bytes(run[name] ?? '');
const voprf = p256_oprf.voprf;
/** The library reduces 48 random bytes modulo the group's order less one, and adds one: this makes it draw a scalar. */
const drawn = (scalar: Uint8Array) => () => {
  const less = (BigInt(`0x${Buffer.from(scalar).toString('hex')}`) - 1n).toString(16).padStart(96, '0');
  return Uint8Array.from(Buffer.from(less, 'hex'));
};

describe('pin.json', () => {
  it('goes from a PIN to the wrapped key, step by step', async () => {
    for (const run of some<Run>(vectors.runs, 2)) {
      const [x, voprfKey] = [of(run, 'x'), run.voprf ?? ''];
      expect(run.iterations).toBe(ITERATIONS);
      expect(await pbkdf2(utf8(run.pin ?? ''), of(run, 'salt'), ITERATIONS)).toEqual(x);
      const pair = voprf.deriveKeyPair(of(run, 'oprf_seed'), new Uint8Array());
      expect(encode(pair.secretKey)).toBe(run.oprf_key);
      expect(encode(pair.publicKey)).toBe(voprfKey);
      const { blind: scalar, blinded } = voprf.blind(x, drawn(of(run, 'blind')));
      expect(encode(blinded)).toBe(run.blinded);
      const evaluation = { evaluated: run.evaluated ?? '', proof: run.proof ?? '' };
      const blinding = { x, scalar: new Uint8Array(scalar), point: new Uint8Array(blinded), blinded: encode(blinded) };
      expect(encode(finish(blinding, evaluation, voprfKey))).toBe(run.y);
      const kek = await wrappingKey(of(run, 'y'), run.local ?? '', run.phone ?? '');
      expect(encode(kek)).toBe(run.key);
      const pkcs8 = bytes(keys[run.wraps ?? '']?.pkcs8 ?? '');
      expect(encode(await seal(kek, of(run, 'iv'), utf8(run.phone ?? ''), pkcs8))).toBe(run.wrapped);
      expect(await unseal(kek, of(run, 'iv'), utf8(run.phone ?? ''), of(run, 'wrapped'))).toEqual(pkcs8);
      expect(await unseal(kek, of(run, 'iv'), utf8('another'), of(run, 'wrapped'))).toBeUndefined();
    }
  });

  it('refuses another server key, and a proof that is not of it', async () => {
    const run: Run = vectors.runs[0];
    const blinding = blind(of(run, 'x'));
    const other = voprf.generateKeyPair();
    const answer = voprf.blindEvaluate(other.secretKey, other.publicKey, blinding.point);
    const evaluation = { evaluated: encode(answer.evaluated), proof: encode(answer.proof) };
    expect(await refusal(() => finish(blinding, evaluation, run.voprf ?? ''))).toBe('proof');
    expect(await refusal(() => finish(blinding, evaluation, encode(other.publicKey)))).toBeUndefined();
    const uncompressed = concat(Uint8Array.of(5), of(run, 'voprf').subarray(1));
    expect(await refusal(() => finish(blinding, evaluation, encode(uncompressed)))).toBe('proof');
  });

  it('unwraps with the right PIN only', async () => {
    const pair = voprf.generateKeyPair();
    const key = encode(pair.publicKey);
    const evaluate = (point: Uint8Array) => {
      const { evaluated, proof } = voprf.blindEvaluate(pair.secretKey, pair.publicKey, point);
      return { evaluated: encode(evaluated), proof: encode(proof) };
    };
    const pin = await newPin('480213');
    const record = await wrap(pin, evaluate(pin.blinding.point), key, 'phone');
    const again = await blindPin('480213', record.salt);
    await unwrap(record, again, evaluate(again.point), key, 'phone');
    const wrong = await blindPin('480214', record.salt);
    expect(await refusal(() => unwrap(record, wrong, evaluate(wrong.point), key, 'phone'))).toBe('wrong');
  });

  it('agrees on which PINs may be chosen', () => {
    type Choice = { pin: string; least: number };
    for (const { pin, least } of some<Choice>(vectors.accepted_choices, 4)) {
      expect(weaknessOf(pin, least), pin).toBeUndefined();
    }
    for (const { pin, least } of some<Choice>(vectors.refused_choices, 13)) {
      expect(weaknessOf(pin, least), pin).toBeDefined();
    }
    expect([weaknessOf('1234x6', 6), weaknessOf('48021', 6), weaknessOf('222222', 6)]).toEqual([
      'digits',
      'short',
      'common',
    ]);
  });

  it('agrees on what else evidence is over', async () => {
    const { pin_change, enrol_start, settings } = vectors;
    const hash = await pinChangeHash(pin_change.change, thumbprintOf(pin_change.new));
    expect(encode(hash)).toBe(pin_change.hash);
    const { message, signed_by, claims } = pin_change.evidence;
    const phone = enrol_start.phone;
    expect(await read(message, 'akkoord-pin+jwt', await publicKey(signed_by), phone)).toEqual(claims);
    expect(encode(await enrolStartHash(phone, enrol_start.nonce))).toBe(enrol_start.hash);
    for (const row of some<Record<string, string>>(settings, 2)) {
      const setting = row.setting as 'phone_sign_in' | 'unknown_browsers';
      expect(encode(await settingHash(setting, row.phone ?? '', row.nonce ?? ''))).toBe(row.hash);
    }
  });
});

describe('rfc9497_appendix_a_3_2', () => {
  const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
  it('derives the key, blinds, evaluates and finalises', () => {
    const pair = voprf.deriveKeyPair(hex('a3'.repeat(32)), utf8('test key'));
    expect(Buffer.from(pair.secretKey).toString('hex')).toBe(
      'ca5d94c8807817669a51b196c34c1b7f8442fde4334a7121ae4736364312fca6',
    );
    expect(Buffer.from(pair.publicKey).toString('hex')).toBe(
      '03e17e70604bcabe198882c0a1f27a92441e774224ed9c702e51dd17038b102462',
    );
    const scalar = hex('3338fa65ec36e0290022b48eb562889d89dbfa691d1cde91517fa222ed7ad364');
    const cases: [string, string, string, string][] = [
      [
        '00',
        '02dd05901038bb31a6fae01828fd8d0e49e35a486b5c5d4b4994013648c01277da',
        '0209f33cab60cf8fe69239b0afbcfcd261af4c1c5632624f2e9ba29b90ae83e4a2',
        '0412e8f78b02c415ab3a288e228978376f99927767ff37c5718d420010a645a1',
      ],
      [
        '5a'.repeat(17),
        '03cd0f033e791c4d79dfa9c6ed750f2ac009ec46cd4195ca6fd3800d1e9b887dbd',
        '030d2985865c693bf7af47ba4d3a3813176576383d19aff003ef7b0784a0d83cf1',
        '771e10dcd6bcd3664e23b8f2a710cfaaa8357747c4a8cbba03133967b5c24f18',
      ],
    ];
    for (const [input, blinded, evaluated, output] of cases) {
      const made = voprf.blind(hex(input), drawn(scalar));
      expect(Buffer.from(made.blinded).toString('hex')).toBe(blinded);
      const answer = voprf.blindEvaluate(pair.secretKey, pair.publicKey, made.blinded);
      expect(Buffer.from(answer.evaluated).toString('hex')).toBe(evaluated);
      const blinding = {
        x: hex(input),
        scalar: new Uint8Array(made.blind),
        point: new Uint8Array(made.blinded),
        blinded: '',
      };
      const told = { evaluated: encode(answer.evaluated), proof: encode(answer.proof) };
      expect(Buffer.from(finish(blinding, told, encode(pair.publicKey))).toString('hex')).toBe(output);
    }
  });
});
