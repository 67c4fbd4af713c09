import type { Failure, Outcome } from '../../../shared/phone/phones.ts';

/** How a request ended, as far as the words differ. */
export type Ending =
  | 'approved'
  | 'denied'
  | 'reported'
  | 'wrong_number'
  | 'expired'
  /** Another phone of this account answered. */
  | 'approved_elsewhere'
  | 'denied_elsewhere'
  | 'reported_elsewhere'
  | 'wrong_elsewhere'
  /** The browser: it gave up, or began again. */
  | 'cancelled'
  | 'superseded'
  /** An administrator, the removal of the phone, or evidence that was bad three times. */
  | 'stopped'
  /** Over, and nobody told how. */
  | 'over';

/**
 * The words for a state that was not made in this window. `mine`: this phone made it, in another window.
 * Unknown ones are over: a later server may know more.
 */
export function endingOfState(state: string | undefined, mine = false): Ending {
  switch (state?.toUpperCase()) {
    case 'APPROVED':
    case 'CONSUMED':
      return mine ? 'approved' : 'approved_elsewhere';
    case 'DENIED':
      return mine ? 'denied' : 'denied_elsewhere';
    case 'REPORTED':
      return mine ? 'reported' : 'reported_elsewhere';
    case 'MISMATCH':
      return mine ? 'wrong_number' : 'wrong_elsewhere';
    case 'CANCELLED':
      return 'cancelled';
    case 'SUPERSEDED':
      return 'superseded';
    case 'EXPIRED':
      return 'expired';
    case 'REVOKED':
      return 'stopped';
    default:
      return 'over';
  }
}

/** Whether a state was made by a phone: what to say then depends on which one, and only the history knows. */
export const isAnswer = (state: string): boolean => endingOfState(state) !== endingOfState(state, true);

export function endingOf(outcome: Outcome): Ending {
  return outcome.kind === 'settled' ? endingOfState(outcome.state) : outcome.kind;
}

/** What a failed decision leads to. */
export type After =
  | { readonly kind: 'ended'; readonly ending: Ending }
  /** The PIN was wrong; the number is kept. */
  | { readonly kind: 'wrong_pin'; readonly left: number | undefined }
  /** The platform did not unlock; the number is kept. */
  | { readonly kind: 'not_unlocked'; readonly gone: boolean }
  /** No tries left: this phone can only say no. */
  | { readonly kind: 'locked' }
  /** Nobody knows whether it arrived; the same answer may be sent again. */
  | { readonly kind: 'again' }
  /** Words for the failure itself, and whether trying again can help. */
  | { readonly kind: 'failed'; readonly again: boolean };

/** `late`: the request's time is up. A server that no longer knows a request says only that. */
export function afterFailure(failure: Failure, late = false): After {
  switch (failure.kind) {
    case 'offline':
    case 'busy':
      return { kind: 'again' };
    case 'wrong_pin':
      return failure.left === 0 ? { kind: 'locked' } : { kind: 'wrong_pin', left: failure.left };
    case 'unlock_cancelled':
      return { kind: 'not_unlocked', gone: false };
    case 'unlock_missing':
      return { kind: 'not_unlocked', gone: true };
    case 'refused':
      return afterRefusal(failure, late);
    case 'garbled':
    case 'storage':
      return { kind: 'failed', again: true };
    default:
      return { kind: 'failed', again: false };
  }
}

function afterRefusal(failure: Failure, late: boolean): After {
  switch (failure.code) {
    case 'wrong_number':
      return { kind: 'ended', ending: 'wrong_number' };
    case 'expired':
      return { kind: 'ended', ending: 'expired' };
    case 'already_settled':
      return { kind: 'ended', ending: endingOfState(failure.state) };
    case 'not_found':
    case 'wrong_request':
      return { kind: 'ended', ending: late ? 'expired' : 'over' };
    case 'locked':
      return { kind: 'locked' };
    case 'wrong_unlock':
      // The third bad evidence revokes the request: there is nothing left to try.
      return failure.left === 0 ? { kind: 'ended', ending: 'stopped' } : { kind: 'not_unlocked', gone: false };
    default:
      return { kind: 'failed', again: failure.code === 'use_nonce' || failure.code === 'bad_proof' };
  }
}
