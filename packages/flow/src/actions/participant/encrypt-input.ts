// Encryption of keys a caller typed, before anything may see them as $.StoredCustomerInput.

import type { ActionContext } from '../../action-context.ts';
import { ActionFailure } from '../../action-failure.ts';
import { member } from '../../flow-document.ts';
import { sealForCertificate } from './sealed-message.ts';

/**
 * The cipher text for the action's `InputEncryption`: by the host, or else as an AWS Encryption SDK message, base64.
 *
 * @throws {ActionFailure} when the certificate is unusable. The plain text is then gone.
 */
export async function encryptInput(context: ActionContext, plaintext: string): Promise<string> {
  const settings = context.raw('InputEncryption');
  const encryptionKeyId = context.textOf(
    member(settings, 'EncryptionKeyId'),
    'InputEncryption.EncryptionKeyId',
  );
  const certificate = context.textOf(member(settings, 'Key'), 'InputEncryption.Key');
  if (encryptionKeyId === undefined || certificate === undefined) {
    throw new ActionFailure('InputEncryption needs EncryptionKeyId and Key');
  }
  const { host } = context;
  if (host.encryptInput !== undefined) {
    return context.perform('encryptInput', host.encryptInput({ plaintext, encryptionKeyId, certificate }));
  }
  return sealForCertificate(plaintext, encryptionKeyId, certificate);
}
