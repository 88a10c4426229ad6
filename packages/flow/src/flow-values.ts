// What each root of a dynamic reference stands for while a flow runs.

import type { ContactFlowState, FlowData } from './contact-flow-state.ts';
import type { ContactView, Endpoint, QueueMetrics } from './flow-host.ts';
import { followPath, type Reference } from './references.ts';

/** What references can see: the contact, what flows remember, and the values of the flow or module that runs. */
export interface ValueScope {
  readonly contact: ContactView;
  readonly state: ContactFlowState;
  readonly data: FlowData;
}

/** Voice of a contact until a flow sets another one. */
export const DEFAULT_VOICE_ID = 'Joanna';

/** Language of a contact until a flow sets another one. */
export const DEFAULT_LANGUAGE_CODE = 'en-US';

/** Language in force: set by a flow, else the contact's. */
export function languageInForce(scope: ValueScope): string {
  return scope.state.languageCode ?? scope.contact.languageCode ?? DEFAULT_LANGUAGE_CODE;
}

/** The value behind a reference; null or undefined when there is none. */
export function resolveReference(reference: Reference, scope: ValueScope): unknown {
  const { root, path } = reference;
  const { contact, data } = scope;
  switch (root) {
    case 'Attributes':
      return path.length === 1 ? contact.attributes.get(path[0] ?? '') : undefined;
    case 'External':
      return followPath(data.external, path, 'opaque');
    case 'LambdaInvocation':
      return path[0] === 'ResultData' ? followPath(data.external, path.slice(1), 'opaque') : undefined;
    case 'FlowAttributes':
      return flowAttribute(data, path);
    case 'StoredCustomerInput':
      return path.length === 0 ? data.storedCustomerInput : undefined;
    default:
      return followPath(rootValue(root, scope), path);
  }
}

/** `$.FlowAttributes.x`, and the newer consoles' `$.FlowAttributes.x.Value`. */
function flowAttribute(data: FlowData, path: readonly string[]): string | undefined {
  if (path.length !== 1 && !(path.length === 2 && path[1] === 'Value')) return undefined;
  return data.flowAttributes.get(path[0] ?? '');
}

function rootValue(root: string, scope: ValueScope): unknown {
  const { contact, state, data } = scope;
  switch (root) {
    case 'ContactId':
      return contact.contactId;
    case 'InitialContactId':
      return contact.initialContactId;
    case 'PreviousContactId':
      return contact.previousContactId;
    case 'RelatedContactId':
      return contact.relatedContactId;
    case 'Task':
      return data.services.get('Task') ?? { ContactId: contact.taskContactId };
    case 'Channel':
      return contact.channel;
    case 'InitiationMethod':
      return contact.initiationMethod;
    case 'InstanceARN':
      return contact.instanceArn;
    case 'AwsRegion':
      return contact.awsRegion;
    case 'LanguageCode':
      return languageInForce(scope);
    case 'TextToSpeechVoiceId':
      return state.voice?.voiceId ?? contact.textToSpeechVoiceId ?? DEFAULT_VOICE_ID;
    case 'CustomerId':
      return contact.customerId;
    case 'Name':
      return contact.name;
    case 'Description':
      return contact.description;
    case 'Tags':
      return contact.tags;
    case 'CustomerEndpoint':
      return endpointValue(contact.customerEndpoint);
    case 'SystemEndpoint':
      return endpointValue(contact.systemEndpoint);
    case 'References':
      return referencesValue(contact);
    case 'Queue':
      return contact.queue === undefined
        ? undefined
        : {
            Name: contact.queue.name,
            ARN: contact.queue.arn,
            OutboundCallerId: endpointValue(contact.queue.outboundCallerId),
          };
    case 'Agent':
      return contact.agent === undefined
        ? undefined
        : {
            UserName: contact.agent.userName,
            FirstName: contact.agent.firstName,
            LastName: contact.agent.lastName,
            ARN: contact.agent.arn,
          };
    case 'Metrics':
      return data.metrics === undefined ? undefined : metricsValue(data.metrics);
    case 'MediaStreams':
      return mediaStreamsValue(contact);
    case 'Media':
      return { Sip: { Headers: contact.sipHeaders } };
    case 'SegmentAttributes':
      return segmentAttributesValue(contact);
    case 'Modules':
      return {
        Input: data.moduleInput,
        Result: data.moduleResult,
        ResultData: data.moduleResultData,
      };
    default:
      return data.services.get(root);
  }
}

function endpointValue(endpoint: Endpoint | undefined): unknown {
  return endpoint === undefined
    ? undefined
    : { Address: endpoint.address, Type: endpoint.type, DisplayName: endpoint.displayName };
}

function referencesValue(contact: ContactView): unknown {
  const references = new Map<string, unknown>();
  for (const [key, reference] of contact.references ?? []) {
    references.set(key, { Type: reference.type, Value: reference.value });
  }
  return references;
}

/** Segment attributes read as their bare value: `$.SegmentAttributes['connect:Subtype']` is a text. */
function segmentAttributesValue(contact: ContactView): unknown {
  const attributes = new Map<string, unknown>();
  for (const [key, attribute] of contact.segmentAttributes ?? []) {
    attributes.set(key, Object.values(attribute)[0]);
  }
  return attributes;
}

/** `$.MediaStreams`, in the shape that the Lambda event has, too. */
export function mediaStreamsValue(contact: ContactView): { readonly Customer: { readonly Audio: unknown } } {
  const stream = contact.customerAudioStream;
  return {
    Customer: {
      Audio:
        stream === undefined
          ? null
          : {
              StreamARN: stream.streamArn,
              StartTimestamp: stream.startTimestamp,
              StartFragmentNumber: stream.startFragmentNumber,
              ...(stream.stopTimestamp === undefined ? {} : { StopTimestamp: stream.stopTimestamp }),
              ...(stream.stopFragmentNumber === undefined
                ? {}
                : { StopFragmentNumber: stream.stopFragmentNumber }),
            },
    },
  };
}

/** Ages and waits are seconds in references, milliseconds everywhere else. */
function metricsValue(metrics: QueueMetrics): unknown {
  return {
    Queue: {
      Name: metrics.queueName,
      ARN: metrics.queueArn,
      Size: metrics.contactsInQueue,
      OldestContactAge: seconds(metrics.oldestContactAgeMs),
      EstimatedWaitTime: seconds(metrics.estimatedWaitMs),
    },
    Agents: {
      Online: { Count: metrics.agentsOnline },
      Available: { Count: metrics.agentsAvailable },
      Staffed: { Count: metrics.agentsStaffed },
      AfterContactWork: { Count: metrics.agentsAfterContactWork },
      Busy: { Count: metrics.agentsBusy },
      Missed: { Count: metrics.agentsMissed },
      NonProductive: { Count: metrics.agentsNonProductive },
    },
    Contact: {
      EstimatedWaitTime: seconds(metrics.contactEstimatedWaitMs),
      PositionInQueue: metrics.contactPositionInQueue,
    },
  };
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms / 1000);
}
