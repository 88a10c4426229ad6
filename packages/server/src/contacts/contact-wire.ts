/** Parts of a contact that records, events and DescribeContact spell alike, in the API's Pascal case. */
import type { Contact, PreviewStrategy } from './contact.ts';

/** `SegmentAttributes`: Connect's own keys, and ours for what it has no word for: odd endings, and recordings that failed. */
export function segmentAttributesOf(contact: Contact): Record<string, { ValueString: string }> {
  return {
    'connect:Subtype': { ValueString: 'connect:Telephony' },
    'connect:Direction': { ValueString: 'OUTBOUND' },
    ...(contact.endCause ? { 'ringback:EndCause': { ValueString: contact.endCause } } : {}),
    ...(contact.outcome.recordingFailure
      ? { 'ringback:RecordingFailure': { ValueString: contact.outcome.recordingFailure } }
      : {}),
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
