/** A server of the protocol in memory, for the tests only. It checks proofs and evidence as the real one does. */

import { p256_oprf } from '@noble/curves/nist.js';
import * as v from 'valibot';
import { newKeyPair, randomBytes, sha256 } from '../../crypto.ts';
import { type Bytes, encode, utf8 } from '../../protocol/bytes.ts';
import { decisionHash, pinChangeHash, settingHash } from '../../protocol/decision.ts';
import { commitment, sixDigits } from '../../protocol/enrolment.ts';
import { describeKey, type PublicKey, readKey } from '../../protocol/jwk.ts';
import { parseMessage, raw, sign, verify } from '../../protocol/jws.ts';
import { newId } from '../../protocol/proof.ts';
import { decision, enrol, pin, proof } from '../../protocol/vectors/server-side.ts';

export const API = 'https://phone.example.org';
export const ISS = 'https://login.example.org';

/** What happens to a call: it never arrives, its answer is lost, or it is answered so. */
export type Fault = 'down' | 'lost' | ((answer: Response) => Response);

type Json = Record<string, unknown>;
type Call = { method: string; path: string; body: Json; text: string; phone: FakePhone; nonce: string };

interface FakePhone {
  id: string;
  key: PublicKey;
  pinKey: PublicKey | undefined;
  state: string;
  pinLeft: number;
  name: string;
  codesUntil: number | undefined;
  removed: boolean;
  phoneSignIn: boolean;
  digits: string;
  push: Json | undefined;
}

interface FakeRequest {
  message: string;
  phone: string;
  number: string;
  state: string;
  decision: string | undefined;
  answer: Json | undefined;
}

class Problem extends Error {
  readonly status: number;
  readonly more: Json;
  constructor(status: number, code: string, more: Json = {}) {
    super(code);
    this.status = status;
    this.more = more;
  }
}

export class FakeServer {
  now = 1_800_000_000;
  /** Until when new browsers don't ring. */
  quietUntil: number | undefined;
  account = { id: 'acct-ada', username: 'ada', name: 'Ada Lovelace', organisation: 'Example', kind: 'work' };
  policy: Json = { pin_min: 6, app_pin: false, number_digits: 2 };
  keyroll: string[] | undefined;
  readonly phones = new Map<string, FakePhone>();
  readonly requests = new Map<string, FakeRequest>();
  /** Every call as it arrived. */
  readonly arrived: string[] = [];
  /** Asked before each call. */
  fault: (path: string) => Fault | undefined = () => undefined;
  /** Changes the claims of the next offers. */
  offer: (claims: Json) => Json = (claims) => claims;
  readonly oprf = p256_oprf.voprf.generateKeyPair();
  readonly #pair: CryptoKeyPair;
  readonly key: PublicKey;
  readonly #claims = new Map<
    string,
    { commitment: string; offer: string; t: string; phone: string; serverNonce: Bytes }
  >();

  private constructor(pair: CryptoKeyPair, key: PublicKey) {
    this.#pair = pair;
    this.key = key;
  }

  static async start(): Promise<FakeServer> {
    const pair = await newKeyPair(false);
    return new FakeServer(pair, await describeKey(pair.publicKey));
  }

  /** A new enrolment: the fragment of its link. */
  invite(): { token: string; link: string } {
    const token = encode(randomBytes(32));
    return { token, link: `${API}/app/e#1.${token}.${this.key.kid}` };
  }

  readonly fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const path = url.replace(`${API}/phone/v1/`, '');
    const fault = this.fault(path);
    if (fault === 'down') throw new TypeError('Failed to fetch');
    const answer = await this.#answer(url, path, init);
    if (fault === 'lost') throw new TypeError('Failed to fetch');
    return fault ? fault(answer) : answer;
  };

  async #answer(url: string, path: string, init: RequestInit): Promise<Response> {
    const text = init.body ? new TextDecoder().decode(init.body as Bytes) : '';
    this.arrived.push(`${init.method} ${path}`);
    const headers = { 'phone-time': String(this.now), 'phone-nonce': encode(randomBytes(24)) };
    const json = (status: number, value: Json, type: string) =>
      new Response(JSON.stringify(value), { status, headers: { ...headers, 'content-type': type } });
    try {
      const value = await this.#handle(url, path, init, text);
      return json(200, value, 'application/json');
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const { status, message: code, more } = error;
      return json(status, { code, title: code, status, ...more }, 'application/problem+json');
    }
  }

  async #handle(url: string, path: string, init: RequestInit, text: string): Promise<Json> {
    const body: Json = text ? JSON.parse(text) : {};
    if (path === 'nonce') return {};
    if (path === 'enrolments/claim') return this.#claim(body);
    if (path === 'enrolments/pin') return this.#evaluate(String(body.blinded));
    const message = new Headers(init.headers).get('phone-proof') ?? '';
    if (path === 'enrolments/prove') return this.#prove(body);
    const kid = parseMessage(message, 'akkoord-proof+jwt').kid ?? '';
    const phone = this.phones.get(kid);
    if (!phone) throw new Problem(401, 'bad_proof');
    const claims = await verify(parseMessage(message, 'akkoord-proof+jwt'), kid, phone.key, proof);
    const expected = { aud: ISS, htm: init.method, htu: url, bh: encode(await sha256(utf8(text))) };
    for (const [name, value] of Object.entries(expected)) {
      if ((claims as Json)[name] !== value) throw new Problem(401, 'bad_proof', { detail: name });
    }
    if (phone.removed) throw new Problem(403, 'removed', { removed_at: this.now, removed_by: 'user' });
    return this.#enrolled({ method: String(init.method), path, body, text, phone, nonce: claims.nonce });
  }

  async #claim(body: Json): Promise<Json> {
    const token = String(body.t ?? `${body.username} ${body.code}`);
    const known = this.#claims.get(token);
    if (known && known.commitment !== body.c) throw new Problem(409, 'taken');
    const serverNonce = randomBytes(32);
    const phone = known?.phone ?? newId();
    const claims = this.offer({
      iss: ISS,
      iat: this.now,
      exp: this.now + 300,
      enr: newId(),
      c: body.c,
      phone,
      account: this.account,
      api: API,
      n_s: encode(serverNonce),
      unlock: ['webauthn', 'pin'],
      webauthn: { rp: { name: 'Akkoord' }, user: { id: 'AAAA', name: 'ada', displayName: 'Ada' } },
      keys: { keys: [{ ...this.key.jwk, kid: this.key.kid }] },
      voprf: encode(this.oprf.publicKey),
      vapid: encode(new Uint8Array(65)),
      policy: this.policy,
    });
    const offer = known?.offer ?? (await this.#sign('akkoord-offer+jwt', claims));
    const t = known?.t ?? encode(randomBytes(32));
    this.#claims.set(token, {
      commitment: String(body.c),
      offer,
      t,
      phone,
      serverNonce: known?.serverNonce ?? serverNonce,
    });
    return { offer, t };
  }

  #evaluate(blinded: string): Json {
    const { secretKey, publicKey } = this.oprf;
    const { evaluated, proof } = p256_oprf.voprf.blindEvaluate(secretKey, publicKey, raw(blinded, 33));
    return { evaluated: encode(evaluated), proof: encode(proof) };
  }

  async #prove(body: Json): Promise<Json> {
    const claim = [...this.#claims.values()].find(({ t }) => t === body.t);
    if (!claim) throw new Problem(404, 'not_found');
    const parsed = parseMessage(String(body.enrol), 'akkoord-enrol+jwt');
    if (!parsed.jwk) throw new Problem(400, 'invalid');
    const key = await readKey(parsed.jwk);
    const claims = await verify(parsed, undefined, key, enrol);
    const known = this.phones.get(claim.phone);
    if (known) return { state: known.state };
    const opened = await commitment(raw(claims.n_d, 32), key.thumbprint, this.key.thumbprint);
    if (opened !== claim.commitment) throw new Problem(400, 'invalid');
    if (claims.oh !== encode(await sha256(utf8(claim.offer)))) throw new Problem(400, 'invalid');
    const digits = await sixDigits({
      phoneNonce: raw(claims.n_d, 32),
      serverNonce: claim.serverNonce,
      phoneKey: key.thumbprint,
      serverKey: this.key.thumbprint,
      enrolment: claims.enr,
    });
    this.phones.set(claim.phone, {
      id: claim.phone,
      key,
      pinKey: claims.pin && (await readKey(claims.pin)),
      state: 'PROVED',
      pinLeft: 5,
      name: claims.name,
      codesUntil: undefined,
      removed: false,
      phoneSignIn: true,
      digits,
      push: undefined,
    });
    return { state: 'PROVED' };
  }

  async #enrolled(call: Call): Promise<Json> {
    const { method, path, phone, body } = call;
    const decided = /^requests\/([^/]+)\/decision$/.exec(path)?.[1];
    if (decided) return this.#decide(phone, decided, body);
    switch (`${method} ${path}`) {
      case 'POST enrolments/state':
        return this.#state(phone);
      case 'POST requests/pending': {
        const mine = [...this.requests.values()].filter((it) => it.phone === phone.id && it.state === 'PENDING');
        return { requests: mine.map((it) => it.message), ...(this.keyroll ? { keyroll: this.keyroll } : {}) };
      }
      case 'POST pin/evaluate': {
        if (phone.pinLeft === 0) throw new Problem(403, 'locked', { left: 0 });
        phone.pinLeft--;
        return { ...this.#evaluate(String(body.blinded)), left: phone.pinLeft };
      }
      case 'POST pin/change/start':
        return { change: newId(), exp: this.now + 300 };
      case 'POST pin/change/finish': {
        const fresh = await readKey(body.new as never);
        if (fresh.kid === phone.pinKey?.kid) return {};
        await this.#evidence(phone, body.evidence, await pinChangeHash(String(body.change), fresh.thumbprint));
        phone.pinKey = fresh;
        phone.pinLeft = 5;
        return {};
      }
      case 'PATCH self': {
        if (body.phone_sign_in === true) {
          const hash = await settingHash('phone_sign_in', phone.id, call.nonce);
          await this.#evidence(phone, body.evidence, hash);
        }
        if (body.unknown_browsers === true) {
          await this.#evidence(phone, body.evidence, await settingHash('unknown_browsers', phone.id, call.nonce));
          this.quietUntil = undefined;
        }
        if (typeof body.phone_sign_in === 'boolean') phone.phoneSignIn = body.phone_sign_in;
        if (typeof body.name === 'string') phone.name = body.name;
        return this.#self(phone);
      }
      case 'GET self':
        return this.#self(phone);
      case 'DELETE self':
        phone.removed = true;
        return {};
      case 'PUT push':
      case 'DELETE push':
        phone.push = method === 'PUT' ? body : undefined;
        return {};
      default:
        throw new Problem(404, 'not_found');
    }
  }

  #state(phone: FakePhone): Json {
    if (phone.state !== 'ACTIVE') return { state: phone.state };
    const codes = { secret: encode(utf8('12345678901234567890')), algorithm: 'SHA1', digits: 6, period: 30 };
    phone.codesUntil ??= this.now + 600;
    return { state: 'ACTIVE', account: this.account, ...(this.now < phone.codesUntil ? { codes } : {}) };
  }

  #self(phone: FakePhone): Json {
    return {
      phone: phone.id,
      name: phone.name,
      platform: 'other',
      state: phone.pinLeft === 0 ? 'LOCKED' : 'ACTIVE',
      account: this.account,
      push: phone.push !== undefined,
      phone_sign_in: phone.phoneSignIn,
      ...(this.quietUntil === undefined ? {} : { quiet_until: this.quietUntil }),
      unlock: ['webauthn', 'pin'],
      pin_left: phone.pinLeft,
      policy: this.policy,
      vapid: encode(new Uint8Array(65)),
    };
  }

  async #evidence(phone: FakePhone, evidence: unknown, hash: Bytes): Promise<void> {
    const read = v.safeParse(v.object({ type: v.literal('pin'), jws: v.string() }), evidence);
    if (!read.success || !phone.pinKey) throw new Problem(403, 'wrong_unlock', { left: 2 });
    const parsed = parseMessage(read.output.jws, 'akkoord-pin+jwt');
    const claims = await verify(parsed, phone.id, phone.pinKey, pin).catch(() => undefined);
    if (claims?.dh !== encode(hash)) throw new Problem(403, 'wrong_unlock', { left: 2 });
    phone.pinLeft = 5;
  }

  async #decide(phone: FakePhone, id: string, body: Json): Promise<Json> {
    const request = this.requests.get(id);
    if (!request || request.phone !== phone.id) throw new Problem(404, 'not_found');
    const message = String(body.decision);
    const claims = await verify(parseMessage(message, 'akkoord-decision+jwt'), phone.id, phone.key, decision);
    if (claims.rh !== encode(await sha256(utf8(request.message)))) throw new Problem(409, 'wrong_request');
    if (request.decision === message && request.answer) return request.answer;
    const undone = request.state === 'APPROVED' && claims.d !== 'approve';
    if (request.state !== 'PENDING' && !undone) throw new Problem(409, 'already_settled', { state: request.state });
    if (claims.d === 'approve') {
      await this.#evidence(phone, body.evidence, await decisionHash(message));
      request.state = claims.number === request.number ? 'APPROVED' : 'MISMATCH';
    } else {
      request.state = claims.d === 'deny' ? 'DENIED' : 'REPORTED';
    }
    request.decision = message;
    if (request.state === 'MISMATCH') throw new Problem(409, 'wrong_number', { state: 'MISMATCH' });
    request.answer = { state: request.state };
    return request.answer;
  }

  /** A request to a phone; `change` changes its claims. */
  async ask(phone: string, number = '42', change: (claims: Json) => Json = (claims) => claims): Promise<string> {
    const id = newId();
    const claims = change({
      iss: ISS,
      aud: phone,
      jti: id,
      iat: this.now,
      exp: this.now + 120,
      op: 'signin',
      acct: this.account.id,
      app: { id: 'account', name: 'Account page' },
      ctx: { known: false, at: this.now },
      number: { mode: 'enter', digits: 2 },
      unlock: ['webauthn', 'pin'],
      n: encode(randomBytes(16)),
    });
    const message = await this.#sign('akkoord-request+jwt', claims);
    this.requests.set(id, { message, phone, number, state: 'PENDING', decision: undefined, answer: undefined });
    return id;
  }

  #sign(typ: 'akkoord-offer+jwt' | 'akkoord-request+jwt' | 'akkoord-keyroll+jwt', claims: Json): Promise<string> {
    return sign(this.#pair.privateKey, typ, { kid: this.key.kid }, claims);
  }

  /** A roll to a key of another server object, which signs from now on. */
  roll(next: FakeServer, from: number): Promise<string> {
    return this.#sign('akkoord-keyroll+jwt', { iss: ISS, iat: this.now, jwk: next.key.jwk, from });
  }

  /** The only phone there is. */
  get phone(): FakePhone {
    const [phone] = this.phones.values();
    if (!phone) throw new Error('no phone');
    return phone;
  }
}
