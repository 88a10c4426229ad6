/** Which operations are implemented, by which code. The generated compatibility page reads this table. */
import type { OperationName } from '@ringback/connect-api';
import type { OperationCode } from './operation.ts';
import { createContactFlow, describeContactFlow, listContactFlows } from './operations/contact-flows.ts';
import { describeContact, getContactAttributes, stopContact } from './operations/contacts.ts';
import { describeInstance, listInstances } from './operations/instances.ts';
import { listPhoneNumbersV2 } from './operations/phone-numbers.ts';
import { listQueues } from './operations/queues.ts';
import { startOutboundVoiceContact } from './operations/start-outbound-voice-contact.ts';

type Implemented = { readonly [Name in OperationName]?: OperationCode<Name> };

export const implementedOperations = {
  CreateContactFlow: createContactFlow,
  DescribeContact: describeContact,
  DescribeContactFlow: describeContactFlow,
  DescribeInstance: describeInstance,
  GetContactAttributes: getContactAttributes,
  ListContactFlows: listContactFlows,
  ListInstances: listInstances,
  ListPhoneNumbersV2: listPhoneNumbersV2,
  ListQueues: listQueues,
  StartOutboundVoiceContact: startOutboundVoiceContact,
  StopContact: stopContact,
} as const satisfies Implemented;

/** What implemented operations still lack, for the compatibility page. Absent means complete. */
export const missingParts: { readonly [Name in keyof typeof implementedOperations]?: string } = {
  DescribeContactFlow: 'Numbered versions; a flow has one content, published or saved.',
  StartOutboundVoiceContact:
    'Answering machine detection does not listen yet; preview dialling does not queue yet.',
};
