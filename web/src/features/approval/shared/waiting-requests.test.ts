import { expect, test } from 'vitest';
import { Failure, type Request, type StreamEvent, type Waiting } from '../../../shared/phone/phones.ts';
import { WaitingRequests } from './waiting-requests.ts';

function request(id: string, iat: number, phone = 'p'): Request {
  return { id, phone, iat, exp: iat + 120 } as Request;
}

/** Requests as a server tells them; `say` changes what it tells, `hear` is its stream. */
function waiting(first: Waiting) {
  let told = first;
  let time = 100;
  let asked = 0;
  let stream: ((event: StreamEvent) => void) | undefined;
  const all = new WaitingRequests({
    now: () => time,
    stream(listener) {
      stream = listener;
    },
    async pending() {
      asked += 1;
      return told;
    },
  });
  return {
    all,
    ids: () => all.requests.value.map(({ id }) => id),
    say(next: Waiting) {
      told = next;
    },
    hear(event: StreamEvent) {
      stream?.(event);
    },
    at(now: number) {
      time = now;
    },
    asked: () => asked,
  };
}

const only = (...requests: Request[]): Waiting => ({ requests, failures: [] });

test('the oldest stands first, and a new one pushes none away', async () => {
  const server = waiting(only(request('b', 50)));
  await server.all.ask();
  server.say(only(request('c', 60), request('b', 50)));
  await server.all.ask();
  expect(server.ids()).toEqual(['b', 'c']);
});

test('what no longer waits has ended, without a word on how', async () => {
  const server = waiting(only(request('a', 50), request('b', 60)));
  await server.all.ask();
  server.say(only(request('b', 60)));
  await server.all.ask();
  expect(server.ids()).toEqual(['b']);
  expect(server.all.ended.value.has('a')).toBe(true);
  expect(server.all.ended.value.get('a')).toBeUndefined();
});

test('an account that could not be asked keeps its requests', async () => {
  const server = waiting(only(request('a', 50, 'p'), request('b', 60, 'q')));
  await server.all.ask();
  server.say({ requests: [], failures: [{ phone: 'q', failure: new Failure('offline') }] });
  await server.all.ask();
  expect(server.ids()).toEqual(['b']);
});

test('a request that one account still tells stands there once, whatever else failed', async () => {
  const server = waiting(only(request('a', 50)));
  await server.all.ask();
  server.say({ requests: [request('a', 50)], failures: [{ phone: 'p', failure: new Failure('garbled') }] });
  await server.all.ask();
  expect(server.ids()).toEqual(['a']);
});

test('the stream tells how one ended, and a late answer does not bring it back', async () => {
  const server = waiting(only(request('a', 50)));
  await server.all.ask();
  server.all.listen(new AbortController().signal);
  server.hear({ kind: 'settled', phone: 'p', request: 'a', state: 'CANCELLED' });
  await server.all.ask();
  expect(server.ids()).toEqual([]);
  expect(server.all.ended.value.get('a')).toBe('CANCELLED');
});

test('time runs out by the clock of the server', async () => {
  const server = waiting(only(request('a', 50)));
  await server.all.ask();
  server.at(171);
  server.all.tick();
  expect(server.ids()).toEqual([]);
  expect(server.all.ended.value.get('a')).toBe('EXPIRED');
});

test('it asks by itself only while no stream is open', async () => {
  const server = waiting(only());
  server.all.listen(new AbortController().signal);
  server.hear({ kind: 'open', phone: 'p' });
  await server.all.ask();
  const before = server.asked();
  server.all.tick();
  expect(server.asked()).toBe(before);
  server.hear({ kind: 'lost', phone: 'p' });
  server.all.tick();
  expect(server.asked()).toBe(before + 1);
});

test('a request opens by itself once', () => {
  const server = waiting(only());
  expect([server.all.introduce('a'), server.all.introduce('a'), server.all.introduce('b')]).toEqual([
    true,
    false,
    true,
  ]);
});
