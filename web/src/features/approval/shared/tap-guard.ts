/** How long something must have been under the finger before a tap can hit it. */
export const SETTLE = 500;

/**
 * Decides whether a tap was meant for what it hit. A request that appears, or a list that changes, under a finger which
 * is on its way down would otherwise be answered by somebody who meant something else.
 * Times are those of events (`event.timeStamp`), in milliseconds, never the clock.
 */
export class TapGuard {
  private shownAt: number;
  private readonly downs = new Map<number, number>();

  constructor(now: number) {
    this.shownAt = now;
  }

  /** Something else is under the finger from now on. */
  shown(now: number): void {
    this.shownAt = now;
  }

  /** A finger, pen or mouse button went down. */
  down(pointer: number, now: number): void {
    this.downs.set(pointer, now);
  }

  /** The same finger left without a tap. */
  gone(pointer: number): void {
    this.downs.delete(pointer);
  }

  /**
   * Whether a click counts. What matters is when the finger went down, for nobody can stop it on the way up.
   * A click without a finger (a key, a screen reader) counts by its own time.
   */
  may(pointer: number | undefined, now: number): boolean {
    const down = pointer === undefined ? undefined : this.downs.get(pointer);
    if (pointer !== undefined) this.downs.delete(pointer);
    return (down ?? now) - this.shownAt >= SETTLE;
  }
}

/** Lets the first call through and drops all others until it is done: two taps are one decision. */
export class Once {
  private busy = false;

  async run(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      await work();
    } finally {
      this.busy = false;
    }
  }
}
