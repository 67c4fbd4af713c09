import { afterEach, describe, expect, it, vi } from 'vitest';
import { ask, isOf, MAX_ANSWER, openStream, TimedOut } from './http.ts';
import { Failure } from './phone/phones.ts';
import { utf8 } from './protocol/bytes.ts';

const URL = 'https://phone.example.org/phone/v1/nonce';
type Init = RequestInit & { headers: Record<string, string> };

/** Answers every call so; tells what was sent. */
function network(answer: (init: Init) => Response | Promise<Response>): Init[] {
  const sent: Init[] = [];
  vi.stubGlobal('fetch', (_: string, init: Init) => {
    sent.push(init);
    return answer(init);
  });
  return sent;
}

/** Never answers, but ends when it is aborted, as fetch does. */
const never = ({ signal }: Init) =>
  new Promise<Response>((_, reject) => {
    const abort = () => reject(new DOMException('aborted', 'AbortError'));
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
  });

const failure = async (work: Promise<unknown>): Promise<Failure> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Failure)) throw new Error(`not a failure: ${error}`);
  return error;
};

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('a call', () => {
  it('sends no cookie, follows no redirect, and keeps nothing', async () => {
    const sent = network(() => new Response('{}'));
    const answer = await ask({ method: 'POST', url: URL, body: utf8('{}') });
    expect(new TextDecoder().decode(answer.body)).toBe('{}');
    const [init] = sent;
    expect(init).toMatchObject({
      redirect: 'error',
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
    });
    expect(init?.headers['content-type']).toBe('application/json');
  });

  it('fails as offline without a network and where an answer breaks off', async () => {
    network(() => Promise.reject(new TypeError('Failed to fetch')));
    expect((await failure(ask({ method: 'GET', url: URL }))).kind).toBe('offline');
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(utf8('{"a'));
        controller.error(new TypeError('network error'));
      },
    });
    network(() => new Response(broken));
    expect((await failure(ask({ method: 'GET', url: URL }))).kind).toBe('offline');
  });

  it('waits no longer than it may, for the answer and for its end', async () => {
    network(never);
    const slow = await failure(ask({ method: 'GET', url: URL, time: 10 }));
    expect(slow).toBeInstanceOf(TimedOut);
    expect(slow.kind).toBe('offline');
    network(({ signal }) => {
      const endless = new ReadableStream({
        start(controller) {
          signal?.addEventListener('abort', () => controller.error(new DOMException('aborted', 'AbortError')));
        },
      });
      return new Response(endless);
    });
    expect(await failure(ask({ method: 'GET', url: URL, time: 10 }))).toBeInstanceOf(TimedOut);
  });

  it('ends when its caller leaves', async () => {
    network(never);
    const controller = new AbortController();
    const work = failure(ask({ method: 'GET', url: URL, signal: controller.signal }));
    controller.abort();
    const ended = await work;
    expect(ended.kind).toBe('offline');
    expect(ended).not.toBeInstanceOf(TimedOut);
  });

  it('reads no endless answer', async () => {
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
    });
    network(() => new Response(endless));
    expect((await failure(ask({ method: 'GET', url: URL }))).kind).toBe('garbled');
    expect(pulled * 64 * 1024).toBeLessThan(MAX_ANSWER * 2);
  });
});

describe('a stream', () => {
  it('gives its pieces, and its refusals whole', async () => {
    const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
    network(() => new Response('data: 1\n\n', { headers }));
    const opened = await openStream({ method: 'GET', url: URL });
    if (!('pieces' in opened)) throw new Error('no stream');
    const all: string[] = [];
    for await (const piece of opened.pieces) all.push(new TextDecoder().decode(piece));
    expect(all.join('')).toBe('data: 1\n\n');
    network(() => new Response('{}', { status: 403 }));
    const refused = await openStream({ method: 'GET', url: URL });
    expect('status' in refused && refused.status).toBe(403);
  });

  it('gives up a line that is silent', async () => {
    vi.useFakeTimers();
    network(({ signal }) => {
      const silent = new ReadableStream({
        start(controller) {
          signal?.addEventListener('abort', () => controller.error(new DOMException('aborted', 'AbortError')));
        },
      });
      return new Response(silent, { headers: { 'content-type': 'text/event-stream' } });
    });
    const opened = await openStream({ method: 'GET', url: URL });
    if (!('pieces' in opened)) throw new Error('no stream');
    const read = failure(opened.pieces.next());
    await vi.advanceTimersByTimeAsync(46_000);
    expect((await read).kind).toBe('offline');
  });
});

it('knows a content type with parameters, and no other', () => {
  const of = (type: string) => isOf(new Headers({ 'content-type': type }), 'application/json');
  expect([of('application/json'), of('Application/JSON; charset=utf-8')]).toEqual([true, true]);
  expect([of('text/html'), of('application/json5'), isOf(new Headers(), 'application/json')]).toEqual([
    false,
    false,
    false,
  ]);
});
