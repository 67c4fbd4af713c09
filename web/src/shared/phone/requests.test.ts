import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure, type Phones, type Request } from './phones.ts';
import { enrolled, failure, hurry, invitation, PIN, setting } from './testing/enrolled.ts';
import { FakeServer } from './testing/fake-server.ts';

beforeEach(hurry);
afterEach(() => vi.unstubAllGlobals());

const unlocking = { method: 'pin', pin: PIN } as const;

async function ready() {
  const all = await setting();
  const phones = await all.open();
  const account = await enrolled(phones, all.server);
  const calls = (path: RegExp) => all.server.arrived.filter((call) => path.test(call)).length;
  return { ...all, phones, account, calls };
}

async function only(phones: Phones): Promise<Request> {
  const { requests, failures } = await phones.pending();
  expect([requests.length, failures]).toEqual([1, []]);
  const [request] = requests;
  if (!request) throw new Error('no request');
  return request;
}

describe('a request', () => {
  it('is approved with the right number and PIN, and then over', async () => {
    const { server, phones, account } = await ready();
    await server.ask(account.phone, '42');
    const request = await only(phones);
    expect(request).toMatchObject({ op: 'signin', unlock: ['pin'], number: { mode: 'enter', digits: 2 } });
    expect(await phones.decide(request, 'approve', '42', unlocking)).toEqual({ kind: 'approved' });
    expect((await phones.pending()).requests).toEqual([]);
    const [after] = await phones.accounts();
    expect(after?.lastUsedAt).toBeGreaterThan(0);
  });

  it('stays the same object as long as it is the same message', async () => {
    const { server, phones, account } = await ready();
    await server.ask(account.phone);
    const first = await only(phones);
    expect(await only(phones)).toBe(first);
  });

  it('ends by a wrong number', async () => {
    const { server, phones, account } = await ready();
    await server.ask(account.phone, '42');
    const request = await only(phones);
    expect(await failure(phones.decide(request, 'approve', '4', unlocking))).toMatchObject({ code: 'invalid' });
    expect(await phones.decide(request, 'approve', '43', unlocking)).toEqual({ kind: 'wrong_number' });
  });

  it('is declined without any unlocking', async () => {
    const { server, phones, account, calls } = await ready();
    await server.ask(account.phone);
    expect(await phones.decide(await only(phones), 'deny')).toEqual({ kind: 'denied' });
    await server.ask(account.phone);
    expect(await phones.decide(await only(phones), 'report')).toEqual({ kind: 'reported' });
    expect(calls(/pin\/evaluate/)).toBe(0);
  });

  it('is not approved by a wrong PIN, which is counted, and locks at the end', async () => {
    const { server, phones, account } = await ready();
    await server.ask(account.phone);
    const request = await only(phones);
    for (const left of [4, 3, 2, 1, 0]) {
      const wrong = phones.decide(request, 'approve', '42', { method: 'pin', pin: '480214' });
      expect(await failure(wrong)).toMatchObject({ kind: 'wrong_pin', left });
    }
    expect((await phones.accounts())[0]?.state).toBe('locked');
    expect(await failure(phones.decide(request, 'approve', '42', unlocking))).toMatchObject({ code: 'locked' });
    expect(await phones.decide(request, 'deny')).toEqual({ kind: 'denied' });
  });

  it('is not approved after its end, and nobody is asked for a PIN', async () => {
    const { server, phones, account, device, calls } = await ready();
    await server.ask(account.phone);
    const request = await only(phones);
    device.steady += 121;
    expect(await phones.decide(request, 'approve', '42', unlocking)).toEqual({ kind: 'expired' });
    expect(calls(/pin\/evaluate/)).toBe(0);
  });

  it('that somebody else answered is told as that', async () => {
    const { server, phones, account } = await ready();
    const id = await server.ask(account.phone);
    const request = await only(phones);
    const row = server.requests.get(id);
    if (row) row.state = 'SUPERSEDED';
    const told = await phones.decide(request, 'approve', '42', unlocking);
    expect(told).toEqual({ kind: 'settled', state: 'SUPERSEDED' });
  });
});

describe('a decision whose answer was lost', () => {
  it('goes again as the same bytes, without another PIN, also after a restart', async () => {
    const { server, phones, account, calls, open } = await ready();
    const id = await server.ask(account.phone, '42');
    const request = await only(phones);
    server.fault = (path) => (path.endsWith('/decision') ? 'lost' : undefined);
    expect((await failure(phones.decide(request, 'approve', '42', unlocking))).kind).toBe('offline');
    expect(server.requests.get(id)?.state).toBe('APPROVED');
    server.fault = () => undefined;
    const after = await open();
    expect(await after.decide(request, 'approve', '42', unlocking)).toEqual({ kind: 'approved' });
    expect(calls(/pin\/evaluate/)).toBe(1);
  });

  it('that never arrived may be another one', async () => {
    const { server, phones, account } = await ready();
    await server.ask(account.phone, '42');
    const request = await only(phones);
    server.fault = (path) => (path.endsWith('/decision') ? 'down' : undefined);
    expect((await failure(phones.decide(request, 'approve', '42', unlocking))).kind).toBe('offline');
    server.fault = () => undefined;
    expect(await phones.decide(request, 'deny')).toEqual({ kind: 'denied' });
  });

  it('is never an evaluation of the PIN that is sent twice', async () => {
    const { server, phones, account, calls } = await ready();
    await server.ask(account.phone, '42');
    const request = await only(phones);
    server.fault = (path) => (path === 'pin/evaluate' ? 'lost' : undefined);
    expect((await failure(phones.decide(request, 'approve', '42', unlocking))).kind).toBe('offline');
    expect(calls(/pin\/evaluate/)).toBe(1);
  });
});

describe('two tabs', () => {
  it('cannot decide differently', async () => {
    const { server, phones, account, open } = await ready();
    await server.ask(account.phone, '42');
    const other = await open();
    const [here, there] = [await only(phones), await only(other)];
    const both = await Promise.all([phones.decide(here, 'deny'), other.decide(there, 'approve', '42', unlocking)]);
    expect(both).toEqual([{ kind: 'denied' }, { kind: 'settled', state: 'DENIED' }]);
    expect(server.arrived.filter((call) => call.includes('/decision')).length).toBe(1);
  });

  it('do not wait for each other’s fingerprint to say no', async () => {
    const { server, open } = await setting();
    let asked = () => {};
    const question = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const other = await open({
      available: async () => true,
      create: async () => ({ id: 'AAAA', response: { attestationObject: 'oWNmbXQ' } }),
      get: () => {
        asked();
        return new Promise(() => {});
      },
    });
    const enrolment = await other.enrol(invitation(other, server.invite().link));
    await enrolment.setPlatform();
    const proved = await enrolment.prove('Phone');
    server.phone.state = 'ACTIVE';
    const account = await proved.wait(new AbortController().signal);

    await server.ask(account.phone, '42');
    const phones = await open();
    const [here, there] = [await only(phones), await only(other)];
    void other.decide(there, 'approve', '42', { method: 'webauthn' });
    await question;
    expect(await phones.decide(here, 'deny')).toEqual({ kind: 'denied' });
  });

  it('can still say no after a yes', async () => {
    const { server, phones, account, open } = await ready();
    await server.ask(account.phone, '42');
    const other = await open();
    const [here, there] = [await only(phones), await only(other)];
    expect(await phones.decide(here, 'approve', '42', unlocking)).toEqual({ kind: 'approved' });
    expect(await other.decide(there, 'report')).toEqual({ kind: 'reported' });
  });
});

describe('what is not a request of this server', () => {
  it('is not shown, and it is said that one could not be read', async () => {
    const { server, phones, account } = await ready();
    const stranger = await FakeServer.start();
    stranger.account = server.account;
    const id = await stranger.ask(account.phone);
    const foreign = stranger.requests.get(id);
    if (!foreign) throw new Error('no request');
    server.requests.set(id, foreign);
    const { requests, failures } = await phones.pending();
    expect(requests).toEqual([]);
    expect(failures[0]?.failure.kind).toBe('server_key');
  });

  it('or of another version, phone, account or server, or that lies in a name, neither', async () => {
    const { server, phones, account } = await ready();
    const cases: [Record<string, unknown>, string][] = [
      [{ iss: 'https://login.example.com' }, 'garbled'],
      [{ aud: 'AAAAAAAAAAAAAAAAAAAAAA' }, 'garbled'],
      [{ acct: 'acct-ben' }, 'garbled'],
      [{ app: { id: 'a', name: 'Bank \u202eknaB' } }, 'garbled'],
      [{ v: 2 }, 'version'],
    ];
    for (const [claims, kind] of cases) {
      server.requests.clear();
      await server.ask(account.phone, '42', (good) => ({ ...good, ...claims }));
      const { requests, failures } = await phones.pending();
      expect([requests, failures.map(({ failure }) => failure.kind)]).toEqual([[], [kind]]);
    }
  });

  it('is another message under an id that was shown', async () => {
    const { server, phones, account } = await ready();
    const id = await server.ask(account.phone);
    const request = await only(phones);
    server.requests.clear();
    const again = await server.ask(account.phone, '42', (claims) => ({
      ...claims,
      jti: id,
      app: { id: 'bank', name: 'Bank' },
    }));
    const lie = server.requests.get(again);
    if (!lie) throw new Error('no request');
    server.requests.delete(again);
    server.requests.set(id, lie);
    expect((await phones.pending()).failures[0]?.failure.kind).toBe('garbled');
    expect(await failure(phones.decide(request, 'approve', '42', unlocking))).toMatchObject({ code: 'wrong_request' });
  });

  it('garbage of every kind is told as that, and a server that is away as that', async () => {
    const { server, phones } = await ready();
    const json = { 'content-type': 'application/json' };
    const answers: [Response, string][] = [
      [new Response('<html>', { headers: { 'content-type': 'text/html' } }), 'garbled'],
      [new Response('{"requests":[]', { headers: json }), 'garbled'],
      [new Response('{"requests":[],"requests":[]}', { headers: json }), 'garbled'],
      [new Response('{"requests":{}}', { headers: json }), 'garbled'],
      [new Response('[]', { headers: json }), 'garbled'],
      [new Response('{"requests":[null]}', { headers: json }), 'garbled'],
      [new Response('x'.repeat(300_000), { headers: json }), 'garbled'],
      [new Response('{"code":"busy"}', { status: 418, headers: json }), 'garbled'],
      [new Response('away', { status: 502 }), 'offline'],
      [new Response('later', { status: 503, headers: { 'retry-after': '7' } }), 'busy'],
    ];
    for (const [answer, kind] of answers) {
      server.fault = () => () => answer.clone();
      expect((await phones.pending()).failures.map(({ failure }) => failure.kind)).toEqual([kind]);
    }
    server.fault = () => undefined;
    expect(await phones.pending()).toEqual({ requests: [], failures: [] });
  });
});

describe('the server’s key', () => {
  it('may roll, and requests under the next key are shown', async () => {
    const { server, phones, account } = await ready();
    const next = await FakeServer.start();
    next.now = server.now;
    next.account = server.account;
    server.keyroll = [await server.roll(next, server.now - 1)];
    const id = await next.ask(account.phone);
    const request = next.requests.get(id);
    if (request) server.requests.set(id, request);
    expect((await only(phones)).id).toBe(id);
  });

  it('may not roll by a chain that does not hold', async () => {
    const { server, phones } = await ready();
    const [next, stranger] = [await FakeServer.start(), await FakeServer.start()];
    server.keyroll = [await server.roll(next, server.now - 1), await stranger.roll(next, server.now - 1)];
    const { failures } = await phones.pending();
    expect(failures.map(({ failure }) => failure.kind)).toEqual(['server_key']);
    server.keyroll = undefined;
    expect((await phones.pending()).failures).toEqual([]);
  });
});

it('a phone that was removed is told so with its date, and not asked for again', async () => {
  const { server, phones, account, calls } = await ready();
  server.phone.removed = true;
  const { failures } = await phones.pending();
  expect(failures[0]?.failure).toBeInstanceOf(Failure);
  expect((await phones.accounts())[0]).toMatchObject({ state: 'removed', removed: { at: server.now, by: 'user' } });
  const before = calls(/pending/);
  expect(await phones.pending()).toEqual({ requests: [], failures: [] });
  expect(calls(/pending/)).toBe(before);
  expect(await phones.code(account.phone)).toBeUndefined();
  await phones.forget(account.phone);
  expect(await phones.accounts()).toEqual([]);
});
