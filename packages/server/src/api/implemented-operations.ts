/** Which operations are implemented, by which code. The generated compatibility page reads this table. */
import type { OperationName } from '@ringback/connect-api';
import type { OperationCode } from './operation.ts';
import {
  createContactFlowModuleAlias,
  deleteContactFlowModuleAlias,
  describeContactFlowModuleAlias,
  listContactFlowModuleAliases,
  updateContactFlowModuleAlias,
} from './operations/contact-flow-module-aliases.ts';
import {
  createContactFlowModuleVersion,
  deleteContactFlowModuleVersion,
  listContactFlowModuleVersions,
} from './operations/contact-flow-module-versions.ts';
import {
  createContactFlowModule,
  deleteContactFlowModule,
  describeContactFlowModule,
  listContactFlowModules,
  searchContactFlowModules,
  updateContactFlowModuleContent,
  updateContactFlowModuleMetadata,
} from './operations/contact-flow-modules.ts';
import {
  createContactFlowVersion,
  deleteContactFlowVersion,
  listContactFlowVersions,
} from './operations/contact-flow-versions.ts';
import {
  createContactFlow,
  deleteContactFlow,
  describeContactFlow,
  listContactFlows,
  updateContactFlowContent,
  updateContactFlowMetadata,
  updateContactFlowName,
} from './operations/contact-flows.ts';
import { describeContact, getContactAttributes, stopContact } from './operations/contacts.ts';
import { describeInstance, listInstances } from './operations/instances.ts';
import { listPhoneNumbersV2 } from './operations/phone-numbers.ts';
import {
  createPrompt,
  deletePrompt,
  describePrompt,
  getPromptFile,
  listPrompts,
  searchPrompts,
  updatePrompt,
} from './operations/prompts.ts';
import { listQueues } from './operations/queues.ts';
import { listTagsForResource, tagResource, untagResource } from './operations/resource-tags.ts';
import { searchContactFlows } from './operations/search-contact-flows.ts';
import { startOutboundVoiceContact } from './operations/start-outbound-voice-contact.ts';

type Implemented = { readonly [Name in OperationName]?: OperationCode<Name> };

export const implementedOperations = {
  CreateContactFlow: createContactFlow,
  CreateContactFlowModule: createContactFlowModule,
  CreateContactFlowModuleAlias: createContactFlowModuleAlias,
  CreateContactFlowModuleVersion: createContactFlowModuleVersion,
  CreateContactFlowVersion: createContactFlowVersion,
  CreatePrompt: createPrompt,
  DeleteContactFlow: deleteContactFlow,
  DeleteContactFlowModule: deleteContactFlowModule,
  DeleteContactFlowModuleAlias: deleteContactFlowModuleAlias,
  DeleteContactFlowModuleVersion: deleteContactFlowModuleVersion,
  DeleteContactFlowVersion: deleteContactFlowVersion,
  DeletePrompt: deletePrompt,
  DescribeContact: describeContact,
  DescribeContactFlow: describeContactFlow,
  DescribeContactFlowModule: describeContactFlowModule,
  DescribeContactFlowModuleAlias: describeContactFlowModuleAlias,
  DescribeInstance: describeInstance,
  DescribePrompt: describePrompt,
  GetContactAttributes: getContactAttributes,
  GetPromptFile: getPromptFile,
  ListContactFlowModuleAliases: listContactFlowModuleAliases,
  ListContactFlowModuleVersions: listContactFlowModuleVersions,
  ListContactFlowModules: listContactFlowModules,
  ListContactFlowVersions: listContactFlowVersions,
  ListContactFlows: listContactFlows,
  ListInstances: listInstances,
  ListPhoneNumbersV2: listPhoneNumbersV2,
  ListPrompts: listPrompts,
  ListQueues: listQueues,
  ListTagsForResource: listTagsForResource,
  SearchContactFlowModules: searchContactFlowModules,
  SearchContactFlows: searchContactFlows,
  SearchPrompts: searchPrompts,
  StartOutboundVoiceContact: startOutboundVoiceContact,
  StopContact: stopContact,
  TagResource: tagResource,
  UntagResource: untagResource,
  UpdateContactFlowContent: updateContactFlowContent,
  UpdateContactFlowMetadata: updateContactFlowMetadata,
  UpdateContactFlowModuleAlias: updateContactFlowModuleAlias,
  UpdateContactFlowModuleContent: updateContactFlowModuleContent,
  UpdateContactFlowModuleMetadata: updateContactFlowModuleMetadata,
  UpdateContactFlowName: updateContactFlowName,
  UpdatePrompt: updatePrompt,
} as const satisfies Implemented;

/** What implemented operations still lack, for the compatibility page. Absent means complete. */
export const missingParts: { readonly [Name in keyof typeof implementedOperations]?: string } = {
  CreateContactFlowVersion:
    'ContactFlowVersion, LastModifiedTime and LastModifiedRegion, which only replication sends, are not looked at.',
  CreatePrompt:
    'Audio is read from buckets that the configuration maps to a directory or a URL, not from AWS itself.',
  ListTagsForResource: 'Flows, flow modules and prompts have tags.',
  TagResource: 'Flows, flow modules and prompts have tags.',
  UntagResource: 'Flows, flow modules and prompts have tags.',
  UpdatePrompt:
    'Audio is read from buckets that the configuration maps to a directory or a URL, not from AWS itself.',
  StartOutboundVoiceContact:
    'Answering machine detection does not listen yet; preview dialling does not queue yet.',
};
