/** What the far end may ask during a call: other media (hold, resume, another address), offered or to be offered by us, and, where the trunk sends keys that way, INFO. Used by ring.ts. */
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

  /** As for a new call (RFC 3261 §14.2): what we said last may be the answer to a hold, and would keep us there. */
  function ourOffer(): InDialogReply | undefined {
    // No stream may go missing from one description to the next (RFC 3264 §8), and a new one has audio alone.
    const streams = latestOffer?.match(/^m=/gm)?.length ?? 1;
    return streams > 1
      ? undefined
      : { status: 200, body: { contentType: sdpType, content: media.createOffer() } };
  }

  /** Of the ACK, to an offer of ours. One that cannot be used leaves the session as it was; silence ends the call, if it comes to that. */
  function newAnswer(answer: string): void {
    latestOffer = undefined;
    media.acceptAnswer(answer).catch(() => undefined); // unusable, or the call is over by now
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
      if (offer === undefined) return request.method === 'INVITE' ? ourOffer() : undefined;
      return isSdp(offer.contentType) ? newMedia(offer.content) : undefined;
    },
    onAnswer: ({ content }) => newAnswer(content),
  };
}

const isSdp = (contentType: string | undefined): boolean =>
  contentType?.split(';', 1)[0]?.trim().toLowerCase() === sdpType;
