// Wait: lets time pass, or waits for an event of the contact.
// Deviates: on voice the documented behaviour is the error branch; a plain timer is the useful superset.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { flag, list, number, required, text } from '../../parameter-spec.ts';
import { sleep } from '../../sleep.ts';

const WAIT_COMPLETED = 'WaitCompleted';
/** Longest wait, seconds: seven days. */
const MAX_SECONDS = 604_800;

export const wait: ActionDefinition = {
  type: 'Wait',
  logType: 'Wait',
  support: { level: 'partial', missing: 'ContinueExecution (going on while waiting) waits instead' },
  flowTypes: 'all',
  nextAction: 'optional',
  parameters: {
    TimeLimitSeconds: required(number(1, MAX_SECONDS, 'whole')),
    Events: list(text('static', { values: ['CustomerReturned', 'BotParticipantDisconnected'] })),
    ContinueExecution: flag(),
    MinimumWaitTimeSeconds: number(0, MAX_SECONDS, 'whole'),
  },
  errors: { expected: ['NoMatchingError'], optional: ['ParticipantNotFound', 'NoMatchingCondition'] },
  conditions: {
    operators: ['Equals'],
    results: [WAIT_COMPLETED, 'CustomerReturned', 'BotParticipantDisconnected', 'Continue'],
  },
  run,
};

async function run(context: ActionContext): Promise<ActionOutcome> {
  const seconds = context.number('TimeLimitSeconds', 0, MAX_SECONDS);
  if (seconds === undefined) throw new ActionFailure('TimeLimitSeconds is missing');
  const value = await timerOrEvent(context, seconds * 1000);
  context.state.silentLambdaMs = 0;
  return {
    kind: 'result',
    value,
    log: () => ({ parameters: { TimeLimitSeconds: String(seconds) }, results: value }),
  };
}

async function timerOrEvent(context: ActionContext, limitMs: number): Promise<string> {
  const { host } = context;
  const events = context.raw('Events');
  const names = Array.isArray(events) ? events.filter((name) => typeof name === 'string') : [];
  if (names.length === 0 || host.waitForEvent === undefined) {
    await sleep(host.clock, limitMs, context.signal);
    return WAIT_COMPLETED;
  }
  const settled = new AbortController();
  const signal = AbortSignal.any([context.signal, settled.signal]);
  const contenders: readonly Promise<string>[] = [
    sleep(host.clock, limitMs, signal).then(() => WAIT_COMPLETED),
    Promise.resolve(context.perform('waitForEvent', host.waitForEvent(names, signal))),
  ];
  try {
    return await Promise.race(contenders);
  } finally {
    settled.abort();
    // The loser only learns that it lost.
    for (const contender of contenders) contender.catch(() => undefined);
  }
}
