/** The accounts of this phone, as a signal for all screens. */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Account, Phones } from '../shared/phone/phones.ts';

export function startAccounts(phones: Phones): ReadonlySignal<readonly Account[] | undefined> {
  const now = signal<readonly Account[] | undefined>(undefined);
  const read = async () => {
    try {
      now.value = await phones.accounts();
    } catch {
      // What was read before still stands; the next change or start reads again.
      now.value ??= [];
    }
  };
  phones.onChange(() => void read());
  void read();
  return now;
}
