import { expect, test } from 'vitest';
import { Once, TapGuard } from './tap-guard.ts';

test('a finger that went down too early hits nothing, however late it lifts', () => {
  const guard = new TapGuard(1000);
  guard.down(1, 1499);
  expect(guard.may(1, 5000)).toBe(false);
  guard.down(1, 1500);
  expect(guard.may(1, 1600)).toBe(true);
});

test('what changes later counts anew', () => {
  const guard = new TapGuard(0);
  guard.down(1, 2000);
  guard.shown(2050);
  expect(guard.may(1, 3000)).toBe(false);
  guard.down(1, 2549);
  expect(guard.may(1, 2600)).toBe(false);
});

test('a second finger does not vouch for the first', () => {
  const guard = new TapGuard(1000);
  guard.down(1, 900);
  guard.down(2, 2000);
  expect(guard.may(1, 2100)).toBe(false);
  expect(guard.may(2, 2100)).toBe(true);
});

test('a finger that slid away is forgotten', () => {
  const guard = new TapGuard(1000);
  guard.down(1, 900);
  guard.gone(1);
  expect(guard.may(1, 2000)).toBe(true);
});

test('a key counts by its own time', () => {
  const guard = new TapGuard(1000);
  expect(guard.may(undefined, 1200)).toBe(false);
  expect(guard.may(undefined, 1500)).toBe(true);
});

test('two taps are one decision, and a failed one may be tried again', async () => {
  const once = new Once();
  let runs = 0;
  const work = async () => {
    runs += 1;
    await Promise.resolve();
    throw new Error('offline');
  };
  await Promise.all([once.run(work).catch(() => {}), once.run(work), once.run(work)]);
  expect(runs).toBe(1);
  await expect(once.run(work)).rejects.toThrow('offline');
  expect(runs).toBe(2);
});
