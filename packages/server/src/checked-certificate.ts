/** Whether a certificate and its key can be used together, before anybody connects. For HTTPS (config.ts), SIP over TLS (sip-config.ts) and trunks (trunk-config.ts). */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

/**
 * A context takes a key of another kind than the certificate's (EC beside RSA) without a word, and then every handshake fails.
 *
 * @throws {Error} either is no PEM, or they do not belong together.
 */
export function checkCertificate(cert: string | Buffer, key: string | Buffer): void {
  createSecureContext({ cert, key });
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    throw new Error('the key is not that of the certificate');
  }
}
