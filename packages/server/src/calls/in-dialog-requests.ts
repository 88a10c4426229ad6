/** What the far end may ask during a call: other media (hold, resume, another address) and, where the trunk sends keys that way, INFO. Used by ring.ts. */
import { type MediaSession, readDtmfRelay, SdpUnusable } from '@ringback/media';
import { bodyOf, type InDialogReply, type SessionCallbacks, type SipRequest } from '@ringback/sip';
import type { Trunk } from './trunk.ts';

const sdpType = 'application/sdp';

export function inDialogRequests(media: MediaSession, { dtmf }: Trunk): SessionCallbacks {
  let latestOffer: string | undefined;

  async function newMedia(offer: string): Promise<InDialogReply | undefined> {
    // A mere refresh of the session is confirmed by the user agent itself; the stream goes on untouched.
    if (offer === latestOffer) return undefined;
    try {
      const content = await media.answerOffer(offer);
      latestOffer = offer;
      return { status: 200, body: { contentType: sdpType, content } };
    } catch (error) {
      // The session stays as it was, and so does the call (RFC 3261 §14.2).
      if (error instanceof SdpUnusable) return { status: 488 };
      throw error;
    }
  }

  function info(request: SipRequest): InDialogReply | undefined {
    const body = dtmf === 'info' ? bodyOf(request) : undefined;
    const pressed = body && readDtmfRelay(body.contentType, body.content);
    if (!pressed) return undefined;
    media.pressed(pressed.digit);
    return { status: 200 };
  }

  return {
    onRequest: (request) => {
      if (request.method === 'INFO') return info(request);
      const offer = bodyOf(request);
      return isSdp(offer?.contentType) ? newMedia(offer?.content ?? '') : undefined;
    },
  };
}

const isSdp = (contentType: string | undefined): boolean =>
  contentType?.split(';', 1)[0]?.trim().toLowerCase() === sdpType;
