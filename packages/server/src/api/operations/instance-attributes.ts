/** DescribeInstanceAttribute and ListInstanceAttributes: what of Connect's switches an instance has here. They cannot be turned. */
import type { OperationInput } from '@ringback/connect-api';
import type { Instance } from '../../store/resource-store.ts';
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
    CONTACTFLOW_LOGS: true,
    CONTACT_LENS: false,
    AUTO_RESOLVE_BEST_VOICES: false,
    USE_CUSTOM_TTS_VOICES: false,
    // Agents hear the network while a number rings.
    EARLY_MEDIA: true,
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
