// An AWS Encryption SDK message (format 2, key commitment, one frame) for the owner of an RSA certificate.
// Layout: AWS Encryption SDK message format reference; algorithm suite 0x0478.

import {
  constants,
  createCipheriv,
  createPublicKey,
  hkdfSync,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { ActionFailure } from '../../action-failure.ts';

/** AES-256-GCM, 12-byte IV, 16-byte tag, HKDF with SHA-512, key commitment, no signature. */
const ALGORITHM_SUITE = 0x0478;
const KEY_PROVIDER = 'AmazonConnect';
const FRAME_LENGTH = 4096;
const FINAL_FRAME_MARK = 0xffffffff;
const FINAL_FRAME_PURPOSE = 'AWSKMSEncryptionClient Final Frame';

/**
 * Seals text so that only the private key of `certificate` opens it: provider `AmazonConnect`, key name
 * `encryptionKeyId`, key wrapping RSA-OAEP with SHA-512. Returns base64.
 *
 * @throws {ActionFailure} when the certificate cannot be read or is too small.
 */
export function sealForCertificate(plaintext: string, encryptionKeyId: string, certificate: string): string {
  const dataKey = randomBytes(32);
  try {
    const wrapped = publicEncrypt(
      { key: createPublicKey(certificate), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha512' },
      dataKey,
    );
    return seal(Buffer.from(plaintext, 'utf8'), dataKey, encryptionKeyId, wrapped).toString('base64');
  } catch (error) {
    throw new ActionFailure(`InputEncryption.Key is no usable certificate: ${String(error)}`);
  } finally {
    dataKey.fill(0);
  }
}

function seal(plaintext: Buffer, dataKey: Buffer, keyName: string, wrapped: Buffer): Buffer {
  const messageId = randomBytes(32);
  const suite = uint(2, ALGORITHM_SUITE);
  const contentKey = Buffer.from(
    hkdfSync('sha512', dataKey, messageId, Buffer.concat([suite, Buffer.from('DERIVEKEY')]), 32),
  );
  const commitment = Buffer.from(hkdfSync('sha512', dataKey, messageId, Buffer.from('COMMITKEY'), 32));
  const header = Buffer.concat([
    uint(1, 2), // format version
    suite,
    messageId,
    uint(2, 0), // no encryption context
    uint(2, 1), // one wrapped data key
    counted(Buffer.from(KEY_PROVIDER)),
    counted(Buffer.from(keyName, 'utf8')),
    counted(wrapped),
    uint(1, 2), // framed content
    uint(4, FRAME_LENGTH),
    commitment,
  ]);
  const headerTag = encrypt(contentKey, Buffer.alloc(12), header, Buffer.alloc(0)).tag;
  const sequenceNumber = uint(4, 1);
  const iv = Buffer.concat([Buffer.alloc(8), sequenceNumber]);
  const frameAad = Buffer.concat([
    messageId,
    Buffer.from(FINAL_FRAME_PURPOSE),
    sequenceNumber,
    uint(8, plaintext.length),
  ]);
  const frame = encrypt(contentKey, iv, frameAad, plaintext);
  return Buffer.concat([
    header,
    headerTag,
    uint(4, FINAL_FRAME_MARK),
    sequenceNumber,
    iv,
    uint(4, plaintext.length),
    frame.content,
    frame.tag,
  ]);
}

function encrypt(key: Buffer, iv: Buffer, aad: Buffer, content: Buffer): { content: Buffer; tag: Buffer } {
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(aad);
  const sealed = Buffer.concat([cipher.update(content), cipher.final()]);
  return { content: sealed, tag: cipher.getAuthTag() };
}

function counted(bytes: Buffer): Buffer {
  return Buffer.concat([uint(2, bytes.length), bytes]);
}

function uint(bytes: 1 | 2 | 4 | 8, value: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 8) buffer.writeBigUInt64BE(BigInt(value));
  else buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}
