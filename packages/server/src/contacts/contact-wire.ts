/** Parts of a contact that records, events and DescribeContact spell alike, in the API's Pascal case. */
import type { Contact, PreviewStrategy } from './contact.ts';

/** `SegmentAttributes`: Connect's own keys, and `ringback:EndCause` for endings that it has no word for. */
export function segmentAttributesOf(contact: Contact): Record<string, { ValueString: string }> {
  return {
    'connect:Subtype': { ValueString: 'connect:Telephony' },
    'connect:Direction': { ValueString: 'OUTBOUND' },
    ...(contact.endCause ? { 'ringback:EndCause': { ValueString: contact.endCause } } : {}),
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
