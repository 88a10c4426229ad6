// The gate against the client side of @ringback/sip, with a clock of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerChallenge, chooseChallenge, SipHeaders, type SipRequest } from '@ringback/sip';
import { DigestGate, TRUNK_CREDENTIALS } from './digest-gate.ts';

const URI = 'sip:+12065550133@127.0.0.1';

function invite(callId: string, authorization?: string): SipRequest {
  const headers = SipHeaders.of([['Call-ID', callId]]);
  if (authorization !== undefined) headers.append('Proxy-Authorization', authorization);
  return { kind: 'request', method: 'INVITE', requestUri: URI, headers, body: '' };
}

/** The header a client makes of the gate's challenge; `which` picks SHA-256 (0) or MD5 (1). */
function authorize(gate: DigestGate, callId: string, which = 0, credentials = TRUNK_CREDENTIALS as object) {
  const verdict = gate.judge(invite(callId));
  assert.equal(verdict.kind, 'asked');
  const challenges = verdict.kind === 'asked' ? verdict.challenges : [];
  const challenge = chooseChallenge(challenges.slice(which, which + 1));
  assert.ok(challenge !== undefined);
  return answerChallenge({
    challenge,
    credentials: { ...TRUNK_CREDENTIALS, ...credentials },
    method: 'INVITE',
    uri: URI,
    cnonce: 'c0ffee',
    nonceCount: 1,
  });
}

function openGate() {
  const clock = { nowMs: 1_000_000 };
  return { clock, gate: new DigestGate(new Uint8Array(32).fill(7), () => clock.nowMs) };
}

test('digest gate › admits the right credentials, by SHA-256 and by MD5', () => {
  const { gate } = openGate();
  assert.equal(gate.judge(invite('a', authorize(gate, 'a', 0))).kind, 'admitted');
  assert.equal(gate.judge(invite('a', authorize(gate, 'a', 1))).kind, 'admitted');
});

test('digest gate › refuses another user and another password', () => {
  const { gate } = openGate();
  assert.equal(gate.judge(invite('a', authorize(gate, 'a', 0, { password: 'no' }))).kind, 'refused');
  assert.equal(gate.judge(invite('a', authorize(gate, 'a', 0, { username: 'eve' }))).kind, 'refused');
  assert.equal(gate.judge(invite('a', 'Basic cmluZ2JhY2s=')).kind, 'refused');
});

test('digest gate › asks again, as stale, when the nonce is old, of another call, or not ours', () => {
  const { gate, clock } = openGate();
  const authorization = authorize(gate, 'a');
  const isStale = (callId: string, header: string) => {
    const verdict = gate.judge(invite(callId, header));
    return verdict.kind === 'asked' && verdict.challenges.every((each) => each.includes('stale=true'));
  };
  assert.ok(isStale('b', authorization));
  assert.ok(isStale('a', authorization.replace(/nonce="[^"]*"/, 'nonce="zz"')));
  clock.nowMs += 60_001;
  assert.ok(isStale('a', authorization));
});

test('digest gate › asks anew for credentials meant for somebody else', () => {
  const { gate } = openGate();
  const verdict = gate.judge(invite('a', authorize(gate, 'a').replace(/realm="[^"]*"/, 'realm="other"')));
  assert.equal(verdict.kind, 'asked');
});
