/** DescribeInstanceAttribute, ListInstanceAttributes and UpdateInstanceAttribute: what of Connect's switches an instance has here, and which can be turned. */
import {
  invalidParameterException,
  invalidRequestException,
  type OperationInput,
} from '@ringback/connect-api';
import type { Instance, InstanceSwitch } from '../../store/resource-store.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';

type AttributeType = OperationInput<'DescribeInstanceAttribute'>['AttributeType'];

export const describeInstanceAttribute: OperationCode<'DescribeInstanceAttribute'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  return { Attribute: wireAttribute(input.AttributeType, attributesOf(instance, deps)[input.AttributeType]) };
};

/** The model gives a page no more than seven. */
const pageSize = 7;

export const listInstanceAttributes: OperationCode<'ListInstanceAttributes'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const attributes = attributesOf(instance, deps);
  const types = (Object.keys(attributes) as AttributeType[]).toSorted();
  const page = pageOf(
    types.map((id) => ({ id })),
    input,
    pageSize,
  );
  return {
    Attributes: page.items.map(({ id }) => wireAttribute(id, attributes[id])),
    NextToken: page.nextToken,
  };
};

/** What means something here. */
const switches: { readonly [Type in AttributeType]?: InstanceSwitch } = {
  INBOUND_CALLS: 'inboundCallsEnabled',
  OUTBOUND_CALLS: 'outboundCallsEnabled',
  CONTACTFLOW_LOGS: 'contactFlowLogsEnabled',
  EARLY_MEDIA: 'earlyMediaEnabled',
};

/** The others stay as they are; to set one to the value that it has does no harm. */
export const updateInstanceAttribute: OperationCode<'UpdateInstanceAttribute'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const { AttributeType: type } = input;
  const isOn = isOnOf(input.Value);
  const which = switches[type];
  if (which) {
    await deps.resources.switchInstance(instance.id, which, isOn);
    deps.directory.forget();
  } else if (isOn !== attributesOf(instance, deps)[type]) {
    throw invalidRequestException(
      type === 'HIGH_VOLUME_OUTBOUND'
        ? 'HIGH_VOLUME_OUTBOUND follows from the quota of concurrent campaign calls; change that.'
        : `${type} cannot be switched ${isOn ? 'on' : 'off'} here; ${Object.keys(switches).join(', ')} can be switched.`,
    );
  }
  return undefined;
};

/** Letter case does not count: programs write their booleans in many ways. */
function isOnOf(value: string): boolean {
  const text = value.toLowerCase();
  if (text !== 'true' && text !== 'false') {
    throw invalidParameterException('Value of an instance attribute must be true or false.');
  }
  return text === 'true';
}

const wireAttribute = (AttributeType: AttributeType, isOn: boolean) => ({
  AttributeType,
  Value: String(isOn),
});

function attributesOf(
  { tenant, id, ...instance }: Instance,
  { quotas }: ApiDeps,
): Record<AttributeType, boolean> {
  return {
    INBOUND_CALLS: instance.inboundCallsEnabled,
    OUTBOUND_CALLS: instance.outboundCallsEnabled,
    CONTACTFLOW_LOGS: instance.contactFlowLogsEnabled,
    CONTACT_LENS: false,
    AUTO_RESOLVE_BEST_VOICES: false,
    USE_CUSTOM_TTS_VOICES: false,
    EARLY_MEDIA: instance.earlyMediaEnabled,
    MULTI_PARTY_CONFERENCE: false,
    AUTO_MUTE_AGENT_ON_HOLD: false,
    HIGH_VOLUME_OUTBOUND: quotas.resource('campaignCalls', { tenant, instanceId: id }) > 0,
    // Several supervisors, one of whom may barge in.
    ENHANCED_CONTACT_MONITORING: true,
    ENHANCED_CHAT_MONITORING: false,
    MULTI_PARTY_CHAT_CONFERENCE: false,
    MESSAGE_STREAMING: false,
  };
}
