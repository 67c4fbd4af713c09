/** The streams of events (section 4), one per account, while the app is visible. */

import * as v from 'valibot';
import { id } from '../protocol/schema.ts';
import { explain } from './connection.ts';
import type { Desk } from './desk.ts';
import { events } from './event-stream.ts';
import { Failure, type StreamEvent } from './phones.ts';
import { ACCOUNT, type AccountRecord } from './records.ts';

/** The first wait before a stream is opened again, and the longest, in milliseconds. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;
/**
 * How many streams are open at once. Browsers open six connections to one server over HTTP/1.1, and one that were
 * missing for a decision would hold it up without an end.
 */
const MOST_STREAMS = 3;
/** How often the caller is told to ask for accounts that have no stream, in milliseconds. */
const ASK_EACH = 15_000;
const CHANNEL = 'akkoord/events';

const streamEvent = v.variant('kind', [
  v.object({ kind: v.literal('waiting'), phone: id, request: id }),
  v.object({ kind: v.literal('settled'), phone: id, request: id, state: v.string() }),
  v.object({ kind: v.picklist(['removed', 'open', 'lost']), phone: id }),
]);

/** How long to wait before the next try: 1 s, doubling to 60 s. */
export class Backoff {
  #next = FIRST_WAIT;

  step(): number {
    const wait = this.#next;
    this.#next = Math.min(wait * 2, LONGEST_WAIT);
    return wait;
  }

  reset(): void {
    this.#next = FIRST_WAIT;
  }
}

/** What a tab says that has just begun to listen. */
const HELLO = 'hello';

/** Keeps streams until aborted. One tab holds them for all, because connections are few. */
export async function stream(desk: Desk, listener: (event: StreamEvent) => void, signal: AbortSignal): Promise<void> {
  const channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel(CHANNEL) : undefined;
  /** Whose stream stands, where this tab holds them. */
  const standing = new Set<string>();
  const hear = ({ data }: MessageEvent) => {
    // Who comes later missed what was told, and must know which streams stand.
    if (data === HELLO) for (const phone of standing) channel?.postMessage({ kind: 'open', phone });
    const event = v.safeParse(streamEvent, data);
    if (event.success && !signal.aborted) listener(event.output);
  };
  channel?.addEventListener('message', hear);
  const tell = (event: StreamEvent) => {
    if (signal.aborted) return;
    if (event.kind === 'open') standing.add(event.phone);
    if (event.kind === 'lost' || event.kind === 'removed') standing.delete(event.phone);
    channel?.postMessage(event);
    listener(event);
  };
  try {
    channel?.postMessage(HELLO);
    const locks: LockManager | undefined = globalThis.navigator?.locks;
    if (locks) await locks.request(CHANNEL, { signal }, () => hold(desk, tell, signal));
    else await hold(desk, tell, signal);
  } catch (error) {
    // Aborted while another tab held the streams.
    if (!signal.aborted) throw error;
  } finally {
    channel?.removeEventListener('message', hear);
    channel?.close();
  }
}

async function hold(desk: Desk, tell: (event: StreamEvent) => void, signal: AbortSignal): Promise<void> {
  const open = new Map<string, AbortController>();
  let without: string[] = [];
  const arrange = async () => {
    const phones = (await desk.records()).filter((record) => !record.removed).map((record) => record.phone);
    for (const [phone, controller] of open) {
      if (phones.includes(phone)) continue;
      controller.abort();
      open.delete(phone);
    }
    for (const phone of phones) {
      if (signal.aborted || open.has(phone) || open.size >= MOST_STREAMS) continue;
      const controller = new AbortController();
      open.set(phone, controller);
      void follow(desk, phone, tell, controller.signal);
    }
    without = phones.filter((phone) => !open.has(phone));
  };
  // Storage that fails here fails the next question too, which says so.
  const quietly = () => void arrange().catch(() => undefined);
  const unsubscribe = desk.store.onChange((keys) => {
    if (keys === 'all' || keys.some((key) => key.startsWith(ACCOUNT))) quietly();
  });
  const timer = setInterval(() => {
    for (const phone of without) tell({ kind: 'open', phone });
  }, ASK_EACH);
  quietly();
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  clearInterval(timer);
  unsubscribe();
  for (const controller of open.values()) controller.abort();
}

/** One account's stream, opened again and again. */
async function follow(
  desk: Desk,
  phone: string,
  tell: (event: StreamEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff();
  while (!signal.aborted) {
    let wait: number | undefined;
    try {
      const record = await desk.account(phone);
      if (await listen(desk, record, tell, signal, backoff)) return;
    } catch (error) {
      if (signal.aborted) return;
      const failure = explain(error, 'garbled');
      await desk.heed(phone, failure).catch(() => undefined);
      if (failure.kind === 'removed') tell({ kind: 'removed', phone });
      if (failure.kind === 'removed' || failure.kind === 'keys_gone') return;
      wait = failure.retryAfter === undefined ? undefined : failure.retryAfter * 1000;
    }
    if (signal.aborted) return;
    tell({ kind: 'lost', phone });
    await pause(Math.max(backoff.step(), wait ?? 0), signal);
  }
}

/** Whether the phone was removed, which ends it. */
async function listen(
  desk: Desk,
  record: AccountRecord,
  tell: (event: StreamEvent) => void,
  signal: AbortSignal,
  backoff: Backoff,
): Promise<boolean> {
  const { phone } = record;
  const pieces = await desk.connection.open(record, signal);
  backoff.reset();
  // Nothing is replayed: the caller asks what waits.
  tell({ kind: 'open', phone });
  for await (const event of events(pieces)) {
    if (signal.aborted) return true;
    if (event.kind === 'waiting' || event.kind === 'settled') tell({ ...event, phone });
    if (event.kind === 'removed') {
      await desk.heed(phone, new Failure('removed', { removedAt: event.at, removedBy: event.by }));
      tell({ kind: 'removed', phone });
      return true;
    }
  }
  return false;
}

/** Waits, but not on when the network comes back. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      globalThis.removeEventListener?.('online', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
    globalThis.addEventListener?.('online', end);
  });
}
