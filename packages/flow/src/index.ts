// The public entry of the Flow language: parse, validate and run Amazon Connect flows (version 2019-10-30).

export { type ActionSupport, actionSupport } from './action-support.ts';
export { type ContactFlowState, createContactFlowState } from './contact-flow-state.ts';
export type { Action, ConditionBranch, ErrorBranch, Flow, FlowDocument } from './flow-document.ts';
export type {
  AgentView,
  Awaitable,
  CallbackRequest,
  Clock,
  ContactDataField,
  ContactReference,
  ContactView,
  CustomerAudioStream,
  Digit,
  Done,
  EncryptionRequest,
  Endpoint,
  EventHook,
  EventHookSetting,
  Failed,
  FlowHost,
  FlowNote,
  FlowParticipant,
  FlowStep,
  HostResult,
  Interruption,
  LambdaEvent,
  LambdaRequest,
  MediaStreamingBehavior,
  Message,
  OutboundCallRequest,
  OutboundCallStatus,
  PlayEnd,
  QueueMetrics,
  QueueView,
  RecordingBehavior,
  RoutingPriority,
  RoutingTarget,
  SegmentAttribute,
  ServiceActionRequest,
  ServiceAnswer,
  TargetContact,
  TaskRequest,
  ThirdPartyRequest,
  Unsupported,
  Voice,
} from './flow-host.ts';
export { done, failed, unsupported } from './flow-host.ts';
export type { FlowLogRecord } from './flow-log.ts';
export type { FlowOutcome } from './flow-outcome.ts';
export type { FlowProblem } from './flow-problem.ts';
export { FLOW_TYPES, type FlowType, flowTypeOfMetadata } from './flow-type.ts';
export type { ResourceKind } from './parameter-spec.ts';
export { MAX_CONTENT_LENGTH, type ParsedFlow, parseFlow } from './parse-flow.ts';
export { type RunOptions, runFlow } from './run-flow.ts';
export { type ParsedSsml, parseSsml, type SsmlElement, type SsmlNode, spokenText } from './ssml.ts';
export { type ResourceLookup, type ValidationOptions, validateFlow } from './validate-flow.ts';
