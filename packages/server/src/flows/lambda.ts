/** Lambda functions that flows invoke: a URL mapped from the ARN, an AWS-compatible endpoint, or real AWS. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { LambdaRequest } from '@ringback/flow';
import { request as httpRequest } from 'undici';
import { type Clock, delay } from '../clock.ts';

export interface LambdaConfig {
  /** An AWS-compatible endpoint; real AWS when absent and no URL is mapped. */
  readonly endpoint: string | undefined;
  /** Function ARN, or function name, to a URL that takes the event as a POST. */
  readonly functions: Readonly<Record<string, string>>;
  readonly region: string;
}

export interface Lambda {
  /**
   * Calls a function and gives its payload as text. Throttling, 5xx answers, lost connections and, of synchronous calls, errors of
   * the function itself are tried again, at most three times, within the request's time limit (Administrator Guide, invoke Lambda
   * functions, invocation retry policy). An asynchronous call is over when the function has begun.
   *
   * @throws {LambdaFailed} with the reason; the flow takes its error branch.
   */
  invoke(request: LambdaRequest, signal: AbortSignal): Promise<string>;
  close(): void;
}

/** The function could not be called, or it failed. */
export class LambdaFailed extends Error {
  override readonly name = 'LambdaFailed';
  readonly mayRetry: boolean;
  constructor(message: string, mayRetry: boolean) {
    super(message);
    this.mayRetry = mayRetry;
  }
}

/** A function at a URL that has not refused an asynchronous call by then is taken for started, ms: nobody waits for what it does. */
const startedAfterMs = 250;
/** Longest run of a function that nobody waits for, ms (Administrator Guide, AWS Lambda function block). */
const maxAsynchronousMs = 60_000;
const maxAttempts = 4;
const firstRetryDelayMs = 100;
/** A payload is read up to a little beyond the language's limit of 32 KB, so that the flow can say "too large". */
const maxPayloadBytes = 40_000;

/** @param failedLate told of asynchronous calls that fail when their flow has gone on. */
export function openLambda(
  config: LambdaConfig,
  clock: Clock,
  failedLate: (functionArn: string, why: string) => void = () => undefined,
): Lambda {
  const closed = new AbortController();
  let client: LambdaClient | undefined;
  const aws = (): LambdaClient => {
    // Retries are ours: they must end with the flow's time limit.
    client ??= new LambdaClient({
      region: config.region,
      maxAttempts: 1,
      ...(config.endpoint ? { endpoint: config.endpoint } : {}),
    });
    return client;
  };
  async function call(request: LambdaRequest, timeLimitMs: number, signal: AbortSignal): Promise<string> {
    const url = urlFor(config, request.functionArn);
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)]);
    const told = (failure: LambdaFailed) => (url ? failure : withWhereAsked(failure, config));
    let failed: LambdaFailed | undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return url ? await post(url, request, deadline) : await invokeAws(aws(), request, deadline);
      } catch (error) {
        // What the time was spent on says more than that it is over.
        if (deadline.aborted)
          throw told(failed ?? new LambdaFailed(`no answer within ${timeLimitMs} ms`, false));
        failed = error instanceof LambdaFailed ? error : new LambdaFailed(messageOf(error), true);
        if (!failed.mayRetry || attempt >= maxAttempts) throw told(failed);
        await delay(clock, firstRetryDelayMs * 2 ** (attempt - 1), deadline).catch(() => undefined);
      }
    }
  }

  /** AWS answers an asynchronous call at once; what stands behind a URL often answers when it is done. */
  async function start(request: LambdaRequest, signal: AbortSignal): Promise<string> {
    const running = call(request, maxAsynchronousMs, closed.signal);
    const waited = new AbortController();
    let hasGoneOn = false;
    running.catch((error: unknown) => {
      if (hasGoneOn && !closed.signal.aborted) failedLate(request.functionArn, messageOf(error));
    });
    try {
      const patience = delay(clock, startedAfterMs, AbortSignal.any([signal, waited.signal])).then(() => '');
      patience.catch(() => undefined);
      return await Promise.race([running, patience]);
    } finally {
      hasGoneOn = true;
      waited.abort();
    }
  }

  return {
    invoke: (request, signal) =>
      request.invocation === 'asynchronous' && urlFor(config, request.functionArn)
        ? start(request, signal)
        : call(request, request.timeLimitMs, signal),
    close() {
      closed.abort();
      client?.destroy();
    },
  };
}

/** A function that was to be answered here and has no URL fails for want of credentials or of such a function: neither says so. */
function withWhereAsked({ message, mayRetry }: LambdaFailed, { endpoint }: LambdaConfig): LambdaFailed {
  const where = `asked of ${endpoint ?? 'AWS'}; lambda.functions names no URL for it`;
  return new LambdaFailed(`${message} (${where})`, mayRetry);
}

function urlFor(config: LambdaConfig, functionArn: string): string | undefined {
  const name = /:function:([^:]+)/.exec(functionArn)?.[1];
  // Flows give any name; `constructor` is a member of every object.
  const mapped = (key: string) => (Object.hasOwn(config.functions, key) ? config.functions[key] : undefined);
  return mapped(functionArn) ?? (name ? mapped(name) : undefined);
}

async function post(url: string, request: LambdaRequest, signal: AbortSignal): Promise<string> {
  const answer = await httpRequest(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-amz-invocation-type': request.invocation === 'asynchronous' ? 'Event' : 'RequestResponse',
    },
    body: JSON.stringify(request.event),
    signal,
  });
  const text = await readLimited(answer.body);
  if (answer.statusCode >= 200 && answer.statusCode < 300) {
    if (answer.headers['x-amz-function-error']) throw functionFailed(request, text);
    return text;
  }
  const mayRetry = answer.statusCode === 429 || answer.statusCode >= 500;
  throw new LambdaFailed(`${url} answered ${answer.statusCode}`, mayRetry);
}

async function readLimited(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxPayloadBytes)
      throw new LambdaFailed(`the answer is larger than ${maxPayloadBytes} bytes`, false);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function invokeAws(client: LambdaClient, request: LambdaRequest, signal: AbortSignal): Promise<string> {
  const answer = await client.send(
    new InvokeCommand({
      FunctionName: request.functionArn,
      InvocationType: request.invocation === 'asynchronous' ? 'Event' : 'RequestResponse',
      Payload: Buffer.from(JSON.stringify(request.event)),
    }),
    { abortSignal: signal },
  );
  const text = answer.Payload ? Buffer.from(answer.Payload).toString('utf8') : '';
  if (answer.FunctionError) throw functionFailed(request, text);
  return text;
}

function functionFailed({ invocation }: LambdaRequest, answer: string): LambdaFailed {
  return new LambdaFailed(`the function failed: ${shorten(answer)}`, invocation === 'synchronous');
}

const shorten = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
