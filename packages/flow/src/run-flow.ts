// The interpreter: runs a flow action by action until control leaves it. One loop; what an action does is in its file,
// what follows is in `next-action.ts`.

import { ActionContext } from './action-context.ts';
import type { ActionDefinition, ActionOutcome, Departure } from './action-definition.ts';
import { ActionFailure } from './action-failure.ts';
import { actionDefinition, unknownAction } from './actions/all-actions.ts';
import { isPromise, untilAborted } from './awaitable.ts';
import {
  type ContactFlowState,
  createContactFlowState,
  createFlowData,
  type FlowData,
  startFlowData,
} from './contact-flow-state.ts';
import type { Action, Flow } from './flow-document.ts';
import type { FlowHost } from './flow-host.ts';
import type { FlowLogDetail } from './flow-log.ts';
import type { FlowOutcome } from './flow-outcome.ts';
import { type ActionResult, chooseNextAction, describeVia, type NextAction } from './next-action.ts';
import { parseReference, textOf } from './references.ts';

/** Most actions in a row without time passing, unless said otherwise. */
const DEFAULT_STEPS_WITHOUT_TIME = 10_000;

/** So much time makes room for one more action, ms: no flow that anybody hears is faster for long. */
const TIME_FOR_ONE_STEP_MS = 20;

/** Most actions of one run, unless said otherwise: days of the busiest sensible flow. */
const DEFAULT_STEPS = 1_000_000;

/** How a flow is run. */
export interface RunOptions {
  /** Stops the run, and the operation in progress. One per contact. */
  readonly signal: AbortSignal;
  /** What flows remember about the contact; give the same to all flows of one contact. Default: fresh. */
  readonly state?: ContactFlowState;
  /** Identifier to begin at instead of the flow's StartAction. */
  readonly startAction?: string;
  /** Most actions in a row while the host's clock stands still; each 20 ms that pass allow one more. Default 10,000. */
  readonly maxStepsWithoutTime?: number;
  /** Most actions of the whole run. Default 1,000,000. */
  readonly maxSteps?: number;
}

/** A caller of a module: where it goes on, and with which values. */
interface ModuleCall {
  readonly action: Action;
  readonly flow: Flow;
  readonly data: FlowData;
}

/**
 * Runs a flow for one contact until control leaves it, following TransferToFlow and InvokeFlowModule. Whatever a
 * host operation throws takes an error branch and is reported through `host.note`; only `log`, `note`, `trace`, `clock`
 * and the getters of the host must not throw, or the promise rejects with what they threw.
 */
export function runFlow(flow: Flow, host: FlowHost, options: RunOptions): Promise<FlowOutcome> {
  return new FlowRun(flow, host, options).run();
}

class FlowRun {
  readonly #host: FlowHost;
  readonly #signal: AbortSignal;
  readonly #state: ContactFlowState;
  readonly #callers: ModuleCall[] = [];
  readonly #maxStepsWithoutTime: number;
  readonly #maxSteps: number;
  #flow: Flow;
  #context: ActionContext | undefined;
  #next: string;
  #steps = 0;
  #stepsWithoutTime = 0;
  #timeMs: number;

  constructor(flow: Flow, host: FlowHost, options: RunOptions) {
    this.#flow = flow;
    this.#host = host;
    this.#signal = options.signal;
    this.#state = options.state ?? createContactFlowState();
    this.#maxStepsWithoutTime = options.maxStepsWithoutTime ?? DEFAULT_STEPS_WITHOUT_TIME;
    this.#maxSteps = options.maxSteps ?? DEFAULT_STEPS;
    this.#next = options.startAction ?? flow.document.startAction;
    this.#timeMs = host.clock.now();
  }

  async run(): Promise<FlowOutcome> {
    try {
      return await this.#runActions();
    } finally {
      this.#state.data = this.#callers[0]?.data ?? this.#context?.data ?? this.#state.data;
    }
  }

  async #runActions(): Promise<FlowOutcome> {
    for (;;) {
      if (this.#signal.aborted) return { kind: 'aborted' };
      const action = this.#flow.document.actions.get(this.#next);
      if (action === undefined) {
        this.#note('error', `the flow goes to "${this.#next}", which does not exist; it ends there`);
        return { kind: 'ended', reason: 'noTarget' };
      }
      if (this.#isOverLimit()) {
        this.#note('error', `stopped after ${this.#steps} actions: the flow seems to go round in circles`);
        return { kind: 'stepLimitReached', steps: this.#steps, actionIdentifier: action.identifier };
      }
      const context = this.#contextFor(action);
      const definition = actionDefinition(action.type) ?? unknownAction;
      let outcome: ActionOutcome;
      try {
        const running = this.#refusalInModule(definition) ?? definition.run(context);
        if (!isPromise(running)) outcome = running;
        else outcome = await (definition.endsContact ? running : untilAborted(running, this.#signal));
      } catch (error) {
        if (this.#signal.aborted) return { kind: 'aborted' };
        outcome = this.#failure(context, error);
      }
      // After a hang-up no further branch is taken; an action that ended the contact itself has the word, though.
      if (this.#signal.aborted && outcome.kind !== 'leave') return { kind: 'aborted' };
      if (this.#state.logging === 'Enabled') this.#log(context, definition, outcome);
      const ended = this.#follow(context, outcome);
      if (ended !== undefined) return ended;
    }
  }

  /** Goes where the outcome leads; returns how the run ended, if it did. */
  #follow(context: ActionContext, outcome: ActionOutcome): FlowOutcome | undefined {
    const { action } = context;
    switch (outcome.kind) {
      case 'leave':
        this.#trace(action, outcome, outcome.outcome.kind, undefined);
        return outcome.outcome;
      case 'enterFlow':
        this.#trace(
          action,
          outcome,
          `TransferToFlow ${outcome.flow.name}`,
          outcome.flow.document.startAction,
        );
        this.#flow = outcome.flow;
        context.data = startFlowData(context.data);
        this.#next = outcome.flow.document.startAction;
        context.flowType = outcome.flow.type;
        return undefined;
      case 'enterModule':
        return this.#enterModule(context, outcome);
      case 'endModule':
        return this.#endModule(context, outcome);
      default:
        return this.#goOn(context, action, outcome);
    }
  }

  #goOn(context: ActionContext, action: Action, result: ActionResult): FlowOutcome | undefined {
    const next = chooseNextAction(action, result, (operand) => operandValue(context, operand));
    this.#trace(
      action,
      result,
      next.kind === 'goto' ? describeVia(action, next.via) : next.reason,
      next.kind === 'goto' ? next.target : undefined,
    );
    return this.#go(next);
  }

  #go(next: NextAction): FlowOutcome | undefined {
    if (next.kind === 'end') return { kind: 'ended', reason: next.reason };
    this.#next = next.target;
    return undefined;
  }

  #enterModule(
    context: ActionContext,
    departure: Departure & { readonly kind: 'enterModule' },
  ): FlowOutcome | undefined {
    const { action } = context;
    const { flow: module } = departure;
    if (this.#flow.id === module.id || this.#callers.some((caller) => caller.flow.id === module.id)) {
      const detail = `the module ${module.name} would call itself`;
      this.#note('warn', detail);
      return this.#goOn(context, action, { kind: 'error', errorType: 'NoMatchingError', detail });
    }
    this.#trace(action, departure, `InvokeFlowModule ${module.name}`, module.document.startAction);
    this.#callers.push({ action, flow: this.#flow, data: context.data });
    this.#flow = module;
    this.#next = module.document.startAction;
    context.data = createFlowData(departure.input);
    context.moduleDepth = this.#callers.length;
    return undefined;
  }

  #endModule(
    context: ActionContext,
    departure: Departure & { readonly kind: 'endModule' },
  ): FlowOutcome | undefined {
    const { result, resultData } = departure;
    const caller = this.#callers.pop();
    this.#trace(context.action, departure, `return ${result ?? ''}`.trim(), caller?.action.identifier);
    if (caller === undefined) return { kind: 'moduleEnded', result, resultData };
    this.#flow = caller.flow;
    context.flow = caller.flow;
    context.data = caller.data;
    context.data.moduleResult = result;
    context.data.moduleResultData = resultData;
    context.moduleDepth = this.#callers.length;
    context.action = caller.action;
    return this.#goOn(
      context,
      caller.action,
      result === undefined ? { kind: 'success' } : { kind: 'result', value: result },
    );
  }

  /** Inside modules, actions that the calling flow's type may not have take their error branch. */
  #refusalInModule(definition: ActionDefinition): ActionOutcome | undefined {
    if (this.#callers.length === 0 || definition.flowTypes === 'all') return undefined;
    const flowType = this.#context?.flowType ?? this.#flow.type;
    if (definition.flowTypes.includes(flowType) || definition.flowTypes.includes('MODULE')) return undefined;
    const detail = `${definition.type} cannot run in a module called by a flow of type ${flowType}`;
    this.#note('warn', detail);
    return { kind: 'error', errorType: 'NoMatchingError', detail };
  }

  #failure(context: ActionContext, error: unknown): ActionOutcome {
    if (error instanceof ActionFailure) {
      return { kind: 'error', errorType: error.errorType, detail: error.message };
    }
    const detail = error instanceof Error ? error.message : String(error);
    context.note('error', `the action threw: ${detail}`, error);
    return { kind: 'error', errorType: 'NoMatchingError', detail };
  }

  /**
   * Counts a step, and gives back what the time since the last one is worth. A few milliseconds for a look at the database must not
   * let a circle go on: it would hold the thread, and write without end.
   */
  #isOverLimit(): boolean {
    const now = this.#host.clock.now();
    const allowed = Math.max(0, now - this.#timeMs) / TIME_FOR_ONE_STEP_MS;
    this.#timeMs = now;
    this.#steps += 1;
    this.#stepsWithoutTime = Math.max(0, this.#stepsWithoutTime - allowed) + 1;
    return this.#stepsWithoutTime > this.#maxStepsWithoutTime || this.#steps > this.#maxSteps;
  }

  #contextFor(action: Action): ActionContext {
    if (this.#context === undefined) {
      this.#context = new ActionContext(this.#host, this.#signal, this.#state, this.#flow, action);
      this.#context.data = startFlowData(this.#state.data);
    }
    this.#context.action = action;
    this.#context.flow = this.#flow;
    return this.#context;
  }

  #log(context: ActionContext, definition: ActionDefinition, outcome: ActionOutcome): void {
    const { action } = context;
    const logged = outcome.log?.() ?? { parameters: action.parameters };
    const details: readonly FlowLogDetail[] = Array.isArray(logged) ? logged : [logged as FlowLogDetail];
    const error = outcome.kind === 'error' ? outcome.detail : undefined;
    for (const detail of details) {
      this.#host.log({
        ContactId: this.#host.contact.contactId,
        ContactFlowId: this.#flow.arn,
        ContactFlowName: this.#flow.name,
        ContactFlowModuleType:
          detail.type ?? (definition === unknownAction ? action.type : definition.logType),
        Identifier: action.identifier,
        Timestamp: new Date(this.#host.clock.now()).toISOString(),
        Parameters: detail.parameters,
        ...(detail.results === undefined ? {} : { Results: detail.results }),
        ...(detail.externalResults === undefined ? {} : { ExternalResults: detail.externalResults }),
        ...(detail.error === undefined && error === undefined ? {} : { Error: detail.error ?? error }),
      });
    }
  }

  #trace(action: Action, outcome: ActionOutcome, via: string, nextAction: string | undefined): void {
    if (this.#host.trace === undefined) return;
    this.#host.trace({
      flow: this.#flow,
      actionIdentifier: action.identifier,
      actionType: action.type,
      result: describe(outcome),
      via,
      ...(nextAction === undefined ? {} : { nextAction }),
      atMs: this.#host.clock.now(),
    });
  }

  #note(level: 'warn' | 'error', message: string): void {
    this.#host.note({ level, message, flowName: this.#flow.name, actionIdentifier: this.#next });
  }
}

function operandValue(context: ActionContext, operand: string): string | undefined {
  const reference = parseReference(operand);
  return reference === undefined ? operand : textOf(context.reference(reference));
}

function describe(outcome: ActionOutcome): string {
  if (outcome.kind === 'result') return `result ${textOf(outcome.value) ?? 'NULL'}`;
  if (outcome.kind === 'error') return `error ${outcome.errorType}: ${outcome.detail}`;
  return outcome.kind === 'success' ? 'success' : 'leaves the flow';
}
