/** Enrolment on the phone (section 5), up to the proof. What waits for its digits stands in `proved.ts`. */

import * as v from 'valibot';
import { newKeyPair, randomBytes, sha256, signEs256 } from '../crypto.ts';
import { type Bytes, decode, encode, utf8 } from '../protocol/bytes.ts';
import { commitment, enrolChallenge, signEnrol, sixDigits } from '../protocol/enrolment.ts';
import { describeKey, type Jwk, type PublicKey } from '../protocol/jwk.ts';
import { raw } from '../protocol/jws.ts';
import { parseCode } from '../protocol/link.ts';
import { type CheckedOffer, checkOffer } from '../protocol/offer.ts';
import type { PinRecord } from '../protocol/pin.ts';
import { weaknessOf } from '../protocol/pin-choice.ts';
import { base64url, bytes } from '../protocol/schema.ts';
import { compose, isText, MAX_NAME } from '../protocol/text.ts';
import { explain } from './connection.ts';
import type { Desk } from './desk.ts';
import { evaluation } from './evidence.ts';
import {
  type AccountName,
  type Enrolment,
  Failure,
  type Invitation,
  type Policy,
  type Proved,
  type Unlock,
} from './phones.ts';
import { platformWord } from './platform-word.ts';
import { ProvedPhone } from './proved.ts';
import { type AccountRecord, ENROLMENT, type EnrolmentRecord, toAccountName } from './records.ts';

const claimed = v.object({ offer: v.string(), t: bytes(32) });
const stateAnswer = v.object({ state: v.string() });
const registration = v.looseObject({
  id: base64url,
  response: v.looseObject({ attestationObject: base64url, transports: v.exactOptional(v.array(v.string())) }),
});

/** A phone that has made its key and its commitment. The same invitation is claimed with the same again. */
interface Candidate {
  readonly pair: CryptoKeyPair;
  readonly own: PublicKey;
  readonly nonce: Bytes;
  readonly pinned: Bytes | undefined;
  readonly commitment: string;
}

const candidates = new Map<string, Candidate>();

/** Claims an invitation: makes the phone's key, commits to it, and checks the offer. */
export async function enrol(desk: Desk, invitation: Invitation): Promise<Enrolment> {
  const { identifier, body, pinned } = read(invitation);
  let candidate = candidates.get(identifier);
  if (!candidate) {
    candidate = await newCandidate(desk, pinned);
    // Kept until it is answered: another commitment under the same code would be told that another phone took it.
    candidates.set(identifier, candidate);
  }
  const c = candidate.commitment;
  const answer = await desk.connection.call({
    method: 'POST',
    path: 'enrolments/claim',
    body: { ...body, c },
    answer: claimed,
  });
  let offer: CheckedOffer;
  try {
    offer = await checkOffer(answer.offer, c, desk.connection.api, pinned);
  } catch (error) {
    throw explain(error, 'offer');
  }
  await refuseSecondWorkAccount(desk, offer);
  return new ClaimedPhone(desk, candidate, offer, answer.t);
}

function read(invitation: Invitation) {
  if (invitation.kind === 'link') {
    const pinned = decode(invitation.thumbprint);
    return { identifier: invitation.token, body: { t: invitation.token }, pinned };
  }
  const username = compose(invitation.username);
  let code: string;
  try {
    code = parseCode(invitation.code);
  } catch (error) {
    throw new Failure('refused', { code: 'invalid', reason: 'code', cause: error });
  }
  return { identifier: `${username} ${code}`, body: { username, code }, pinned: undefined };
}

async function newCandidate(desk: Desk, pinned: Bytes | undefined): Promise<Candidate> {
  const pair = await newKeyPair(false);
  await tryStorage(desk, pair);
  const own = await describeKey(pair.publicKey);
  const nonce = randomBytes(32);
  return { pair, own, nonce, pinned, commitment: await commitment(nonce, own.thumbprint, pinned) };
}

/** Some browsers keep no keys in a private window. That is found out before the code is spent. */
async function tryStorage(desk: Desk, pair: CryptoKeyPair): Promise<void> {
  const key = `try/${encode(randomBytes(8))}`;
  const schema = v.custom<CryptoKey>((value) => value instanceof CryptoKey);
  try {
    await desk.store.write({ [key]: pair.privateKey });
    const back = await desk.store.get(key, schema);
    await desk.store.write({ [key]: undefined });
    if (!back) throw new Failure('storage');
    await signEs256(back, utf8('try'));
  } catch (error) {
    throw error instanceof Failure && error.kind === 'version' ? error : new Failure('storage', { cause: error });
  }
}

/** Section 2: under this policy of one of the accounts a phone holds one work account. */
async function refuseSecondWorkAccount(desk: Desk, { claims }: CheckedOffer): Promise<void> {
  if (claims.account.kind !== 'work') return;
  const others = (await desk.records()).filter(
    (record) =>
      record.account.kind === 'work' &&
      !record.removed &&
      !(record.iss === claims.iss && record.account.id === claims.account.id),
  );
  const alone = claims.policy.one_work_account_per_phone || others.some((it) => it.policy.one_work_account_per_phone);
  if (alone && others.length > 0) throw new Failure('refused', { code: 'policy', reason: 'one_work_account' });
}

class ClaimedPhone implements Enrolment {
  readonly account: AccountName;
  readonly policy: Policy;
  readonly unlock: readonly Unlock[];
  readonly pinToo: boolean;
  readonly exp: number;
  readonly #desk: Desk;
  readonly #candidate: Candidate;
  readonly #offer: CheckedOffer;
  readonly #token: string;
  #pin: { record: PinRecord; jwk: Jwk } | undefined;
  #platform:
    | { registration: Record<string, unknown>; credential: NonNullable<AccountRecord['credential']> }
    | undefined;
  #attestation: string | undefined;
  #sent: EnrolmentRecord | undefined;

  constructor(desk: Desk, candidate: Candidate, offer: CheckedOffer, token: string) {
    const { claims } = offer;
    this.#desk = desk;
    this.#candidate = candidate;
    this.#offer = offer;
    this.#token = token;
    this.account = toAccountName(claims.account);
    this.policy = policyOf(offer);
    this.unlock = claims.unlock;
    this.pinToo = claims.policy.app_pin;
    this.exp = claims.exp;
  }

  async setPin(pin: string): Promise<void> {
    const weakness = weaknessOf(pin, this.policy.pin_min);
    if (weakness) throw new Failure('refused', { code: 'weak_pin', reason: weakness });
    const arithmetic = await this.#desk.pin();
    const fresh = await arithmetic.newPin(pin);
    const answer = await this.#desk.connection.call({
      method: 'POST',
      path: 'enrolments/pin',
      body: { t: this.#token, blinded: fresh.blinding.blinded },
      answer: evaluation,
    });
    const { voprf, phone } = this.#offer.claims;
    try {
      this.#pin = { record: await arithmetic.wrap(fresh, answer, voprf, phone), jwk: fresh.key.jwk };
    } catch (error) {
      throw explain(error, 'garbled');
    }
    this.#sent = undefined;
  }

  async setPlatform(): Promise<void> {
    const { webauthn } = this.#offer.claims;
    const { platform } = this.#desk;
    if (!webauthn || !platform) throw new Failure('unlock_missing');
    const rp = typeof webauthn.rp === 'object' ? webauthn.rp : {};
    const created = await platform.create({
      ...webauthn,
      // Exactly the app's own host: its siblings and parents may not use the credential.
      rp: { ...rp, id: new URL(this.#desk.connection.api).hostname },
      challenge: encode(await enrolChallenge(this.#offer.hash, this.#candidate.own.thumbprint)),
    });
    const parsed = v.safeParse(registration, created);
    if (!parsed.success) throw new Failure('unlock_cancelled', { cause: 'no registration' });
    const { id, response } = parsed.output;
    const { transports } = response;
    this.#platform = { registration: created, credential: { id, ...(transports ? { transports } : {}) } };
    const object = decode(response.attestationObject) ?? new Uint8Array();
    this.#attestation = encode(await sha256(object));
    this.#sent = undefined;
  }

  async prove(typed: string): Promise<Proved> {
    const name = compose(typed);
    if (!isText(name, MAX_NAME)) throw new Failure('refused', { code: 'invalid', reason: 'name' });
    const platformSuffices = this.#platform !== undefined && !this.pinToo;
    if (!this.#pin && !platformSuffices) throw new Failure('unlock_missing');
    // After a lost answer the same message goes again: the server answers it as before.
    this.#sent ??= await this.#prepare(name);
    const record = this.#sent;
    const { store, connection } = this.#desk;
    const key = ENROLMENT + record.account.phone;
    // Kept before it is sent: from here on the server may know this phone.
    await store.write({ [key]: record });
    try {
      const identity = record.account;
      const body = record.prove;
      await connection.call({ method: 'POST', path: 'enrolments/prove', body, identity, answer: stateAnswer });
    } catch (error) {
      if (error instanceof Failure && error.kind === 'refused') {
        // It was not taken, so nothing half enrolled stays; another try makes a new message.
        this.#sent = undefined;
        await store.write({ [key]: undefined });
      }
      throw error;
    }
    const proved = { ...record, proved: true, exp: connection.now() + STEP };
    await store.write({ [key]: proved });
    return new ProvedPhone(this.#desk, proved);
  }

  async #prepare(name: string): Promise<EnrolmentRecord> {
    const { claims, hash, serverKey, keys } = this.#offer;
    const { pair, own, nonce } = this.#candidate;
    const { connection } = this.#desk;
    const enrol = await signEnrol(pair.privateKey, own, {
      iat: connection.now(),
      enr: claims.enr,
      oh: encode(hash),
      n_d: encode(nonce),
      name,
      platform: platformWord(),
      ...(this.#platform ? { origin: new URL(connection.api).origin, wa: this.#attestation ?? '' } : {}),
      ...(this.#pin ? { pin: this.#pin.jwk } : {}),
    });
    const digits = await sixDigits({
      phoneNonce: nonce,
      serverNonce: raw(claims.n_s, 32),
      phoneKey: own.thumbprint,
      serverKey: serverKey.thumbprint,
      enrolment: claims.enr,
    });
    const webauthn = this.#platform?.registration;
    const others = keys.filter((key) => key.kid !== serverKey.kid).map((key) => ({ jwk: key.jwk }));
    return {
      digits,
      exp: claims.exp,
      prove: JSON.stringify({ t: this.#token, enrol, ...(webauthn ? { webauthn } : {}) }),
      proved: false,
      account: {
        phone: claims.phone,
        iss: claims.iss,
        key: pair.privateKey,
        name,
        account: claims.account,
        policy: this.policy,
        allowed: claims.unlock,
        // The one that signed, then the next if there is one.
        keys: [{ jwk: serverKey.jwk, from: 0 }, ...others],
        voprf: claims.voprf,
        vapid: claims.vapid,
        ...(this.#pin ? { pin: this.#pin.record } : {}),
        ...(this.#platform ? { credential: this.#platform.credential } : {}),
        phoneSignIn: false,
        push: false,
        locked: false,
        addedAt: connection.now(),
      },
    };
  }
}

/** From the proof to the digits, in seconds. */
const STEP = 5 * 60;

const policyOf = ({ claims: { policy } }: CheckedOffer): Policy => ({
  ...policy,
  one_work_account_per_phone: policy.one_work_account_per_phone ?? false,
});
