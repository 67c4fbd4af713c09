/**
 * The server's time (section 1). A phone's wall clock may be hours off, and whoever holds the phone can set it, so the
 * time of the last answer is carried on.
 */

/** What this device counts with: a clock that only runs forward and may stop while the device sleeps, and the wall's. */
export interface Ticks {
  /** Seconds since some start. */
  readonly steady: () => number;
  /** Seconds since 1970, as the device believes. */
  readonly wall: () => number;
}

const DEVICE: Ticks = { steady: () => performance.now() / 1000, wall: () => Date.now() / 1000 };

export class Clock {
  readonly #ticks: Ticks;
  /** Called after each time that was told. */
  onTold: (() => void) | undefined;
  #told: { seconds: number; steady: number; wall: number } | undefined;

  constructor(ticks: Ticks = DEVICE) {
    this.#ticks = ticks;
  }

  /** Goes on from an earlier run: `off` seconds is how far the wall clock was ahead of the server's. */
  restore(off: number): void {
    const wall = this.#ticks.wall();
    this.#told ??= { seconds: wall - off, steady: this.#ticks.steady(), wall };
  }

  /** Takes the time that an answer brought: whole seconds, so the true time is up to one more. */
  told(seconds: number): void {
    const now = this.#told ? this.now() : undefined;
    if (now === undefined || now < seconds || seconds + 1 <= now) {
      this.#told = { seconds: seconds + 0.5, steady: this.#ticks.steady(), wall: this.#ticks.wall() };
    }
    this.onTold?.();
  }

  /** The server's time in seconds, a fraction included; the device's own before any answer. */
  now(): number {
    const told = this.#told;
    const wall = this.#ticks.wall();
    if (!told) return wall;
    // The steady clock stops while a phone sleeps, the wall clock does not; the wall clock can be put back, the steady
    // one cannot. Put forward it only makes requests end early.
    const passed = Math.max(this.#ticks.steady() - told.steady, wall - told.wall);
    return told.seconds + passed;
  }

  /** Seconds that the wall clock is ahead of the server's, if a server told the time. */
  off(): number | undefined {
    return this.#told && Math.round(this.#ticks.wall() - this.now());
  }
}
