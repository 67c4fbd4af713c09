/** What was (section 4): the account's requests, and the report of one that was not the person's own. */

import * as v from 'valibot';
import { app, context, operation } from '../protocol/request.ts';
import { count, id, name, seconds } from '../protocol/schema.ts';
import type { Desk } from './desk.ts';
import type { HistoryEntry } from './phones.ts';

const entry = v.object({
  id,
  at: seconds,
  op: operation,
  app,
  ctx: context,
  state: v.string(),
  phone: v.exactOptional(name),
  mine: v.boolean(),
});
const historyAnswer = v.object({ entries: v.array(entry) });

const reported = v.object({ ended_sessions: count });

/** Newest first; with `before` only those older than that entry. */
export async function history(desk: Desk, phone: string, before?: string): Promise<readonly HistoryEntry[]> {
  const record = await desk.account(phone);
  const body = before === undefined ? {} : { before };
  const { entries } = await desk.call(record, { method: 'POST', path: 'history', body, answer: historyAnswer });
  return entries.map((entry) => {
    const { ip, net, place, browser, known, at } = entry.ctx;
    return { ...entry, ctx: { ip, net, place, browser, known, at }, phone: entry.phone };
  });
}

/** Reports a request of the past. Tells how many sessions were ended. */
export async function reportEntry(desk: Desk, phone: string, entry: string): Promise<number> {
  const record = await desk.account(phone);
  const path = `history/${entry}/report`;
  return (await desk.call(record, { method: 'POST', path, body: {}, answer: reported })).ended_sessions;
}
