import type { LogEntry } from '../ui/app.ts';

/** So many events are kept; a day of normal use fits. */
export const KEPT = 300;
const LONGEST = 120;

/** The newest `KEPT` of both, each cut to a line. */
export function add(old: readonly LogEntry[], fresh: readonly LogEntry[]): readonly LogEntry[] {
  const cut = fresh.map(({ at, event }) => ({ at, event: event.slice(0, LONGEST) }));
  return [...old, ...cut].slice(-KEPT);
}
