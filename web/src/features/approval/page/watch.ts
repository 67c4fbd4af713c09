import { useEffect } from 'preact/hooks';
import type { HistoryEntry, Phones, Request } from '../../../shared/phone/phones.ts';
import { usePhones } from '../../../ui/context.ts';
import { Answer } from '../shared/answer.ts';
import { isAnswer } from '../shared/ending.ts';
import { WaitingRequests } from '../shared/waiting-requests.ts';

/** How often the server is asked while no stream is open, in milliseconds. */
const WITHOUT_STREAM = 5000;
/** Moving from one screen to the next must not close and open the stream. */
const LINGER = 2000;
/** How long the words for an end may wait for its reason. */
const PATIENCE = 3000;
/** Requests live for minutes; this many are more than anybody answers in that time. */
const KEPT = 20;

type Ended = Pick<HistoryEntry, 'state' | 'mine'>;

/** One for all screens: what waits, watched while the app is visible and a screen wants it, and the answers to it. */
export class Watch {
  readonly waiting: WaitingRequests;
  private readonly phones: Phones;
  private readonly answers = new Map<string, Answer>();
  private users = 0;
  private live: AbortController | undefined;

  constructor(phones: Phones) {
    this.phones = phones;
    this.waiting = new WaitingRequests(phones);
    document.addEventListener('visibilitychange', this.update);
  }

  /** Keeps watching until the returned function is called. */
  use(): () => void {
    this.users += 1;
    this.update();
    return () => {
      this.users -= 1;
      setTimeout(this.update, LINGER);
    };
  }

  /** The answer under way to a request that was seen before. */
  knownAnswer(id: string): Answer | undefined {
    return this.answers.get(id);
  }

  answerTo(request: Request): Answer {
    const known = this.answers.get(request.id);
    if (known) return known;
    const made = new Answer(this.phones, request, () => this.waiting.end(request.id, undefined));
    this.answers.set(request.id, made);
    const [oldest] = this.answers.keys();
    if (this.answers.size > KEPT && oldest !== undefined) this.answers.delete(oldest);
    return made;
  }

  /**
   * How a request ended, as far as the words need it. The state that the stream told says it all, unless a phone
   * answered: this one in another window or another one, which the history knows. Without a word it is over all the same.
   */
  async whatBecameOf(request: Request, state: string | undefined): Promise<Ended | undefined> {
    if (state !== undefined && !isAnswer(state)) return { state, mine: false };
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PATIENCE));
    const told = this.phones.history(request.phone).then(
      (entries) => entries.find(({ id }) => id === request.id),
      () => undefined,
    );
    return await Promise.race([told, late]);
  }

  private readonly update = (): void => {
    const wanted = this.users > 0 && document.visibilityState === 'visible';
    if (wanted && !this.live) this.open();
    if (!wanted && this.live) {
      this.live.abort();
      this.live = undefined;
    }
  };

  private open(): void {
    const live = new AbortController();
    this.live = live;
    const ask = () => void this.waiting.ask();
    addEventListener('focus', ask, { signal: live.signal });
    addEventListener('online', ask, { signal: live.signal });
    const timer = setInterval(() => this.waiting.tick(), WITHOUT_STREAM);
    live.signal.addEventListener('abort', () => clearInterval(timer));
    this.waiting.listen(live.signal);
  }
}

const watches = new WeakMap<Phones, Watch>();

/** The one watch of these phones. */
export function watchOf(phones: Phones): Watch {
  const known = watches.get(phones);
  if (known) return known;
  const made = new Watch(phones);
  watches.set(phones, made);
  return made;
}

/** Watches while the component stands. */
export function useWatch(): Watch {
  const watch = watchOf(usePhones());
  useEffect(() => watch.use(), [watch]);
  return watch;
}
