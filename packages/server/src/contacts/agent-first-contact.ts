/** The story of a contact that an agent sees before its customer is called (OutboundStrategy AGENT_FIRST): flow, queue, preview, dialling, conversation. */
import { createContactFlowState, runFlow } from '@ringback/flow';
import type { AgentDesk } from '../agents/agent-desk.ts';
import { agentOutcomeOf } from './agent-outcome.ts';
import type { PreviewStrategy } from './contact.ts';
import { contactFlowHost } from './contact-flow-host.ts';
import { converse } from './conversation.ts';
import { dialForAgent } from './dial-for-agent.ts';
import type { HeldByContact } from './end-contact.ts';
import { type Ending, endings } from './endings.ts';
import { untilLegEnds } from './leg-endings.ts';
import type { OpenContact } from './open-contact.ts';
import type { OutboundContactDeps } from './outbound-contact.ts';
import { type QueuedContact, queuedContact, waitForDesk } from './queued-contact.ts';
import { whisperToCalled } from './whispers.ts';

/** Lives it to its end; nobody is dialled before an agent said so, or the countdown did. */
export async function liveAgentFirst(
  contact: OpenContact,
  held: HeldByContact,
  deps: OutboundContactDeps,
  signal: AbortSignal,
): Promise<Ending> {
  const { request, instanceId } = contact.current;
  const instance = await deps.directory.instance(instanceId);
  const flow = instance && (await deps.flows.find(instance, request.contactFlowId, 'flow'));
  if (!instance || !flow || !request.preview) return endings.flowUnavailable;
  const host = contactFlowHost(contact, instance, held, deps);
  if (request.queueId) await host.setTargetQueue?.({ kind: 'queue', queueId: request.queueId });
  const flowState = createContactFlowState();

  const outcome = await runFlow(flow, host, { signal, state: flowState });
  signal.throwIfAborted();
  if (outcome.kind === 'disconnected') return endings.flowDisconnected;
  if (outcome.kind === 'stepLimitReached') return endings.stepLimitReached;
  const wasQueued = outcome.kind === 'queued' || outcome.kind === 'transferredToAgent';
  const queued = wasQueued ? queuedContact(contact, instance, held, host, flowState, deps) : undefined;
  // A flow that never queues leaves nobody to call the customer.
  if (!queued) return endings.flowEnded;

  for (;;) {
    showPreview(queued, request.preview, undefined);
    const desk = await waitForDesk(queued, signal);
    signal.throwIfAborted();
    if (!desk) return endings.flowEnded;
    const decision = await preview(queued, request.preview, desk, signal);
    signal.throwIfAborted();
    if (decision === 'agent gone') {
      await queued.part.failed();
      continue;
    }
    if (decision === 'DISCARD') {
      await queued.part.end('none');
      return endings.previewDiscarded;
    }
    return callAndTalk(queued, desk, undefined, deps, signal);
  }
}

/** The agent looks at the contact; what ends that, in time or by a button. */
async function preview(
  queued: QueuedContact,
  strategy: PreviewStrategy,
  desk: AgentDesk,
  signal: AbortSignal,
): Promise<'CALL' | 'DISCARD' | 'agent gone'> {
  const { contact, deps } = queued;
  const acceptedAtMs = deps.clock.now();
  const setUp = await desk.setUp();
  if (!setUp) return 'agent gone';
  const outcome = { ...agentOutcomeOf(setUp.agent), acceptedAtMs };
  contact.learned({ agentConnectionAttempts: queued.part.attempts });
  await contact.acceptedByAgent(outcome, acceptedAtMs);

  const decided = Promise.withResolvers<'CALL' | 'DISCARD' | 'agent gone'>();
  const untilMs = acceptedAtMs + strategy.postAcceptTimeoutSeconds * 1000;
  const countdown = deps.clock.setTimeout(
    () => decided.resolve(atEndOf(strategy)),
    Math.max(0, untilMs - deps.clock.now()),
  );
  const stop = (): void => decided.resolve('agent gone');
  signal.addEventListener('abort', stop, { once: true });
  void desk.gone.then(stop);
  showPreview(queued, strategy, { untilMs, decide: decided.resolve });
  try {
    const decision = await decided.promise;
    if (decision !== 'agent gone')
      contact.learned({ agent: { ...outcome, previewEndedAtMs: deps.clock.now() } });
    return decision;
  } finally {
    deps.clock.clearTimeout(countdown);
    signal.removeEventListener('abort', stop);
  }
}

/** Decided: at the countdown's end the customer is called if that is allowed, else the contact is discarded. */
function atEndOf({ allowedUserActions }: PreviewStrategy): 'CALL' | 'DISCARD' {
  return allowedUserActions.includes('DISCARD') && !allowedUserActions.includes('CALL') ? 'DISCARD' : 'CALL';
}

function showPreview(
  { card }: QueuedContact,
  strategy: PreviewStrategy,
  running: { readonly untilMs: number; readonly decide: (decision: 'CALL' | 'DISCARD') => void } | undefined,
): void {
  const { allowedUserActions: actions } = strategy;
  const may = (action: 'CALL' | 'DISCARD') => running !== undefined && actions.includes(action);
  const decide = (decision: 'CALL' | 'DISCARD') => async () => {
    running?.decide(decision);
    return undefined;
  };
  card.enter(
    {
      phase: 'PREVIEW',
      preview: { actions, atEnd: atEndOf(strategy), ...(running ? { until: running.untilMs } : {}) },
      parties: [],
    },
    {
      ...(may('CALL') ? { call: decide('CALL') } : {}),
      ...(may('DISCARD') ? { discard: decide('DISCARD') } : {}),
    },
  );
}

/**
 * Calls the customer while the agent listens, and lets the two talk.
 *
 * @param whisper flow for the customer before they do, by id or name; none where the flow of the contact ran before.
 */
export async function callAndTalk(
  queued: QueuedContact,
  desk: AgentDesk,
  whisper: string | undefined,
  deps: OutboundContactDeps,
  signal: AbortSignal,
): Promise<Ending> {
  const { contact, held, card, agents } = queued;
  const { leg, joined } = await dialForAgent(
    { contact, held, card, desk, media: agents.media, deps },
    signal,
  );
  return untilLegEnds(leg, signal, async (whileConnected) => {
    if (whisper !== undefined) {
      const whispered = await whisperToCalled(whisper, queued, leg, whileConnected);
      if (whispered === 'too long') return endings.flowDisconnected;
    }
    const { agents: _agents, ...parts } = queued;
    const end = await converse(
      { ...parts, desk, media: agents.media, ...(joined ? { joined } : {}) },
      leg,
      'none',
      whileConnected,
    );
    return end.kind === 'over' ? end.ending : endings.agentLost;
  });
}
