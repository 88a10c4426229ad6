/** Parts of a contact that records, events and DescribeContact spell alike, in the API's Pascal case. */
import { parseReason } from '@ringback/sip';
import { q850CauseOf } from '../calls/release-causes.ts';
import type { Contact, ContactOutcome, PreviewStrategy } from './contact.ts';

/** `SegmentAttributes`: Connect's own keys, and ours for what it has no word for: odd endings, and recordings that failed. */
export function segmentAttributesOf(contact: Contact): Record<string, { ValueString: string }> {
  return {
    'connect:Subtype': { ValueString: 'connect:Telephony' },
    'connect:Direction': { ValueString: 'OUTBOUND' },
    ...(contact.endCause ? { 'ringback:EndCause': { ValueString: contact.endCause } } : {}),
    ...(contact.outcome.recordingFailure
      ? { 'ringback:RecordingFailure': { ValueString: contact.outcome.recordingFailure } }
      : {}),
    ...sipAttributesOf(contact.outcome.sip),
    ...(contact.outcome.earlyTone
      ? { 'ringback:EarlyTone': { ValueString: contact.outcome.earlyTone } }
      : {}),
  };
}

/** Longest Reason header that is repeated, characters. */
const longestReason = 256;

/** What the carrier said at the end: the final status, its Reason header, and the Q.850 cause in that (RFC 3326). */
function sipAttributesOf(sip: ContactOutcome['sip']): Record<string, { ValueString: string }> {
  if (!sip) return {};
  const cause = sip.reason === undefined ? undefined : q850CauseOf(parseReason(sip.reason));
  return {
    ...(sip.status === undefined ? {} : { 'ringback:SipStatus': { ValueString: String(sip.status) } }),
    ...(sip.reason === undefined
      ? {}
      : { 'ringback:SipReason': { ValueString: sip.reason.slice(0, longestReason) } }),
    ...(cause === undefined ? {} : { 'ringback:Q850Cause': { ValueString: String(cause) } }),
  };
}

/** `OutboundStrategy` as the request had it. */
export function outboundStrategyOf(preview: PreviewStrategy) {
  return {
    Type: 'AGENT_FIRST' as const,
    Config: {
      AgentFirst: {
        Preview: {
          PostAcceptTimeoutConfig: { DurationInSeconds: preview.postAcceptTimeoutSeconds },
          AllowedUserActions: [...preview.allowedUserActions],
        },
      },
    },
  };
}
