import type { Mark } from '../shared/phone/phones.ts';

const KEY = 'akkoord/accounts';

/**
 * The one thing in web storage. Chromium leaves that alone where it deletes a database to make room or because it is
 * damaged. Without web storage nobody knows, and the app works all the same.
 */
export const mark: Mark = {
  isSet() {
    try {
      return localStorage.getItem(KEY) !== null;
    } catch {
      return false;
    }
  },
  set(on) {
    try {
      if (on) localStorage.setItem(KEY, '1');
      else localStorage.removeItem(KEY);
    } catch {
      // Told above.
    }
  },
};
