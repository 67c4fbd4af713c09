import { type ReadonlySignal, signal } from '@preact/signals';
import {
  type Account,
  type Enrolment,
  Failure,
  type Invitation,
  type Phones,
  type PlatformAuthenticator,
  type Proved,
} from '../../../shared/phone/phones.ts';
import { type UnlockPlan, unlockPlan } from './unlock-plan.ts';

export type PinReason = 'no_platform' | 'policy' | 'instead' | 'besides';

/** Where the adding of an account stands. */
export type Step =
  | { readonly kind: 'idle' }
  | { readonly kind: 'claiming' }
  | { readonly kind: 'not_claimed'; readonly failure: Failure }
  /** Who is being added; nothing stands at the server or here yet. */
  | { readonly kind: 'confirm'; readonly enrolment: Enrolment; readonly replaces: boolean }
  | {
      readonly kind: 'unlock';
      readonly enrolment: Enrolment;
      readonly plan: Extract<UnlockPlan, { kind: 'platform' }>;
      readonly failure: Failure | undefined;
    }
  | {
      readonly kind: 'pin';
      readonly enrolment: Enrolment;
      readonly why: PinReason;
      readonly failure: Failure | undefined;
    }
  | { readonly kind: 'impossible'; readonly enrolment: Enrolment }
  /** The proof may not have arrived; the same one may be sent again. */
  | { readonly kind: 'not_proved'; readonly enrolment: Enrolment; readonly failure: Failure }
  | { readonly kind: 'digits'; readonly proved: Proved; readonly offline: boolean }
  | { readonly kind: 'done'; readonly account: Account }
  | { readonly kind: 'stopped'; readonly failure: Failure };

/** How long the server is left alone after it could not be reached, and how long the words for it stay. */
const PAUSE = 2000;
const OFFLINE_SHOWN = 6000;

type Needs = Pick<Phones, 'accounts' | 'enrol' | 'now' | 'unfinished'>;

/**
 * Adding one account, from the invitation to the digits that the page took. It outlives the screens: looking something
 * up elsewhere, or locking the app, loses nothing. Each action runs alone, so a second tap does nothing.
 */
export class Flow {
  private readonly phones: Needs;
  private readonly platform: Pick<PlatformAuthenticator, 'available'>;
  private readonly current = signal<Step>({ kind: 'idle' });
  private readonly working = signal(false);
  private invitation: Invitation | undefined;
  private name = '';
  private expiry: ReturnType<typeof setTimeout> | undefined;
  private waiting: AbortController | undefined;
  private watchers = 0;

  constructor(phones: Needs, platform: Pick<PlatformAuthenticator, 'available'>) {
    this.phones = phones;
    this.platform = platform;
  }

  get step(): ReadonlySignal<Step> {
    return this.current;
  }
  get busy(): ReadonlySignal<boolean> {
    return this.working;
  }

  /** Spends the code. The same one may be claimed again after a lost answer. */
  claim(invitation: Invitation): Promise<void> {
    return this.alone(async () => {
      this.invitation = invitation;
      this.current.value = { kind: 'claiming' };
      try {
        const enrolment = await this.phones.enrol(invitation);
        this.endAt(enrolment.exp);
        this.current.value = { kind: 'confirm', enrolment, replaces: await this.isHere(enrolment) };
      } catch (thrown) {
        this.current.value = { kind: 'not_claimed', failure: failureOf(thrown) };
      }
    });
  }

  async claimAgain(): Promise<void> {
    if (this.invitation) await this.claim(this.invitation);
  }

  private async isHere({ account }: Enrolment): Promise<boolean> {
    const known = await this.phones.accounts().catch(() => []);
    return known.some((one) => one.account.id === account.id && one.state !== 'removed');
  }

  /** The person says that it is theirs, and what this phone is called. */
  confirm(name: string): Promise<void> {
    return this.alone(async () => {
      const step = this.current.value;
      if (step.kind !== 'confirm' && step.kind !== 'impossible') return;
      if (step.kind === 'confirm') this.name = name;
      const { enrolment } = step;
      const plan = unlockPlan(enrolment.unlock, enrolment.pinToo, await this.platform.available());
      if (plan.kind === 'platform') this.current.value = { kind: 'unlock', enrolment, plan, failure: undefined };
      else if (plan.kind === 'pin') this.current.value = { kind: 'pin', enrolment, why: plan.why, failure: undefined };
      else this.current.value = { kind: 'impossible', enrolment };
    });
  }

  /** Whether the phone can verify its user is asked again: a lock may have been set meanwhile. */
  lookAgain(): Promise<void> {
    return this.confirm(this.name);
  }

  usePlatform(): Promise<void> {
    return this.alone(async () => {
      const step = this.current.value;
      if (step.kind !== 'unlock') return;
      const { enrolment, plan } = step;
      try {
        await enrolment.setPlatform();
      } catch (thrown) {
        this.current.value = { ...step, failure: failureOf(thrown) };
        return;
      }
      if (plan.thenPin) this.current.value = { kind: 'pin', enrolment, why: 'besides', failure: undefined };
      else await this.prove(enrolment);
    });
  }

  choosePin(): void {
    const step = this.current.value;
    if (step.kind === 'unlock' && step.plan.pinInstead && !this.working.value) {
      this.current.value = { kind: 'pin', enrolment: step.enrolment, why: 'instead', failure: undefined };
    }
  }

  setPin(pin: string): Promise<void> {
    return this.alone(async () => {
      const step = this.current.value;
      if (step.kind !== 'pin') return;
      try {
        await step.enrolment.setPin(pin);
      } catch (thrown) {
        const failure = failureOf(thrown);
        if (failure.kind === 'refused' && failure.code !== 'weak_pin') this.stopWith(failure);
        else this.current.value = { ...step, failure };
        return;
      }
      await this.prove(step.enrolment);
    });
  }

  proveAgain(): Promise<void> {
    return this.alone(async () => {
      const step = this.current.value;
      if (step.kind === 'not_proved') await this.prove(step.enrolment);
    });
  }

  private async prove(enrolment: Enrolment): Promise<void> {
    try {
      this.show(await enrolment.prove(this.name));
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (passes(failure)) this.current.value = { kind: 'not_proved', enrolment, failure };
      else this.stopWith(failure);
    }
  }

  /** Goes on with an enrolment whose digits were shown before the app was closed. False if there is none. */
  async resume(): Promise<boolean> {
    if (this.current.value.kind === 'digits') return true;
    const proved = await this.phones.unfinished();
    if (proved && this.current.value.kind === 'idle') this.show(proved);
    return proved !== undefined;
  }

  private show(proved: Proved): void {
    clearTimeout(this.expiry);
    this.waiting?.abort();
    const waiting = new AbortController();
    this.waiting = waiting;
    this.current.value = { kind: 'digits', proved, offline: false };
    void this.wait(proved, waiting.signal);
  }

  private async wait(proved: Proved, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const calm = setTimeout(() => this.offline(proved, signal, false), OFFLINE_SHOWN);
      try {
        const account = await proved.wait(signal);
        if (!signal.aborted) this.current.value = { kind: 'done', account };
        return;
      } catch (thrown) {
        if (signal.aborted) return;
        const failure = failureOf(thrown);
        if (!passes(failure)) {
          this.stopWith(failure);
          return;
        }
        this.offline(proved, signal, true);
      } finally {
        clearTimeout(calm);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  private offline(proved: Proved, signal: AbortSignal, offline: boolean): void {
    if (!signal.aborted) this.current.value = { kind: 'digits', proved, offline };
  }

  /** A screen shows this. */
  watch(): void {
    this.watchers += 1;
  }

  /** No longer. Who goes elsewhere has read an end, and need not see it again; what is under way waits. */
  unwatch(elsewhere: boolean): void {
    this.watchers -= 1;
    if (elsewhere && ['done', 'stopped', 'not_claimed'].includes(this.current.value.kind)) void this.leave();
  }

  /** The person stops, or is done: nothing half made stays. */
  async leave(): Promise<void> {
    const step = this.current.value;
    clearTimeout(this.expiry);
    this.waiting?.abort();
    this.invitation = undefined;
    this.current.value = { kind: 'idle' };
    if (step.kind === 'digits') await step.proved.forget().catch(() => undefined);
  }

  private stopWith(failure: Failure): void {
    clearTimeout(this.expiry);
    this.current.value = this.watchers > 0 ? { kind: 'stopped', failure } : { kind: 'idle' };
  }

  /** Past the end of the offer the server takes no proof any more. What runs then is answered by the server. */
  private endAt(exp: number): void {
    clearTimeout(this.expiry);
    this.expiry = setTimeout(
      () => {
        const open = ['confirm', 'unlock', 'pin', 'impossible', 'not_proved'].includes(this.current.value.kind);
        if (open && !this.working.value) this.stopWith(new Failure('refused', { state: 'EXPIRED' }));
      },
      Math.max(0, exp - this.phones.now()) * 1000,
    );
  }

  private async alone(work: () => Promise<void>): Promise<void> {
    if (this.working.value) return;
    this.working.value = true;
    try {
      await work();
    } finally {
      this.working.value = false;
    }
  }
}

function failureOf(thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : new Failure('garbled', { cause: thrown });
}

/** Whether the same may be tried again, and may then succeed. */
export function passes(failure: Failure): boolean {
  return failure.kind === 'offline' || failure.kind === 'busy' || failure.kind === 'garbled';
}
