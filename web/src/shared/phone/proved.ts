/** A phone that shows its six digits (section 5, steps 7 and 8). It survives a restart of the app. */

import * as v from 'valibot';
import { importHmac } from '../crypto.ts';
import { exclusive } from '../locks.ts';
import { raw } from '../protocol/jws.ts';
import { account as accountAnswer } from '../protocol/offer.ts';
import { hashOf } from '../protocol/otp.ts';
import { bytes } from '../protocol/schema.ts';
import { type Desk, empty } from './desk.ts';
import { events } from './event-stream.ts';
import { refresh } from './own.ts';
import { type Account, type AccountName, Failure, type Proved } from './phones.ts';
import {
  ACCOUNT,
  type AccountRecord,
  account,
  ENROLMENT,
  type EnrolmentRecord,
  enrolment,
  identity,
  LEAVING,
  toAccount,
  toAccountName,
  toBroken,
} from './records.ts';

/** How often the state is asked for, in milliseconds. */
const ASK_EACH = 2000;
/** Failures in a row that are waited through before the person is told. */
const PATIENCE = 3;

const codes = v.object({
  secret: bytes(20),
  algorithm: v.picklist(['SHA1', 'SHA256', 'SHA512']),
  digits: v.pipe(v.number(), v.integer(), v.minValue(6), v.maxValue(8)),
  period: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3600)),
});
const stateAnswer = v.object({
  state: v.string(),
  account: v.exactOptional(accountAnswer),
  codes: v.exactOptional(codes),
});
const proveAnswer = v.object({ state: v.string() });

const ENDS = ['REJECTED', 'EXPIRED', 'CANCELLED'];

/** An enrolment that waits for its digits: the newest, should there be more. */
export async function unfinished(desk: Desk): Promise<Proved | undefined> {
  const all = await desk.store.list(ENROLMENT);
  const records: EnrolmentRecord[] = [];
  for (const { key, value } of all) {
    const read = v.safeParse(enrolment, value);
    if (read.success) records.push(read.output);
    // What does not read can't be finished.
    else await desk.store.write({ [key]: undefined });
  }
  const [newest] = records.sort((a, b) => b.exp - a.exp);
  return newest && new ProvedPhone(desk, newest);
}

export class ProvedPhone implements Proved {
  readonly account: AccountName;
  readonly digits: string;
  readonly exp: number;
  readonly #desk: Desk;
  readonly #phone: string;

  constructor(desk: Desk, record: EnrolmentRecord) {
    this.#desk = desk;
    this.#phone = record.account.phone;
    this.account = toAccountName(record.account.account);
    this.digits = record.digits;
    this.exp = record.exp;
  }

  async wait(signal: AbortSignal): Promise<Account> {
    const wake = new Wake(signal);
    let failures = 0;
    let listens = false;
    try {
      for (;;) {
        signal.throwIfAborted();
        try {
          const done = await exclusive(`enrolment/${this.#phone}`, () => this.#ask());
          if (done) return await this.#settle(done);
          failures = 0;
          if (!listens) void this.#listen(wake);
          listens = true;
        } catch (error) {
          const passing = error instanceof Failure && ['offline', 'busy', 'garbled'].includes(error.kind);
          if (!passing || ++failures >= PATIENCE) throw error;
        }
        await wake.after(ASK_EACH);
      }
    } finally {
      wake.end();
    }
  }

  async forget(): Promise<void> {
    await this.#desk.store.write({ [ENROLMENT + this.#phone]: undefined });
  }

  /** Asks once. The record becomes an account in one transaction, with its codes: the server tells them only at first. */
  async #ask(): Promise<AccountRecord | undefined> {
    const { store, connection } = this.#desk;
    const record = await store.get(ENROLMENT + this.#phone, enrolment);
    if (!record) {
      // Another tab was faster, or it was forgotten.
      const existing = await store.get(ACCOUNT + this.#phone, account);
      if (existing) return existing;
      throw new Failure('refused', { state: 'CANCELLED' });
    }
    const identity = record.account;
    let answer: v.InferOutput<typeof stateAnswer>;
    try {
      if (!record.proved) {
        // The app ended before the answer to its proof came: the same message again.
        const body = record.prove;
        await connection.call({ method: 'POST', path: 'enrolments/prove', body, identity, answer: proveAnswer });
        await store.write({ [ENROLMENT + this.#phone]: { ...record, proved: true } });
      }
      const body = {};
      answer = await connection.call({ method: 'POST', path: 'enrolments/state', body, identity, answer: stateAnswer });
    } catch (error) {
      if (error instanceof Failure && (error.kind === 'refused' || error.kind === 'removed')) {
        // The server knows no such phone any more: nothing can come of it.
        await this.forget();
        throw error.kind === 'removed'
          ? error
          : new Failure('refused', { state: error.state ?? 'EXPIRED', cause: error });
      }
      throw error;
    }
    if (ENDS.includes(answer.state)) {
      await this.forget();
      throw new Failure('refused', { state: answer.state });
    }
    if (answer.state !== 'ACTIVE') return undefined;
    const active = await activated(record.account, answer);
    await store.write({ [ACCOUNT + this.#phone]: active, [ENROLMENT + this.#phone]: undefined });
    this.#desk.mark?.set(true);
    return active;
  }

  /** The new phone takes the place of an older one of the same account on this device. */
  async #settle(active: AccountRecord): Promise<Account> {
    const { store } = this.#desk;
    const same = (it: AccountRecord) => it.iss === active.iss && it.account.id === active.account.id;
    for (const { key, value } of await store.list(ACCOUNT)) {
      // One whose keys are gone can't leave by itself: the person removes it on the account page.
      const broken = v.safeParse(account, value).success ? undefined : toBroken(key, value);
      if (broken && broken.iss === active.iss && broken.account.id === active.account.id) {
        await store.write({ [key]: undefined });
      }
    }
    for (const old of (await this.#desk.records()).filter((it) => same(it) && it.phone !== active.phone)) {
      const { phone, iss, key } = old;
      // Its keys are kept until the server knows that it is gone: a phone that nobody holds must not stay listed.
      await store.write({
        [ACCOUNT + phone]: undefined,
        [LEAVING + phone]: old.removed ? undefined : { phone, iss, key },
      });
    }
    await leave(this.#desk);
    try {
      return await refresh(this.#desk, active.phone);
    } catch {
      // The account is here; its settings come with the next contact.
      return toAccount(active);
    }
  }

  async #listen(wake: Wake): Promise<void> {
    try {
      const record = await this.#desk.store.get(ENROLMENT + this.#phone, enrolment);
      if (!record) return;
      for await (const event of events(await this.#desk.connection.open(record.account, wake.signal))) {
        if (event.kind === 'enrolled') wake.now();
      }
    } catch {
      // The stream is a hint only: the state is asked for anyway.
    }
  }
}

async function activated(record: AccountRecord, answer: v.InferOutput<typeof stateAnswer>): Promise<AccountRecord> {
  const told = answer.codes;
  const { account: owner } = answer;
  return {
    ...record,
    // The account's id was signed in the offer, and stays what it was.
    ...(owner && owner.id === record.account.id ? { account: owner } : {}),
    ...(told
      ? {
          codes: {
            key: await importHmac(raw(told.secret, 20), hashOf(told.algorithm)),
            digits: told.digits,
            period: told.period,
          },
        }
      : {}),
  };
}

/** Tells the server of phones that were replaced. What can't be told now is told later. */
export async function leave(desk: Desk): Promise<void> {
  for (const { key, value } of await desk.store.list(LEAVING)) {
    const read = v.safeParse(identity, value);
    try {
      if (read.success) {
        await desk.connection.call({ method: 'DELETE', path: 'self', identity: read.output, answer: empty });
      }
    } catch (error) {
      // Removed before, or unknown: what was wanted holds.
      if (!(error instanceof Failure) || (error.kind !== 'removed' && error.kind !== 'refused')) continue;
    }
    await desk.store.write({ [key]: undefined });
  }
}

/** Waits that a hint or an abort cuts short. */
class Wake {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #abort = () => this.end();
  #wake: (() => void) | undefined;

  constructor(outer: AbortSignal) {
    this.#outer = outer;
    outer.addEventListener('abort', this.#abort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  now(): void {
    this.#wake?.();
  }

  async after(milliseconds: number): Promise<void> {
    if (this.signal.aborted) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
  }

  end(): void {
    this.#outer.removeEventListener('abort', this.#abort);
    this.#controller.abort();
    this.#wake?.();
  }
}
