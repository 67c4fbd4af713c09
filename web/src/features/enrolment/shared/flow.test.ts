import { afterEach, expect, test, vi } from 'vitest';
import {
  type Account,
  type Enrolment,
  Failure,
  type Invitation,
  type Phones,
  type Proved,
  type Unlock,
} from '../../../shared/phone/phones.ts';
import { Flow } from './flow.ts';

const invitation: Invitation = { kind: 'link', token: 't', thumbprint: 'p' };
const owner = {
  id: 'a',
  username: 'ada@example.org',
  name: 'Ada',
  organisation: 'Example School',
  kind: 'work',
} as const;
const account = { phone: 'p', account: owner } as Account;

afterEach(() => void vi.useRealTimers());

/** A phone and its server; each may be told to fail the next time. */
function phone(how: { unlock?: readonly Unlock[]; pinToo?: boolean; platform?: boolean; here?: boolean } = {}) {
  const did: string[] = [];
  const fails = new Map<string, Failure>();
  const step = async (what: string) => {
    did.push(what);
    await Promise.resolve();
    const failure = fails.get(what.split(' ')[0] ?? '');
    fails.delete(what.split(' ')[0] ?? '');
    if (failure) throw failure;
  };
  let finish = (_: Account): void => undefined;
  const ended = new Promise<Account>((resolve) => {
    finish = resolve;
  });
  const proved: Proved = {
    account: owner,
    digits: '048213',
    exp: 400,
    async wait() {
      await step('wait');
      return await ended;
    },
    forget: () => step('forget'),
  };
  const enrolment: Enrolment = {
    account: owner,
    policy: { pin_min: 6, app_pin: how.pinToo ?? false, number_digits: 2, one_work_account_per_phone: false },
    unlock: how.unlock ?? ['webauthn', 'pin'],
    pinToo: how.pinToo ?? false,
    exp: 400,
    setPin: (pin) => step(`pin ${pin}`),
    setPlatform: () => step('platform'),
    async prove(name) {
      await step(`prove ${name}`);
      return proved;
    },
  };
  const phones: Pick<Phones, 'accounts' | 'enrol' | 'now' | 'unfinished'> = {
    now: () => 100,
    accounts: async () => (how.here ? [{ ...account, state: 'active' }] : []),
    async enrol() {
      await step('enrol');
      return enrolment;
    },
    async unfinished() {
      await step('unfinished');
      return proved;
    },
  };
  const flow = new Flow(phones, { available: async () => how.platform ?? true });
  flow.watch();
  return { flow, did, fails, finish, kind: () => flow.step.value.kind };
}

test('the whole way with the lock of the phone', async () => {
  const { flow, did, finish, kind } = phone();
  await flow.claim(invitation);
  expect(kind()).toBe('confirm');
  await flow.confirm('Pixel 7');
  expect(kind()).toBe('unlock');
  await flow.usePlatform();
  expect(kind()).toBe('digits');
  finish(account);
  await vi.waitFor(() => expect(kind()).toBe('done'));
  expect(did).toEqual(['enrol', 'platform', 'prove Pixel 7', 'wait']);
});

test('without a lock a PIN, which the phone may refuse', async () => {
  const { flow, did, fails, kind } = phone({ platform: false });
  await flow.claim(invitation);
  await flow.confirm('Phone');
  expect(flow.step.value).toMatchObject({ kind: 'pin', why: 'no_platform' });
  fails.set('pin', new Failure('refused', { code: 'weak_pin', reason: 'common' }));
  await flow.setPin('123456');
  expect(flow.step.value).toMatchObject({ kind: 'pin', failure: { code: 'weak_pin' } });
  await flow.setPin('836152');
  expect(kind()).toBe('digits');
  expect(did).toEqual(['enrol', 'pin 123456', 'pin 836152', 'prove Phone', 'wait']);
});

test('where policy wants both, the PIN follows the lock', async () => {
  const { flow, did, kind } = phone({ pinToo: true });
  await flow.claim(invitation);
  await flow.confirm('Phone');
  flow.choosePin();
  expect(kind()).toBe('unlock');
  await flow.usePlatform();
  expect(flow.step.value).toMatchObject({ kind: 'pin', why: 'besides' });
  expect(did).not.toContain('prove Phone');
});

test('a phone that can do nothing that policy allows is told so, and may look again', async () => {
  const { flow, kind } = phone({ unlock: ['webauthn'], platform: false });
  await flow.claim(invitation);
  await flow.confirm('Phone');
  expect(kind()).toBe('impossible');
  await flow.lookAgain();
  expect(kind()).toBe('impossible');
});

test('a cancelled fingerprint loses nothing', async () => {
  const { flow, fails, kind } = phone();
  await flow.claim(invitation);
  await flow.confirm('Phone');
  fails.set('platform', new Failure('unlock_cancelled'));
  await flow.usePlatform();
  expect(flow.step.value).toMatchObject({ kind: 'unlock', failure: { kind: 'unlock_cancelled' } });
  flow.choosePin();
  expect(flow.step.value).toMatchObject({ kind: 'pin', why: 'instead' });
  await flow.setPin('836152');
  expect(kind()).toBe('digits');
});

test('a code that can not be claimed is told, and may be claimed again', async () => {
  const { flow, fails, kind } = phone();
  fails.set('enrol', new Failure('offline'));
  await flow.claim(invitation);
  expect(flow.step.value).toMatchObject({ kind: 'not_claimed', failure: { kind: 'offline' } });
  await flow.claimAgain();
  expect(kind()).toBe('confirm');
});

test('a proof that was lost is sent again, one that was refused is not', async () => {
  const { flow, did, fails, kind } = phone();
  await flow.claim(invitation);
  await flow.confirm('Phone');
  fails.set('prove', new Failure('offline'));
  await flow.usePlatform();
  expect(kind()).toBe('not_proved');
  fails.set('prove', new Failure('refused', { code: 'gone' }));
  await flow.proveAgain();
  expect(flow.step.value).toMatchObject({ kind: 'stopped', failure: { code: 'gone' } });
  expect(did.filter((what) => what === 'platform').length).toBe(1);
});

test('wrong digits stop it, and a lost connection does not', async () => {
  vi.useFakeTimers();
  const { flow, fails, kind } = phone();
  fails.set('wait', new Failure('offline'));
  expect(await flow.resume()).toBe(true);
  await vi.advanceTimersByTimeAsync(10);
  expect(flow.step.value).toMatchObject({ kind: 'digits', offline: true });
  fails.set('wait', new Failure('refused', { state: 'REJECTED' }));
  await vi.advanceTimersByTimeAsync(2100);
  expect(kind()).toBe('stopped');
});

test('stopping deletes what was made here', async () => {
  const { flow, did, kind } = phone();
  await flow.resume();
  await flow.leave();
  expect(did).toContain('forget');
  expect(kind()).toBe('idle');
});

test('an offer that ran out is over, also where nobody touches the phone', async () => {
  vi.useFakeTimers();
  const { flow, kind } = phone();
  await flow.claim(invitation);
  await vi.advanceTimersByTimeAsync(299_000);
  expect(kind()).toBe('confirm');
  await vi.advanceTimersByTimeAsync(2000);
  expect(flow.step.value).toMatchObject({ kind: 'stopped', failure: { state: 'EXPIRED' } });
});

test('two taps claim once, and an account that is here already is known', async () => {
  const { flow, did } = phone({ here: true });
  await Promise.all([flow.claim(invitation), flow.claim(invitation)]);
  expect(did).toEqual(['enrol']);
  expect(flow.step.value).toMatchObject({ kind: 'confirm', replaces: true });
});

test('an end that was read is not shown again, and one that nobody looks at is not kept', async () => {
  const read = phone();
  read.fails.set('enrol', new Failure('refused', { code: 'gone' }));
  await read.flow.claim(invitation);
  read.flow.unwatch(false);
  expect(read.kind()).toBe('not_claimed');
  read.flow.watch();
  read.flow.unwatch(true);
  expect(read.kind()).toBe('idle');

  vi.useFakeTimers();
  const unread = phone();
  await unread.flow.claim(invitation);
  unread.flow.unwatch(true);
  expect(unread.kind()).toBe('confirm');
  await vi.advanceTimersByTimeAsync(301_000);
  expect(unread.kind()).toBe('idle');
});
