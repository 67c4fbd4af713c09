/** The diagnostic log: the last events, coded, without names and secrets. It stays here until somebody shares it. */
import * as v from 'valibot';
import type { Store } from '../shared/kv.ts';
import { Failure, type Phones } from '../shared/phone/phones.ts';
import type { Log, LogEntry } from '../ui/app.ts';
import { add } from './ring.ts';

const KEY = 'app/log';
const entries = v.array(v.object({ at: v.number(), event: v.string() }));
/** Written together, as the battery pays for each write. */
const TOGETHER = 2000;

export class Diary implements Log {
  readonly #store: Store;
  #fresh: readonly LogEntry[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store) {
    this.#store = store;
    // Whatever closes a page on a phone hides it first.
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') void this.#write();
    });
    addEventListener('pagehide', () => void this.#write());
  }

  note(event: string): void {
    this.#fresh = add(this.#fresh, [{ at: Date.now(), event }]);
    this.#timer ??= setTimeout(() => void this.#write(), TOGETHER);
  }

  async entries(): Promise<readonly LogEntry[]> {
    await this.#write();
    return (await this.#store.get(KEY, entries).catch(() => undefined)) ?? [];
  }

  async clear(): Promise<void> {
    this.#fresh = [];
    await this.#store.write({ [KEY]: undefined });
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const fresh = this.#fresh;
    this.#fresh = [];
    if (fresh.length === 0) return;
    try {
      await this.#store.update(KEY, entries, (now) => [...add(now ?? [], fresh)]);
    } catch {
      // A log that can't be written must not stop what it tells about.
    }
  }
}

/** What a failure is called in the log: its kind and code, which stand in docs/protocol.md. */
export function coded(thrown: unknown): string {
  if (!(thrown instanceof Failure)) return `error ${thrown instanceof Error ? thrown.name : typeof thrown}`;
  return [thrown.kind, thrown.code, thrown.reason, thrown.state].filter(Boolean).join(' ');
}

const quiet: ReadonlySet<PropertyKey> = new Set(['accounts', 'code', 'unfinished']);

/** The same phone, with a line in the log for each call that asked the server: its name, how it ended, how long. */
export function logged(phones: Phones, note: (event: string) => void): Phones {
  return new Proxy(phones, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        const start = performance.now();
        const result: unknown = Reflect.apply(member, target, args);
        if (!(result instanceof Promise) || quiet.has(name)) return result;
        const told = (how: string) => note(`${String(name)} ${how} ${Math.round(performance.now() - start)}ms`);
        result.then(
          () => told('ok'),
          (thrown: unknown) => told(coded(thrown)),
        );
        return result;
      };
    },
  });
}
