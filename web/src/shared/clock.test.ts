import { describe, expect, it } from 'vitest';
import { Clock } from './clock.ts';

function device() {
  const at = { steady: 100, wall: 5_000_000 };
  return { at, clock: new Clock({ steady: () => at.steady, wall: () => at.wall }) };
}

describe('the server’s time', () => {
  it('is counted on from the last answer, however wrong the wall clock is', () => {
    const { at, clock } = device();
    expect(clock.off()).toBeUndefined();
    clock.told(1_000_000);
    expect(clock.now()).toBe(1_000_000.5);
    at.steady += 60;
    at.wall += 60;
    expect(clock.now()).toBe(1_000_060.5);
    expect(clock.off()).toBe(4_000_000);
  });

  it('goes on while the device sleeps, and when the wall clock is put back', () => {
    const { at, clock } = device();
    clock.told(1_000_000);
    at.wall += 3600;
    expect(clock.now()).toBe(1_003_600.5);
    at.wall -= 100_000;
    at.steady += 10;
    expect(clock.now()).toBe(1_000_010.5);
  });

  it('does not jump within the second that an answer tells', () => {
    const { at, clock } = device();
    clock.told(1_000_000);
    at.steady += 0.4;
    at.wall += 0.4;
    clock.told(1_000_000);
    expect(clock.now()).toBeCloseTo(1_000_000.9);
    clock.told(1_000_007);
    expect(clock.now()).toBe(1_000_007.5);
    clock.told(999_000);
    expect(clock.now()).toBe(999_000.5);
  });

  it('is known again after a restart without a network', () => {
    const { at, clock } = device();
    clock.restore(4_000_000);
    expect(clock.now()).toBe(1_000_000);
    expect(clock.off()).toBe(4_000_000);
    at.wall += 30;
    expect(clock.now()).toBe(1_000_030);
    clock.told(1_000_100);
    clock.restore(0);
    expect(clock.now()).toBe(1_000_100.5);
  });
});
