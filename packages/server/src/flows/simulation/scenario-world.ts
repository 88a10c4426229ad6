/** From a scenario to the world and the caller of a simulation. */
import type { Flow } from '@ringback/flow';
import { idOf } from '../../arn.ts';
import type { CallerStep, Scenario, ScenarioLambdaAnswer } from './scenario-file.ts';
import type { CallerAct, CallerMind } from './simulated-caller.ts';
import type { SimulatedQueue, SimulatedWorld } from './simulated-flow-host.ts';
import type { LambdaReply } from './simulation-entry.ts';

/** Numbers reserved for fiction (NANPA). */
const defaultCustomerNumber = '+12065550100';
const defaultSystemNumber = '+12065550199';

/** As the simulated carrier's phones: a key comes one second after the prompt's end, ms. */
const keyAfterPromptMs = 1000;

/** What a scenario may leave to someone else. */
export interface ScenarioFallbacks {
  /** Answers functions that the scenario does not name; undefined when it cannot. */
  readonly lambda?: (functionArn: string, parameters: object) => Promise<LambdaReply | undefined>;
  readonly findFlow: (reference: string) => Flow | undefined;
}

export function worldOf(scenario: Scenario, fallbacks: ScenarioFallbacks): SimulatedWorld {
  const lambdas = new Map(
    Object.entries(scenario.lambdas ?? {}).map(([name, answers]) => [
      name,
      inTurn(Array.isArray(answers) ? answers : [answers]),
    ]),
  );
  const services = new Map(
    Object.entries(scenario.services ?? {}).map(([type, answers]) => [type, inTurn(answers)]),
  );
  const draws = inTurn(scenario.random ?? [0.5], 'begin again');
  const { hours, queues } = scenario;
  return {
    attributes: new Map(Object.entries(scenario.attributes ?? {})),
    customerNumber: scenario.customerNumber ?? defaultCustomerNumber,
    systemNumber: scenario.systemNumber ?? defaultSystemNumber,
    queue: scenario.queue,
    async lambda({ functionArn, parameters }) {
      const next = lambdas.get(functionArn) ?? lambdas.get(functionName(functionArn));
      return next ? replyOf(next()) : fallbacks.lambda?.(functionArn, parameters);
    },
    isOpen: (named) => {
      if (typeof hours !== 'object') return hours !== 'closed';
      if (named === undefined) return !Object.values(hours).includes('closed');
      const state = valueNamed(hours, named);
      return state && state === 'open';
    },
    findQueue: (named) => {
      if (queues === undefined) return queueOf({});
      const queue = valueNamed(queues, named);
      return queue && queueOf(queue);
    },
    outboundCallStatus: scenario.answeredBy ?? 'CallAnswered',
    thirdParty: scenario.thirdParty ?? 'connected',
    service: (actionType) => {
      const answer = services.get(actionType)?.();
      return (
        answer && {
          ...(answer.result === undefined ? {} : { result: answer.result }),
          ...(answer.root === undefined ? {} : { values: { root: answer.root, value: answer.value } }),
        }
      );
    },
    agent: scenario.agent && {
      acceptsAfterMs: 1000 * (scenario.agent.acceptsAfterSeconds ?? 20),
      talksForMs: 1000 * (scenario.agent.talksForSeconds ?? 30),
      holdsForMs: 1000 * (scenario.agent.holdsForSeconds ?? 0),
      hangsUp: scenario.agent.hangsUp ?? 'agent',
    },
    random: draws,
    findFlow: fallbacks.findFlow,
  };
}

/** The caller of a scenario: its steps in order, silence when they run out. */
export function scriptedCaller(steps: readonly CallerStep[]): CallerMind {
  let next = 0;
  const head = (): CallerStep | undefined => steps[next];
  return {
    answer() {
      const step = head();
      if (step === undefined || (typeof step === 'object' && step.hears !== undefined))
        return { kind: 'silence' };
      next += 1;
      return actOf(step);
    },
    hear(words) {
      const acts: CallerAct[] = [];
      for (let step = head(); typeof step === 'object' && step.hears !== undefined; step = head()) {
        if (!words.toLowerCase().includes(step.hears.toLowerCase())) break;
        acts.push(actOf(step));
        next += 1;
      }
      return acts;
    },
  };
}

function actOf(step: CallerStep): CallerAct {
  if (step === 'silence') return { kind: 'silence' };
  if (step === 'hangUp') return { kind: 'hangUp', from: 'prompt end', afterMs: keyAfterPromptMs };
  const when =
    step.duringPromptSeconds === undefined
      ? ({
          from: 'prompt end',
          afterMs: step.afterSeconds === undefined ? keyAfterPromptMs : 1000 * step.afterSeconds,
        } as const)
      : ({ from: 'prompt begin', afterMs: 1000 * step.duringPromptSeconds } as const);
  return 'press' in step ? { kind: 'press', keys: step.press, ...when } : { kind: 'hangUp', ...when };
}

function replyOf(answer: ScenarioLambdaAnswer): LambdaReply {
  const afterMs = 1000 * (answer.afterSeconds ?? 0);
  return 'error' in answer
    ? { kind: 'error', message: answer.error, afterMs }
    : { kind: 'answer', payload: answer.answer, afterMs };
}

function queueOf(queue: NonNullable<Scenario['queues']>[string]): SimulatedQueue {
  const agents = queue.agentsAvailable ?? 1;
  return {
    capacity: queue.capacity ?? 'free',
    metrics: {
      contactsInQueue: queue.contactsInQueue ?? 0,
      oldestContactAgeMs: 1000 * (queue.oldestContactAgeSeconds ?? 0),
      agentsAvailable: agents,
      agentsStaffed: queue.agentsStaffed ?? agents,
      agentsOnline: queue.agentsOnline ?? queue.agentsStaffed ?? agents,
    },
  };
}

/** `arn:aws:lambda:…:function:NAME[:alias]` → NAME. */
export function functionName(functionArn: string): string {
  return /:function:([^:]+)/.exec(functionArn)?.[1] ?? functionArn;
}

/** Gives the values in turn; the last one repeats, or the first one follows it. */
function inTurn<Value>(
  values: readonly Value[],
  after: 'repeat the last' | 'begin again' = 'repeat the last',
): () => Value {
  let index = 0;
  return () => {
    const at = after === 'begin again' ? index % values.length : Math.min(index, values.length - 1);
    index += 1;
    return values[at] as Value;
  };
}

/** A value by id, ARN or name as a scenario may write it. */
function valueNamed<Value>(values: Readonly<Record<string, Value>>, reference: string): Value | undefined {
  for (const key of [reference, idOf(reference)]) if (Object.hasOwn(values, key)) return values[key];
  return undefined;
}
