/** Flows at the moment in which an agent and a customer come together: each speaks to one of the two before they hear each other. Used by the stories and by conversation.ts. */
import { type ContactFlowState, type Flow, type FlowHost, runFlow } from '@ringback/flow';
import type { AgentDesk } from '../agents/agent-desk.ts';
import type { Leg } from '../calls/leg.ts';
import type { Queue } from '../store/queue-store.ts';
import type { Instance } from '../store/resource-store.ts';
import type { FlowHostDeps } from './contact-flow-host.ts';
import { type FlowHooks, flowOfHook } from './flow-hooks.ts';
import { agentOn } from './flow-participants.ts';

export interface WhisperParts {
  readonly instance: Instance;
  readonly host: FlowHost;
  readonly flowState: ContactFlowState;
  readonly hooks: FlowHooks;
  readonly deps: Pick<FlowHostDeps, 'flows' | 'messages' | 'clock' | 'logger' | 'observe'>;
}

/** `too long`: it was stopped, and whoever heard it is to be let go. */
export type Whispered = 'heard' | 'too long';

/** Longest whisper, ms (Administrator Guide, flow types). */
const longestMs = 120_000;

/** Runs where a queue names no outbound whisper flow of its own. */
const defaultOutboundWhisper = 'Default outbound';

/** To the agent who has accepted; the customer goes on waiting. */
export async function whisperToAgent(
  parts: WhisperParts,
  { audio }: Pick<AgentDesk, 'audio'>,
  signal: AbortSignal,
): Promise<Whispered> {
  const { hooks, instance, deps, host } = parts;
  const flow = await flowOfHook(hooks, 'AgentWhisper', instance, deps.flows);
  if (!flow || !audio) return 'heard';
  return run(flow, { ...hostBeside(host), participant: agentOn(audio, instance, deps) }, parts, signal);
}

/** To the customer whom the agent is about to be joined with. */
export async function whisperToCustomer(parts: WhisperParts, signal: AbortSignal): Promise<Whispered> {
  const { hooks, instance, deps, host } = parts;
  const flow = await flowOfHook(hooks, 'CustomerWhisper', instance, deps.flows);
  return flow && !signal.aborted ? run(flow, hostBeside(host), parts, signal) : 'heard';
}

/** To a customer whom an agent has called. The agent, who heard it ring, hears him again when the flow is over. */
export async function whisperToCalled(
  flowId: string,
  parts: Omit<WhisperParts, 'hooks'>,
  customer: Leg,
  signal: AbortSignal,
): Promise<Whispered> {
  const { instance, deps, host } = parts;
  const flow = await deps.flows.find(instance, flowId, 'flow');
  if (!flow || signal.aborted) return 'heard';
  customer.media.hold([]);
  try {
    return await run(flow, hostBeside(host), parts, signal);
  } finally {
    customer.media.resume();
  }
}

/** The outbound whisper flow of a queue, by id or name. */
export function outboundWhisperOf(queue: Queue | undefined): string {
  return queue?.outboundFlowId ?? defaultOutboundWhisper;
}

/** The host for a flow beside the contact's own: getters of the view stay live, what moves the contact is left out. */
export function hostBeside(host: FlowHost): FlowHost {
  const {
    transferToQueue: _queue,
    dequeueAndTransfer: _dequeue,
    transferToThirdParty: _third,
    ...rest
  } = host;
  return rest;
}

async function run(
  flow: Flow,
  host: FlowHost,
  { deps, flowState }: Pick<WhisperParts, 'deps' | 'flowState'>,
  signal: AbortSignal,
): Promise<Whispered> {
  const limit = new AbortController();
  const timer = deps.clock.setTimeout(() => limit.abort(), longestMs);
  try {
    await runFlow(flow, host, { signal: AbortSignal.any([signal, limit.signal]), state: flowState });
  } finally {
    deps.clock.clearTimeout(timer);
  }
  if (!limit.signal.aborted) return 'heard';
  deps.logger.warn({ flow: flow.name }, `a whisper flow was stopped after ${longestMs / 1000} s`);
  return 'too long';
}
