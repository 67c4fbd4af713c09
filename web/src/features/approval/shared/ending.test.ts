import { expect, test } from 'vitest';
import { Failure } from '../../../shared/phone/phones.ts';
import { afterFailure, endingOf, endingOfState, isAnswer } from './ending.ts';

test('what was decided here has its own words', () => {
  const kinds = ['approved', 'denied', 'reported', 'wrong_number', 'expired'] as const;
  expect(kinds.map((kind) => endingOf({ kind }))).toEqual(kinds);
});

test('each state of the protocol is told apart, and one from the future is over', () => {
  const states = ['APPROVED', 'CONSUMED', 'DENIED', 'REPORTED', 'MISMATCH', 'CANCELLED', 'SUPERSEDED', 'EXPIRED'];
  expect([...states, 'REVOKED', 'PARKED'].map((state) => endingOf({ kind: 'settled', state }))).toEqual([
    'approved_elsewhere',
    'approved_elsewhere',
    'denied_elsewhere',
    'reported_elsewhere',
    'wrong_elsewhere',
    'cancelled',
    'superseded',
    'expired',
    'stopped',
    'over',
  ]);
  expect(endingOfState('cancelled')).toBe('cancelled');
  expect(
    ['APPROVED', 'DENIED', 'REPORTED', 'MISMATCH', 'CANCELLED'].map((state) => endingOfState(state, true)),
  ).toEqual(['approved', 'denied', 'reported', 'wrong_number', 'cancelled']);
  expect(endingOfState(undefined)).toBe('over');
});

test('who answered matters where a phone did, and nowhere else', () => {
  expect(['APPROVED', 'CONSUMED', 'DENIED', 'REPORTED', 'MISMATCH'].every(isAnswer)).toBe(true);
  expect(['CANCELLED', 'SUPERSEDED', 'EXPIRED', 'REVOKED', 'PARKED'].some(isAnswer)).toBe(false);
});

test('a failure keeps the request where the person may go on, and ends it where nothing is left to do', () => {
  const refused = (code: string, more = {}) => afterFailure(new Failure('refused', { code, ...more }));
  expect(afterFailure(new Failure('wrong_pin', { left: 3 }))).toEqual({ kind: 'wrong_pin', left: 3 });
  expect(afterFailure(new Failure('wrong_pin', { left: 0 }))).toEqual({ kind: 'locked' });
  expect(afterFailure(new Failure('unlock_cancelled'))).toEqual({ kind: 'not_unlocked', gone: false });
  expect(afterFailure(new Failure('unlock_missing'))).toEqual({ kind: 'not_unlocked', gone: true });
  expect(afterFailure(new Failure('offline'))).toEqual({ kind: 'again' });
  expect(afterFailure(new Failure('busy', { retryAfter: 3 }))).toEqual({ kind: 'again' });
  expect(refused('locked')).toEqual({ kind: 'locked' });
  expect(refused('wrong_number')).toEqual({ kind: 'ended', ending: 'wrong_number' });
  expect(refused('expired', { state: 'EXPIRED' })).toEqual({ kind: 'ended', ending: 'expired' });
  expect(refused('already_settled', { state: 'DENIED' })).toEqual({ kind: 'ended', ending: 'denied_elsewhere' });
  expect(refused('not_found')).toEqual({ kind: 'ended', ending: 'over' });
  expect(afterFailure(new Failure('refused', { code: 'not_found' }), true)).toEqual({
    kind: 'ended',
    ending: 'expired',
  });
  expect(refused('wrong_unlock', { left: 0 })).toEqual({ kind: 'ended', ending: 'stopped' });
  expect(refused('wrong_unlock', { left: 2 })).toEqual({ kind: 'not_unlocked', gone: false });
  expect(refused('policy')).toEqual({ kind: 'failed', again: false });
  expect(afterFailure(new Failure('removed'))).toEqual({ kind: 'failed', again: false });
  expect(afterFailure(new Failure('garbled'))).toEqual({ kind: 'failed', again: true });
});
