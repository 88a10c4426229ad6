/** What a failed dialling is called to an agent: of the contact's own number (dial-for-agent.ts), and of a third party's (third-party-transfer.ts). */
import type { DialDisconnectReason } from '../calls/dial-failure.ts';

/** A sentence. */
export function inWords(disconnectReason: DialDisconnectReason): string {
  return words[disconnectReason];
}

const words: Readonly<Record<DialDisconnectReason, string>> = {
  TELECOM_BUSY: 'The line is busy.',
  TELECOM_NUMBER_INVALID: 'The number is not in service.',
  TELECOM_POTENTIAL_BLOCKING: 'The call was blocked on the way.',
  TELECOM_UNANSWERED: 'The call was declined, or could not be delivered.',
  TELECOM_TIMEOUT: 'Nobody answered.',
  TELECOM_ORIGINATOR_CANCEL: 'The call was cancelled.',
  TELECOM_PROBLEM: 'The network could not connect the call.',
};
