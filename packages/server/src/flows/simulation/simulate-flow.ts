/** Runs one flow in virtual time against a simulated world and caller, and gives everything that happened. */
import {
  createContactFlowState,
  type Flow,
  type FlowLogRecord,
  type FlowOutcome,
  type FlowStep,
  runFlow,
} from '@ringback/flow';
import { type CallerMind, SimulatedCaller } from './simulated-caller.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { type SimulatedWorld, simulatedFlowHost } from './simulated-flow-host.ts';
import { simulateJourney } from './simulated-journey.ts';
import type { SimulationEntry } from './simulation-entry.ts';

export interface Simulation {
  readonly flow: Flow;
  readonly world: SimulatedWorld;
  readonly mind: CallerMind;
  /** Whom the flow speaks to; `nobody` runs it without a participant. Default: as the flow's type says. */
  readonly participant?: 'customer' | 'agent' | 'nobody';
  /** The caller hangs up so long after the start, ms. */
  readonly hangUpAtMs?: number;
  /** The caller hangs up at last, for flows that never end, ms. Default one hour. */
  readonly patienceMs?: number;
  /** Virtual time at the start, ms since the epoch. */
  readonly startMs: number;
  /** Told of each entry when it happens. */
  readonly report?: (entry: SimulationEntry) => void;
}

export interface SimulatedRun {
  readonly outcome: FlowOutcome;
  readonly elapsedMs: number;
  readonly entries: readonly SimulationEntry[];
  readonly steps: readonly FlowStep[];
  /** Flow-log records, as the service would write them. */
  readonly logs: readonly FlowLogRecord[];
  readonly attributes: Readonly<Record<string, string>>;
  /** Target queue at the end. */
  readonly queue: string | undefined;
}

/** The agent of a simulation hears whispers and presses no keys. */
const silent: CallerMind = { answer: () => ({ kind: 'silence' }), hear: () => [] };

const defaultPatienceMs = 3_600_000;

/** Flow types that speak to an agent. */
const agentFlowTypes: ReadonlySet<string> = new Set([
  'AGENT_WHISPER',
  'AGENT_HOLD',
  'AGENT_TRANSFER',
  'QUEUE_TRANSFER',
]);

export async function simulateFlow(simulation: Simulation): Promise<SimulatedRun> {
  const { flow, world, mind, startMs } = simulation;
  const clock = new SimulatedClock(startMs);
  const entries: SimulationEntry[] = [];
  const steps: FlowStep[] = [];
  const logs: FlowLogRecord[] = [];
  const report = (entry: SimulationEntry): void => {
    entries.push(entry);
    if (entry.kind === 'step') steps.push(entry.step);
    simulation.report?.(entry);
  };
  const hangUp = new AbortController();
  const role = simulation.participant ?? (agentFlowTypes.has(flow.type) ? 'agent' : 'customer');
  const caller =
    role === 'nobody'
      ? undefined
      : new SimulatedCaller({
          clock,
          role,
          mind,
          report,
          startMs,
          hangUp: () => hangUp.abort(new Error('hung up')),
        });
  const agent =
    world.agent &&
    new SimulatedCaller({ clock, role: 'agent', mind: silent, report, startMs, hangUp: () => undefined });
  const { host, agentHost, joiningHost, remainingHost, hooks, attributes, queue } = simulatedFlowHost({
    clock,
    world,
    caller,
    ...(agent ? { agent } : {}),
    report,
    log: (record) => logs.push(record),
  });
  const gone = (): void => (caller ? caller.hangUp() : hangUp.abort(new Error('stopped')));
  clock.setTimeout(
    gone,
    Math.min(simulation.hangUpAtMs ?? Infinity, simulation.patienceMs ?? defaultPatienceMs),
  );
  const state = createContactFlowState();
  const { signal } = hangUp;
  const outcome = await clock.runUntil(
    world.agent
      ? simulateJourney(flow, {
          clock,
          agent: world.agent,
          hosts: { customer: host, agent: agentHost, joining: joiningHost, remaining: remainingHost },
          hooks,
          findFlow: world.findFlow,
          state,
          report,
          startMs,
          hangUp: gone,
          signal,
        })
      : runFlow(flow, host, { signal, state }),
  );
  return {
    outcome,
    elapsedMs: clock.now() - startMs,
    entries,
    steps,
    logs,
    attributes: Object.fromEntries(attributes),
    queue: queue(),
  };
}
