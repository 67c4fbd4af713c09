/** Addresses of the app, and the way between them. The server answers each with the same page. */
import { signal } from '@preact/signals';
import type { Navigate } from '../ui/context.ts';

export type Route =
  | { readonly at: 'accounts' | 'add' | 'scan' | 'invitation' | 'unfinished' | 'requests' | 'activity' }
  | { readonly at: 'account' | 'request'; readonly id: string }
  | { readonly at: 'settings'; readonly part: SettingsPart };

export type SettingsPart = 'all' | 'lock' | 'notices' | 'clock' | 'about' | 'log';

const parts: readonly string[] = ['lock', 'notices', 'clock', 'about', 'log'];

/** What a path means. Anything unknown is the accounts: an old link must not end at a wall. */
export function route(path: string): Route {
  const [first = '', second, ...more] = path
    .replace(/^\/app\/?/, '')
    .replace(/\/$/, '')
    .split('/');
  if (more.length > 0) return { at: 'accounts' };
  switch (first) {
    case 'account':
    case 'request':
      // Ids of phones and requests are 22 characters of base64url; others lead nowhere.
      return second && /^[\w-]{22}$/.test(second) ? { at: first, id: second } : { at: 'accounts' };
    case 'add':
      if (second === undefined) return { at: 'add' };
      return second === 'scan' ? { at: 'scan' } : second === 'unfinished' ? { at: 'unfinished' } : { at: 'add' };
    case 'e':
      return { at: 'invitation' };
    case 'requests':
    case 'activity':
      return { at: first };
    case 'settings':
      return { at: 'settings', part: second && parts.includes(second) ? (second as SettingsPart) : 'all' };
    default:
      return { at: 'accounts' };
  }
}

/** The tab that a route belongs to, for the ones that show the tabs. */
export function tabOf(now: Route): 'accounts' | 'activity' | 'settings' | undefined {
  if (now.at === 'accounts' || now.at === 'activity') return now.at;
  return now.at === 'settings' && now.part === 'all' ? 'settings' : undefined;
}

export const path = signal('/app/');

export function startRouter(): void {
  path.value = location.pathname;
  addEventListener('popstate', () => {
    path.value = location.pathname;
  });
}

/** Going to where one came from goes back in the history, so that the phone's own back button stays sensible. */
export const navigate: Navigate = (to, how = {}) => {
  const from: unknown = history.state;
  if (!how.replace && typeof from === 'object' && from !== null && 'from' in from && from.from === to) {
    history.back();
    return;
  }
  const here = location.pathname + location.search;
  if (how.replace) history.replaceState(from, '', to);
  else if (to !== here) history.pushState({ from: here }, '', to);
  path.value = location.pathname;
  scrollTo(0, 0);
};
