/** The accounts of this phone, as a signal for all screens. */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Account, Phones } from '../shared/phone/phones.ts';

/** A database that the browser is just deleting can be opened again a moment later. */
const AGAIN = 1000;
const TRIES = 5;

export function startAccounts(phones: Phones): ReadonlySignal<readonly Account[] | undefined> {
  const now = signal<readonly Account[] | undefined>(undefined);
  const read = async (tries = TRIES) => {
    try {
      now.value = await phones.accounts();
    } catch {
      // What was read before still stands.
      now.value ??= [];
      if (tries > 1) setTimeout(() => void read(tries - 1), AGAIN);
    }
  };
  phones.onChange(() => void read());
  void read();
  return now;
}
