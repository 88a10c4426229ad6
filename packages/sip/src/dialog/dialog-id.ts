// What identifies a dialog: Call-ID and both tags (RFC 3261 §12).
import type { SipRequest } from '../message/message.ts';

export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag} ${remoteTag}`;
}

/** The dialog a received request belongs to: our tag stands in To. Undefined outside a dialog. */
export function dialogKeyOf(request: SipRequest): string | undefined {
  const { callId, from, to } = request.headers;
  return to.tag === undefined ? undefined : dialogKey(callId, to.tag, from.tag ?? '');
}
