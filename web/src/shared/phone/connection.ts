/** Calls under `/phone/v1` (section 4): proof, nonce, the server's time, repeats. */

import * as v from 'valibot';
import type { Clock } from '../clock.ts';
import { type Answer, ask, isOf, openStream, type Sent, TimedOut } from '../http.ts';
import { type Bytes, utf8 } from '../protocol/bytes.ts';
import { parseJson } from '../protocol/json.ts';
import { signProof } from '../protocol/proof.ts';
import { Refused } from '../protocol/refused.ts';
import { count, seconds } from '../protocol/schema.ts';
import { Failure } from './phones.ts';
import { type Identity, removedBy } from './records.ts';

/** Waits before a call is repeated after a network failure, in milliseconds. */
const REPEAT_AFTER = [300, 1000];

type Json = Readonly<Record<string, unknown>>;

export interface Call<T> {
  readonly method: Sent['method'];
  readonly path: string;
  /** What is sent: JSON, ready-made text, or what depends on the nonce of the proof because evidence in it covers it. */
  readonly body?: Json | string | ((nonce: string) => Promise<Json>);
  /** Who proves it; without one no proof is sent. */
  readonly identity?: Identity;
  /** What is read of the answer; the rest is passed over. */
  readonly answer: v.GenericSchema<unknown, T>;
  /** `pin/evaluate`: each evaluation counts, so it is never sent again. */
  readonly once?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const problem = v.object({
  code: v.string(),
  status: count,
  left: v.exactOptional(count),
  reason: v.exactOptional(v.string()),
  state: v.exactOptional(v.string()),
  removed_at: v.exactOptional(seconds),
  removed_by: v.exactOptional(removedBy),
});

export class Connection {
  readonly #api: string;
  readonly #clock: Clock;
  #nonce: string | undefined;

  constructor(api: string, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  get api(): string {
    return this.#api;
  }

  /** Seconds of the server, whole. */
  now(): number {
    return Math.floor(this.#clock.now());
  }

  /** Makes a call: once more with a new proof if the nonce was too old, and again after a network failure. */
  async call<T>(call: Call<T>): Promise<T> {
    const waits = REPEAT_AFTER.values();
    let renewed = false;
    for (;;) {
      try {
        return read(call.answer, await this.#attempt(call));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (error.code === 'use_nonce' && call.identity && !renewed) {
          renewed = true;
          continue;
        }
        // After a timeout nobody wants to wait as long again: the person decides.
        const lost = error.kind === 'offline' && !(error instanceof TimedOut) && !call.signal?.aborted;
        const wait = lost && !call.once ? waits.next().value : undefined;
        if (wait === undefined) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  /** Opens the stream of events of a phone. */
  async open(identity: Identity, signal: AbortSignal): Promise<AsyncGenerator<Bytes>> {
    const address = `${this.#api}/phone/v1/events`;
    for (let renewed = false; ; renewed = true) {
      const nonce = await this.#newestNonce(signal);
      const proof = await this.#proof(identity, 'GET', address, new Uint8Array(), nonce);
      const headers = { accept: 'text/event-stream', 'phone-proof': proof };
      const opened = await openStream({ method: 'GET', url: address, headers, signal });
      if ('pieces' in opened) {
        this.#learn(opened.headers);
        return opened.pieces;
      }
      try {
        this.#result(opened, nonce);
      } catch (error) {
        if (error instanceof Failure && error.code === 'use_nonce' && !renewed) continue;
        throw error;
      }
      throw new Failure('garbled');
    }
  }

  async #attempt<T>(call: Call<T>): Promise<Bytes> {
    const { method, path, identity, signal } = call;
    const url = `${this.#api}/phone/v1/${path}`;
    if (!identity) {
      const body = typeof call.body === 'function' ? undefined : toBytes(call.body);
      return this.#result(await ask({ method, url, body, signal }));
    }
    const nonce = await this.#newestNonce(signal);
    const body = toBytes(typeof call.body === 'function' ? await call.body(nonce) : call.body);
    const proof = await this.#proof(identity, method, url, body ?? new Uint8Array(), nonce);
    return this.#result(await ask({ method, url, body, headers: { 'phone-proof': proof }, signal }), nonce);
  }

  #proof(identity: Identity, method: string, address: string, body: Bytes, nonce: string): Promise<string> {
    const { iss, phone, key } = identity;
    // A key that is there and does not sign is as good as gone.
    return signProof(key, { server: iss, phone, method, address, body, nonce, now: this.now() }).catch((cause) => {
      throw new Failure('keys_gone', { cause });
    });
  }

  async #newestNonce(signal: AbortSignal | undefined): Promise<string> {
    if (this.#nonce !== undefined) return this.#nonce;
    const url = `${this.#api}/phone/v1/nonce`;
    this.#result(await ask({ method: 'POST', url, body: utf8('{}'), signal }));
    const nonce: string | undefined = this.#nonce;
    if (nonce === undefined) throw new Failure('garbled', { cause: 'no Phone-Nonce' });
    return nonce;
  }

  /** The body of a good answer; a `Failure` for every other. */
  #result(answer: Answer, nonce?: string): Bytes {
    this.#learn(answer.headers);
    // A refused nonce is not offered again, even where the refusal brought no new one.
    if (answer.status === 401 && this.#nonce === nonce) this.#nonce = undefined;
    if (answer.status === 200 && isOf(answer.headers, 'application/json')) return answer.body;
    throw refusal(answer);
  }

  #learn(headers: Headers): void {
    const time = headers.get('phone-time') ?? '';
    if (/^[0-9]{1,12}$/.test(time)) this.#clock.told(Number(time));
    this.#nonce = headers.get('phone-nonce') || this.#nonce;
  }
}

function toBytes(body: Json | string | undefined): Bytes | undefined {
  if (body === undefined) return undefined;
  return utf8(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Reads JSON of the server outside of messages. */
export function read<T>(schema: v.GenericSchema<unknown, T>, body: Bytes): T {
  try {
    return v.parse(schema, parseJson(body));
  } catch (error) {
    throw new Failure('garbled', { cause: error });
  }
}

function refusal({ status, headers, body }: Answer): Failure {
  const told = headers.get('retry-after') ?? '';
  const retryAfter = /^[0-9]{1,6}$/.test(told) ? Number(told) : undefined;
  let said: v.InferOutput<typeof problem> | undefined;
  try {
    said = isOf(headers, 'application/problem+json') ? v.parse(problem, parseJson(body)) : undefined;
  } catch (error) {
    return new Failure('garbled', { cause: error });
  }
  if (said?.status === status) {
    const { code, left, reason, state } = said;
    if (code === 'too_many' || code === 'busy') return new Failure('busy', { code, retryAfter });
    if (code === 'removed') {
      return new Failure('removed', { code, removedAt: said.removed_at, removedBy: said.removed_by });
    }
    return new Failure('refused', { code, left, reason, state, retryAfter });
  }
  // What a reverse proxy says where the server behind it is away.
  if (status === 502 || status === 504) return new Failure('offline');
  if (status === 429 || status === 503) return new Failure('busy', { retryAfter });
  return new Failure('garbled', { cause: `status ${status}` });
}

/** What a check of the protocol means to a person. */
export function explain(error: unknown, otherwise: 'garbled' | 'offer'): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof Refused)) throw error;
  switch (error.check) {
    case 'version':
      return new Failure('version', { cause: error });
    case 'server key':
    case 'signature':
    case 'proof':
      return new Failure(otherwise === 'offer' ? 'offer' : 'server_key', { cause: error });
    default:
      return new Failure(otherwise, { cause: error });
  }
}
