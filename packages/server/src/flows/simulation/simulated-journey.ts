/** The way of a contact from its first flow through queue, whispers, talk and hold to its disconnect flow, in the order of docs/flows.md. For simulations with an agent. */
import {
  type ContactFlowState,
  type EventHook,
  type EventHookSetting,
  type Flow,
  type FlowHost,
  type FlowOutcome,
  runFlow,
} from '@ringback/flow';
import { defaultFlowOfHook } from '../default-flows.ts';
import type { SimulatedClock } from './simulated-clock.ts';
import type { SimulationEntry } from './simulation-entry.ts';

/** The agent who takes the contact. */
export interface SimulatedAgent {
  /** Time in the queue before the agent accepts, ms. */
  readonly acceptsAfterMs: number;
  readonly talksForMs: number;
  /** The customer is put on hold for so long in the middle of the talk, ms; 0: not at all. */
  readonly holdsForMs: number;
  /** Who hangs up when all is said. */
  readonly hangsUp: 'agent' | 'customer';
}

export interface JourneyParts {
  readonly clock: SimulatedClock;
  readonly agent: SimulatedAgent;
  /** Hosts over the same contact: for flows that speak to the customer, to the agent, to a customer with an agent, and to one who is left behind. */
  readonly hosts: Readonly<Record<'customer' | 'agent' | 'joining' | 'remaining', FlowHost>>;
  readonly hooks: ReadonlyMap<EventHook, EventHookSetting>;
  readonly findFlow: (reference: string) => Flow | undefined;
  readonly state: ContactFlowState;
  readonly report: (entry: SimulationEntry) => void;
  readonly startMs: number;
  /** The customer hangs up. */
  readonly hangUp: () => void;
  readonly signal: AbortSignal;
}

/** Runs the contact's first flow, and what follows while the contact is queued. Gives how its last flow ended. */
export async function simulateJourney(flow: Flow, parts: JourneyParts): Promise<FlowOutcome> {
  const { hosts, state, signal } = parts;
  let outcome = await runFlow(flow, hosts.customer, { signal, state });
  while (outcome.kind === 'queued') {
    const fromQueue = await waitInQueue(parts);
    outcome = fromQueue ?? (await meetAgent(parts));
  }
  return outcome;
}

/** The queue flow runs until the agent's whisper is over. Gives its outcome where that decides what follows. */
async function waitInQueue(parts: JourneyParts): Promise<FlowOutcome | undefined> {
  const { clock, agent, signal } = parts;
  const leaveQueue = new AbortController();
  const inQueue = AbortSignal.any([signal, leaveQueue.signal]);
  const queueFlow = runHook('CustomerQueue', 'customer', parts, inQueue).then(async (outcome) => {
    // A queue flow that ends leaves the customer waiting in silence.
    if (outcome === undefined || outcome.kind === 'ended') await aborted(inQueue);
    return outcome;
  });
  const agentComes = async (): Promise<undefined> => {
    await pass(clock, agent.acceptsAfterMs, inQueue);
    if (inQueue.aborted) return undefined;
    tell(parts, 'agent', 'accepts the contact');
    await runHook('AgentWhisper', 'agent', parts, inQueue);
    return undefined;
  };
  const decided = await Promise.race([queueFlow, agentComes()]);
  leaveQueue.abort(new Error('left the queue'));
  await queueFlow;
  return signal.aborted ? { kind: 'aborted' } : decided;
}

async function meetAgent(parts: JourneyParts): Promise<FlowOutcome> {
  const { clock, agent, signal } = parts;
  await runHook('CustomerWhisper', 'joining', parts, signal);
  if (!signal.aborted) tell(parts, 'joined', 'customer and agent');
  await pass(clock, agent.talksForMs / 2, signal);
  if (agent.holdsForMs > 0 && !signal.aborted) await holdCustomer(parts);
  await pass(clock, agent.talksForMs / 2, signal);
  if (!signal.aborted && agent.hangsUp === 'customer') parts.hangUp();
  if (signal.aborted) return { kind: 'aborted' };
  tell(parts, 'agent', 'hangs up');
  const outcome = await runHook('CustomerRemaining', 'remaining', parts, signal);
  return outcome ?? { kind: 'disconnected' };
}

async function holdCustomer(parts: JourneyParts): Promise<void> {
  const { clock, agent, signal } = parts;
  tell(parts, 'agent', 'puts the customer on hold');
  const retrieve = new AbortController();
  const onHold = AbortSignal.any([signal, retrieve.signal]);
  const music = runHook('CustomerHold', 'joining', parts, onHold);
  await pass(clock, agent.holdsForMs, signal);
  retrieve.abort(new Error('retrieved'));
  await music;
  tell(parts, 'agent', 'takes the customer back');
}

/** Runs the flow of a moment: what a flow set, else the default; undefined where nothing is to run. */
async function runHook(
  hook: EventHook,
  hears: keyof JourneyParts['hosts'],
  parts: JourneyParts,
  signal: AbortSignal,
): Promise<FlowOutcome | undefined> {
  const setting = parts.hooks.get(hook);
  if (setting?.execution === 'disabled' || signal.aborted) return undefined;
  const flow =
    setting?.flowId === undefined ? defaultFlowOfHook(hook, parts.findFlow) : parts.findFlow(setting.flowId);
  if (!flow) {
    if (setting) tell(parts, 'no flow', `${hook}: "${setting.flowId}" is none of the given files`);
    return undefined;
  }
  parts.report({
    kind: 'flow begins',
    atMs: elapsed(parts),
    hook,
    flowName: flow.name,
    hears: hears === 'agent' ? 'agent' : 'customer',
  });
  return runFlow(flow, parts.hosts[hears], { signal, state: parts.state });
}

function tell(parts: JourneyParts, what: string, detail: string): void {
  parts.report({ kind: 'effect', atMs: elapsed(parts), what, detail });
}

const elapsed = ({ clock, startMs }: JourneyParts): number => clock.now() - startMs;

/** Lets time pass; less of it when the signal is aborted. */
function pass(clock: SimulatedClock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clock.clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
