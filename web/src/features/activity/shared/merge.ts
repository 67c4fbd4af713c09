import type { HistoryEntry } from '../../../shared/phone/phones.ts';

/** One account's entries so far, newest first, and whether the server has older ones. */
export interface Pages {
  readonly phone: string;
  readonly entries: readonly HistoryEntry[];
  readonly more: boolean;
}

export interface Line {
  readonly phone: string;
  readonly entry: HistoryEntry;
}

/** Entries of one answer; the server's page (docs/protocol.md, section 4). */
export const PAGE = 50;

/**
 * The accounts' entries in one list, newest first. It ends where the account with older entries to come ends: what
 * stands below would not be in order.
 */
export function merge(all: readonly Pages[]): readonly Line[] {
  const edge = Math.max(
    Number.NEGATIVE_INFINITY,
    ...all.filter(({ more }) => more).map(({ entries }) => entries.at(-1)?.at ?? Number.POSITIVE_INFINITY),
  );
  return all
    .flatMap(({ phone, entries }) => entries.map((entry) => ({ phone, entry })))
    .filter(({ entry }) => entry.at >= edge)
    .sort((a, b) => b.entry.at - a.entry.at || (a.entry.id < b.entry.id ? 1 : -1));
}

/** Whether "It wasn't me" can still change something: nothing was reported, and it may have let somebody in. */
export function reportable(entry: HistoryEntry): boolean {
  return entry.op !== 'practice' && ['PENDING', 'APPROVED', 'CONSUMED'].includes(entry.state);
}
