/**
 * The door to IndexedDB: one flat store of keys and values. Keys of WebCrypto are kept as they are, so those that can't
 * be exported never are. Other tabs and the worker hear of each change.
 */

import * as v from 'valibot';
import { Failure } from './phone/phones.ts';

const NAME = 'akkoord';
/** Of the store's form. A higher one belongs to a newer app, which this one must not overwrite. */
const VERSION = 1;
const STORE = 'kv';

/** What is stored, by its key; `undefined` removes. */
export type Entries = Readonly<Record<string, unknown>>;

/** Gets the keys that changed, or 'all' where the browser took the database away. */
export type Listener = (keys: readonly string[] | 'all') => void;

export class Store {
  readonly #name: string;
  readonly #channel: BroadcastChannel | undefined;
  readonly #listeners = new Set<Listener>();
  #database: IDBDatabase | undefined;

  private constructor(name: string, database: IDBDatabase) {
    this.#name = name;
    this.#keep(database);
    this.#channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel(`${name}/changed`) : undefined;
    this.#channel?.addEventListener('message', ({ data }) => {
      const keys = v.safeParse(v.array(v.string()), data);
      if (keys.success) this.#tell(keys.output);
    });
  }

  /** Throws `Failure` 'storage' where the browser gives none, and 'version' where a newer app was here. */
  static async open(name = NAME): Promise<Store> {
    return new Store(name, await openDatabase(name));
  }

  /** What stands under a key. What does not have the form of `schema` throws `Failure` 'keys_gone'. */
  async get<T>(key: string, schema: v.GenericSchema<unknown, T>): Promise<T | undefined> {
    const value = await this.#run('readonly', (store) => result(store.get(key)));
    return value === undefined ? undefined : read(schema, value);
  }

  /** Everything whose key begins so, in the order of the keys; unread. */
  async list(prefix: string): Promise<{ key: string; value: unknown }[]> {
    // No key has a character above U+FFFF's last.
    const range = () => IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    return this.#run('readonly', async (store) => {
      const [keys, values] = await Promise.all([result(store.getAllKeys(range())), result(store.getAll(range()))]);
      return keys.map((key, at) => ({ key: String(key), value: values[at] as unknown }));
    });
  }

  /** Writes all of it or nothing. */
  async write(entries: Entries): Promise<void> {
    await this.#run('readwrite', async (store) => {
      for (const [key, value] of Object.entries(entries)) put(store, key, value);
    });
    this.#changed(Object.keys(entries));
  }

  /**
   * Changes what stands under a key, with nobody in between. `change` must not wait: the transaction would end. It may
   * return what it got, then nothing is written; `undefined` removes.
   */
  async update<T>(
    key: string,
    schema: v.GenericSchema<unknown, T>,
    change: (now: T | undefined) => T | undefined,
  ): Promise<T | undefined> {
    let written = false;
    const after = await this.#run('readwrite', async (store) => {
      const value = await result(store.get(key));
      const now = value === undefined ? undefined : read(schema, value);
      const next = change(now);
      written = next !== now;
      if (written) put(store, key, next);
      return next;
    });
    if (written) this.#changed([key]);
    return after;
  }

  /** Calls back on each change, by whomever. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#database?.close();
    this.#channel?.close();
    this.#listeners.clear();
  }

  async #run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const database = this.#database ?? this.#keep(await openDatabase(this.#name));
        // Strict: a key that a server knows must not be lost with the battery.
        const transaction = database.transaction(STORE, mode, { durability: 'strict' });
        const [value] = await Promise.all([
          work(transaction.objectStore(STORE)).catch((error: unknown) => {
            abort(transaction);
            throw error;
          }),
          done(transaction),
        ]);
        return value;
      } catch (error) {
        // Another tab may have closed the database to upgrade it, or the browser to clear it.
        const closed = error instanceof DOMException && error.name === 'InvalidStateError';
        if (closed && attempt === 1) this.#database = undefined;
        else throw error instanceof Failure ? error : new Failure('storage', { cause: error });
      }
    }
  }

  #keep(database: IDBDatabase): IDBDatabase {
    this.#database = database;
    database.addEventListener('versionchange', () => {
      database.close();
      this.#database = undefined;
    });
    database.addEventListener('close', () => {
      this.#database = undefined;
      this.#tell('all');
    });
    return database;
  }

  #changed(keys: readonly string[]): void {
    this.#channel?.postMessage(keys);
    this.#tell(keys);
  }

  #tell(keys: readonly string[] | 'all'): void {
    for (const listener of this.#listeners) listener(keys);
  }
}

function read<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) throw new Failure('keys_gone');
  return parsed.output;
}

function put(store: IDBObjectStore, key: string, value: unknown): void {
  if (value === undefined) store.delete(key);
  else store.put(value, key);
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It had ended by itself.
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      const newer = cause instanceof DOMException && cause.name === 'VersionError';
      reject(new Failure(newer ? 'version' : 'storage', { cause }));
    };
    try {
      const request = indexedDB.open(name, VERSION);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(STORE);
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => fail(request.error);
    } catch (error) {
      // Some browsers throw where storage is switched off.
      fail(error);
    }
  });
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error ?? new Failure('storage', { cause: 'aborted' }));
  });
}
