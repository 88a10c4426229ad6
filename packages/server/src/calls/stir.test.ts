/** Identity header fields as a verifier reads them: signature, claims, attestation, and keys that cannot be used. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { decodeProtectedHeader, importSPKI, jwtVerify } from 'jose';
import { attestationFor, readStirKey, type StirCall, StirUnusable, signIdentity } from './stir.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const certificateUrl = 'https://certificates.example/ringback.pem';

const call: StirCall = {
  source: '+12065550199',
  destination: '+1 (206) 555-0100',
  ownNumbers: new Set(['+12065550199']),
  nowMs: 1_767_225_600_999,
  originId: '0194b2a6-0000-7000-8000-000000000001',
};

describe('STIR signature', () => {
  test('is a SHAKEN PASSporT over ES256 that a verifier accepts', async () => {
    const value = await signIdentity(call, await readStirKey({ privateKeyPem, certificateUrl }));
    const [token = '', ...parameters] = value.split(';');
    assert.deepEqual(parameters, [`info=<${certificateUrl}>`, 'alg=ES256', 'ppt="shaken"']);
    const { payload } = await jwtVerify(token, await importSPKI(publicKeyPem, 'ES256'));
    assert.deepEqual(payload, {
      attest: 'A',
      dest: { tn: ['12065550100'] },
      iat: 1_767_225_600,
      orig: { tn: '12065550199' },
      origid: '0194b2a6-0000-7000-8000-000000000001',
    });
    assert.deepEqual(decodeProtectedHeader(token), {
      alg: 'ES256',
      ppt: 'shaken',
      typ: 'passport',
      x5u: certificateUrl,
    });
  });

  test('writes header and claims in lexicographic order, without blanks', async () => {
    const value = await signIdentity(call, await readStirKey({ privateKeyPem, certificateUrl }));
    const [header = '', claims = ''] = value
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString());
    assert.equal(header, `{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"${certificateUrl}"}`);
    assert.match(
      claims,
      /^\{"attest":"A","dest":\{"tn":\["12065550100"\]\},"iat":\d+,"orig":\{"tn":"12065550199"\},"origid":"/,
    );
  });

  test('no longer verifies once a number was changed', async () => {
    const value = await signIdentity(call, await readStirKey({ privateKeyPem, certificateUrl }));
    const [header, claims = '', signature] = (value.split(';')[0] ?? '').split('.');
    const forged = Buffer.from(claims, 'base64url').toString().replace('12065550199', '12065550198');
    const token = [header, Buffer.from(forged).toString('base64url'), signature].join('.');
    await assert.rejects(jwtVerify(token, await importSPKI(publicKeyPem, 'ES256')));
  });

  test('vouches fully for our own numbers only', () => {
    const own = new Set(['+12065550199']);
    assert.equal(attestationFor('+12065550199', own), 'A');
    assert.equal(attestationFor('12065550199', own), 'A');
    assert.equal(attestationFor('+12065550198', own), 'B');
    assert.equal(attestationFor('+12065550199', new Set()), 'B');
  });

  test('refuses keys, addresses and numbers that would make no valid signature', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
    const rsaPem = rsa.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const [pem, url] of [
      ['not a key', certificateUrl],
      [rsaPem, certificateUrl],
      [privateKeyPem, 'http://certificates.example/x.pem'],
      [privateKeyPem, 'nonsense'],
    ] as const) {
      await assert.rejects(readStirKey({ privateKeyPem: pem, certificateUrl: url }), StirUnusable);
    }
    const signer = await readStirKey({ privateKeyPem, certificateUrl });
    await assert.rejects(signIdentity({ ...call, source: 'anonymous' }, signer), StirUnusable);
  });

  test('keeps what could break out of the header field inside the address', async () => {
    const signer = await readStirKey({ privateKeyPem, certificateUrl: 'https://x.example/a b>\r\nEvil: 1' });
    assert.doesNotMatch(await signIdentity(call, signer), /[\r\n ]|>[^;]/);
  });
});
