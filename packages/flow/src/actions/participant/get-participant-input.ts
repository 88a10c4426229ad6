// GetParticipantInput, voice: a menu of one key ("Get customer input"), stored keys ("Store customer input"), or the
// touch-tone buffer ("Set touchtone buffer behavior"), told apart by the parameters.

import type { ActionContext } from '../../action-context.ts';
import {
  type ActionDefinition,
  type ActionOutcome,
  INBOUND,
  OUTBOUND,
  QUEUE,
  SUCCESS,
  TRANSFERS,
} from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { type Collection, type CollectionRules, collect, startCollection } from '../../digit-collection.ts';
import { member } from '../../flow-document.ts';
import type { Digit, FlowParticipant, PlayEnd } from '../../flow-host.ts';
import { hasMessage, MESSAGE_KEYS, MESSAGE_PARAMETERS, messageLog, resolveMessage } from '../../message.ts';
import { flag, number, object, oneOf, required, text } from '../../parameter-spec.ts';
import { keepPressedDigits } from './digit-buffer.ts';
import { encryptInput } from './encrypt-input.ts';
import { inputModeOf } from './input-mode.ts';
import { checkInputModes } from './input-mode-rules.ts';
import { normalizePhoneNumber } from './phone-number-input.ts';

/** What `$.StoredCustomerInput` holds when no key was pressed. */
export const TIMEOUT_VALUE = 'Timeout';

const DEFAULT_TERMINATOR = '#';
const DEFAULT_INTERDIGIT_SECONDS = 5;
/** Longest phone number that is collected: country code and 15 digits (E.164), with room for a trunk prefix. */
const MAX_PHONE_DIGITS = 20;

export const getParticipantInput: ActionDefinition = {
  type: 'GetParticipantInput',
  logType: 'GetUserInput',
  support: { level: 'full' },
  flowTypes: [...INBOUND, ...TRANSFERS, ...QUEUE, ...OUTBOUND],
  nextAction: 'optional',
  parameters: {
    ...MESSAGE_PARAMETERS,
    InputTimeLimitSeconds: number(1, 600, 'static', 'warning'),
    StoreInput: flag(),
    InputValidation: object(
      {
        CustomValidation: object({ MaximumLength: required(number(1, 100, 'whole', 'warning')) }),
        PhoneNumberValidation: object({
          NumberFormat: required(oneOf('Local', 'E164')),
          CountryCode: text('static', {
            pattern: /^(?:[A-Za-z]{2}|\+?\d{1,3})$/,
            expected: 'a country such as US',
          }),
        }),
      },
      { rule: 'exactlyOne', of: ['CustomValidation', 'PhoneNumberValidation'] },
    ),
    InputEncryption: object({ EncryptionKeyId: required(text('whole')), Key: required(text('whole')) }),
    DTMFConfiguration: object({
      InputTerminationSequence: text('static', {
        pattern: /^[0-9*#]{1,5}$/,
        expected: 'one to five of 0-9, * and #',
      }),
      DisableCancelKey: flag(),
      InterdigitTimeLimitSeconds: number(1, 20, 'static', 'warning'),
    }),
    EnableDTMFBuffer: flag(),
  },
  choice: { rule: 'atMostOne', of: MESSAGE_KEYS },
  errors: {
    expected: ['NoMatchingError'],
    optional: ['NoMatchingCondition', 'InputTimeLimitExceeded', 'InvalidPhoneNumber'],
  },
  conditions: { operators: ['Equals'], results: [...'0123456789*#'] },
  check: checkInputModes,
  run,
};

async function run(context: ActionContext): Promise<ActionOutcome> {
  const mode = inputModeOf(context.action);
  const participant = await context.participant();
  if (participant === undefined) return SUCCESS;
  if (mode === 'buffer') return setBuffering(context, participant);
  const outcome =
    mode === 'menu' ? await readMenuKey(context, participant) : await storeDigits(context, participant);
  context.state.silentLambdaMs = 0;
  return outcome;
}

async function readMenuKey(context: ActionContext, participant: FlowParticipant): Promise<ActionOutcome> {
  const timeLimitMs = inputTimeLimitMs(context);
  const prompt = promptOf(context);
  const log = (results: string) => () => ({
    parameters: { ...prompt.log, Timeout: String(timeLimitMs), MaxDigits: '1' },
    results,
  });
  const digit =
    keepPressedDigits(context, participant)?.shift() ??
    (await prompt.play(participant)) ??
    (await participant.nextDigit(timeLimitMs, context.signal));
  if (digit === undefined) {
    const detail = `no key within ${timeLimitMs} ms`;
    return { kind: 'error', errorType: 'InputTimeLimitExceeded', detail, log: log('Timeout') };
  }
  return { kind: 'result', value: digit, log: log(digit) };
}

async function storeDigits(context: ActionContext, participant: FlowParticipant): Promise<ActionOutcome> {
  const rules = collectionRules(context);
  const prompt = promptOf(context);
  let state = startCollection(rules);
  const buffer = keepPressedDigits(context, participant);
  while (state.kind === 'collecting' && buffer !== undefined) {
    const digit = buffer.shift();
    if (digit === undefined) break;
    state = collect(rules, state, digit);
  }
  if (state.kind === 'collecting') {
    const interrupting = await prompt.play(participant);
    if (interrupting !== undefined) state = collect(rules, state, interrupting);
  }
  while (state.kind === 'collecting') {
    const digit: Digit | undefined = await participant.nextDigit(state.waitMs, context.signal);
    state = collect(rules, state, digit ?? 'silence');
  }
  const isTimeout = state.kind === 'timeout';
  const stored = isTimeout ? TIMEOUT_VALUE : await validated(context, state);
  if (!isTimeout && stored === undefined) {
    return { kind: 'error', errorType: 'InvalidPhoneNumber', detail: 'the keys are no phone number' };
  }
  context.data.storedCustomerInput = stored;
  return {
    kind: 'success',
    // The keys themselves may be a card number and stay out of the log.
    log: () => ({
      type: 'StoreUserInput',
      parameters: { ...prompt.log, Timeout: String(rules.firstDigitTimeLimitMs) },
      results: isTimeout ? TIMEOUT_VALUE : 'Success',
    }),
  };
}

/** The value to store; undefined when phone validation refuses it. */
async function validated(context: ActionContext, state: Collection): Promise<string | undefined> {
  const digits = state.kind === 'collected' ? state.digits : '';
  const phone = member(context.raw('InputValidation'), 'PhoneNumberValidation');
  if (typeof phone === 'object' && phone !== null) {
    const format = context.textOf(member(phone, 'NumberFormat'), 'NumberFormat');
    const country = context.textOf(member(phone, 'CountryCode'), 'CountryCode');
    return normalizePhoneNumber(digits, format === 'Local' ? (country ?? '') : undefined);
  }
  return context.has('InputEncryption') ? encryptInput(context, digits) : digits;
}

/** Starts buffering, or stops it; what was buffered is dropped, unless it is to be stored. */
async function setBuffering(context: ActionContext, participant: FlowParticipant): Promise<ActionOutcome> {
  const { state } = context;
  const buffered = keepPressedDigits(context, participant);
  if (context.isTrue('EnableDTMFBuffer')) {
    state.digitBuffer = buffered ?? [];
    return SUCCESS;
  }
  state.digitBuffer = undefined;
  if (context.isTrue('StoreInput')) {
    const digits = buffered?.join('') ?? '';
    if (digits === '') context.data.storedCustomerInput = TIMEOUT_VALUE;
    else {
      context.data.storedCustomerInput = context.has('InputEncryption')
        ? await encryptInput(context, digits)
        : digits;
    }
  }
  return SUCCESS;
}

function inputTimeLimitMs(context: ActionContext): number {
  const seconds = context.number('InputTimeLimitSeconds', 1, 600);
  if (seconds === undefined) throw new ActionFailure('InputTimeLimitSeconds is missing');
  return seconds * 1000;
}

function collectionRules(context: ActionContext): CollectionRules {
  const keys = context.raw('DTMFConfiguration');
  const custom = member(context.raw('InputValidation'), 'CustomValidation');
  const terminator = context.textOf(
    member(keys, 'InputTerminationSequence'),
    'DTMFConfiguration.InputTerminationSequence',
  );
  const interdigitSeconds = context.numberOf(
    member(keys, 'InterdigitTimeLimitSeconds'),
    'DTMFConfiguration.InterdigitTimeLimitSeconds',
    1,
    20,
  );
  return {
    maximumLength:
      context.numberOf(member(custom, 'MaximumLength'), 'CustomValidation.MaximumLength', 1, 100) ??
      MAX_PHONE_DIGITS,
    terminator: terminator ?? DEFAULT_TERMINATOR,
    cancelKey: context.isTrueValue(member(keys, 'DisableCancelKey')) ? 'disabled' : 'enabled',
    firstDigitTimeLimitMs: inputTimeLimitMs(context),
    interdigitTimeLimitMs: (interdigitSeconds ?? DEFAULT_INTERDIGIT_SECONDS) * 1000,
  };
}

interface Prompt {
  readonly log: Readonly<Record<string, unknown>>;
  /** Plays to the end or to the first key, which is returned. */
  play(participant: FlowParticipant): Promise<Digit | undefined>;
}

function promptOf(context: ActionContext): Prompt {
  if (!hasMessage(context.action.parameters)) return { log: {}, play: async () => undefined };
  const message = resolveMessage(context, context.action.parameters);
  return {
    log: messageLog(message),
    play: async (participant) => {
      const end: PlayEnd = await context.perform(
        'play',
        participant.play(message, 'untilDigit', context.signal),
      );
      return end.kind === 'interrupted' ? end.digit : undefined;
    },
  };
}
