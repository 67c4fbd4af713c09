import { type ReadonlySignal, signal } from '@preact/signals';
import * as v from 'valibot';
import { randomBytes } from '../../../shared/crypto.ts';
import type { Store } from '../../../shared/kv.ts';
import { Failure, type PlatformAuthenticator } from '../../../shared/phone/phones.ts';
import { type Bytes, decode, encode } from '../../../shared/protocol/bytes.ts';
import { isPin, type KeptLock, keptLock, makePin, mustLock, verifiedUser, waitFor } from '../shared/lock.ts';

const KEY = 'app/lock';
/** How long the platform waits for a finger, in milliseconds. */
const PATIENCE = 60_000;

const response = v.object({ response: v.object({ authenticatorData: v.string() }) });
const made = v.object({ id: v.string() });

export type Shown = 'open' | 'covered' | 'locked';
export type Tried = 'open' | 'wrong' | 'wait';

/** The app's own lock. It hides what is on the screen; approvals are unlocked on their own, by keys that it has not. */
export class Locker {
  readonly #store: Store;
  readonly #platform: PlatformAuthenticator;
  readonly #kept = signal<KeptLock | undefined>(undefined);
  readonly #shown = signal<Shown>('open');
  #hiddenAt: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store, platform: PlatformAuthenticator) {
    this.#store = store;
    this.#platform = platform;
  }

  get shown(): ReadonlySignal<Shown> {
    return this.#shown;
  }
  get kept(): ReadonlySignal<KeptLock | undefined> {
    return this.#kept;
  }

  /** Locked from the start, if it is on. Call before the first screen is drawn. */
  async start(): Promise<void> {
    await this.#read();
    if (this.#kept.value) this.#shown.value = 'locked';
    this.#store.onChange((keys) => {
      if (keys === 'all' || keys.includes(KEY)) void this.#read();
    });
    document.addEventListener('visibilitychange', () => this.#look());
  }

  async #read(): Promise<void> {
    try {
      this.#kept.value = await this.#store.get(KEY, keptLock);
    } catch {
      // What can't be read can't be opened either. It protects nothing but the view, so it is taken off.
      this.#kept.value = undefined;
    }
  }

  #look(): void {
    if (!this.#kept.value || this.#shown.value === 'locked') return;
    clearTimeout(this.#timer);
    if (document.visibilityState === 'hidden') {
      this.#hiddenAt = Date.now() / 1000;
      this.#shown.value = 'covered';
      this.#timer = setTimeout(() => this.#back(), 31_000);
    } else this.#back();
  }

  #back(): void {
    if (this.#shown.value !== 'covered') return;
    if (this.#hiddenAt !== undefined && mustLock(this.#hiddenAt, Date.now() / 1000)) this.#shown.value = 'locked';
    else if (document.visibilityState === 'visible') this.#shown.value = 'open';
  }

  /** Seconds until a PIN may be tried again. */
  wait(): number {
    const kept = this.#kept.value;
    return kept?.kind === 'pin' ? waitFor(kept, Date.now() / 1000) : 0;
  }

  async openByPin(pin: string): Promise<Tried> {
    const kept = this.#kept.value;
    if (kept?.kind !== 'pin') return 'wrong';
    if (this.wait() > 0) return 'wait';
    // Counted before it is looked at, so that closing the app in between saves no try.
    const counted = { ...kept, wrong: kept.wrong + 1, last: Math.floor(Date.now() / 1000) };
    await this.#keep(counted);
    if (!(await isPin(kept, pin))) return 'wrong';
    await this.#keep({ ...kept, wrong: 0, last: 0 });
    this.#shown.value = 'open';
    return 'open';
  }

  /** Throws a `Failure` where the platform says no. */
  async openByPlatform(): Promise<void> {
    const kept = this.#kept.value;
    if (kept?.kind !== 'platform') return;
    const answer = await this.#platform.get({
      challenge: encode(randomBytes(32)),
      rpId: location.hostname,
      allowCredentials: [{ type: 'public-key', id: kept.credential, transports: ['internal'] }],
      userVerification: 'required',
      timeout: PATIENCE,
    });
    const parsed = v.safeParse(response, answer);
    const data: Bytes | undefined = parsed.success ? decode(parsed.output.response.authenticatorData) : undefined;
    if (!verifiedUser(data)) throw new Failure('unlock_cancelled');
    this.#shown.value = 'open';
  }

  async setPin(pin: string): Promise<void> {
    await this.#keep(await makePin(pin));
  }

  /** A credential of its own: those of accounts are for approvals alone. */
  async setPlatform(name: string): Promise<void> {
    const answer = await this.#platform.create({
      challenge: encode(randomBytes(32)),
      rp: { id: location.hostname, name: 'Akkoord' },
      user: { id: encode(randomBytes(16)), name, displayName: name },
      pubKeyCredParams: [
        { type: 'public-key', alg: -7 },
        { type: 'public-key', alg: -257 },
      ],
      authenticatorSelection: {
        authenticatorAttachment: 'platform',
        residentKey: 'discouraged',
        userVerification: 'required',
      },
      attestation: 'none',
      timeout: PATIENCE,
    });
    await this.#keep({ kind: 'platform', credential: v.parse(made, answer).id });
  }

  async off(): Promise<void> {
    await this.#store.write({ [KEY]: undefined });
    this.#kept.value = undefined;
    this.#shown.value = 'open';
  }

  async #keep(kept: KeptLock): Promise<void> {
    await this.#store.write({ [KEY]: kept });
    this.#kept.value = kept;
  }
}
