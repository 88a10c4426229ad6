/** Parts of a contact that records, events and DescribeContact spell alike, in the API's Pascal case. */
import { audioQuality } from '@ringback/media';
import { parseReason } from '@ringback/sip';
import { instanceResourceArn } from '../arn.ts';
import { q850CauseOf } from '../calls/release-causes.ts';
import type { ContactRouting } from '../routing/queue-entry.ts';
import { wireExpression } from '../routing/routing-criteria.ts';
import type { Contact, ContactOutcome, InitiationMethod, PreviewStrategy, RtpOutcome } from './contact.ts';

/** Segment attributes that every contact has. */
export const commonSegmentAttributes = {
  'connect:Subtype': 'connect:Telephony',
  'connect:Direction': 'OUTBOUND',
} as const;

/** `SegmentAttributes`: Connect's own keys, and ours for what it has no word for: odd endings, and recordings that failed. */
export function segmentAttributesOf(contact: Contact): Record<string, { ValueString: string }> {
  return {
    'connect:Subtype': { ValueString: commonSegmentAttributes['connect:Subtype'] },
    'connect:Direction': { ValueString: commonSegmentAttributes['connect:Direction'] },
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

/** `Tags`: Connect's own, and those that were set. */
export function tagsOf({ instanceId, request, outcome }: Contact): Record<string, string> {
  return {
    'aws:connect:instanceId': instanceId,
    'aws:connect:systemEndpoint': request.source,
    ...outcome.tags,
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

/** The caller ID. Connect leaves it out where nobody was called by that number in the ordinary way (Administrator Guide, contact events). */
export function systemEndpointOf({
  request,
}: Contact): { readonly Type: 'TELEPHONE_NUMBER'; readonly Address: string } | undefined {
  return request.initiationMethod && withoutSystemEndpoint.has(request.initiationMethod)
    ? undefined
    : { Type: 'TELEPHONE_NUMBER', Address: request.source };
}

const withoutSystemEndpoint: ReadonlySet<InitiationMethod> = new Set([
  'CALLBACK',
  'MONITOR',
  'QUEUE_TRANSFER',
]);

/** The ARN of the queue that the contact waits or waited in, or was asked for; undefined without any. */
export function queueArnOf({ tenant, instanceId, request, outcome }: Contact): string | undefined {
  const id = outcome.queue?.queueId ?? request.queueId;
  if (id === undefined) return undefined;
  return instanceResourceArn(
    tenant,
    instanceId,
    'queue',
    outcome.queue?.kind === 'agent' ? `agent/${id}` : id,
  );
}

/** How the audio was at either end; undefined where nothing was measured. */
export function qualityMetricsOf({ outcome: { rtp, agent } }: Contact) {
  const [forAgent, forCustomer] = [sideQuality(agent?.rtp), sideQuality(rtp)];
  if (!forAgent && !forCustomer) return undefined;
  return { ...(forAgent ? { Agent: forAgent } : {}), ...(forCustomer ? { Customer: forCustomer } : {}) };
}

function sideQuality(rtp: RtpOutcome | undefined) {
  const quality = rtp && audioQuality({ ...rtp, lost: rtp.packetsLost, roundTripMs: rtp.roundTripMs });
  if (!quality) return undefined;
  return { Audio: { QualityScore: quality.score, PotentialQualityIssues: [...quality.issues] } };
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

/** `RoutingCriteria`, those that the contact was given last; undefined without any. `spell` writes a moment given in ms. */
export function routingCriteriaOf<Moment, StepIs extends ContactRouting['stepIs']>(
  { criteria, step, stepIs }: ContactRouting & { readonly stepIs: StepIs },
  spell: (atMs: number) => Moment,
) {
  if (!criteria) return undefined;
  const { activatedAtMs } = criteria;
  let endsAtMs = activatedAtMs;
  return {
    Steps: criteria.steps.map(({ expression, durationMs }, index) => {
      if (endsAtMs !== undefined && durationMs !== undefined) endsAtMs += durationMs;
      const Status = index < step ? ('EXPIRED' as const) : index === step ? stepIs : ('INACTIVE' as const);
      const expiresAtMs = Status === 'INACTIVE' ? undefined : endsAtMs;
      return {
        ...(durationMs === undefined
          ? {}
          : {
              Expiry: {
                DurationInSeconds: durationMs / 1000,
                ...(expiresAtMs === undefined ? {} : { ExpiryTimestamp: spell(expiresAtMs) }),
              },
            }),
        Expression: wireExpression(expression),
        Status,
      };
    }),
    ...(activatedAtMs === undefined ? {} : { ActivationTimestamp: spell(activatedAtMs) }),
    Index: criteria.index ?? 0,
  };
}
