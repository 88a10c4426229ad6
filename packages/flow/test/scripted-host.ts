// A host for tests: a caller who presses keys at set times, everything the flow did in one list, time under control.

import { VirtualClock } from '@ringback/testkit';
import {
  type Awaitable,
  type ContactFlowState,
  type ContactView,
  createContactFlowState,
  type Digit,
  done,
  type Flow,
  type FlowHost,
  type FlowLogRecord,
  type FlowNote,
  type FlowOutcome,
  type FlowParticipant,
  type FlowStep,
  type FlowType,
  failed,
  type HostResult,
  type Interruption,
  type Message,
  type PlayEnd,
  parseFlow,
  runFlow,
} from '../src/index.ts';

/** How long every message lasts, ms. */
export const MESSAGE_MS = 1_000;

/** A caller on the line. Keys are pressed at times counted from `answer`. */
export class ScriptedPhone implements FlowParticipant {
  readonly role: 'customer' | 'agent' = 'customer';
  readonly heard: string[] = [];
  readonly messages: Message[] = [];
  readonly #clock: VirtualClock;
  readonly #pressed: Digit[] = [];
  #onDigit: (() => void) | undefined;
  /** Result of the next plays, for failures; undefined plays. */
  playResult: HostResult<PlayEnd> | undefined;

  constructor(clock: VirtualClock, presses: Readonly<Record<number, string>> = {}) {
    this.#clock = clock;
    for (const [atMs, keys] of Object.entries(presses)) {
      clock.setTimeout(() => this.press(keys), Number(atMs));
    }
  }

  press(keys: string): void {
    this.#pressed.push(...([...keys] as Digit[]));
    this.#onDigit?.();
  }

  async play(
    message: Message,
    interruption: Interruption,
    signal: AbortSignal,
  ): Promise<HostResult<PlayEnd>> {
    if (this.playResult !== undefined) return this.playResult;
    this.messages.push(message);
    this.heard.push(wordsOf(message));
    const digit = await this.#wait(MESSAGE_MS, interruption === 'untilDigit', signal);
    return done(digit === undefined ? { kind: 'finished' } : { kind: 'interrupted', digit });
  }

  nextDigit(withinMs: number, signal: AbortSignal): Promise<Digit | undefined> {
    return this.#wait(withinMs, true, signal);
  }

  drainDigits(): readonly Digit[] {
    return this.#pressed.splice(0);
  }

  #wait(ms: number, stopsAtDigit: boolean, signal: AbortSignal): Promise<Digit | undefined> {
    return new Promise((resolve, reject) => {
      const finish = (digit: Digit | undefined): void => {
        this.#clock.clearTimeout(timer);
        this.#onDigit = undefined;
        resolve(digit);
      };
      const timer = this.#clock.setTimeout(() => finish(undefined), ms);
      signal.addEventListener('abort', () => {
        this.#clock.clearTimeout(timer);
        reject(signal.reason);
      });
      if (!stopsAtDigit) return;
      const take = (): void => {
        const digit = this.#pressed.shift();
        if (digit !== undefined) finish(digit);
      };
      this.#onDigit = take;
      take();
    });
  }
}

function wordsOf(message: Message): string {
  if (message.kind === 'text') return message.text;
  if (message.kind === 'ssml') return message.ssml;
  return message.kind === 'prompt' ? message.promptId : message.uri;
}

/** The parts of a contact that a test may change. */
export type MutableContact = { -readonly [Key in keyof ContactView]: ContactView[Key] } & {
  attributes: Map<string, string>;
};

/** What a scripted run is made of. */
export interface Script {
  /** Keys by ms from the start, e.g. `{ 2000: '1' }`. */
  readonly presses?: Readonly<Record<number, string>>;
  /** Replaces or adds host operations; `undefined` takes one away. */
  readonly host?: { readonly [Key in keyof FlowHost]?: FlowHost[Key] | undefined };
  readonly contact?: Partial<MutableContact>;
  readonly state?: ContactFlowState;
  readonly type?: FlowType;
  /** Flows and modules that can be found by id. */
  readonly flows?: readonly Flow[];
  /** Aborts the run after this long; a negative time means before it begins. */
  readonly hangUpAtMs?: number;
  readonly maxStepsWithoutTime?: number;
  readonly maxSteps?: number;
  /** `nobody`: no participant. */
  readonly participant?: 'caller' | 'nobody';
  /** Most virtual time the run may take, ms. */
  readonly limitMs?: number;
  readonly startAction?: string;
}

/** Everything that can be asserted afterwards. */
export interface Run {
  readonly outcome: FlowOutcome;
  readonly elapsedMs: number;
  readonly phone: ScriptedPhone;
  /** Host operations in order, e.g. `['updateAttributes', 'current', { a: '1' }]`. */
  readonly calls: readonly (readonly unknown[])[];
  readonly logs: readonly FlowLogRecord[];
  readonly notes: readonly FlowNote[];
  readonly steps: readonly FlowStep[];
  /** Identifiers in the order they ran. */
  readonly path: readonly string[];
  readonly contact: MutableContact;
  readonly state: ContactFlowState;
}

const CONTACT_ID = '11111111-1111-4111-8111-111111111111';
const INSTANCE_ARN = 'arn:aws:connect:us-east-1:000000000000:instance/22222222-2222-4222-8222-222222222222';

/** Parses a document that has to be right, under an identity made from its name. */
export function flowOf(content: string | object, name = 'main', type: FlowType = 'CONTACT_FLOW'): Flow {
  const parsed = parseFlow(content);
  if (!parsed.ok) throw new Error(`the test's flow does not parse: ${JSON.stringify(parsed.problems)}`);
  return { document: parsed.flow, id: name, arn: `${INSTANCE_ARN}/contact-flow/${name}`, name, type };
}

/** A document out of actions given by identifier; `start` is the first. */
export function documentOf(actions: Readonly<Record<string, object>>): object {
  return {
    Version: '2019-10-30',
    StartAction: Object.keys(actions)[0],
    Actions: Object.entries(actions).map(([Identifier, action]) => ({ Identifier, ...action })),
  };
}

/**
 * A document for one action's test: `it`, whose every possible target exists. Targets are `next`, and for errors and
 * conditions their own names; each of them ends the flow.
 */
export function around(action: {
  readonly Type: string;
  readonly Parameters?: object;
  readonly Errors?: readonly string[];
  readonly Conditions?: readonly (readonly [operator: string, operand: string])[];
  readonly NextAction?: string | null;
}): object {
  const errors = action.Errors ?? [];
  const conditions = action.Conditions ?? [];
  const targets = new Set([
    'next',
    ...errors,
    ...conditions.map(([operator, operand]) => `${operator} ${operand}`),
  ]);
  const end = { Type: 'EndFlowExecution', Parameters: {}, Transitions: {} };
  return documentOf({
    it: {
      Type: action.Type,
      Parameters: action.Parameters ?? {},
      Transitions: {
        ...(action.NextAction === null ? {} : { NextAction: action.NextAction ?? 'next' }),
        Errors: errors.map((ErrorType) => ({ ErrorType, NextAction: ErrorType })),
        Conditions: conditions.map(([Operator, operand]) => ({
          NextAction: `${Operator} ${operand}`,
          Condition: { Operator, Operands: [operand] },
        })),
      },
    },
    ...Object.fromEntries([...targets].map((identifier) => [identifier, end])),
  });
}

/** Runs a flow with a scripted caller to its end, in virtual time. */
export async function run(content: string | object, script: Script = {}): Promise<Run> {
  const clock = new VirtualClock();
  const phone = new ScriptedPhone(clock, script.presses);
  const calls: (readonly unknown[])[] = [];
  const logs: FlowLogRecord[] = [];
  const notes: FlowNote[] = [];
  const steps: FlowStep[] = [];
  const contact: MutableContact = {
    contactId: CONTACT_ID,
    initialContactId: CONTACT_ID,
    channel: 'VOICE',
    initiationMethod: 'API',
    instanceArn: INSTANCE_ARN,
    awsRegion: 'us-east-1',
    customerEndpoint: { address: '+12065550100', type: 'TELEPHONE_NUMBER' },
    systemEndpoint: { address: '+12065550199', type: 'TELEPHONE_NUMBER' },
    attributes: new Map(),
    ...script.contact,
  };
  const record = (...call: readonly unknown[]): Awaitable<HostResult> => {
    calls.push(call);
    return done();
  };
  const findIn = (reference: string): HostResult<Flow> => {
    const found = script.flows?.find((flow) => flow.id === reference || flow.arn === reference);
    return found === undefined ? failed(`no flow ${reference}`) : done(found);
  };
  const host: FlowHost = {
    clock,
    random: () => 0.5,
    contact,
    participant: script.participant === 'nobody' ? undefined : phone,
    log: (entry) => {
      logs.push(entry);
    },
    note: (note) => {
      notes.push(note);
    },
    trace: (step) => {
      steps.push(step);
    },
    updateAttributes: (target, attributes) => {
      if (target === 'current') for (const [key, value] of attributes) contact.attributes.set(key, value);
      return record('updateAttributes', target, Object.fromEntries(attributes));
    },
    updateContactData: (target, fields) => record('updateContactData', target, Object.fromEntries(fields)),
    setRecordingBehavior: (behavior) => record('setRecordingBehavior', behavior),
    setMediaStreaming: (behavior) => record('setMediaStreaming', behavior),
    setEventHook: (setting) => record('setEventHook', setting),
    tagContact: (tags) => record('tagContact', Object.fromEntries(tags)),
    untagContact: (keys) => record('untagContact', keys),
    findFlow: findIn,
    findModule: findIn,
    setTargetQueue: (target) => record('setTargetQueue', target),
    transferToQueue: () => record('transferToQueue'),
    dequeueAndTransfer: (target) => record('dequeueAndTransfer', target),
    transferToAgent: () => record('transferToAgent'),
    transferToThirdParty: (request) => record('transferToThirdParty', request),
    setRoutingPriority: (priority) => record('setRoutingPriority', priority),
    setRoutingCriteria: (criteria) => record('setRoutingCriteria', criteria),
    setCallbackNumber: (phoneNumber) => record('setCallbackNumber', phoneNumber),
    createCallback: (request) => record('createCallback', request),
    setPreviousParticipantState: (state) => record('setPreviousParticipantState', state),
    completeOutboundCall: (request) => record('completeOutboundCall', request),
    disconnect: () => record('disconnect'),
    ...(script.host as Partial<FlowHost>),
  };
  const hangUp = new AbortController();
  if (script.hangUpAtMs !== undefined) {
    const gone = (): void => hangUp.abort(new Error('hung up'));
    if (script.hangUpAtMs < 0) gone();
    else clock.setTimeout(gone, script.hangUpAtMs);
  }
  const state = script.state ?? createContactFlowState({ logging: 'Enabled' });
  const flow = isFlow(content) ? content : flowOf(content, 'main', script.type);
  const began = clock.now();
  const outcome = await clock.settle(
    runFlow(flow, host, {
      signal: hangUp.signal,
      state,
      ...(script.startAction === undefined ? {} : { startAction: script.startAction }),
      ...(script.maxSteps === undefined ? {} : { maxSteps: script.maxSteps }),
      ...(script.maxStepsWithoutTime === undefined
        ? {}
        : { maxStepsWithoutTime: script.maxStepsWithoutTime }),
    }),
    script.limitMs,
  );
  return {
    outcome,
    elapsedMs: clock.now() - began,
    phone,
    calls,
    logs,
    notes,
    steps,
    path: steps.map((step) => step.actionIdentifier),
    contact,
    state,
  };
}

function isFlow(content: string | object): content is Flow {
  return typeof content === 'object' && 'document' in content;
}
