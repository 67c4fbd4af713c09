/** What all parts of the phone work with: storage, connection and clock, and calls in the name of one account. */

import * as v from 'valibot';
import type { Clock } from '../clock.ts';
import type { Store } from '../kv.ts';
import { followPinned } from '../protocol/keyroll.ts';
import type * as Pin from '../protocol/pin.ts';
import { type Call, type Connection, explain } from './connection.ts';
import { Failure, type Mark, type PlatformAuthenticator } from './phones.ts';
import { ACCOUNT, type AccountRecord, account } from './records.ts';

export const empty = v.object({});

export class Desk {
  readonly store: Store;
  readonly clock: Clock;
  readonly connection: Connection;
  readonly platform: PlatformAuthenticator | undefined;
  readonly mark: Mark | undefined;
  readonly #pin: (() => Promise<typeof Pin>) | undefined;

  constructor(
    store: Store,
    clock: Clock,
    connection: Connection,
    platform: PlatformAuthenticator | undefined,
    mark: Mark | undefined,
    pin: (() => Promise<typeof Pin>) | undefined,
  ) {
    this.store = store;
    this.clock = clock;
    this.connection = connection;
    this.platform = platform;
    this.mark = mark;
    this.#pin = pin;
  }

  /** The arithmetic of the PIN, loaded when it is needed; the worker has none. */
  async pin(): Promise<typeof Pin> {
    if (!this.#pin) throw new Failure('unlock_missing');
    try {
      return await this.#pin();
    } catch (error) {
      // A part of the app that could not be fetched.
      throw new Failure('offline', { cause: error });
    }
  }

  /** An account that can be used. */
  async account(phone: string): Promise<AccountRecord> {
    const record = await this.store.get(ACCOUNT + phone, account);
    if (!record) throw new Failure('keys_gone');
    return record;
  }

  /** All accounts whose records read. */
  async records(): Promise<AccountRecord[]> {
    const all = await this.store.list(ACCOUNT);
    return all.flatMap(({ value }) => {
      const read = v.safeParse(account, value);
      return read.success ? [read.output] : [];
    });
  }

  /** Changes an account, if it is still there. */
  async change(phone: string, change: (record: AccountRecord) => AccountRecord): Promise<AccountRecord> {
    const changed = await this.store.update(ACCOUNT + phone, account, (record) => record && change(record));
    if (!changed) throw new Failure('keys_gone');
    return changed;
  }

  /** A call in the name of an account. What it tells of the phone's own state is kept. */
  async call<T>(record: AccountRecord, call: Omit<Call<T>, 'identity'>): Promise<T> {
    try {
      return await this.connection.call({ ...call, identity: record });
    } catch (error) {
      if (error instanceof Failure) await this.heed(record.phone, error);
      throw error;
    }
  }

  /** Keeps what a failure tells: that the phone was removed, or that no PIN tries are left. */
  async heed(phone: string, failure: Failure): Promise<void> {
    const { removedAt, removedBy } = failure;
    if (failure.kind === 'removed') {
      const removed = { at: removedAt ?? this.connection.now(), by: removedBy ?? 'user' };
      await this.#quietly(phone, (record) => ({ ...record, removed }));
    } else if (failure.code === 'locked' && (failure.left ?? 0) === 0) {
      await this.#quietly(phone, (record) => (record.locked ? record : { ...record, locked: true }));
    }
  }

  async #quietly(phone: string, change: (record: AccountRecord) => AccountRecord): Promise<void> {
    // An account that was forgotten in the meantime has nothing to keep.
    await this.store.update(ACCOUNT + phone, account, (record) => record && change(record));
  }

  /** Follows the server's key rolls. A chain that does not hold is refused as a whole. */
  async follow(record: AccountRecord, chain: readonly string[]): Promise<AccountRecord> {
    // Without rolls there may still be an old key to drop, which can wait for the next roll.
    if (chain.length === 0 && record.keys.length < 2) return record;
    const keys = await followPinned(record.keys, chain, record.iss, this.connection.now()).catch((error: unknown) => {
      throw new Failure('server_key', { cause: explain(error, 'garbled') });
    });
    if (JSON.stringify(keys) === JSON.stringify(record.keys)) return record;
    return this.change(record.phone, (now) => ({ ...now, keys: [...keys] }));
  }
}
