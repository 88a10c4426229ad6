// The event a Lambda function receives from a flow, exactly as Amazon Connect builds it.

import type { ContactView, Endpoint, LambdaEvent } from '../../flow-host.ts';
import { languageInForce, mediaStreamsValue, type ValueScope } from '../../flow-values.ts';

/** Builds the event. `Parameters` are the action's own; flow attributes and stored input are never added. */
export function lambdaEvent(scope: ValueScope, parameters: Readonly<Record<string, unknown>>): LambdaEvent {
  const { contact } = scope;
  return {
    Name: 'ContactFlowEvent',
    Details: {
      Parameters: parameters,
      ContactData: {
        Attributes: Object.fromEntries(contact.attributes),
        AwsRegion: contact.awsRegion,
        Channel: contact.channel,
        ContactId: contact.contactId,
        CustomerEndpoint: endpoint(contact.customerEndpoint),
        CustomerId: contact.customerId ?? null,
        Description: contact.description ?? null,
        InitialContactId: contact.initialContactId,
        InitiationMethod: contact.initiationMethod,
        InstanceARN: contact.instanceArn,
        LanguageCode: languageInForce(scope),
        MediaStreams: mediaStreamsValue(contact),
        Name: contact.name ?? null,
        // The first contact of a chain is shown as its own predecessor.
        PreviousContactId: contact.previousContactId ?? contact.contactId,
        Queue: queue(contact),
        References: references(contact),
        RelatedContactId: contact.relatedContactId ?? null,
        SegmentAttributes: Object.fromEntries(contact.segmentAttributes ?? []),
        SystemEndpoint: endpoint(contact.systemEndpoint),
        Tags: Object.fromEntries(contact.tags ?? []),
      },
    },
  };
}

function endpoint(value: Endpoint | undefined): unknown {
  return value === undefined ? null : { Address: value.address, Type: value.type };
}

function queue(contact: ContactView): unknown {
  return contact.queue === undefined
    ? null
    : {
        ARN: contact.queue.arn,
        Name: contact.queue.name,
        OutboundCallerId: endpoint(contact.queue.outboundCallerId),
      };
}

function references(contact: ContactView): unknown {
  return Object.fromEntries(
    [...(contact.references ?? [])].map(([key, { type, value }]) => [key, { Type: type, Value: value }]),
  );
}
