/**
 * The error for a session description we cannot talk to.
 */

/**
 * What is wrong with a session description:
 * `tooLarge` over 64 KiB, 2 000 lines, 32 streams or 4 096 characters a line · `malformed` not SDP, or a field of nonsense ·
 * `noAudio` no audio of our profile (RTP/AVP, or RTP/SAVP where encrypted) · `audioRefused` port 0 · `unusableAddress` not a numeric unicast address of our family ·
 * `noCommonCodec` neither PCMU nor PCMA as offered · `encryption` no key for SRTP that we can use.
 */
export type SdpUnusableReason =
  | 'tooLarge'
  | 'malformed'
  | 'noAudio'
  | 'audioRefused'
  | 'unusableAddress'
  | 'noCommonCodec'
  | 'encryption';

export class SdpUnusable extends Error {
  readonly reason: SdpUnusableReason;
  readonly detail: string;
  constructor(reason: SdpUnusableReason, detail: string) {
    super(`session description cannot be used: ${detail}`);
    this.name = 'SdpUnusable';
    this.reason = reason;
    this.detail = detail;
  }
}
