import { expect, test } from 'vitest';
import type { HistoryEntry } from '../../../shared/phone/phones.ts';
import { merge, reportable } from './merge.ts';

function entry(id: string, at: number, state = 'CONSUMED', op: HistoryEntry['op'] = 'signin'): HistoryEntry {
  const ctx = { ip: undefined, net: undefined, place: undefined, browser: undefined, known: true, at };
  return { id, at, op, app: { id: 'library', name: 'Library' }, ctx, state, phone: undefined, mine: true };
}

test('accounts are told in one list, newest first', () => {
  const lines = merge([
    { phone: 'a', entries: [entry('a2', 30), entry('a1', 10)], more: false },
    { phone: 'b', entries: [entry('b1', 20)], more: false },
  ]);
  expect(lines.map((line) => line.entry.id)).toEqual(['a2', 'b1', 'a1']);
});

test('nothing stands below the place where entries may still be missing', () => {
  const lines = merge([
    { phone: 'a', entries: [entry('a2', 30), entry('a1', 20)], more: true },
    { phone: 'b', entries: [entry('b2', 25), entry('b1', 5)], more: false },
  ]);
  expect(lines.map((line) => line.entry.id)).toEqual(['a2', 'b2', 'a1']);
});

test('an account that was not read yet hides nothing that is newer than all, which is nothing', () => {
  expect(
    merge([
      { phone: 'a', entries: [], more: true },
      { phone: 'b', entries: [entry('b', 1)], more: false },
    ]),
  ).toEqual([]);
});

test('only what may have let somebody in can be reported', () => {
  expect(['PENDING', 'APPROVED', 'CONSUMED'].every((state) => reportable(entry('x', 1, state)))).toBe(true);
  expect(['DENIED', 'REPORTED', 'EXPIRED', 'MISMATCH'].some((state) => reportable(entry('x', 1, state)))).toBe(false);
  expect(reportable(entry('x', 1, 'CONSUMED', 'practice'))).toBe(false);
});
