/** Requests (section 6): what waits, and the decision. */

import * as v from 'valibot';
import { exclusive } from '../locks.ts';
import { decisionHash, signDecision } from '../protocol/decision.ts';
import { usableKeys } from '../protocol/keyroll.ts';
import { newId } from '../protocol/proof.ts';
import { Refused } from '../protocol/refused.ts';
import { type CheckedRequest, checkRequest, mayAnswer } from '../protocol/request.ts';
import { explain } from './connection.ts';
import type { Desk } from './desk.ts';
import { type Evidence, pinEvidence, platformEvidence, settlePin, unwrapPinKey } from './evidence.ts';
import { type Decision, Failure, type Outcome, type Request, type Unlocking, type Waiting } from './phones.ts';
import {
  type AccountRecord,
  DECISION,
  type DecisionRecord,
  decision as decisionRecord,
  toAccountName,
} from './records.ts';

const pendingAnswer = v.object({ requests: v.array(v.string()), keyroll: v.exactOptional(v.array(v.string()), []) });
const stateAnswer = v.object({ state: v.string() });
/** How long the outcome of a decision is remembered for other tabs, in seconds after the request's end. */
const REMEMBERED = 3600;

interface Known {
  readonly request: Request;
  readonly checked: CheckedRequest;
}

export class Requests {
  readonly #desk: Desk;
  /** What was shown, by the request's id. A decision is about exactly that message. */
  readonly #known = new Map<string, Known>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  async pending(): Promise<Waiting> {
    const records = (await this.#desk.records()).filter((record) => !record.removed);
    const requests: Request[] = [];
    const failures: { phone: string; failure: Failure }[] = [];
    await Promise.all(
      records.map(async (record) => {
        try {
          const told = await this.pendingOf(record);
          requests.push(...told.requests);
          if (told.failure) failures.push({ phone: record.phone, failure: told.failure });
        } catch (error) {
          failures.push({ phone: record.phone, failure: explain(error, 'garbled') });
        }
      }),
    );
    await this.#clean();
    return { requests: requests.sort((a, b) => a.iat - b.iat || a.exp - b.exp), failures };
  }

  /** What waits for one account; a failure besides where a request of it could not be read. */
  async pendingOf(record: AccountRecord): Promise<{ requests: Request[]; failure: Failure | undefined }> {
    const body = {};
    const told = await this.#desk.call(record, {
      method: 'POST',
      path: 'requests/pending',
      body,
      answer: pendingAnswer,
    });
    // Key rolls first: a key of theirs may have signed a request.
    const followed = await this.#desk.follow(record, told.keyroll);
    const now = this.#desk.connection.now();
    const serverKeys = await usableKeys(followed.keys, now);
    const { iss, phone } = followed;
    const recipient = { serverKeys, iss, phone, account: followed.account.id, now };
    const requests: Request[] = [];
    let failure: Failure | undefined;
    for (const message of told.requests) {
      try {
        requests.push(this.#show(followed, await checkRequest(message, recipient)));
      } catch (error) {
        // A request that ran out on its way is nobody's mistake.
        if (!(error instanceof Refused && error.check === 'expired')) failure ??= explain(error, 'garbled');
      }
    }
    return { requests, failure };
  }

  /** The same message is the same object; another message under a known id is refused, for it was shown otherwise. */
  #show(record: AccountRecord, checked: CheckedRequest): Request {
    const { claims, number } = checked;
    const known = this.#known.get(claims.jti);
    if (known && known.checked.hash !== checked.hash) throw new Failure('garbled', { cause: 'two messages of one id' });
    if (known && known.request.unlock.length === methods(record, claims.unlock).length) return known.request;
    const { ctx } = claims;
    const request: Request = Object.freeze({
      id: claims.jti,
      phone: record.phone,
      account: toAccountName(record.account),
      op: claims.op,
      app: claims.app,
      ctx: { ip: ctx.ip, net: ctx.net, place: ctx.place, browser: ctx.browser, known: ctx.known, at: ctx.at },
      number,
      unlock: methods(record, claims.unlock),
      text: claims.text,
      iat: claims.iat,
      exp: claims.exp,
    });
    this.#known.set(request.id, { request, checked });
    return request;
  }

  async #clean(): Promise<void> {
    const now = this.#desk.connection.now();
    for (const [id, { request }] of this.#known) if (request.exp + REMEMBERED < now) this.#known.delete(id);
    const old = (await this.#desk.store.list(DECISION)).filter(({ value }) => {
      const read = v.safeParse(decisionRecord, value);
      return !read.success || read.output.exp + REMEMBERED < now;
    });
    if (old.length > 0) await this.#desk.store.write(Object.fromEntries(old.map(({ key }) => [key, undefined])));
  }

  async decide(request: Request, decision: Decision, number?: string, unlocking?: Unlocking): Promise<Outcome> {
    const before = await this.#desk.store.get(DECISION + request.id, decisionRecord);
    let fresh: DecisionRecord | undefined;
    if (!isOver(before, decision) && !isSame(before, decision, number)) {
      if (request.exp <= this.#desk.connection.now()) return { kind: 'expired' };
      // Outside of the lock: a no must not wait for a question of the platform that is open in another tab.
      fresh = await this.#prepare(request, decision, number, unlocking);
    }
    // One at a time in this browser, so that two tabs cannot decide differently.
    return exclusive(`decide/${request.id}`, () => this.#send(request, decision, number, fresh));
  }

  async #send(
    request: Request,
    decision: Decision,
    number: string | undefined,
    fresh: DecisionRecord | undefined,
  ): Promise<Outcome> {
    const desk = this.#desk;
    const key = DECISION + request.id;
    const before = await desk.store.get(key, decisionRecord);
    const same = isSame(before, decision, number);
    if (before?.state !== undefined && (same || isOver(before, decision))) {
      return same ? outcome(decision, before.state) : { kind: 'settled', state: before.state };
    }
    // What was sent and not answered is sent again, the same bytes. Who decides otherwise after all gets a new message:
    // the server takes the first, and a deny also after an approval.
    const record = same ? before : fresh;
    if (!record) throw new Failure('refused', { code: 'not_found' });
    // Kept before it is sent: after a lost answer the same bytes must go again, also after a restart.
    if (!same) await desk.store.write({ [key]: record });
    const account = await desk.account(request.phone);
    let state: string;
    try {
      const path = `requests/${request.id}/decision`;
      const body = record.body ?? '';
      state = (await desk.call(account, { method: 'POST', path, body, answer: stateAnswer })).state;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const told = await this.#refused(request, record, key, error);
      if (told === undefined) throw error;
      state = told;
    }
    await this.#answered(request, record, key, state);
    return outcome(decision, state);
  }

  async #prepare(
    request: Request,
    decision: Decision,
    number: string | undefined,
    unlocking: Unlocking | undefined,
  ): Promise<DecisionRecord> {
    const desk = this.#desk;
    const account = await desk.account(request.phone);
    const known = this.#known.get(request.id);
    if (!known || known.request.phone !== request.phone) throw new Failure('refused', { code: 'not_found' });
    const approves = decision === 'approve';
    if (approves && (number === undefined || !mayAnswer(request.number, number))) {
      throw new Failure('refused', { code: 'invalid', reason: 'number' });
    }
    if (approves && (!unlocking || !request.unlock.includes(unlocking.method))) throw new Failure('unlock_missing');
    const pin =
      approves && unlocking?.method === 'pin'
        ? await unwrapPinKey(desk, account, request.id, unlocking.pin)
        : undefined;
    const message = await signDecision(account.key, {
      iss: account.phone,
      aud: account.iss,
      rid: request.id,
      rh: known.checked.hash,
      d: decision,
      ...(approves && number !== undefined ? { number } : {}),
      unlock: approves && unlocking ? unlocking.method : 'none',
      iat: desk.connection.now(),
      jti: newId(),
    });
    let evidence: Evidence | undefined;
    if (approves) {
      const hash = await decisionHash(message);
      evidence = pin ? await pinEvidence(account, pin.key, hash) : await platformEvidence(desk, account, hash);
    }
    return {
      decision,
      ...(number === undefined ? {} : { number }),
      body: JSON.stringify({ decision: message, ...(evidence ? { evidence } : {}) }),
      ...(pin ? { pin: pin.holds } : {}),
      exp: request.exp,
    };
  }

  /** The state that a refusal tells; `undefined` where it tells none, and the person may try again. */
  async #refused(request: Request, record: DecisionRecord, key: string, failure: Failure): Promise<string | undefined> {
    // No answer, or none that can be read: it may have arrived. The bytes stay.
    if (failure.kind !== 'refused' && failure.kind !== 'removed') return undefined;
    if (failure.code === 'wrong_number') return 'MISMATCH';
    if (failure.code === 'already_settled') return failure.state ?? 'UNKNOWN';
    if (failure.code === 'expired') return 'EXPIRED';
    await this.#desk.store.write({ [key]: undefined });
    // Good evidence by the wrong one of two PIN-protected keys: then the other holds.
    if (failure.code === 'wrong_unlock' && record.pin) {
      await settlePin(this.#desk, request.phone, record.pin === 'new' ? 'old' : 'new');
    }
    return undefined;
  }

  async #answered(request: Request, record: DecisionRecord, key: string, state: string): Promise<void> {
    const { body: _, ...rest } = record;
    await this.#desk.store.write({ [key]: { ...rest, state } });
    const approved = record.decision === 'approve' && outcome('approve', state).kind === 'approved';
    if (!approved) return;
    if (record.pin) await settlePin(this.#desk, request.phone, record.pin);
    const lastUsedAt = this.#desk.connection.now();
    // Good evidence by the PIN gives all tries back (section 7).
    await this.#desk.change(request.phone, (now) => ({ ...now, lastUsedAt, locked: now.locked && !record.pin }));
  }
}

const methods = (record: AccountRecord, asked: readonly Unlocking['method'][]) =>
  asked.filter((method) => (method === 'pin' ? record.pin !== undefined : record.credential !== undefined));

const isSame = (record: DecisionRecord | undefined, decision: Decision, number: string | undefined): boolean =>
  record?.decision === decision && record.number === number;

/** Whether it was answered. A no wins over a yes until the browser has gone on (section 6), so it is still sent. */
const isOver = (record: DecisionRecord | undefined, decision: Decision): boolean =>
  record?.state !== undefined && (decision === 'approve' || record.state !== 'APPROVED');

/** What a state means to somebody who decided so. */
function outcome(decision: Decision, state: string): Outcome {
  switch (state) {
    case 'APPROVED':
    case 'CONSUMED':
      return decision === 'approve' ? { kind: 'approved' } : { kind: 'settled', state };
    case 'DENIED':
      return decision === 'deny' ? { kind: 'denied' } : { kind: 'settled', state };
    case 'REPORTED':
      return decision === 'report' ? { kind: 'reported' } : { kind: 'settled', state };
    case 'MISMATCH':
      return decision === 'approve' ? { kind: 'wrong_number' } : { kind: 'settled', state };
    case 'EXPIRED':
      return { kind: 'expired' };
    default:
      return { kind: 'settled', state };
  }
}
