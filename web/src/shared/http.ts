/** The door to the network: calls of bounded time and size. Everything that goes wrong is a `Failure`. */

import { Failure } from './phone/phones.ts';
import { type Bytes, concat } from './protocol/bytes.ts';

/** The largest answer that is read, in bytes. */
export const MAX_ANSWER = 256 * 1024;

/** How long one call may take, in milliseconds. */
export const CALL_TIME = 15_000;

export interface Sent {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers?: Record<string, string>;
  readonly body?: Bytes | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly time?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Bytes;
}

/** The server did not answer in time. Whether it did what was asked is not known, and asking again would wait again. */
export class TimedOut extends Failure {
  constructor() {
    super('offline', { cause: 'timeout' });
  }
}

/** Sends, and reads the whole answer. */
export async function ask(sent: Sent): Promise<Answer> {
  const limit = new Limit(sent.time ?? CALL_TIME, sent.signal);
  try {
    const response = await send(sent, limit);
    return { status: response.status, headers: response.headers, body: await readAll(response, limit) };
  } finally {
    limit.end();
  }
}

/** An answer that is read piece by piece: a refusal is read whole. */
export async function openStream(sent: Sent): Promise<Answer | { headers: Headers; pieces: AsyncGenerator<Bytes> }> {
  const limit = new Limit(sent.time ?? CALL_TIME, sent.signal);
  try {
    const response = await send(sent, limit);
    if (response.status === 200 && isOf(response.headers, 'text/event-stream') && response.body) {
      return { headers: response.headers, pieces: pieces(response.body.getReader(), limit) };
    }
    const answer = { status: response.status, headers: response.headers, body: await readAll(response, limit) };
    limit.end();
    return answer;
  } catch (error) {
    limit.end();
    throw error;
  }
}

/** Whether an answer says that it is of this type, whatever parameters follow. */
export const isOf = (headers: Headers, type: string): boolean =>
  (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() === type;

async function send({ method, url, headers = {}, body }: Sent, limit: Limit): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      headers: body ? { 'content-type': 'application/json', ...headers } : headers,
      // A redirect would carry a proof to an address that it was not made for.
      redirect: 'error',
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
      signal: limit.signal,
      ...(body ? { body } : {}),
    });
  } catch (error) {
    throw limit.failure(error);
  }
}

async function readAll(response: Response, limit: Limit): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (!response.body) return new Uint8Array();
  const reader = response.body.getReader();
  for (;;) {
    let part: ReadableStreamReadResult<Uint8Array>;
    try {
      part = await reader.read();
    } catch (error) {
      throw limit.failure(error);
    }
    if (part.done) return concat(...parts);
    length += part.value.length;
    if (length > MAX_ANSWER) {
      limit.stop();
      throw new Failure('garbled', { cause: 'too large' });
    }
    parts.push(part.value);
  }
}

/** Twice what the server lets pass between two comments, and some: then the line is dead. */
const SILENCE = 45_000;

async function* pieces(reader: ReadableStreamDefaultReader<Uint8Array>, limit: Limit): AsyncGenerator<Bytes> {
  try {
    for (;;) {
      limit.restart(SILENCE);
      let part: ReadableStreamReadResult<Uint8Array>;
      try {
        part = await reader.read();
      } catch (error) {
        throw limit.failure(error);
      }
      if (part.done) return;
      yield new Uint8Array(part.value);
    }
  } finally {
    limit.stop();
  }
}

/** Ends a call by time or by the caller's wish. */
class Limit {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #stop = () => this.#controller.abort();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timedOut = false;

  constructor(time: number, outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted) this.#stop();
    outer?.addEventListener('abort', this.#stop);
    this.restart(time);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(time: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timedOut = true;
      this.#stop();
    }, time);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#stop);
  }

  stop(): void {
    this.end();
    this.#stop();
  }

  failure(cause: unknown): Failure {
    return this.#timedOut ? new TimedOut() : new Failure('offline', { cause });
  }
}
