import { expect, test } from 'vitest';
import { ENOUGH, follow } from './pull.ts';

test('pulling up or not at all moves nothing', () => {
  expect(follow(0)).toBe(0);
  expect(follow(-50)).toBe(0);
});

test('the content follows less and less, and never beyond its bound', () => {
  expect(follow(ENOUGH)).toBeGreaterThan(30);
  expect(follow(2 * ENOUGH) - follow(ENOUGH)).toBeLessThan(follow(ENOUGH));
  expect(follow(100_000)).toBeLessThanOrEqual(96);
});
