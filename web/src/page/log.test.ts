import { expect, test } from 'vitest';
import { Failure, type Phones } from '../shared/phone/phones.ts';
import { coded, logged } from './log.ts';
import { add, KEPT } from './ring.ts';

test('the log keeps the newest events, and no line grows', () => {
  const many = Array.from({ length: KEPT + 5 }, (_, at) => ({ at, event: `e${at}` }));
  const kept = add(many.slice(0, KEPT), many.slice(KEPT));
  expect(kept).toHaveLength(KEPT);
  expect(kept[0]).toEqual({ at: 5, event: 'e5' });
  expect(add([], [{ at: 1, event: 'x'.repeat(999) }])[0]?.event).toHaveLength(120);
});

test('a failure is told by its code, never by its words', () => {
  expect(coded(new Failure('refused', { code: 'policy', reason: 'no_unlock' }))).toBe('refused policy no_unlock');
  expect(coded(new TypeError('ada@example.org'))).toBe('error TypeError');
  expect(coded('ada@example.org')).toBe('error string');
});

test('calls are told with their end, without what was sent', async () => {
  const told: string[] = [];
  const phones = logged(
    {
      rename: () => Promise.resolve(),
      pending: () => Promise.reject(new Failure('offline')),
      now: () => 5,
      accounts: () => Promise.resolve([]),
    } as unknown as Phones,
    (event) => told.push(event),
  );
  await phones.rename('phone', "Ada's phone");
  await expect(phones.pending()).rejects.toThrow('offline');
  expect(phones.now()).toBe(5);
  await phones.accounts();
  expect(told.map((line) => line.replace(/\d+ms/, 'ms'))).toEqual(['rename ok ms', 'pending offline ms']);
});
