import { expect, test, vi } from 'vitest';
import { Failure, type Outcome, type Phones, type Request, type Unlock } from '../../../shared/phone/phones.ts';
import { Answer } from './answer.ts';

function request(unlock: readonly Unlock[] = ['webauthn', 'pin']): Request {
  return {
    id: 'r',
    phone: 'p',
    account: { id: 'a', username: 'ada@example.org', name: 'Ada', organisation: 'Example School', kind: 'work' },
    op: 'signin',
    app: { id: 'library', name: 'Library' },
    ctx: { ip: undefined, net: undefined, place: undefined, browser: undefined, known: true, at: 0 },
    number: { mode: 'enter', digits: 2 },
    unlock,
    text: undefined,
    iat: 0,
    exp: 120,
  };
}

/** An answer whose server says one thing after the other. */
function answer(says: readonly (Outcome | Failure)[], unlock?: readonly Unlock[]) {
  const rest = [...says];
  const sent: unknown[][] = [];
  const decide: Phones['decide'] = async (_, ...how) => {
    sent.push(how);
    await Promise.resolve();
    const next = rest.shift();
    if (!next || next instanceof Failure) throw next ?? new Failure('offline');
    return next;
  };
  let ends = 0;
  const made = new Answer({ decide, now: () => 10 }, request(unlock), () => {
    ends += 1;
  });
  return { made, sent, ends: () => ends };
}

const approved = { kind: 'approved' } as const;

test('nothing is sent before the number is complete', async () => {
  const { made, sent } = answer([approved]);
  made.type('4');
  await made.approve();
  expect(sent).toEqual([]);
  expect(made.stage.value).toEqual({ kind: 'asking' });
});

test('the platform unlocks at once', async () => {
  const { made, sent, ends } = answer([approved]);
  made.type('47');
  await made.approve();
  expect(sent).toEqual([['approve', '47', { method: 'webauthn' }]]);
  expect(made.stage.value).toEqual({ kind: 'ended', ending: 'approved' });
  expect(ends()).toBe(1);
});

test('a wrong PIN keeps the number and says how many tries are left', async () => {
  const { made, sent } = answer([new Failure('wrong_pin', { left: 4 }), approved], ['pin']);
  made.type('47');
  await made.approve();
  expect(made.stage.value).toEqual({ kind: 'pin', wrong: false, left: undefined });
  await made.approveByPin('111111');
  expect(made.stage.value).toEqual({ kind: 'pin', wrong: true, left: 4 });
  await made.approveByPin('246810');
  expect(sent.map(([, number]) => number)).toEqual(['47', '47']);
  expect(made.stage.value).toEqual({ kind: 'ended', ending: 'approved' });
});

test('a cancelled fingerprint keeps the number', async () => {
  const { made } = answer([new Failure('unlock_cancelled')]);
  made.type('47');
  await made.approve();
  expect(made.stage.value).toEqual({ kind: 'not_unlocked', gone: false });
  made.back();
  expect(made.typed.value).toBe('47');
  expect(made.complete).toBe(true);
});

test('two taps are one decision, and yes and no do not both go out', async () => {
  const { made, sent } = answer([{ kind: 'denied' }]);
  made.type('47');
  await Promise.all([made.refuse('deny'), made.refuse('deny'), made.approve()]);
  expect(sent).toEqual([['deny']]);
  expect(made.stage.value).toEqual({ kind: 'ended', ending: 'denied' });
});

test('after the end nothing is sent any more', async () => {
  const { made, sent } = answer([approved]);
  made.settle('CANCELLED');
  await made.refuse('deny');
  expect(sent).toEqual([]);
  expect(made.stage.value).toEqual({ kind: 'ended', ending: 'cancelled' });
});

test('the news of our own answer does not overtake it', async () => {
  const { made } = answer([approved]);
  made.type('47');
  const done = made.approve();
  made.settle('APPROVED');
  expect(made.stage.value.kind).toBe('sending');
  await done;
  expect(made.stage.value).toEqual({ kind: 'ended', ending: 'approved' });
});

test('what ended while the phone asked for a finger is told when it was cancelled', async () => {
  const { made } = answer([new Failure('unlock_cancelled')]);
  made.type('47');
  const done = made.approve();
  made.settle('CANCELLED');
  await done;
  expect(made.stage.value).toEqual({ kind: 'ended', ending: 'cancelled' });
});

test('a lost yes by the PIN waits for the person, and the same one is sent again', async () => {
  const { made, sent } = answer([new Failure('offline'), approved], ['pin']);
  made.type('47');
  await made.approveByPin('246810');
  expect(made.stage.value).toEqual({ kind: 'again', decision: 'approve' });
  made.settle('APPROVED');
  expect(sent.length).toBe(1);
  await made.sendAgain();
  expect(sent[1]).toEqual(sent[0]);
  expect(made.stage.value).toEqual({ kind: 'ended', ending: 'approved' });
});

test('a phone without any method of the request can only say no', async () => {
  const { made, sent } = answer([], []);
  made.type('47');
  await made.approve();
  expect(sent).toEqual([]);
  expect(made.stage.value).toEqual({ kind: 'not_unlocked', gone: true });
});

test.each([
  ['deny', { kind: 'denied' }],
  ['report', { kind: 'reported' }],
  ['approve', { kind: 'approved' }],
] as const)('a lost %s is sent again by itself', async (decision, outcome) => {
  vi.useFakeTimers();
  const { made, sent } = answer([new Failure('offline'), outcome]);
  made.type('47');
  await (decision === 'approve' ? made.approve() : made.refuse(decision));
  expect(made.stage.value).toEqual({ kind: 'again', decision });
  expect(made.alone).toBe(true);
  await vi.advanceTimersByTimeAsync(3100);
  expect(sent.length).toBe(2);
  expect(sent[1]).toEqual(sent[0]);
  expect(made.stage.value).toEqual({ kind: 'ended', ending: outcome.kind });
  vi.useRealTimers();
});

test('a phone that can no longer approve can still say no', async () => {
  const { made } = answer([new Failure('refused', { code: 'locked' }), { kind: 'denied' }]);
  made.type('47');
  await made.approve();
  expect(made.stage.value).toEqual({ kind: 'locked' });
  await made.refuse('deny');
  expect(made.stage.value).toEqual({ kind: 'ended', ending: 'denied' });
});
