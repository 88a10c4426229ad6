/** Signs who calls: the SHAKEN PASSporT of a call (RFC 8225, RFC 8588) as value of its Identity header field (RFC 8224). Used by dial.ts. */
import { importPKCS8, SignJWT } from 'jose';

/** What a carrier's certificate authority issued to us, and where others fetch the certificate. */
export interface StirCredentials {
  /** PKCS #8 in PEM; an EC key on P-256, because SHAKEN knows ES256 only. */
  readonly privateKeyPem: string;
  /** `https:` URL of the certificate chain (RFC 8224 §4: `info`, RFC 8225 §5.1.3: `x5u`). */
  readonly certificateUrl: string;
}

/** The key, read once; `readStirKey` makes it. */
export interface StirSigner {
  readonly certificateUrl: string;
  readonly key: Awaited<ReturnType<typeof importPKCS8>>;
}

export interface StirCall {
  /** E.164 with or without `+`. */
  readonly source: string;
  readonly destination: string;
  /** Numbers of this account, proved to be ours; E.164. */
  readonly ownNumbers: ReadonlySet<string>;
  readonly nowMs: number;
  /** A UUID that leads back to whoever placed the call (RFC 8588 §5). */
  readonly originId: string;
}

/**
 * A: we know the caller and that the number is his. B: we know the caller only. C (gateway) never comes from here, because every call
 * begins here.
 */
export type Attestation = 'A' | 'B';

/** The signing key or the certificate's address cannot be used. */
export class StirUnusable extends Error {
  override readonly name = 'StirUnusable';
}

/** @throws {StirUnusable} when the key is no P-256 key, or the address no https URL */
export async function readStirKey(credentials: StirCredentials): Promise<StirSigner> {
  const { certificateUrl } = credentials;
  // Quotes, angle brackets and blanks would break out of the header field; URL escapes them.
  const url = URL.parse(certificateUrl);
  if (url?.protocol !== 'https:') {
    throw new StirUnusable(
      `the certificate's address must be an https URL, not ${JSON.stringify(certificateUrl)}`,
    );
  }
  try {
    const key = await importPKCS8(credentials.privateKeyPem, 'ES256');
    return { certificateUrl: url.href, key };
  } catch (error) {
    throw new StirUnusable('the signing key must be a PKCS #8 PEM of an EC key on P-256', { cause: error });
  }
}

/** A for our own numbers only: everything else would vouch for what nobody checked. */
export function attestationFor(source: string, ownNumbers: ReadonlySet<string>): Attestation {
  return ownNumbers.has(`+${canonical(source)}`) ? 'A' : 'B';
}

/**
 * The value of the Identity header field of one call.
 *
 * @throws {StirUnusable} when a number has no digits to sign
 */
export async function signIdentity(call: StirCall, signer: StirSigner): Promise<string> {
  const source = canonical(call.source);
  const destination = canonical(call.destination);
  if (source === '' || destination === '') throw new StirUnusable('a call without numbers cannot be signed');
  // Members in the order RFC 8225 §9 signs them: lexicographic, at every level.
  const payload = {
    attest: attestationFor(source, call.ownNumbers),
    dest: { tn: [destination] },
    iat: Math.floor(call.nowMs / 1_000),
    orig: { tn: source },
    origid: call.originId,
  };
  const token = await new SignJWT(payload)
    .setProtectedHeader({ alg: 'ES256', ppt: 'shaken', typ: 'passport', x5u: signer.certificateUrl })
    .sign(signer.key);
  return `${token};info=<${signer.certificateUrl}>;alg=ES256;ppt="shaken"`;
}

/** Canonical form of a telephone number (RFC 8224 §8.3): digits only, without the plus. */
function canonical(number: string): string {
  return number.replace(/\D/g, '');
}
