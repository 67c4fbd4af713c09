import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '../kv.ts';
import type { StreamEvent } from './phones.ts';
import { enrolled, failure, hurry, PIN, setting } from './testing/enrolled.ts';

beforeEach(hurry);
afterEach(() => vi.unstubAllGlobals());

async function ready() {
  const all = await setting();
  const phones = await all.open();
  return { ...all, phones, account: await enrolled(phones, all.server) };
}

describe('settings', () => {
  it('are switched on with evidence by the PIN, and off with none', async () => {
    const { server, phones, account } = await ready();
    expect((await phones.setPhoneSignIn(account.phone, false)).phoneSignIn).toBe(false);
    expect((await failure(phones.setPhoneSignIn(account.phone, true))).kind).toBe('unlock_missing');
    const on = await phones.setPhoneSignIn(account.phone, true, { method: 'pin', pin: PIN });
    expect(on.phoneSignIn).toBe(true);
    expect(server.phone.pinLeft).toBe(5);
    const wrong = phones.setPhoneSignIn(account.phone, true, { method: 'pin', pin: '480214' });
    expect(await failure(wrong)).toMatchObject({ kind: 'wrong_pin', left: 4 });
  });

  it('let new browsers ring again, with evidence', async () => {
    const { server, phones, account } = await ready();
    server.quietUntil = server.now + 3600;
    expect((await phones.refresh(account.phone)).quietUntil).toBe(server.quietUntil);
    const wrong = phones.endQuiet(account.phone, { method: 'pin', pin: '480214' });
    expect(await failure(wrong)).toMatchObject({ kind: 'wrong_pin', left: 4 });
    expect((await phones.endQuiet(account.phone, { method: 'pin', pin: PIN })).quietUntil).toBeUndefined();
    expect((await phones.accounts())[0]?.quietUntil).toBeUndefined();
  });

  it('rename the phone, composed', async () => {
    const { server, phones, account } = await ready();
    await phones.rename(account.phone, ' Ada’s te\u0301le\u0301phone ');
    expect(server.phone.name).toBe('Ada’s téléphone');
    expect((await phones.accounts())[0]?.name).toBe('Ada’s téléphone');
    expect(await failure(phones.rename(account.phone, ' '))).toMatchObject({ code: 'invalid' });
  });

  it('take over what the server says, but never another account', async () => {
    const { server, phones, account } = await ready();
    server.account = { ...server.account, name: 'Ada King' };
    expect((await phones.refresh(account.phone)).account.name).toBe('Ada King');
    server.account = { ...server.account, id: 'acct-ben' };
    expect((await phones.refresh(account.phone)).account.id).toBe('acct-ada');
  });

  it('keep a push subscription without null members', async () => {
    const { server, phones, account } = await ready();
    const keys = { p256dh: 'AAAA', auth: 'AAAA' };
    await phones.setPush(account.phone, { endpoint: 'https://push.example', expirationTime: null, keys });
    expect(server.phone.push).toEqual({ endpoint: 'https://push.example', keys });
    expect((await phones.accounts())[0]?.push).toBe(true);
    await phones.setPush(account.phone, undefined);
    expect([server.phone.push, (await phones.accounts())[0]?.push]).toEqual([undefined, false]);
    expect((await phones.pushKey(account.phone)).length).toBe(65);
  });
});

describe('the PIN', () => {
  it('changes with the old one', async () => {
    const { server, phones, account } = await ready();
    await phones.changePin(account.phone, PIN, '593107');
    await server.ask(account.phone);
    const [request] = (await phones.pending()).requests;
    if (!request) throw new Error('no request');
    const old = phones.decide(request, 'approve', '42', { method: 'pin', pin: PIN });
    expect((await failure(old)).kind).toBe('wrong_pin');
    expect(await phones.decide(request, 'approve', '42', { method: 'pin', pin: '593107' })).toEqual({
      kind: 'approved',
    });
    expect(await failure(phones.changePin(account.phone, '593107', '111111'))).toMatchObject({ code: 'weak_pin' });
  });

  it('is one of two after a change whose answer was lost, until one of them holds', async () => {
    for (const fault of ['lost', 'down'] as const) {
      const { server, phones, account } = await ready();
      server.fault = (path) => (path === 'pin/change/finish' ? fault : undefined);
      expect((await failure(phones.changePin(account.phone, PIN, '593107'))).kind).toBe('offline');
      server.fault = () => undefined;
      await server.ask(account.phone);
      const [request] = (await phones.pending()).requests;
      if (!request) throw new Error('no request');
      const holds = fault === 'lost' ? '593107' : PIN;
      const approved = await phones.decide(request, 'approve', '42', { method: 'pin', pin: holds });
      expect(approved).toEqual({ kind: 'approved' });
      const again = await server.ask(account.phone);
      const next = (await phones.pending()).requests.find(({ id }) => id === again);
      if (!next) throw new Error('no request');
      const { length } = server.arrived.filter((call) => call.includes('pin/evaluate'));
      await phones.decide(next, 'approve', '42', { method: 'pin', pin: holds });
      // One evaluation: the other record is gone.
      expect(server.arrived.filter((call) => call.includes('pin/evaluate')).length).toBe(length + 1);
    }
  });
});

describe('verification codes', () => {
  it('work without a network on a phone whose clock is wrong', async () => {
    const { server, account, open, device } = await ready();
    server.fault = () => 'down';
    // The app ends and is opened an hour later, without a network.
    device.wall += 3600;
    device.steady = 3;
    const later = await open();
    expect(later.clockOff()).toBe(1_700_000_000 - server.now);
    expect(Math.abs(later.now() - server.now - 3600)).toBeLessThan(3);
    const code = await later.code(account.phone);
    expect(code?.digits).toMatch(/^[0-9]{6}$/);
    expect(code?.left).toBeGreaterThan(0);
  });
});

describe('removal', () => {
  it('goes to the server first, and stays undone without it', async () => {
    const { server, phones, account } = await ready();
    server.fault = () => 'down';
    expect((await failure(phones.unregister(account.phone))).kind).toBe('offline');
    expect((await phones.accounts()).length).toBe(1);
    const faults = ['lost' as const];
    server.fault = () => faults.pop();
    // Its answer is lost; the second try is told that the phone is gone, which is what was wanted.
    await phones.unregister(account.phone);
    expect([server.phone.removed, await phones.accounts()]).toEqual([true, []]);
  });

  it('that was done already is done', async () => {
    const { server, phones, account } = await ready();
    server.phone.removed = true;
    await phones.unregister(account.phone);
    expect(await phones.accounts()).toEqual([]);
  });
});

describe('storage', () => {
  it('whose keys are gone shows an account that is broken, and nothing else stops', async () => {
    const { server, phones, account, name } = await ready();
    const store = await Store.open(name);
    const [row] = await store.list('account/');
    const { key: _, ...rest } = (row?.value ?? {}) as Record<string, unknown>;
    await store.write({ [`account/${account.phone}`]: rest });
    store.close();
    const [broken] = await phones.accounts();
    expect(broken).toMatchObject({ state: 'broken', account: { username: 'ada' }, phone: account.phone });
    expect((await failure(phones.refresh(account.phone))).kind).toBe('keys_gone');
    expect(await phones.pending()).toEqual({ requests: [], failures: [] });
    const fresh = await enrolled(phones, server);
    expect((await phones.accounts()).map(({ phone }) => phone)).toEqual([fresh.phone]);
  });
});

describe('the stream', () => {
  const events = (...blocks: string[]) => {
    const headers = { 'content-type': 'text/event-stream' };
    return new Response(blocks.map((block) => `${block}\n\n`).join(''), { headers });
  };

  it('tells what happens, opens again, and ends with the removal', async () => {
    const { server, phones, account } = await ready();
    const id = await server.ask(account.phone);
    let opened = 0;
    const waiting = `event: waiting\ndata: {"request":"${id}"}`;
    const settled = `event: settled\ndata: {"request":"${id}","state":"CANCELLED"}`;
    const removed = 'event: removed\ndata: {"removed_at":7,"removed_by":"administrator"}';
    server.fault = (path) =>
      path === 'events' ? () => (opened++ === 0 ? events(waiting, settled) : events(removed)) : undefined;
    const told: StreamEvent[] = [];
    const controller = new AbortController();
    phones.stream((event) => told.push(event), controller.signal);
    await vi.waitFor(() => expect(told.at(-1)?.kind).toBe('removed'));
    controller.abort();
    const { phone } = account;
    expect(told).toEqual([
      { kind: 'open', phone },
      { kind: 'waiting', phone, request: id },
      { kind: 'settled', phone, request: id, state: 'CANCELLED' },
      { kind: 'lost', phone },
      { kind: 'open', phone },
      { kind: 'removed', phone },
    ]);
    expect((await phones.accounts())[0]).toMatchObject({ state: 'removed', removed: { at: 7, by: 'administrator' } });
  });

  it('stops when nobody looks', async () => {
    const { server, phones } = await ready();
    server.fault = (path) => (path === 'events' ? 'down' : undefined);
    const told: string[] = [];
    const controller = new AbortController();
    phones.stream(({ kind }) => told.push(kind), controller.signal);
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(1));
    controller.abort();
    const { length } = told;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(told.slice(0, length)).toEqual(told);
  });
});

describe('accounts that are gone', () => {
  it('are missed where the browser deleted them, and not where their person removed them', async () => {
    const { name, phones, account } = await ready();
    const store = await Store.open(name);
    await store.write({ [`account/${account.phone}`]: undefined });
    expect([await phones.accounts(), phones.evicted()]).toEqual([[], true]);
    await store.write({ 'account/other': { name: 'of a newer version' } });
    await phones.forget(account.phone);
    expect(phones.evicted()).toBe(true);
    await phones.forget('other');
    expect(phones.evicted()).toBe(false);
    store.close();
  });
});
