/** The flow that somebody on hold hears: a hold flow of the contact's hooks, on one participant. Conversations have one for each whom they hold. */
import { type ContactFlowState, type FlowHost, type FlowParticipant, runFlow } from '@ringback/flow';
import type { Instance } from '../store/resource-store.ts';
import type { FlowHostDeps } from './contact-flow-host.ts';
import { type FlowHooks, flowOfHook } from './flow-hooks.ts';
import { hostBeside } from './whispers.ts';

export interface HoldFlowParts {
  readonly host: FlowHost;
  readonly flowState: ContactFlowState;
  readonly hooks: FlowHooks;
  readonly instance: Instance;
  readonly deps: FlowHostDeps;
}

export class HoldFlow {
  readonly #parts: HoldFlowParts;
  #playing: AbortController | undefined;

  constructor(parts: HoldFlowParts) {
    this.#parts = parts;
  }

  /** Plays the flow of a hook, instead of the one that plays. A flow that fails leaves silence, and a line in the log. */
  play(hook: 'CustomerHold' | 'AgentHold', participant: FlowParticipant | undefined): void {
    this.stop();
    this.#playing = new AbortController();
    void this.#run(hook, participant, this.#playing.signal);
  }

  /** May be called when nothing plays. */
  stop(): void {
    this.#playing?.abort();
    this.#playing = undefined;
  }

  async #run(
    hook: 'CustomerHold' | 'AgentHold',
    participant: FlowParticipant | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { hooks, instance, deps, host, flowState } = this.#parts;
    try {
      const flow = await flowOfHook(hooks, hook, instance, deps.flows);
      if (!flow || signal.aborted) return;
      await runFlow(flow, { ...hostBeside(host), participant }, { signal, state: flowState });
    } catch (error) {
      deps.logger.warn({ err: error, hook }, 'the hold flow failed; whoever is on hold waits in silence');
    }
  }
}
