import { type ReadonlySignal, signal } from '@preact/signals';
import {
  type Decision,
  Failure,
  type Outcome,
  type Phones,
  type Request,
  type Unlock,
} from '../../../shared/phone/phones.ts';
import { afterFailure, type Ending, endingOf, endingOfState } from './ending.ts';
import { Once } from './tap-guard.ts';

/** What stays on the screen while the answer is on its way, so that nothing jumps. */
export type View = 'asking' | 'pin' | 'not_unlocked' | 'locked' | 'again';

/** Where the answer to one request stands. */
export type Stage =
  | { readonly kind: 'asking' }
  | { readonly kind: 'pin'; readonly wrong: boolean; readonly left: number | undefined }
  /** The platform asks for finger, face or lock, or the answer is on its way. */
  | { readonly kind: 'sending'; readonly decision: Decision; readonly platform: boolean; readonly view: View }
  | { readonly kind: 'not_unlocked'; readonly gone: boolean }
  | { readonly kind: 'locked' }
  /** Nobody knows whether the answer arrived. */
  | { readonly kind: 'again'; readonly decision: Decision }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly again: boolean }
  | { readonly kind: 'ended'; readonly ending: Ending };

/**
 * A lost answer is sent again by itself, the same bytes, with no new prompt. One by the PIN is not: what was lost may be
 * the evaluation before it, and each costs a try.
 */
const AGAIN_AFTER = 3000;
/** How long after its end an answer is still asked for, in seconds: an approved request lives another minute. */
const ENOUGH = 60;

/** What a person does with one request. It outlives the screen, so that nothing typed is lost by looking away. */
export class Answer {
  readonly request: Request;
  private readonly phones: Pick<Phones, 'decide' | 'now'>;
  private readonly onEnd: () => void;
  private readonly now = signal<Stage>({ kind: 'asking' });
  private readonly number = signal('');
  private readonly once = new Once();
  /** What the stream said while our own answer was on its way: it may be our own. */
  private heldBack: Ending | undefined;
  private inFlight = false;
  private resend: (() => Promise<Outcome>) | undefined;
  private by: Unlock | undefined;

  constructor(phones: Pick<Phones, 'decide' | 'now'>, request: Request, onEnd: () => void) {
    this.phones = phones;
    this.request = request;
    this.onEnd = onEnd;
  }

  get stage(): ReadonlySignal<Stage> {
    return this.now;
  }
  get typed(): ReadonlySignal<string> {
    return this.number;
  }

  /** The number as far as typed, or the one that was chosen. */
  type(number: string): void {
    if (this.now.value.kind === 'asking') this.number.value = number;
  }

  get complete(): boolean {
    const { number } = this.request;
    return number.mode === 'choose'
      ? number.options.includes(this.number.value)
      : this.number.value.length === number.digits;
  }

  /** Whether a lost answer is sent again without a tap. */
  get alone(): boolean {
    return this.by !== 'pin';
  }

  /** The platform first, where it may unlock this request; else the PIN. */
  async approve(): Promise<void> {
    if (!this.complete) return;
    const { unlock } = this.request;
    if (unlock.includes('webauthn')) await this.approveByPlatform();
    else if (unlock.includes('pin')) this.askPin();
    else this.now.value = { kind: 'not_unlocked', gone: true };
  }

  approveByPlatform(): Promise<void> {
    return this.send('approve', 'webauthn', () =>
      this.phones.decide(this.request, 'approve', this.number.value, { method: 'webauthn' }),
    );
  }

  askPin(): void {
    if (!this.inFlight) this.now.value = { kind: 'pin', wrong: false, left: undefined };
  }

  approveByPin(pin: string): Promise<void> {
    return this.send('approve', 'pin', () =>
      this.phones.decide(this.request, 'approve', this.number.value, { method: 'pin', pin }),
    );
  }

  refuse(decision: 'deny' | 'report'): Promise<void> {
    return this.send(decision, undefined, () => this.phones.decide(this.request, decision));
  }

  /** The same answer once more. */
  async sendAgain(): Promise<void> {
    const stage = this.now.value;
    if (stage.kind === 'again' && this.resend) await this.send(stage.decision, this.by, this.resend);
  }

  /** Back to the number, which is kept. */
  back(): void {
    if (!this.inFlight && this.now.value.kind !== 'ended') this.now.value = { kind: 'asking' };
  }

  /** It ended elsewhere, or its time is over. While our answer is on its way, that one tells. */
  settle(state: string | undefined, mine = false): void {
    const stage = this.now.value;
    if (stage.kind === 'ended') return;
    const ending = endingOfState(state, mine);
    if (this.inFlight) this.heldBack = ending;
    // Our lost answer may be what settled it: the server tells the same answer again.
    else if (stage.kind === 'again') void (this.alone && this.sendAgain());
    else this.end(ending);
  }

  private send(decision: Decision, by: Unlock | undefined, work: () => Promise<Outcome>): Promise<void> {
    return this.once.run(async () => {
      const { kind } = this.now.value;
      if (kind === 'ended') return;
      const view = kind === 'sending' || kind === 'failed' ? 'asking' : kind;
      this.inFlight = true;
      this.resend = work;
      this.by = by;
      this.now.value = { kind: 'sending', decision, platform: by === 'webauthn' && view !== 'again', view };
      try {
        this.end(endingOf(await work()));
      } catch (thrown) {
        this.after(thrown instanceof Failure ? thrown : new Failure('garbled', { cause: thrown }), decision);
      } finally {
        this.inFlight = false;
      }
    });
  }

  private after(failure: Failure, decision: Decision): void {
    const after = afterFailure(failure, this.phones.now() >= this.request.exp);
    const held = this.heldBack;
    this.heldBack = undefined;
    if (after.kind === 'ended') this.end(after.ending);
    else if (after.kind === 'again') this.lost(decision);
    else if (held) this.end(held);
    else if (after.kind === 'wrong_pin') this.now.value = { kind: 'pin', wrong: true, left: after.left };
    else if (after.kind === 'failed') this.now.value = { kind: 'failed', failure, again: after.again };
    else this.now.value = after;
  }

  private lost(decision: Decision): void {
    this.now.value = { kind: 'again', decision };
    // Long past its end nobody waits for the answer any more.
    if (this.alone && this.phones.now() < this.request.exp + ENOUGH) {
      setTimeout(() => void this.sendAgain(), AGAIN_AFTER);
    }
  }

  private end(ending: Ending): void {
    this.resend = undefined;
    this.now.value = { kind: 'ended', ending };
    this.onEnd();
  }
}
