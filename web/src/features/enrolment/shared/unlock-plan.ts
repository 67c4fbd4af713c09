import type { Unlock } from '../../../shared/phone/phones.ts';

/** How approvals will be unlocked on this phone, and what the person may choose. */
export type UnlockPlan =
  /** The platform's authenticator; `other` when a PIN may be taken instead. */
  | { readonly kind: 'platform'; readonly pinInstead: boolean; readonly thenPin: boolean }
  /** A PIN only, because the phone has no lock that a browser may use, or because policy wants it so. */
  | { readonly kind: 'pin'; readonly why: 'no_platform' | 'policy' }
  /** Policy wants the platform's authenticator and this phone has none. */
  | { readonly kind: 'impossible' };

export function unlockPlan(allowed: readonly Unlock[], pinToo: boolean, platform: boolean): UnlockPlan {
  const pin = allowed.includes('pin');
  if (allowed.includes('webauthn') && platform) {
    return { kind: 'platform', pinInstead: pin && !pinToo, thenPin: pinToo };
  }
  if (!pin) return { kind: 'impossible' };
  return { kind: 'pin', why: allowed.includes('webauthn') ? 'no_platform' : 'policy' };
}
