import { describe, expect, it } from 'vitest';
import { encode } from '../bytes.ts';
import { decisionHash, signDecision, signPinEvidence } from '../decision.ts';
import { parseMessage, verify } from '../jws.ts';
import { Refused } from '../refused.ts';
import { checkRequest, mayAnswer } from '../request.ts';
import { file, privateKey, publicKey, refusal, some } from './files.ts';
import { decision, read } from './server-side.ts';

const vectors = file('request');
type Message = { message: string; claims: Record<string, unknown>; signed_by: string };

const recipient = async () => ({
  serverKeys: await Promise.all((vectors.server_keys as string[]).map(publicKey)),
  iss: vectors.iss,
  phone: vectors.phone,
  account: vectors.account,
  now: vectors.now,
});

/** As the server checks a decision about the first request, in its order. */
async function checkDecision(message: string): Promise<string> {
  const { claims: asked } = vectors.requests[0].request;
  const claims = await verify(
    parseMessage(message, 'akkoord-decision+jwt'),
    vectors.phone,
    await publicKey('phone'),
    decision,
  );
  if (claims.iss !== vectors.phone || claims.aud !== vectors.iss || claims.rid !== asked.jti) return 'misdirected';
  if (claims.iat < asked.iat - 60 || claims.iat > asked.exp + 60) return 'time';
  const approves = claims.d === 'approve';
  if (approves !== (claims.number !== undefined) || approves !== (claims.unlock !== 'none')) return 'senseless';
  return !approves || mayAnswer(asked.number, claims.number ?? '') ? '' : 'digits';
}

describe('request.json', () => {
  it('accepts requests and computes rh', async () => {
    const self = await recipient();
    for (const { request, rh } of some<{ request: Message; rh: string }>(vectors.requests, 9)) {
      const checked = await checkRequest(request.message, self);
      expect(checked.claims).toEqual(request.claims);
      expect(checked.hash).toBe(rh);
    }
  });

  it('refuses the others', async () => {
    const self = await recipient();
    for (const { why, error, message } of some<Record<string, string>>(vectors.refused_requests, 47)) {
      expect(await refusal(() => checkRequest(message ?? '', self)), why).toBe(error);
    }
  });

  it('refuses a request of a key that no longer is pinned, or that is too old', async () => {
    const self = await recipient();
    const message = vectors.requests[0].request.message;
    expect(await refusal(() => checkRequest(message, { ...self, serverKeys: [] }))).toBe('server key');
    expect(await refusal(() => checkRequest(message, { ...self, now: self.now + 120 }))).toBe('expired');
  });

  it('agrees on decisions and what evidence is over', async () => {
    const rows = some<{ decision: Message; evidence_hash: string; pin_evidence?: Message }>(vectors.decisions, 5);
    let evidence = 0;
    for (const { decision, evidence_hash, pin_evidence } of rows) {
      expect(await checkDecision(decision.message)).toBe('');
      const hash = await decisionHash(decision.message);
      expect(encode(hash)).toBe(evidence_hash);
      if (!pin_evidence) continue;
      evidence++;
      const key = await publicKey(pin_evidence.signed_by);
      expect(await read(pin_evidence.message, 'akkoord-pin+jwt', key, vectors.phone)).toEqual(pin_evidence.claims);
      const own = await signPinEvidence(await privateKey('pin'), vectors.phone, hash);
      expect(await read(own, 'akkoord-pin+jwt', await publicKey('pin'), vectors.phone)).toEqual(pin_evidence.claims);
    }
    expect(evidence).toBeGreaterThan(0);
  });

  it('makes decisions that the server takes', async () => {
    for (const { decision } of some<{ decision: Message }>(vectors.decisions, 5)) {
      const { v, ...claims } = decision.claims;
      const message = await signDecision(await privateKey('phone'), claims as never);
      expect(await checkDecision(message)).toBe('');
      expect(await read(message, 'akkoord-decision+jwt', await publicKey('phone'), vectors.phone)).toEqual(
        decision.claims,
      );
      expect(v).toBe(1);
    }
  });

  it('knows what the server refuses', async () => {
    for (const { why, error, message } of some<Record<string, string>>(vectors.refused_decisions, 23)) {
      const told = await checkDecision(message ?? '').catch((thrown: unknown) => {
        if (thrown instanceof Refused) return thrown.check;
        throw thrown;
      });
      expect(told, why).toBe(error);
    }
  });
});
