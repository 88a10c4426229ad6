// The types of flows: where each runs decides to whom it speaks and which actions it may hold.

/** `ContactFlowType` of the API, and `MODULE` for flow modules. */
export const FLOW_TYPES = [
  'CONTACT_FLOW',
  'CUSTOMER_QUEUE',
  'CUSTOMER_HOLD',
  'CUSTOMER_WHISPER',
  'AGENT_HOLD',
  'AGENT_WHISPER',
  'OUTBOUND_WHISPER',
  'AGENT_TRANSFER',
  'QUEUE_TRANSFER',
  'CAMPAIGN',
  'MODULE',
] as const;

export type FlowType = (typeof FLOW_TYPES)[number];

/** `Metadata.type` of console exports → API type. All but five spellings are inferred from the pattern. */
const FLOW_TYPE_BY_METADATA: ReadonlyMap<string, FlowType> = new Map([
  ['contactFlow', 'CONTACT_FLOW'],
  ['customerQueue', 'CUSTOMER_QUEUE'],
  ['customerHold', 'CUSTOMER_HOLD'],
  ['customerWhisper', 'CUSTOMER_WHISPER'],
  ['agentHold', 'AGENT_HOLD'],
  ['agentWhisper', 'AGENT_WHISPER'],
  ['outboundWhisper', 'OUTBOUND_WHISPER'],
  ['agentTransfer', 'AGENT_TRANSFER'],
  ['queueTransfer', 'QUEUE_TRANSFER'],
  ['campaign', 'CAMPAIGN'],
]);

/** The API type that an export's `Metadata.type` names; undefined when it is missing or unknown. */
export function flowTypeOfMetadata(metadataType: string | undefined): FlowType | undefined {
  return metadataType === undefined ? undefined : FLOW_TYPE_BY_METADATA.get(metadataType);
}
