import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newKeyPair } from '../crypto.ts';
import { encode } from '../protocol/bytes.ts';
import { describeKey } from '../protocol/jwk.ts';
import type { PlatformAuthenticator, Proved } from './phones.ts';
import { enrolled, failure, hurry, invitation, PIN, setting } from './testing/enrolled.ts';

beforeEach(hurry);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const never = new AbortController().signal;

describe('enrolment', () => {
  it('ends with an account that has its own keys, codes and state', async () => {
    const { server, open, stored } = await setting();
    const phones = await open();
    const changes = vi.fn();
    phones.onChange(changes);
    const account = await enrolled(phones, server);
    expect(account).toMatchObject({ unlock: ['pin'], state: 'active', hasCodes: true, phoneSignIn: true });
    expect(await phones.accounts()).toEqual([account]);
    expect(await stored('enrolment/')).toBe(0);
    expect(await stored('try/')).toBe(0);
    expect(changes).toHaveBeenCalled();
    expect((await phones.code(account.phone))?.digits).toMatch(/^[0-9]{6}$/);
  });

  it('goes on where the app was closed before the digits were typed', async () => {
    const { server, open } = await setting();
    const before = await open();
    const enrolment = await before.enrol(invitation(before, server.invite().link));
    await enrolment.setPin(PIN);
    const { digits } = await enrolment.prove('Test phone');

    const after = await open();
    const proved = await after.unfinished();
    if (!proved) throw new Error('forgotten');
    expect([proved.digits, proved.account.username]).toEqual([digits, 'ada']);
    server.phone.state = 'ACTIVE';
    expect((await proved.wait(never)).state).toBe('active');
    expect(await after.unfinished()).toBeUndefined();
  });

  it('sends the same proof again where its answer was lost, also after a restart', async () => {
    const { server, open, stored } = await setting();
    const before = await open();
    const enrolment = await before.enrol(invitation(before, server.invite().link));
    await enrolment.setPin(PIN);
    server.fault = (path) => (path === 'enrolments/prove' ? 'lost' : undefined);
    expect((await failure(enrolment.prove('Test phone'))).kind).toBe('offline');
    expect(await stored('enrolment/')).toBe(1);
    server.fault = () => undefined;
    const proved = await (await open()).unfinished();
    if (!proved) throw new Error('forgotten');
    expect(proved.digits).toBe(server.phone.digits);
    server.phone.state = 'ACTIVE';
    expect((await proved.wait(never)).hasCodes).toBe(true);
  });

  it('asks again for the codes where the answer with them was lost, also after a restart', async () => {
    // One is made up for by the call itself, several by asking anew, and for many the person starts the app again.
    for (const times of [1, 5, Number.POSITIVE_INFINITY]) {
      const { server, open, stored } = await setting();
      const before = await open();
      const enrolment = await before.enrol(invitation(before, server.invite().link));
      await enrolment.setPin(PIN);
      let proved: Proved | undefined = await enrolment.prove('Test phone');
      server.phone.state = 'ACTIVE';
      let left = times;
      server.fault = (path) => (path === 'enrolments/state' && left-- > 0 ? 'lost' : undefined);
      if (!Number.isFinite(times)) {
        expect((await failure(proved.wait(never))).kind).toBe('offline');
        expect(await stored('enrolment/')).toBe(1);
        left = 0;
        proved = await (await open()).unfinished();
      }
      expect((await proved?.wait(never))?.hasCodes).toBe(true);
    }
  });

  it('leaves nothing behind where it ends badly', async () => {
    for (const state of ['REJECTED', 'EXPIRED', 'CANCELLED']) {
      const { server, open, stored } = await setting();
      const phones = await open();
      const enrolment = await phones.enrol(invitation(phones, server.invite().link));
      await enrolment.setPin(PIN);
      const proved = await enrolment.prove('Test phone');
      server.phone.state = state;
      expect(await failure(proved.wait(never))).toMatchObject({ kind: 'refused', state });
      expect(await stored('')).toBe(await stored('clock'));
    }
  });

  it('stays where the server is away, and says so after a while', async () => {
    const { server, open, stored } = await setting();
    const phones = await open();
    const enrolment = await phones.enrol(invitation(phones, server.invite().link));
    await enrolment.setPin(PIN);
    const proved = await enrolment.prove('Test phone');
    server.fault = () => () => new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } });
    expect((await failure(proved.wait(never))).kind).toBe('offline');
    expect(await stored('enrolment/')).toBe(1);
    server.fault = () => undefined;
    server.phone.state = 'ACTIVE';
    expect((await proved.wait(never)).state).toBe('active');
  });

  it('claims again with the same commitment after a lost answer', async () => {
    const { server, open } = await setting();
    const phones = await open();
    const link = invitation(phones, server.invite().link);
    server.fault = (path) => (path === 'enrolments/claim' ? 'lost' : undefined);
    expect((await failure(phones.enrol(link))).kind).toBe('offline');
    server.fault = () => undefined;
    expect((await phones.enrol(link)).account.username).toBe('ada');
  });

  it('stops at an offer that is not the one that it must be', async () => {
    const { server, open, stored } = await setting();
    const phones = await open();
    const stranger = await describeKey((await newKeyPair(false)).publicKey);
    const changes: ((claims: Record<string, unknown>) => Record<string, unknown>)[] = [
      (claims) => ({ ...claims, c: encode(new Uint8Array(32)) }),
      (claims) => ({ ...claims, api: 'https://phone.example.com' }),
      (claims) => ({ ...claims, unlock: [] }),
      (claims) => ({ ...claims, keys: { keys: [{ ...stranger.jwk, kid: stranger.kid }] } }),
      (claims) => ({ ...claims, account: { ...server.account, name: 'Ada \u202e' } }),
    ];
    for (const change of changes) {
      server.offer = change;
      expect((await failure(phones.enrol(invitation(phones, server.invite().link)))).kind).toBe('offer');
    }
    const { token } = server.invite();
    server.offer = (claims) => claims;
    const other = { kind: 'link', token, thumbprint: stranger.kid } as const;
    expect((await failure(phones.enrol(other))).kind).toBe('offer');
    server.offer = (claims) => ({ ...claims, v: 2 });
    expect((await failure(phones.enrol(invitation(phones, server.invite().link)))).kind).toBe('version');
    expect(await stored('account/')).toBe(0);
  });

  it('spends no code where nothing can be kept', async () => {
    const { server, open } = await setting();
    const phones = await open();
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('keys are not kept here', 'DataCloneError');
    });
    expect((await failure(phones.enrol(invitation(phones, server.invite().link)))).kind).toBe('storage');
    expect(server.arrived).toEqual([]);
  });

  it('refuses a PIN that is easy to guess before it asks the server', async () => {
    const { server, open } = await setting();
    const phones = await open();
    const enrolment = await phones.enrol(invitation(phones, server.invite().link));
    const { length } = server.arrived;
    expect(await failure(enrolment.setPin('123456'))).toMatchObject({ code: 'weak_pin', reason: 'common' });
    expect((await failure(enrolment.prove('Phone'))).kind).toBe('unlock_missing');
    expect(server.arrived.length).toBe(length);
    await enrolment.setPin(PIN);
    expect(await failure(enrolment.prove('a\u202eb'))).toMatchObject({ code: 'invalid', reason: 'name' });
  });

  it('refuses a second work account where a policy says so', async () => {
    const { server, open } = await setting();
    const phones = await open();
    await enrolled(phones, server);
    server.account = { ...server.account, id: 'acct-ben', username: 'ben' };
    server.policy = { ...server.policy, one_work_account_per_phone: true };
    const refused = await failure(phones.enrol(invitation(phones, server.invite().link)));
    expect(refused).toMatchObject({ kind: 'refused', code: 'policy', reason: 'one_work_account' });
    server.account = { ...server.account, kind: 'personal' };
    await phones.enrol(invitation(phones, server.invite().link));
  });

  it('puts a new phone in the place of the old one of the same account', async () => {
    const { server, open, stored } = await setting();
    const phones = await open();
    const old = await enrolled(phones, server);
    const fresh = await enrolled(phones, server);
    expect((await phones.accounts()).map(({ phone }) => phone)).toEqual([fresh.phone]);
    expect(server.phones.get(old.phone)?.removed).toBe(true);
    expect(await stored('leaving/')).toBe(0);
  });

  it('gives the platform’s authenticator the challenge of the offer and the app’s own host', async () => {
    const { server, open } = await setting();
    const asked: Record<string, unknown>[] = [];
    const platform: PlatformAuthenticator = {
      available: async () => true,
      create: async (options) => {
        asked.push(options);
        return { id: 'AAAA', rawId: 'AAAA', type: 'public-key', response: { attestationObject: 'oWNmbXQ' } };
      },
      get: async () => ({}),
    };
    const phones = await open(platform);
    const enrolment = await phones.enrol(invitation(phones, server.invite().link));
    await enrolment.setPlatform();
    expect(asked[0]).toMatchObject({ rp: { id: 'phone.example.org', name: 'Akkoord' }, user: { name: 'ada' } });
    expect(String(asked[0]?.challenge)).toHaveLength(43);
    const proved = await enrolment.prove('Phone');
    server.phone.state = 'ACTIVE';
    expect((await proved.wait(never)).unlock).toEqual(['webauthn']);
  });
});

describe('what a text is', () => {
  it('is told for links of this server, of others, damaged ones, and everything else', async () => {
    const { server, open } = await setting();
    const phones = await open();
    const { link } = server.invite();
    const kinds = (texts: string[]) => texts.map((text) => phones.read(text).kind);
    expect(kinds([link, ` ${link}\n`])).toEqual(['invitation', 'invitation']);
    const elsewhere = link.replace('phone.example.org', 'phone.example.com');
    expect(phones.read(elsewhere)).toEqual({ kind: 'other_server', origin: 'https://phone.example.com' });
    expect(kinds([link.slice(0, -3), link.replace('#1', '#2'), link.replace('#', '?')])).toEqual(
      Array(3).fill('damaged'),
    );
    expect(kinds(['otpauth://totp/a?secret=A', 'OTPAUTH-MIGRATION://x'])).toEqual(['otpauth', 'otpauth']);
    const hostile = ['javascript:alert(1)', 'https://example.org', '', '\u202e', 'x'.repeat(100_000), `data:,${link}`];
    expect(kinds(hostile)).toEqual(Array(6).fill('other'));
    const lookalike = link.replace('https://phone.example.org', 'https://phone.example.org@evil.example');
    expect(kinds([lookalike, link.replace('phone.example.org', 'рhone.example.org')])).toEqual([
      'other_server',
      'other_server',
    ]);
    expect(phones.read(lookalike)).toEqual({ kind: 'other_server', origin: 'https://evil.example' });
  });
});
