/** Server-sent events (WHATWG HTML section 9.2.6), read with fetch because a proof goes with the call (section 4). */

import * as v from 'valibot';
import { type Bytes, utf8 } from '../protocol/bytes.ts';
import { id, seconds } from '../protocol/schema.ts';
import { read } from './connection.ts';
import { Failure } from './phones.ts';
import { removedBy } from './records.ts';

/** The most that one event may hold, in characters, so that a server can't fill the phone's memory. */
const MAX_EVENT = 64 * 1024;

export type PhoneEvent =
  | { readonly kind: 'waiting'; readonly request: string }
  | { readonly kind: 'settled'; readonly request: string; readonly state: string }
  | { readonly kind: 'enrolled'; readonly state: string }
  | { readonly kind: 'removed'; readonly at: number; readonly by: 'self' | 'user' | 'administrator' };

const waiting = v.object({ request: id });
const settled = v.object({ request: id, state: v.string() });
const enrolled = v.object({ state: v.string() });
const removed = v.object({ removed_at: seconds, removed_by: removedBy });

/** The events of a stream. One that this version doesn't know is passed over. */
export async function* events(pieces: AsyncIterable<Bytes>): AsyncGenerator<PhoneEvent> {
  for await (const { name, data } of rawEvents(pieces)) {
    const event = understand(name, utf8(data));
    if (event) yield event;
  }
}

function understand(name: string, data: Bytes): PhoneEvent | undefined {
  switch (name) {
    case 'waiting':
      return { kind: name, ...read(waiting, data) };
    case 'settled':
      return { kind: name, ...read(settled, data) };
    case 'enrolled':
      return { kind: name, state: read(enrolled, data).state };
    case 'removed': {
      const told = read(removed, data);
      return { kind: name, at: told.removed_at, by: told.removed_by };
    }
    default:
      return undefined;
  }
}

/** Whole events, however the bytes are cut. A line may end in CR, LF or both. */
export async function* rawEvents(pieces: AsyncIterable<Bytes>): AsyncGenerator<{ name: string; data: string }> {
  const decoder = new TextDecoder();
  let rest = '';
  let name = '';
  let data: string[] = [];
  for await (const piece of pieces) {
    rest += decoder.decode(piece, { stream: true });
    // A CR at the end may be the first half of a CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { name: name || 'message', data: data.join('\n') };
        name = '';
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'event') name = value;
      if (field === 'data') data.push(value);
      // `id` and `retry` are not ours: nothing is replayed, and the pace of reconnecting is fixed.
    }
    const held = rest.length + data.reduce((length, line) => length + line.length, 0);
    if (held > MAX_EVENT) throw new Failure('garbled', { cause: 'an event is too large' });
  }
}
