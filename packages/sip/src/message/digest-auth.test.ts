// Digest answers against published vectors, and our verifier against our client and against tampering.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  answerChallenge,
  chooseChallenge,
  chooseChallenges,
  createDigestChallenge,
  type DigestAlgorithm,
  verifyDigest,
} from './digest-auth.ts';

function responseOf(value: string): string | undefined {
  return /response="([0-9a-f]+)"/.exec(value)?.[1];
}

describe('digest answer', () => {
  // The worked examples of RFC 2617 §3.5 and RFC 7616 §3.9.1.
  test('matches the MD5 example of RFC 2617 §3.5', () => {
    const value = answerChallenge({
      challenge: {
        realm: 'testrealm@host.com',
        nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
        algorithm: 'MD5',
        opaque: '5ccc069c403ebaf9f0171e9517f40e41',
        isStale: false,
        qop: 'auth',
      },
      credentials: { username: 'Mufasa', password: 'Circle Of Life' },
      method: 'GET',
      uri: '/dir/index.html',
      cnonce: '0a4f113b',
      nonceCount: 1,
    });
    assert.equal(responseOf(value), '6629fae49393a05397450978507c4ef1');
    assert.match(value, /opaque="5ccc069c403ebaf9f0171e9517f40e41"/);
    assert.match(value, /qop=auth, cnonce="0a4f113b", nc=00000001/);
  });

  test('matches the SHA-256 example of RFC 7616 §3.9.1', () => {
    const value = answerChallenge({
      challenge: {
        realm: 'http-auth@example.org',
        nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
        algorithm: 'SHA-256',
        opaque: undefined,
        isStale: false,
        qop: 'auth',
      },
      credentials: { username: 'Mufasa', password: 'Circle of Life' },
      method: 'GET',
      uri: '/dir/index.html',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      nonceCount: 1,
    });
    assert.equal(responseOf(value), '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
  });

  test('hashes the name as in the SHA-512-256 example of RFC 7616 §3.9.2, corrected by erratum 4897', () => {
    const challenge = chooseChallenge([
      'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true',
    ]);
    assert.ok(challenge);
    const value = answerChallenge({
      challenge,
      credentials: { username: 'J\u00e4s\u00f8n Doe', password: 'Secret, or not?' },
      method: 'GET',
      uri: '/doe.json',
      cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v',
      nonceCount: 1,
    });
    assert.match(value, /username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"/);
    assert.equal(responseOf(value), '3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5');
    assert.match(value, /userhash=true$/);
  });

  test('without qop answers as RFC 2069, with neither cnonce nor count', () => {
    const challenge = chooseChallenge(['Digest realm="a", nonce="b"']);
    assert.ok(challenge);
    const value = answerChallenge({
      challenge,
      credentials: { username: 'u', password: 'p' },
      method: 'INVITE',
      uri: 'sip:x',
      cnonce: 'unused',
      nonceCount: 1,
    });
    // MD5(MD5("u:a:p") ":b:" MD5("INVITE:sip:x")), computed with md5sum.
    assert.equal(responseOf(value), '13b324100daf765f584ff02dbf7b19c9');
    assert.doesNotMatch(value, /cnonce|nc=|qop/);
  });
});

describe('choosing a challenge', () => {
  test('takes the strongest one it can answer, whatever stands on top', () => {
    const chosen = chooseChallenge([
      'Basic realm="no"',
      'Digest realm="r", nonce="1", algorithm=SHA-1024',
      'Digest realm="r", nonce="2", algorithm=MD5, qop="auth"',
      'Digest realm="r", nonce="3", algorithm=SHA-512-256, qop="auth-int, auth", stale=TRUE',
      'Digest realm="r", nonce="4", algorithm=SHA-256, qop="auth-int"',
    ]);
    assert.equal(chosen?.nonce, '3');
    assert.equal(chosen?.algorithm, 'SHA-512-256');
    assert.equal(chosen?.qop, 'auth');
    assert.equal(chosen?.isStale, true);
  });

  test('takes one for each realm, auth-int where nothing else is offered, none of an unknown qop', () => {
    const chosen = chooseChallenges([
      'Digest realm="a", nonce="1", algorithm=MD5, qop="auth-int"',
      'Digest realm="b", nonce="2", algorithm=sha-256-SESS, qop="auth"',
      'Digest realm="c", nonce="3", algorithm=MD5, qop="token"',
      'Digest realm="a", nonce="4", algorithm=SHA-256, qop="auth-int"',
    ]);
    assert.deepEqual(
      chosen.map(({ realm, nonce, algorithm, qop }) => [realm, nonce, algorithm, qop]),
      [
        ['a', '4', 'SHA-256', 'auth-int'],
        ['b', '2', 'SHA-256-sess', 'auth'],
      ],
    );
  });

  test('reads quoted pairs and commas inside quotes', () => {
    const chosen = chooseChallenge(['digest  Realm="a \\"b\\", c" ,nonce="n,o", qop=auth']);
    assert.equal(chosen?.realm, 'a "b", c');
    assert.equal(chosen?.nonce, 'n,o');
  });

  for (const malformed of [
    '',
    'Digest',
    'Digest ',
    'Digest realm="x',
    'Digest =,',
    'Digest realm="a" nonce="b"',
    'Digest realm="a"',
  ]) {
    test(`has no answer to ${JSON.stringify(malformed)}`, () => {
      assert.equal(chooseChallenge([malformed]), undefined);
    });
  }
});

describe('digest verifier', () => {
  const credentials = { username: 'al "ice', password: 'secret' };

  function exchange(algorithm: DigestAlgorithm, change: (value: string) => string = (value) => value) {
    const field = createDigestChallenge({ realm: 'carrier', nonce: 'abc', algorithm, opaque: 'o' });
    const challenge = chooseChallenge([field]);
    assert.ok(challenge);
    const value = answerChallenge({
      challenge,
      credentials,
      method: 'INVITE',
      uri: 'sip:1@carrier',
      cnonce: 'c0ffee',
      nonceCount: 2,
    });
    return verifyDigest({
      authorization: change(value),
      realm: 'carrier',
      method: 'INVITE',
      requestUri: 'sip:1@carrier',
      isNonceValid: (nonce) => nonce === 'abc',
      passwordOf: (username) => (username === credentials.username ? credentials.password : undefined),
    });
  }

  for (const algorithm of [
    'MD5',
    'SHA-256',
    'SHA-512-256',
    'MD5-sess',
    'SHA-256-sess',
    'SHA-512-256-sess',
  ] as const) {
    test(`accepts our own ${algorithm} answer`, () => {
      assert.deepEqual(exchange(algorithm), {
        kind: 'accepted',
        username: credentials.username,
        nonce: 'abc',
        nonceCount: 2,
      });
    });
  }

  const tampered: ReadonlyArray<readonly [string, (value: string) => string, string]> = [
    ['a wrong response', (value) => value.replace(/response="./, 'response="x'), 'wrongResponse'],
    ['another user', (value) => value.replace('al \\"ice', 'bob'), 'unknownUser'],
    ['another realm', (value) => value.replace('realm="carrier"', 'realm="other"'), 'wrongRealm'],
    ['another nonce', (value) => value.replace('nonce="abc"', 'nonce="abd"'), 'staleNonce'],
    ['another URI', (value) => value.replace('uri="sip:1@', 'uri="sip:2@'), 'wrongUri'],
    ['a changed nonce count', (value) => value.replace('nc=00000002', 'nc=00000003'), 'wrongResponse'],
    ['no qop', (value) => value.replace('qop=auth, ', ''), 'malformed'],
    ['a malformed nonce count', (value) => value.replace('nc=00000002', 'nc=2'), 'malformed'],
    ['another scheme', () => 'Bearer x', 'malformed'],
  ];
  for (const [name, change, reason] of tampered) {
    test(`refuses ${name}`, () => {
      assert.deepEqual(exchange('SHA-256', change), { kind: 'refused', reason });
    });
  }

  test('auth-int covers the body', () => {
    const challenge = chooseChallenge([createDigestChallenge({ realm: 'r', nonce: 'n', qop: 'auth-int' })]);
    assert.ok(challenge);
    const request = { method: 'INVITE', body: 'v=0' };
    const authorization = answerChallenge({
      ...request,
      challenge,
      credentials,
      uri: 'sip:1@x',
      cnonce: '1',
      nonceCount: 1,
    });
    assert.match(authorization, /qop=auth-int/);
    const input = {
      authorization,
      realm: 'r',
      requestUri: 'sip:1@x',
      isNonceValid: () => true,
      passwordOf: () => credentials.password,
    };
    assert.equal(verifyDigest({ ...input, ...request }).kind, 'accepted');
    assert.deepEqual(verifyDigest({ ...input, ...request, body: 'v=1' }), {
      kind: 'refused',
      reason: 'wrongResponse',
    });
  });

  test('refuses an algorithm that was not offered', () => {
    const challenge = chooseChallenge([createDigestChallenge({ realm: 'r', nonce: 'n', algorithm: 'MD5' })]);
    assert.ok(challenge);
    const authorization = answerChallenge({
      challenge,
      credentials,
      method: 'BYE',
      uri: 'sip:1@x',
      cnonce: '1',
      nonceCount: 1,
    });
    const input = {
      authorization,
      realm: 'r',
      method: 'BYE',
      requestUri: 'sip:1@x',
      isNonceValid: () => true,
      passwordOf: () => credentials.password,
    };
    assert.equal(verifyDigest(input).kind, 'accepted');
    assert.equal(verifyDigest({ ...input, algorithms: ['SHA-256'] }).kind, 'refused');
    assert.equal(verifyDigest({ ...input, authorization: undefined }).kind, 'refused');
  });
});
