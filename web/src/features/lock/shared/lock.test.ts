import { expect, test } from 'vitest';
import { GRACE, isPin, makePin, mustLock, verifiedUser, waitFor } from './lock.ts';

test('who comes back within the grace is let in, and nobody after it', () => {
  expect(mustLock(1000, 1000)).toBe(false);
  expect(mustLock(1000, 1000 + GRACE - 0.1)).toBe(false);
  expect(mustLock(1000, 1000 + GRACE)).toBe(true);
});

test('a clock that was put back locks', () => {
  expect(mustLock(1000, 999)).toBe(true);
});

test('the first wrong PINs cost nothing, then each doubles the wait up to an hour', () => {
  expect([0, 4].map((wrong) => waitFor({ wrong, last: 1000 }, 1000))).toEqual([0, 0]);
  expect([5, 6, 7, 20].map((wrong) => waitFor({ wrong, last: 1000 }, 1000))).toEqual([30, 60, 120, 3600]);
  expect(waitFor({ wrong: 5, last: 1000 }, 1029)).toBe(1);
  expect(waitFor({ wrong: 5, last: 1000 }, 1031)).toBe(0);
});

test('putting the clock back or forward changes the wait by no more than it is', () => {
  expect(waitFor({ wrong: 5, last: 1000 }, 10)).toBe(30);
});

test('only the PIN that was set opens', async () => {
  const kept = await makePin('2580');
  expect(await isPin(kept, '2580')).toBe(true);
  expect(await isPin(kept, '2581')).toBe(false);
  expect(await isPin(kept, '')).toBe(false);
});

test('a touch without a verified user opens nothing', () => {
  const data = new Uint8Array(37);
  expect(verifiedUser(undefined)).toBe(false);
  data[32] = 0x01;
  expect(verifiedUser(data)).toBe(false);
  data[32] = 0x05;
  expect(verifiedUser(data)).toBe(true);
});
