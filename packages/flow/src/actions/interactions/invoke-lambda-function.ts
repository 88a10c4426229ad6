// InvokeLambdaFunction: sends the contact to a function and keeps its answer under $.External.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { isPromise } from '../../awaitable.ts';
import { member } from '../../flow-document.ts';
import type { Awaitable, LambdaRequest } from '../../flow-host.ts';
import { free, map, number, object, oneOf, required, resource } from '../../parameter-spec.ts';
import { sleep } from '../../sleep.ts';
import { readLambdaAnswer } from './lambda-answer.ts';
import { lambdaEvent } from './lambda-event.ts';

/** Limits of one call, seconds; old exports ask for more and are cut. */
const MIN_SECONDS = 1;
const MAX_SECONDS = 8;

/** Most time callers may wait in silence for functions in a row, ms. */
const MAX_SILENCE_MS = 20_000;

export const invokeLambdaFunction: ActionDefinition = {
  type: 'InvokeLambdaFunction',
  logType: 'InvokeExternalResource',
  support: { level: 'partial', missing: 'answers of ASYNCHRONOUS calls cannot be loaded later' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: {
    LambdaFunctionARN: required(resource('lambda')),
    InvocationTimeLimitSeconds: required(number(MIN_SECONDS, MAX_SECONDS, 'static', 'warning')),
    LambdaInvocationAttributes: map(free()),
    InvocationType: oneOf('SYNCHRONOUS', 'ASYNCHRONOUS'),
    ResponseValidation: object({ ResponseType: oneOf('STRING_MAP', 'JSON') }),
  },
  errors: { expected: ['NoMatchingError'] },
  run,
};

async function run(context: ActionContext): Promise<ActionOutcome> {
  const { data, state } = context;
  const request = requestOf(context);
  // What an earlier call left must not be taken for the answer of one that fails; until here it could be passed on.
  data.external = undefined;
  const parameters = {
    FunctionArn: request.functionArn,
    Parameters: request.event.Details.Parameters,
    TimeLimit: String(request.timeLimitMs),
  };
  const began = context.host.clock.now();
  try {
    const payload = await withinTimeLimit(context, request);
    if (request.invocation === 'asynchronous') return { kind: 'success', log: () => ({ parameters }) };
    const responseType =
      member(context.raw('ResponseValidation'), 'ResponseType') === 'JSON' ? 'JSON' : 'STRING_MAP';
    const answer = readLambdaAnswer(payload, responseType);
    data.external = answer;
    return { kind: 'success', log: () => ({ parameters, externalResults: answer }) };
  } catch (error) {
    // Caught here only for the log: the record of a failed call names the function and what was sent.
    if (!(error instanceof ActionFailure)) throw error;
    const { message, errorType } = error;
    return { kind: 'error', errorType, detail: message, log: () => ({ parameters, results: message }) };
  } finally {
    state.silentLambdaMs += context.host.clock.now() - began;
  }
}

function requestOf(context: ActionContext): LambdaRequest {
  const functionArn = context.requiredText('LambdaFunctionARN').trim();
  const seconds = context.number('InvocationTimeLimitSeconds', MIN_SECONDS, MAX_SECONDS) ?? MAX_SECONDS;
  const written = context.raw('LambdaInvocationAttributes');
  const parameters =
    typeof written === 'object' && written !== null
      ? (context.resolveDeep(written) as Record<string, unknown>)
      : {};
  return {
    functionArn,
    event: lambdaEvent(context, parameters),
    timeLimitMs: seconds * 1000,
    invocation: context.text('InvocationType') === 'ASYNCHRONOUS' ? 'asynchronous' : 'synchronous',
  };
}

/** The payload, or a failure when the function takes longer than it may. The host is then told to give up. */
async function withinTimeLimit(context: ActionContext, request: LambdaRequest): Promise<string> {
  const { host, state } = context;
  const patienceMs = host.participant === undefined ? MAX_SILENCE_MS : MAX_SILENCE_MS - state.silentLambdaMs;
  const limitMs = Math.min(request.timeLimitMs, patienceMs);
  if (limitMs <= 0) {
    throw new ActionFailure(`functions in a row took ${MAX_SILENCE_MS} ms; play something between them`);
  }
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const call: Awaitable<string> = context.perform('invokeLambda', host.invokeLambda?.(request, signal));
  if (!isPromise(call)) return call;
  const tooLate = sleep(host.clock, limitMs, signal).then(() => {
    throw new ActionFailure(`the function did not answer within ${limitMs} ms`);
  });
  try {
    return await Promise.race([call, tooLate]);
  } finally {
    stop.abort();
    // Whichever comes second has nobody to tell.
    call.catch(() => undefined);
    tooLate.catch(() => undefined);
  }
}
