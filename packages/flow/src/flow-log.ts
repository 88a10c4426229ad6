// The record a flow writes per executed action, in the shape Amazon Connect sends to CloudWatch Logs.

/** One flow-log record. `ContactFlowModuleType` keeps the block's legacy name (`PlayPrompt`, `CheckAttribute` …). */
export interface FlowLogRecord {
  readonly ContactId: string;
  readonly ContactFlowId: string;
  readonly ContactFlowName: string;
  readonly ContactFlowModuleType: string;
  readonly Identifier: string;
  /** ISO 8601 with milliseconds, UTC. */
  readonly Timestamp: string;
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly Results?: string;
  readonly ExternalResults?: unknown;
  readonly Error?: string;
}

/** The part of a record that an action knows; the interpreter adds the rest. */
export interface FlowLogDetail {
  /** Overrides the action's log name. */
  readonly type?: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly results?: string;
  readonly externalResults?: unknown;
  readonly error?: string;
}
