// MessageParticipantIteratively (Loop prompts): plays a list of messages over and over while somebody waits.

import type { ActionContext } from '../../action-context.ts';
import { type ActionDefinition, type ActionOutcome, HOLDS, QUEUE, SUCCESS } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import type { FlowParticipant, Message } from '../../flow-host.ts';
import { MESSAGE_KEYS, MESSAGE_PARAMETERS, messageLog, resolveMessage } from '../../message.ts';
import { flag, list, number, object, required } from '../../parameter-spec.ts';
import { sleep } from '../../sleep.ts';

/** The result when the interruption is due. */
const INTERRUPTED = 'MessagesInterrupted';

/** Pause after a round of messages that took no time at all, so that it cannot spin. */
const EMPTY_ROUND_PAUSE_MS = 1_000;

export const messageParticipantIteratively: ActionDefinition = {
  type: 'MessageParticipantIteratively',
  logType: 'LoopPrompts',
  support: {
    level: 'partial',
    missing: 'ContinueMessagingDuringInterrupt: messages pause during the interruption',
  },
  flowTypes: [...QUEUE, ...HOLDS],
  nextAction: 'optional',
  parameters: {
    Messages: required(
      list(object(MESSAGE_PARAMETERS, { rule: 'exactlyOne', of: MESSAGE_KEYS }), { min: 1, max: 100 }),
    ),
    InterruptFrequencySeconds: number(1, 3_600, 'static', 'warning'),
    ContinueMessagingDuringInterrupt: flag(),
  },
  errors: { expected: [], optional: ['NoMatchingError'] },
  conditions: { operators: ['Equals'], results: [INTERRUPTED] },
  run,
};

async function run(context: ActionContext): Promise<ActionOutcome> {
  const participant = await context.participant();
  if (participant === undefined) return SUCCESS;
  const written = context.raw('Messages');
  if (!Array.isArray(written) || written.length === 0) throw new ActionFailure('Messages is empty');
  const messages = written.map((entry) => resolveMessage(context, entry));
  const intervalSeconds = context.number('InterruptFrequencySeconds', 1, 3_600);
  const log = () => ({ parameters: { Messages: messages.map(messageLog) }, results: INTERRUPTED });
  await playUntilInterrupted(context, participant, messages, intervalSeconds);
  context.state.silentLambdaMs = 0;
  return { kind: 'result', value: INTERRUPTED, log };
}

/** Plays round after round; returns when the interval is over, never without one. */
async function playUntilInterrupted(
  context: ActionContext,
  participant: FlowParticipant,
  messages: readonly Message[],
  intervalSeconds: number | undefined,
): Promise<void> {
  const { clock } = context.host;
  const interruption = new AbortController();
  const timer =
    intervalSeconds === undefined
      ? undefined
      : clock.setTimeout(() => interruption.abort(), intervalSeconds * 1000);
  const signal = AbortSignal.any([context.signal, interruption.signal]);
  try {
    while (!signal.aborted) {
      const roundBegan = clock.now();
      for (const message of messages) {
        if (signal.aborted) break;
        await stoppedBy(
          interruption.signal,
          context.perform('play', participant.play(message, 'uninterrupted', signal)),
        );
      }
      if (clock.now() === roundBegan && !signal.aborted) {
        await stoppedBy(interruption.signal, sleep(clock, EMPTY_ROUND_PAUSE_MS, signal));
      }
    }
  } finally {
    if (timer !== undefined) clock.clearTimeout(timer);
  }
}

/** Waits for work, or for the interruption if that comes first; what interrupted work then does is of no interest. */
async function stoppedBy(interruption: AbortSignal, work: unknown): Promise<void> {
  let stop: (() => void) | undefined;
  const interrupted = new Promise<void>((resolve) => {
    stop = resolve;
    interruption.addEventListener('abort', stop as () => void, { once: true });
  });
  try {
    await Promise.race([Promise.resolve(work).catch(rethrowUnless(interruption)), interrupted]);
  } finally {
    if (stop !== undefined) interruption.removeEventListener('abort', stop);
  }
}

function rethrowUnless(interruption: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!interruption.aborted) throw error;
  };
}
