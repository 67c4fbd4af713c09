import * as v from 'valibot';
import type { Phones } from '../../../shared/phone/phones.ts';
import type { App } from '../../../ui/app.ts';

const LEFT = 'app/left-to-sign-in';
/** Signing in and starting to add a phone take minutes; what is older was given up. */
const LONGEST = 900;

/** Goes to the sign-in page in this window, and remembers that: its link will come back to this very window. */
export async function leaveToSignIn(app: App, phones: Phones, address: string): Promise<void> {
  await app.store.write({ [LEFT]: Math.floor(phones.now()) }).catch(() => undefined);
  location.assign(address);
}

/** Whether this window was at the sign-in page just now. The answer is good once. */
export async function cameBack(app: App, phones: Phones): Promise<boolean> {
  try {
    const left = await app.store.get(LEFT, v.number());
    if (left === undefined) return false;
    await app.store.write({ [LEFT]: undefined });
    return history.length > 1 && phones.now() - left < LONGEST;
  } catch {
    return false;
  }
}
