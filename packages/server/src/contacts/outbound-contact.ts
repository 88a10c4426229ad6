/** The story of one outbound contact, top to bottom: wait for the dial gate, dial, run the flow on the answered leg, end. */
import { createContactFlowState, runFlow } from '@ringback/flow';
import { dial } from '../calls/dial.ts';
import { DialFailure } from '../calls/dial-failure.ts';
import { goOnAfterFlow } from './after-flow.ts';
import { liveAgentFirst } from './agent-first-contact.ts';
import { liveCallByAgent } from './call-by-agent.ts';
import { liveCallback } from './callback-contact.ts';
import type { ContactRequest } from './contact.ts';
import { contactFlowHost, type FlowHostDeps } from './contact-flow-host.ts';
import { ContactRecording } from './contact-recording.ts';
import { type DetectionDeps, detectionFor, startDetection } from './detected-answer.ts';
import { endContact, type HeldByContact } from './end-contact.ts';
import { ContactEnded, type Ending, endingOf, endings } from './endings.ts';
import { untilLegEnds } from './leg-endings.ts';
import { liveMonitor } from './monitor-contact.ts';
import type { OpenContact } from './open-contact.ts';
import { liveTransferred } from './transferred-contact.ts';

export interface OutboundContactDeps extends FlowHostDeps, DetectionDeps {
  /** Aborted when this node must not wait for agents' after-contact work any more. */
  readonly stopWaiting?: AbortSignal;
  /** Told of each contact whose end was written here. */
  readonly contactEnded?: (ending: Ending) => void;
  /** A contact that could not be dialled for so long ends undialled, ms after its request. */
  readonly maxDialDelayMs: number;
}

/**
 * Lives one contact from acceptance to its end. Never rejects: whatever happens becomes the contact's one
 * ending. Aborting `signal` (with a `ContactEnded` as its reason) ends the contact that way.
 *
 * @param held what the contact has at each moment; empty in the beginning.
 */
export async function runOutboundContact(
  contact: OpenContact,
  deps: OutboundContactDeps,
  signal: AbortSignal,
  held: HeldByContact = {},
): Promise<void> {
  held.recording ??= new ContactRecording(contact, held, deps);
  const story = storyOf(contact.current.request);
  const ending = await story(contact, held, deps, signal).catch((error: unknown) => whyEnded(error, signal));
  await endContact(contact, ending, held, deps);
}

function storyOf({ initiationMethod, preview }: ContactRequest): typeof live {
  if (initiationMethod === 'OUTBOUND') return liveCallByAgent;
  if (initiationMethod === 'CALLBACK') return liveCallback;
  if (initiationMethod === 'TRANSFER') return liveTransferred;
  if (initiationMethod === 'MONITOR') return liveMonitor;
  return preview ? liveAgentFirst : live;
}

async function live(
  contact: OpenContact,
  held: HeldByContact,
  deps: OutboundContactDeps,
  signal: AbortSignal,
): Promise<Ending> {
  const { request, initiatedAtMs, instanceId } = contact.current;
  const dialByMs = initiatedAtMs + deps.maxDialDelayMs;
  await deps.gate.pass(dialByMs, signal);

  const instance = await deps.directory.instance(instanceId);
  const detection = detectionFor(contact, instance, deps);
  const leg = await dial(
    {
      destination: request.destination,
      source: request.source,
      account: contact.current.tenant,
      callerIdName: request.callerIdName,
      ringTimeoutMs: request.ringTimeoutMs,
      dialByMs,
    },
    {
      commitAttempt: (attempt) => contact.dialAttempted(attempt, dialByMs),
      ringing: (ringStartedAtMs) => contact.learned({ ringStartedAtMs }),
      ...(detection ? { detected: (event) => detection.take(event) } : {}),
      digit: (digit) =>
        deps.observe?.({ kind: 'digit', atMs: deps.clock.now(), contactId: contact.current.id, digit }),
    },
    deps.dialling,
    signal,
  );
  held.leg = leg;
  if (detection) held.detection = await startDetection(detection, leg, contact);
  else await contact.connectedToSystem(leg.answeredAtMs);

  const flow = instance && (await deps.flows.find(instance, request.contactFlowId, 'flow'));
  if (!instance || !flow) return endings.flowUnavailable;
  const host = contactFlowHost(contact, instance, held, deps);
  if (request.queueId) await host.setTargetQueue?.({ kind: 'queue', queueId: request.queueId });
  const flowState = createContactFlowState();

  return untilLegEnds(leg, signal, async (whileConnected) => {
    const outcome = await runFlow(flow, host, { signal: whileConnected, state: flowState });
    return goOnAfterFlow(outcome, { contact, instance, held, host, flowState, deps }, leg, whileConnected);
  });
}

/**
 * An abort says why it came. Two dial failures know better: a StopContact while it rang has a word of Connect's own
 * (TELECOM_ORIGINATOR_CANCEL), and what the far end answered before it heard of the stop is what happened.
 */
function whyEnded(error: unknown, signal: AbortSignal): Ending {
  const asked = signal.reason instanceof ContactEnded ? signal.reason.ending : undefined;
  if (!asked) return endingOf(error);
  if (!(error instanceof DialFailure)) return asked;
  const { failure, gaveUpAtMs } = error;
  const wasStopped = failure.kind === 'stopped' && asked === endings.stoppedByApi;
  if (wasStopped || failure.kind === 'rejected') return endingOf(error);
  return gaveUpAtMs === undefined ? asked : { ...asked, atMs: gaveUpAtMs };
}
