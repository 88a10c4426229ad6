import assert from 'node:assert/strict';
import { KeyObject, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { RtpHeader, SrtpSession } from 'werift';
import { prepareKeys } from './prepared-keys.ts';

/** Numbers of the profiles (RFC 5764 §4.1.2, RFC 7714 §14.2). */
const profiles = [
  { name: 'AES-CM with HMAC-SHA1', profile: 1, saltBytes: 14, keys: 4 },
  { name: 'AES-GCM', profile: 7, saltBytes: 12, keys: 2 },
] as const;

describe('prepared keys', () => {
  for (const { name, profile, saltBytes, keys } of profiles) {
    it(`take the place of all bytes of keys and encrypt alike: ${name}`, () => {
      const local = { localMasterKey: randomBytes(16), localMasterSalt: randomBytes(saltBytes) };
      const remote = { remoteMasterKey: local.localMasterKey, remoteMasterSalt: local.localMasterSalt };
      const open = (): SrtpSession => new SrtpSession({ keys: { ...local, ...remote }, profile });
      const [prepared, plain] = [open(), open()];
      prepareKeys({ srtp: prepared });
      const cipher = prepared.localContext.cipher;
      const held: unknown[] = Object.values(cipher);
      assert.equal(held.filter((value) => value instanceof KeyObject).length, keys);

      const header = new RtpHeader({ sequenceNumber: 65_535, timestamp: 160, ssrc: 7, payloadType: 0 });
      const payload = randomBytes(160);
      const sent = prepared.encrypt(payload, header);
      assert.deepEqual(sent, plain.encrypt(payload, header));
      assert.deepEqual(prepared.decrypt(sent).subarray(12), payload);
    });
  }
});
