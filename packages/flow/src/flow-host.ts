// What a running flow may do to the world, and what it may know of it: the interface a product implements to run flows.
// Declared here, where it is used; the interpreter and the actions touch nothing else.

import type { Flow } from './flow-document.ts';
import type { FlowLogRecord } from './flow-log.ts';

/** A value, or a promise of one. Synchronous answers keep a flow's hot path free of microtasks. */
export type Awaitable<T> = T | Promise<T>;

/** The interpreter's only source of time. Real or virtual; `now` in milliseconds since the epoch. */
export interface Clock {
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
}

// ── Results of host operations ───────────────────────────────────────────────────────────────────────────────────

/** The operation was carried out. */
export interface Done<T> {
  readonly kind: 'done';
  readonly value: T;
}

/** This host can never do that. The action takes its documented error branch and a note says why. */
export interface Unsupported {
  readonly kind: 'unsupported';
  readonly detail: string;
}

/**
 * The operation was tried and failed. `errorType` names the Flow language error (`QueueAtCapacity`, `CallFailed`,
 * `ConnectionTimeLimitExceeded` …); without one the action takes `NoMatchingError`.
 */
export interface Failed {
  readonly kind: 'failed';
  readonly detail: string;
  readonly errorType?: string;
}

/** Every answer of a host that may refuse. A thrown error counts as `Failed` with `NoMatchingError`. */
export type HostResult<T = undefined> = Done<T> | Unsupported | Failed;

const DONE: Done<undefined> = Object.freeze({ kind: 'done', value: undefined });

/** Builds a `Done` result. */
export function done(): Done<undefined>;
export function done<T>(value: T): Done<T>;
export function done<T>(value?: T): Done<T | undefined> {
  return value === undefined ? DONE : { kind: 'done', value };
}

/** Builds an `Unsupported` result. */
export function unsupported(detail: string): Unsupported {
  return { kind: 'unsupported', detail };
}

/** Builds a `Failed` result. */
export function failed(detail: string, errorType?: string): Failed {
  return errorType === undefined ? { kind: 'failed', detail } : { kind: 'failed', detail, errorType };
}

// ── What a flow may know ─────────────────────────────────────────────────────────────────────────────────────────

/** A far or own address: `Type` is `TELEPHONE_NUMBER` for voice, the address E.164. */
export interface Endpoint {
  readonly address: string;
  readonly type: string;
  readonly displayName?: string;
}

/** The target queue as `$.Queue` shows it. */
export interface QueueView {
  readonly arn: string;
  readonly name: string;
  readonly outboundCallerId?: Endpoint;
}

/** The agent as `$.Agent` shows it: only in whisper, hold and agent-transfer flows. */
export interface AgentView {
  readonly arn: string;
  readonly userName: string;
  readonly firstName?: string;
  readonly lastName?: string;
}

/** One value of a segment attribute, in the wire's spelling. */
export type SegmentAttribute =
  | { readonly ValueString: string }
  | { readonly ValueInteger: number }
  | { readonly ValueMap: Readonly<Record<string, unknown>> }
  | { readonly ValueList: readonly unknown[] };

/** A contact reference as `$.References.<key>` shows it. */
export interface ContactReference {
  readonly type: string;
  readonly value: string;
}

/** Where a media stream of the customer is, filled while streaming is on. Strings, as in the Lambda event. */
export interface CustomerAudioStream {
  readonly streamArn: string;
  readonly startTimestamp: string;
  readonly startFragmentNumber: string;
  readonly stopTimestamp?: string;
  readonly stopFragmentNumber?: string;
}

/**
 * The contact as references and the Lambda event see it. Members are read each time they are needed, so a host
 * implements them as getters over its live state, or rebuilds the object after every change.
 */
export interface ContactView {
  readonly contactId: string;
  readonly initialContactId: string;
  readonly previousContactId?: string;
  readonly relatedContactId?: string;
  readonly taskContactId?: string;
  /** `VOICE` for everything this interpreter can execute in full. */
  readonly channel: string;
  /** `INBOUND`, `API`, `OUTBOUND`, `CALLBACK`, `TRANSFER`, `QUEUE_TRANSFER`, `DISCONNECT` … */
  readonly initiationMethod: string;
  readonly instanceArn: string;
  readonly awsRegion: string;
  /** Language until a flow sets another one; default `en-US`. */
  readonly languageCode?: string;
  /** Voice until a flow sets another one; default `Joanna`. */
  readonly textToSpeechVoiceId?: string;
  readonly customerEndpoint?: Endpoint;
  readonly systemEndpoint?: Endpoint;
  readonly customerId?: string;
  readonly name?: string;
  readonly description?: string;
  readonly queue?: QueueView;
  readonly agent?: AgentView;
  /** User-defined contact attributes, `$.Attributes`. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly tags?: ReadonlyMap<string, string>;
  readonly references?: ReadonlyMap<string, ContactReference>;
  readonly segmentAttributes?: ReadonlyMap<string, SegmentAttribute>;
  /** SIP headers of the call by name, `$.Media.Sip.Headers`. */
  readonly sipHeaders?: ReadonlyMap<string, string>;
  readonly customerAudioStream?: CustomerAudioStream;
}

// ── The participant ──────────────────────────────────────────────────────────────────────────────────────────────

/** A key of a telephone. */
export type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '*' | '#';

/** How text is to be spoken. Engine and style as the flow spells them (`Neural`, `Conversational` …). */
export interface Voice {
  readonly voiceId: string;
  readonly engine?: string;
  readonly style?: string;
  readonly languageCode: string;
}

/** One message, with all references substituted. `ssml` always has its `<speak>` element and is well formed. */
export type Message =
  | { readonly kind: 'text'; readonly text: string; readonly voice: Voice }
  | { readonly kind: 'ssml'; readonly ssml: string; readonly voice: Voice }
  | { readonly kind: 'prompt'; readonly promptId: string }
  | { readonly kind: 'media'; readonly uri: string; readonly sourceType: string; readonly mediaType: string };

/** `uninterrupted`: keys do not stop the message. `untilDigit`: the first key stops it and is returned. */
export type Interruption = 'uninterrupted' | 'untilDigit';

/** How a message ended. A returned digit is consumed: it must not come again from `nextDigit` or `drainDigits`. */
export type PlayEnd = { readonly kind: 'finished' } | { readonly kind: 'interrupted'; readonly digit: Digit };

/**
 * Whom the flow speaks to. Keys pressed while nobody asks are kept by the host in order, without a rule of its own:
 * the flow decides (buffer, discard, collect).
 */
export interface FlowParticipant {
  readonly role: 'customer' | 'agent';
  /** Plays a message to its end (or its first key). Fails on unreadable audio, a bad prompt id, speech that fails. */
  play(message: Message, interruption: Interruption, signal: AbortSignal): Awaitable<HostResult<PlayEnd>>;
  /** The next key, or undefined after `withinMs` without one. Keys pressed earlier and not yet taken come first. */
  nextDigit(withinMs: number, signal: AbortSignal): Awaitable<Digit | undefined>;
  /** Takes, in order, all keys pressed so far that nobody has taken. */
  drainDigits(): readonly Digit[];
}

// ── Requests ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** A queue by id or ARN, or an agent (their personal queue) by id or ARN. */
export type RoutingTarget =
  | { readonly kind: 'queue'; readonly queueId: string }
  | { readonly kind: 'agent'; readonly agentId: string };

/** Which contact an update is meant for. */
export type TargetContact = 'current' | 'related';

/** `UpdateContactRecordingBehavior`, and the voice part of its successor. */
export interface RecordingBehavior {
  readonly recordedParticipants: readonly ('Agent' | 'Customer')[];
  readonly screenRecordedParticipants: readonly string[];
  /** Whether the automated part of the call is recorded; undefined leaves it as it was. */
  readonly ivrRecording?: 'Enabled' | 'Disabled';
  /** Analytics settings with references resolved, otherwise as written. Hosts without analytics ignore them. */
  readonly analytics?: Readonly<Record<string, unknown>>;
}

/** A Lambda call. The flow enforces `timeLimitMs`, size and shape of the answer; retries within it are the host's. */
export interface LambdaRequest {
  readonly functionArn: string;
  /** The event of an Amazon Connect Lambda invocation, ready for `JSON.stringify`. */
  readonly event: LambdaEvent;
  readonly timeLimitMs: number;
  readonly invocation: 'synchronous' | 'asynchronous';
}

/** The event sent to a function (`Name` is always `ContactFlowEvent`). */
export interface LambdaEvent {
  readonly Name: 'ContactFlowEvent';
  readonly Details: {
    readonly Parameters: Readonly<Record<string, unknown>>;
    readonly ContactData: Readonly<Record<string, unknown>>;
  };
}

/** Moments of a contact at which another flow can be made to run. */
export type EventHook =
  | 'CustomerQueue'
  | 'CustomerWhisper'
  | 'AgentWhisper'
  | 'CustomerHold'
  | 'AgentHold'
  | 'CustomerRemaining'
  | 'DefaultAgentUI'
  | 'DisconnectAgentUI'
  | 'PauseContact'
  | 'ResumeContact';

/** What a hook runs: a flow by id or ARN, or nothing at all (`DisableExecution`). */
export interface EventHookSetting {
  readonly hook: EventHook;
  readonly flowId?: string;
  readonly execution: 'enabled' | 'disabled';
}

/** Transfer to a telephone number. */
export interface ThirdPartyRequest {
  readonly phoneNumber: string;
  readonly connectionTimeLimitMs: number;
  /** Keys sent after the answer; a comma is a pause. */
  readonly dtmfDigits?: string;
  readonly callerId?: { readonly number?: string; readonly name?: string };
  /** `resume`: resolve when the third party has hung up. `leave`: resolve when connected; the flow then ends. */
  readonly afterwards: 'resume' | 'leave';
  readonly voiceConnector?: Readonly<Record<string, unknown>>;
}

/** Dialling of the customer by an outbound whisper flow. */
export interface OutboundCallRequest {
  readonly callerIdNumber?: string;
  readonly connectionTimeLimitMs?: number;
  readonly voiceConnector?: Readonly<Record<string, unknown>>;
}

/** Result of `CheckOutboundCallStatus`. */
export type OutboundCallStatus = 'CallAnswered' | 'VoicemailBeep' | 'VoicemailNoBeep' | 'NotDetected';

/** A callback to be made later. Its number is the callback number, or else the customer's. */
export interface CallbackRequest {
  readonly target?: RoutingTarget;
  readonly initialDelayMs: number;
  readonly maximumAttempts: number;
  readonly retryDelayMs: number;
  readonly contactFlowId?: string;
  readonly callerIdNumber?: string;
}

/** A task contact to be created. `scheduledTime` in seconds since the epoch, as written in the flow. */
export interface TaskRequest {
  readonly contactFlowId?: string;
  readonly taskTemplateId?: string;
  readonly name: string;
  readonly description?: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly references: Readonly<Record<string, unknown>>;
  readonly delayMs?: number;
  readonly scheduledTime?: string;
}

/** Fields of the contact that `UpdateContactData` may set; names as in the language. */
export type ContactDataField = 'Name' | 'Description' | 'LanguageCode' | 'CustomerId' | 'WisdomSessionArn';

/** Change of a contact's place in its queue. Exactly one member is present. */
export interface RoutingPriority {
  /** 1 is first; a contact starts with 5. */
  readonly queuePriority?: number;
  /** Added to the time spent waiting; may be negative. */
  readonly queueTimeAdjustmentMs?: number;
}

/** Media streaming of the customer's audio. */
export interface MediaStreamingBehavior {
  readonly state: 'Enabled' | 'Disabled';
  readonly mediaStreamType: string;
  readonly participants: readonly {
    readonly participantType: string;
    readonly mediaDirections: readonly string[];
  }[];
}

/** Real-time numbers of a queue. Ages in milliseconds; undefined where unknown. */
export interface QueueMetrics {
  readonly queueName?: string;
  readonly queueArn?: string;
  readonly contactsInQueue: number;
  readonly oldestContactAgeMs: number;
  readonly estimatedWaitMs?: number;
  readonly agentsOnline: number;
  readonly agentsAvailable: number;
  readonly agentsStaffed: number;
  readonly agentsAfterContactWork?: number;
  readonly agentsBusy?: number;
  readonly agentsMissed?: number;
  readonly agentsNonProductive?: number;
  /** About this contact, once it waits. */
  readonly contactEstimatedWaitMs?: number;
  readonly contactPositionInQueue?: number;
}

/** Keys to be encrypted before they become `$.StoredCustomerInput`. */
export interface EncryptionRequest {
  readonly plaintext: string;
  readonly encryptionKeyId: string;
  /** PEM certificate of the public key. */
  readonly certificate: string;
}

/** An action of a service beyond voice (Lex, Customer Profiles, Cases, Views …), or one this version does not know. */
export interface ServiceActionRequest {
  readonly actionType: string;
  /** Parameters with all references resolved. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What such a service answers. */
export interface ServiceAnswer {
  /** Tested by the action's conditions (an intent, a view's action …). */
  readonly result?: string;
  /** Values to be seen under a root: `{ root: 'Lex', value: { IntentName: … } }`. */
  readonly values?: { readonly root: string; readonly value: unknown };
}

/** Something a person who watches the service should know: an unsupported action, a step limit, a thrown error. */
export interface FlowNote {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly flowName: string;
  readonly actionIdentifier?: string;
  readonly actionType?: string;
  readonly error?: unknown;
}

/** One step that was taken, for traces: which action, what came of it, where it went and by which rule. */
export interface FlowStep {
  readonly flow: Flow;
  readonly actionIdentifier: string;
  readonly actionType: string;
  /** Kind of outcome, with the result or error in words. */
  readonly result: string;
  /** Rule that chose the target: `NextAction`, `Errors[NoMatchingError]`, `Conditions[2] Equals "1"` … */
  readonly via: string;
  readonly nextAction?: string;
  readonly atMs: number;
}

// ── The host ─────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Everything an action may do to the world. Members up to `note` are required; every other one is a capability:
 * leaving it out is the same as answering `Unsupported`. Long operations get an `AbortSignal`; after an abort their
 * result is ignored and no further branch is taken.
 */
export interface FlowHost {
  readonly clock: Clock;
  /** A number in [0, 1), as `Math.random`. */
  random(): number;
  readonly contact: ContactView;
  /** Whom the flow speaks to; undefined while nobody is there (participant actions are skipped then). */
  readonly participant: FlowParticipant | undefined;
  /** Receives flow-log records while the flow's logging behaviour is on. Shape as in CloudWatch. */
  log(record: FlowLogRecord): void;
  /** Receives operational notes, whatever the logging behaviour. */
  note(note: FlowNote): void;
  /** Receives every step taken, whatever the logging behaviour. For tracing; not called when absent. */
  trace?(step: FlowStep): void;

  /** Sets attributes, all or none. Limits on the total size were checked for the current contact. */
  updateAttributes?(target: TargetContact, attributes: ReadonlyMap<string, string>): Awaitable<HostResult>;
  /** Sets fields of the contact; also called for `LanguageCode`, which the flow applies to speech itself. */
  updateContactData?(
    target: TargetContact,
    fields: ReadonlyMap<ContactDataField, string>,
  ): Awaitable<HostResult>;
  setRecordingBehavior?(behavior: RecordingBehavior): Awaitable<HostResult>;
  setMediaStreaming?(behavior: MediaStreamingBehavior): Awaitable<HostResult>;
  setEventHook?(setting: EventHookSetting): Awaitable<HostResult>;
  tagContact?(tags: ReadonlyMap<string, string>): Awaitable<HostResult>;
  untagContact?(tagKeys: readonly string[]): Awaitable<HostResult>;

  /** Calls a function and answers with its payload as JSON text. */
  invokeLambda?(request: LambdaRequest, signal: AbortSignal): Awaitable<HostResult<string>>;
  /** Finds a published flow by id, ARN (with or without `:$LATEST` or alias) or name. */
  findFlow?(reference: string): Awaitable<HostResult<Flow>>;
  /** Finds a flow module by id, ARN (with or without `:$LATEST` or alias) or name. */
  findModule?(reference: string): Awaitable<HostResult<Flow>>;

  /** Sets the target queue; `contact.queue` shows it afterwards. Fails when there is no such queue or agent. */
  setTargetQueue?(target: RoutingTarget): Awaitable<HostResult>;
  /** Places the contact in its target queue. Fails with `QueueAtCapacity`, or when queued already or without queue. */
  transferToQueue?(): Awaitable<HostResult>;
  /** From a customer queue flow: leaves the queue and joins another one, as a new segment. */
  dequeueAndTransfer?(target: RoutingTarget | undefined): Awaitable<HostResult>;
  /** From a transfer flow: hands the contact to the agent it was meant for. */
  transferToAgent?(): Awaitable<HostResult>;
  transferToThirdParty?(request: ThirdPartyRequest, signal: AbortSignal): Awaitable<HostResult>;
  setRoutingPriority?(priority: RoutingPriority): Awaitable<HostResult>;
  /** Routing steps with references resolved, otherwise as written. */
  setRoutingCriteria?(criteria: Readonly<Record<string, unknown>>): Awaitable<HostResult>;
  /** Fails with `InvalidCallbackNumber` or `CallbackNumberNotDialable`. */
  setCallbackNumber?(phoneNumber: string): Awaitable<HostResult>;
  createCallback?(request: CallbackRequest): Awaitable<HostResult>;
  createTask?(request: TaskRequest): Awaitable<HostResult<{ readonly contactId: string }>>;

  /** Whether the hours (or, without an id, those of the target queue) are open now. */
  isOpen?(hoursOfOperationId: string | undefined): Awaitable<HostResult<boolean>>;
  queueMetrics?(
    target: RoutingTarget | undefined,
    channel: string | undefined,
  ): Awaitable<HostResult<QueueMetrics>>;
  /** Resolves when the verdict exists (with AwaitAnswerMachinePrompt: after the greeting). */
  outboundCallStatus?(signal: AbortSignal): Awaitable<HostResult<OutboundCallStatus>>;
  /** Outbound whisper flows: dials the customer now; `participant` exists afterwards. */
  completeOutboundCall?(request: OutboundCallRequest, signal: AbortSignal): Awaitable<HostResult>;
  /** Resolves with the first of the named events; the flow's own timer runs beside it. */
  waitForEvent?(events: readonly string[], signal: AbortSignal): Awaitable<HostResult<string>>;
  /** Holds or retrieves the parties of the contact that the running transfer comes from. */
  setPreviousParticipantState?(state: 'AgentOnHold' | 'CustomerOnHold' | 'OffHold'): Awaitable<HostResult>;
  /** Adapter for services beyond voice. Without it those actions take their error branch. */
  runServiceAction?(request: ServiceActionRequest, signal: AbortSignal): Awaitable<HostResult<ServiceAnswer>>;
  /** Encrypts collected keys. Without it the flow does so itself (AWS Encryption SDK message, base64). */
  encryptInput?(request: EncryptionRequest): Awaitable<HostResult<string>>;
  /** Hangs up. The outcome `disconnected` follows in any case. */
  disconnect?(): Awaitable<HostResult>;
}
