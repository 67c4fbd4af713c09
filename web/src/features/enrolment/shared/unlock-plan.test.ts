import { expect, test } from 'vitest';
import { unlockPlan } from './unlock-plan.ts';

test('the phone comes first, a PIN instead where policy allows it', () => {
  expect(unlockPlan(['webauthn', 'pin'], false, true)).toEqual({ kind: 'platform', pinInstead: true, thenPin: false });
  expect(unlockPlan(['webauthn'], false, true)).toEqual({ kind: 'platform', pinInstead: false, thenPin: false });
});

test('with an app PIN by policy both are made, and neither replaces the other', () => {
  expect(unlockPlan(['webauthn', 'pin'], true, true)).toEqual({ kind: 'platform', pinInstead: false, thenPin: true });
});

test('without a lock a PIN, with the reason', () => {
  expect(unlockPlan(['webauthn', 'pin'], false, false)).toEqual({ kind: 'pin', why: 'no_platform' });
  expect(unlockPlan(['pin'], false, true)).toEqual({ kind: 'pin', why: 'policy' });
});

test('where neither is possible it is said before anything is asked', () => {
  expect(unlockPlan(['webauthn'], false, false)).toEqual({ kind: 'impossible' });
});
