import { type ReadonlySignal, signal } from '@preact/signals';
import type { Failure, Phones, Request, StreamEvent } from '../../../shared/phone/phones.ts';

/** What of the phone this needs. */
type Asked = Pick<Phones, 'now' | 'pending' | 'stream'>;

export interface Trouble {
  readonly phone: string;
  readonly failure: Failure;
}

/** The requests that wait at all accounts. Oldest first, so that a new one pushes none away from under a finger. */
export class WaitingRequests {
  private readonly phones: Asked;
  private readonly list = signal<readonly Request[]>([]);
  private readonly troubles = signal<readonly Trouble[]>([]);
  private readonly answered = signal(false);
  private readonly over = signal<ReadonlyMap<string, string | undefined>>(new Map());
  private readonly openStreams = new Set<string>();
  private readonly introduced = new Set<string>();
  private inFlight: Promise<void> | undefined;
  private askAgain = false;

  constructor(phones: Asked) {
    this.phones = phones;
  }

  get requests(): ReadonlySignal<readonly Request[]> {
    return this.list;
  }
  get failures(): ReadonlySignal<readonly Trouble[]> {
    return this.troubles;
  }
  /** Whether the server was asked at least once. */
  get asked(): ReadonlySignal<boolean> {
    return this.answered;
  }
  /** Requests that ended while we looked, with the state if it is known. */
  get ended(): ReadonlySignal<ReadonlyMap<string, string | undefined>> {
    return this.over;
  }

  /** Asks now. Whoever asks while an answer is under way gets the next one, as that one may be too old. */
  ask(): Promise<void> {
    if (this.inFlight) {
      this.askAgain = true;
      return this.inFlight;
    }
    this.inFlight = this.askOnce().finally(() => {
      this.inFlight = undefined;
    });
    return this.inFlight;
  }

  private async askOnce(): Promise<void> {
    do {
      this.askAgain = false;
      try {
        const { requests, failures } = await this.phones.pending();
        this.take(requests, failures);
      } catch {
        // `pending` tells failures by account; what it throws itself leaves what we know as it is.
        this.answered.value = true;
      }
    } while (this.askAgain);
  }

  private take(requests: readonly Request[], failures: readonly Trouble[]): void {
    const now = this.phones.now();
    const unknown = new Set(failures.map(({ phone }) => phone));
    // An account that could not be asked has not said that its requests are over.
    const told = new Set(requests.map(({ id }) => id));
    const kept = this.list.value.filter(({ id, phone }) => unknown.has(phone) && !told.has(id));
    const next = [...requests, ...kept].filter(({ exp }) => exp > now).sort((a, b) => a.iat - b.iat);
    const here = new Set(next.map(({ id }) => id));
    for (const { id } of this.list.value) if (!here.has(id) && !this.over.value.has(id)) this.end(id, undefined);
    this.list.value = next.filter(({ id }) => !this.over.value.has(id) || this.revive(id));
    this.troubles.value = failures;
    this.answered.value = true;
  }

  /** The server says that it waits after all: the newest word counts, unless we know how it ended. */
  private revive(id: string): boolean {
    if (this.over.value.get(id) !== undefined) return false;
    const over = new Map(this.over.value);
    over.delete(id);
    this.over.value = over;
    return true;
  }

  /** It is over, here or elsewhere. */
  end(id: string, state: string | undefined): void {
    this.over.value = new Map(this.over.value).set(id, state ?? this.over.value.get(id));
    this.list.value = this.list.value.filter((request) => request.id !== id);
  }

  /** True once for each request: the app opens it by itself then, and not again after the person went back. */
  introduce(id: string): boolean {
    if (this.introduced.has(id)) return false;
    this.introduced.add(id);
    return true;
  }

  /** Listens to the accounts' streams until aborted. What happened before is asked for, as no stream replays it. */
  listen(live: AbortSignal): void {
    live.addEventListener('abort', () => this.openStreams.clear());
    this.phones.stream((event) => {
      if (!live.aborted) this.hear(event);
    }, live);
    void this.ask();
  }

  /** Drops what is too old, and asks where no stream would tell. */
  tick(): void {
    const now = this.phones.now();
    for (const { id, exp } of this.list.value) if (exp <= now) this.end(id, 'EXPIRED');
    if (this.openStreams.size === 0 || this.troubles.value.length > 0) void this.ask();
  }

  private hear(event: StreamEvent): void {
    switch (event.kind) {
      case 'settled':
        this.end(event.request, event.state);
        break;
      case 'open':
        this.openStreams.add(event.phone);
        void this.ask();
        break;
      case 'lost':
        this.openStreams.delete(event.phone);
        break;
      default:
        void this.ask();
    }
  }
}
