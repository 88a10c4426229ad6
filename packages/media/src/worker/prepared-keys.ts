/**
 * Gives the SRTP of the WebRTC library its keys prepared. The library (werift 0.25.2) makes a cipher for each packet and hands
 * it the bytes of the key, which Node 24 takes four times as long to look at as all the rest of the packet costs.
 */
import { createSecretKey } from 'node:crypto';

/** The little of the library's DTLS transport that is needed here; both sessions are there once DTLS stands. */
export interface SrtpTransport {
  readonly srtp?: SrtpSide;
  readonly srtcp?: SrtpSide;
}

interface SrtpSide {
  readonly localContext?: { readonly cipher: object };
  readonly remoteContext?: { readonly cipher: object };
}

/** What a cipher of the library holds keys in: AES of both kinds of packet, and HMAC where the profile is not GCM. */
const keyMembers = ['srtpSessionKey', 'srtcpSessionKey', 'srtpSessionAuthTag', 'srtcpSessionAuthTag'];

/** Prepares what is not prepared yet; a library that keeps its keys elsewhere is left alone. */
export function prepareKeys({ srtp, srtcp }: SrtpTransport): void {
  for (const side of [srtp, srtcp]) {
    for (const context of [side?.localContext, side?.remoteContext]) {
      if (!context) continue;
      for (const member of keyMembers) {
        const key: unknown = Reflect.get(context.cipher, member);
        if (key instanceof Uint8Array) Reflect.set(context.cipher, member, createSecretKey(key));
      }
    }
  }
}
