/** What follows when the flow of a contact with a customer on the line is over: its end, a third party, or the queue. Part of the stories that have a leg. */
import type { ContactFlowState, FlowHost, FlowOutcome } from '@ringback/flow';
import type { Leg } from '../calls/leg.ts';
import type { Instance } from '../store/resource-store.ts';
import type { FlowHostDeps } from './contact-flow-host.ts';
import type { ContactTransfer } from './contact-transfer.ts';
import { toldAnswer } from './detected-answer.ts';
import type { HeldByContact } from './end-contact.ts';
import { type Ending, endings } from './endings.ts';
import type { OpenContact } from './open-contact.ts';
import { queuedContact, serveFromQueue } from './queued-contact.ts';
import { endOf } from './third-party-transfer.ts';

export interface AfterFlowParts {
  readonly contact: OpenContact;
  readonly instance: Instance;
  readonly held: HeldByContact;
  readonly host: FlowHost;
  readonly flowState: ContactFlowState;
  readonly deps: FlowHostDeps;
  /** The customer comes, or came, from another contact. */
  readonly transfer?: ContactTransfer;
}

/** Undefined: `signal` was aborted, by the leg or by whoever stopped the contact. */
export async function goOnAfterFlow(
  outcome: FlowOutcome,
  parts: AfterFlowParts,
  customer: Leg,
  signal: AbortSignal,
): Promise<Ending | undefined> {
  const { held, contact, instance, host, flowState, deps, transfer } = parts;
  // Nothing is queued before CONNECTED_TO_SYSTEM; and hanging up before the verdict would leave it a guess.
  const waitsForAnswer = outcome.kind !== 'transferredToThirdParty' && outcome.kind !== 'stepLimitReached';
  if (waitsForAnswer && !(await isAnswerTold(held, signal))) return undefined;
  switch (outcome.kind) {
    case 'disconnected':
      return endings.flowDisconnected;
    case 'stepLimitReached':
      return endings.stepLimitReached;
    case 'aborted':
      return undefined;
    case 'transferredToThirdParty':
      if (held.thirdParty) await endOf(held.thirdParty, signal);
      return signal.aborted ? undefined : endings.thirdPartyHungUp;
    case 'queued':
    case 'transferredToAgent': {
      const queued = queuedContact(contact, instance, held, host, flowState, deps);
      if (!queued) return endings.flowEnded;
      const left = await serveFromQueue({ ...queued, ...(transfer ? { transfer } : {}) }, customer, signal);
      return left && 'kind' in left ? goOnAfterFlow(left, parts, customer, signal) : left;
    }
    default:
      return endings.flowEnded;
  }
}

/** Whether it is known who answered, where that was asked for; false when `signal` was aborted first. */
async function isAnswerTold({ detection }: HeldByContact, signal: AbortSignal): Promise<boolean> {
  if (!detection) return true;
  try {
    await toldAnswer(detection, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
