/**
 * The keys of SRTP in SDP: `a=crypto` lines (RFC 4568). Whoever carries the SDP has to keep them secret (SIP over TLS).
 *
 * `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:<30 bytes in base64>|2^31`
 */
import { MASTER_KEY_BYTES, MASTER_SALT_BYTES } from './srtp-context.ts';

export type SrtpSuite = 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32';

/** In order of preference. */
export const SRTP_SUITES: readonly SrtpSuite[] = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'];

/** Key and salt in base64, as in the line. */
export type MasterKey = string;

export interface CryptoLine {
  id: number;
  suite: string;
  config: string;
  sessionConfig?: string;
}

const KEY_BYTES = MASTER_KEY_BYTES + MASTER_SALT_BYTES;

export function cryptoLine(tag: number, suite: SrtpSuite, key: MasterKey): CryptoLine {
  return { id: tag, suite, config: `inline:${key}` };
}

/**
 * The first line that we can use, with its tag. Lines with session parameters that change the packets, or with a master
 * key identifier, are passed over, as RFC 4568 §6.3 wants it of what is not understood.
 */
export function usableCrypto(
  lines: readonly CryptoLine[],
): { tag: number; suite: SrtpSuite; key: MasterKey } | undefined {
  for (const { id, suite, config, sessionConfig = '' } of lines) {
    const known = SRTP_SUITES.find((each) => each === suite);
    const [keyText, ...rest] = String(config).split('|');
    const key = keyText?.startsWith('inline:') ? keyText.slice('inline:'.length) : '';
    const isSimple = !rest.some((part) => part.includes(':')) && /^(WSH=\d+)?$/.test(sessionConfig.trim());
    if (!known || !isSimple || !Number.isInteger(id)) continue;
    if (/^[A-Za-z0-9+/]{40}$/.test(key)) return { tag: id, suite: known, key };
  }
  return undefined;
}

/** @throws {RangeError} when the text is no key; `usableCrypto` gives none such. */
export function splitMasterKey(key: MasterKey): { key: Buffer; salt: Buffer } {
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length !== KEY_BYTES) throw new RangeError(`an SRTP master key has ${KEY_BYTES} bytes`);
  return { key: bytes.subarray(0, MASTER_KEY_BYTES), salt: bytes.subarray(MASTER_KEY_BYTES) };
}
