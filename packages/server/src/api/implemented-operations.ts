/** Which operations are implemented, by which code. The generated compatibility page reads this table. */
import type { OperationName } from '@ringback/connect-api';
import type { OperationCode } from './operation.ts';
import {
  createAgentStatus,
  describeAgentStatus,
  listAgentStatuses,
  searchAgentStatuses,
  updateAgentStatus,
} from './operations/agent-statuses.ts';
import {
  listContactReferences,
  tagContact,
  untagContact,
  updateContact,
  updateContactAttributes,
} from './operations/contact-data.ts';
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
import {
  resumeContactRecording,
  startContactRecording,
  stopContactRecording,
  suspendContactRecording,
} from './operations/contact-recording.ts';
import { updateContactRoutingData } from './operations/contact-routing-data.ts';
import { describeContact, getContactAttributes, stopContact } from './operations/contacts.ts';
import { getCurrentMetricData } from './operations/current-metrics.ts';
import {
  createHoursOfOperation,
  deleteHoursOfOperation,
  describeHoursOfOperation,
  getEffectiveHoursOfOperations,
  listHoursOfOperations,
  searchHoursOfOperations,
  updateHoursOfOperation,
} from './operations/hours-of-operation.ts';
import {
  createHoursOfOperationOverride,
  deleteHoursOfOperationOverride,
  describeHoursOfOperationOverride,
  listHoursOfOperationOverrides,
  searchHoursOfOperationOverrides,
  updateHoursOfOperationOverride,
} from './operations/hours-of-operation-overrides.ts';
import {
  describeInstanceAttribute,
  listInstanceAttributes,
  updateInstanceAttribute,
} from './operations/instance-attributes.ts';
import { describeInstance, listInstances } from './operations/instances.ts';
import {
  associateLambdaFunction,
  disassociateLambdaFunction,
  listLambdaFunctions,
} from './operations/lambda-functions.ts';
import { monitorContact } from './operations/monitor-contact.ts';
import { describePhoneNumber, listPhoneNumbers, listPhoneNumbersV2 } from './operations/phone-numbers.ts';
import {
  createPredefinedAttribute,
  deletePredefinedAttribute,
  describePredefinedAttribute,
  listPredefinedAttributes,
  searchPredefinedAttributes,
  updatePredefinedAttribute,
} from './operations/predefined-attributes.ts';
import {
  createPrompt,
  deletePrompt,
  describePrompt,
  getPromptFile,
  listPrompts,
  searchPrompts,
  updatePrompt,
} from './operations/prompts.ts';
import {
  createQueue,
  deleteQueue,
  describeQueue,
  listQueues,
  searchQueues,
  updateQueueHoursOfOperation,
  updateQueueMaxContacts,
  updateQueueName,
  updateQueueOutboundCallerConfig,
  updateQueueStatus,
} from './operations/queues.ts';
import {
  associateQueueQuickConnects,
  createQuickConnect,
  deleteQuickConnect,
  describeQuickConnect,
  disassociateQueueQuickConnects,
  listQueueQuickConnects,
  listQuickConnects,
  searchQuickConnects,
  updateQuickConnectConfig,
  updateQuickConnectName,
} from './operations/quick-connects.ts';
import { listTagsForResource, tagResource, untagResource } from './operations/resource-tags.ts';
import {
  associateRoutingProfileQueues,
  createRoutingProfile,
  deleteRoutingProfile,
  describeRoutingProfile,
  disassociateRoutingProfileQueues,
  listRoutingProfileQueues,
  listRoutingProfiles,
  searchRoutingProfiles,
  updateRoutingProfileAgentAvailabilityTimer,
  updateRoutingProfileConcurrency,
  updateRoutingProfileDefaultOutboundQueue,
  updateRoutingProfileName,
  updateRoutingProfileQueues,
} from './operations/routing-profiles.ts';
import { searchContactFlows } from './operations/search-contact-flows.ts';
import { searchContacts } from './operations/search-contacts.ts';
import { searchUsers } from './operations/search-users.ts';
import {
  createSecurityProfile,
  deleteSecurityProfile,
  describeSecurityProfile,
  listSecurityProfilePermissions,
  listSecurityProfiles,
  searchSecurityProfiles,
  updateSecurityProfile,
} from './operations/security-profiles.ts';
import { startOutboundVoiceContact } from './operations/start-outbound-voice-contact.ts';
import {
  createUserHierarchyGroup,
  deleteUserHierarchyGroup,
  describeUserHierarchyGroup,
  describeUserHierarchyStructure,
  listUserHierarchyGroups,
  searchUserHierarchyGroups,
  updateUserHierarchyGroupName,
  updateUserHierarchyStructure,
} from './operations/user-hierarchy.ts';
import {
  associateUserProficiencies,
  disassociateUserProficiencies,
  listUserProficiencies,
  updateUserProficiencies,
} from './operations/user-proficiencies.ts';
import { getCurrentUserData, putUserStatus } from './operations/user-status.ts';
import {
  createUser,
  deleteUser,
  describeUser,
  listUsers,
  updateUserConfig,
  updateUserHierarchy,
  updateUserIdentityInfo,
  updateUserPhoneConfig,
  updateUserRoutingProfile,
  updateUserSecurityProfiles,
} from './operations/users.ts';

type Implemented = { readonly [Name in OperationName]?: OperationCode<Name> };

export const implementedOperations = {
  AssociateLambdaFunction: associateLambdaFunction,
  AssociateQueueQuickConnects: associateQueueQuickConnects,
  AssociateRoutingProfileQueues: associateRoutingProfileQueues,
  AssociateUserProficiencies: associateUserProficiencies,
  CreateAgentStatus: createAgentStatus,
  CreateContactFlow: createContactFlow,
  CreateContactFlowModule: createContactFlowModule,
  CreateContactFlowModuleAlias: createContactFlowModuleAlias,
  CreateContactFlowModuleVersion: createContactFlowModuleVersion,
  CreateContactFlowVersion: createContactFlowVersion,
  CreateHoursOfOperation: createHoursOfOperation,
  CreateHoursOfOperationOverride: createHoursOfOperationOverride,
  CreatePredefinedAttribute: createPredefinedAttribute,
  CreatePrompt: createPrompt,
  CreateQueue: createQueue,
  CreateQuickConnect: createQuickConnect,
  CreateRoutingProfile: createRoutingProfile,
  CreateSecurityProfile: createSecurityProfile,
  CreateUser: createUser,
  CreateUserHierarchyGroup: createUserHierarchyGroup,
  DeleteContactFlow: deleteContactFlow,
  DeleteContactFlowModule: deleteContactFlowModule,
  DeleteContactFlowModuleAlias: deleteContactFlowModuleAlias,
  DeleteContactFlowModuleVersion: deleteContactFlowModuleVersion,
  DeleteContactFlowVersion: deleteContactFlowVersion,
  DeleteHoursOfOperation: deleteHoursOfOperation,
  DeleteHoursOfOperationOverride: deleteHoursOfOperationOverride,
  DeletePredefinedAttribute: deletePredefinedAttribute,
  DeletePrompt: deletePrompt,
  DeleteQueue: deleteQueue,
  DeleteQuickConnect: deleteQuickConnect,
  DeleteRoutingProfile: deleteRoutingProfile,
  DeleteSecurityProfile: deleteSecurityProfile,
  DeleteUser: deleteUser,
  DeleteUserHierarchyGroup: deleteUserHierarchyGroup,
  DescribeAgentStatus: describeAgentStatus,
  DescribeContact: describeContact,
  DescribeContactFlow: describeContactFlow,
  DescribeContactFlowModule: describeContactFlowModule,
  DescribeContactFlowModuleAlias: describeContactFlowModuleAlias,
  DescribeHoursOfOperation: describeHoursOfOperation,
  DescribeHoursOfOperationOverride: describeHoursOfOperationOverride,
  DescribeInstance: describeInstance,
  DescribeInstanceAttribute: describeInstanceAttribute,
  DescribePhoneNumber: describePhoneNumber,
  DescribePredefinedAttribute: describePredefinedAttribute,
  DescribePrompt: describePrompt,
  DescribeQueue: describeQueue,
  DescribeQuickConnect: describeQuickConnect,
  DescribeRoutingProfile: describeRoutingProfile,
  DescribeSecurityProfile: describeSecurityProfile,
  DescribeUser: describeUser,
  DescribeUserHierarchyGroup: describeUserHierarchyGroup,
  DescribeUserHierarchyStructure: describeUserHierarchyStructure,
  DisassociateLambdaFunction: disassociateLambdaFunction,
  DisassociateQueueQuickConnects: disassociateQueueQuickConnects,
  DisassociateRoutingProfileQueues: disassociateRoutingProfileQueues,
  DisassociateUserProficiencies: disassociateUserProficiencies,
  GetContactAttributes: getContactAttributes,
  GetCurrentMetricData: getCurrentMetricData,
  GetCurrentUserData: getCurrentUserData,
  GetEffectiveHoursOfOperations: getEffectiveHoursOfOperations,
  GetPromptFile: getPromptFile,
  ListAgentStatuses: listAgentStatuses,
  ListContactFlowModuleAliases: listContactFlowModuleAliases,
  ListContactFlowModuleVersions: listContactFlowModuleVersions,
  ListContactFlowModules: listContactFlowModules,
  ListContactFlowVersions: listContactFlowVersions,
  ListContactFlows: listContactFlows,
  ListContactReferences: listContactReferences,
  ListHoursOfOperationOverrides: listHoursOfOperationOverrides,
  ListHoursOfOperations: listHoursOfOperations,
  ListInstanceAttributes: listInstanceAttributes,
  ListInstances: listInstances,
  ListLambdaFunctions: listLambdaFunctions,
  ListPhoneNumbers: listPhoneNumbers,
  ListPhoneNumbersV2: listPhoneNumbersV2,
  ListPredefinedAttributes: listPredefinedAttributes,
  ListPrompts: listPrompts,
  ListQueueQuickConnects: listQueueQuickConnects,
  ListQueues: listQueues,
  ListQuickConnects: listQuickConnects,
  ListRoutingProfileQueues: listRoutingProfileQueues,
  ListRoutingProfiles: listRoutingProfiles,
  ListSecurityProfilePermissions: listSecurityProfilePermissions,
  ListSecurityProfiles: listSecurityProfiles,
  ListTagsForResource: listTagsForResource,
  ListUserHierarchyGroups: listUserHierarchyGroups,
  ListUserProficiencies: listUserProficiencies,
  ListUsers: listUsers,
  MonitorContact: monitorContact,
  PutUserStatus: putUserStatus,
  ResumeContactRecording: resumeContactRecording,
  SearchAgentStatuses: searchAgentStatuses,
  SearchContactFlowModules: searchContactFlowModules,
  SearchContactFlows: searchContactFlows,
  SearchContacts: searchContacts,
  SearchHoursOfOperationOverrides: searchHoursOfOperationOverrides,
  SearchHoursOfOperations: searchHoursOfOperations,
  SearchPredefinedAttributes: searchPredefinedAttributes,
  SearchPrompts: searchPrompts,
  SearchQueues: searchQueues,
  SearchQuickConnects: searchQuickConnects,
  SearchRoutingProfiles: searchRoutingProfiles,
  SearchSecurityProfiles: searchSecurityProfiles,
  SearchUserHierarchyGroups: searchUserHierarchyGroups,
  SearchUsers: searchUsers,
  StartContactRecording: startContactRecording,
  StartOutboundVoiceContact: startOutboundVoiceContact,
  StopContact: stopContact,
  StopContactRecording: stopContactRecording,
  SuspendContactRecording: suspendContactRecording,
  TagContact: tagContact,
  TagResource: tagResource,
  UntagContact: untagContact,
  UntagResource: untagResource,
  UpdateAgentStatus: updateAgentStatus,
  UpdateContact: updateContact,
  UpdateContactAttributes: updateContactAttributes,
  UpdateContactFlowContent: updateContactFlowContent,
  UpdateContactFlowMetadata: updateContactFlowMetadata,
  UpdateContactFlowModuleAlias: updateContactFlowModuleAlias,
  UpdateContactFlowModuleContent: updateContactFlowModuleContent,
  UpdateContactFlowModuleMetadata: updateContactFlowModuleMetadata,
  UpdateContactFlowName: updateContactFlowName,
  UpdateContactRoutingData: updateContactRoutingData,
  UpdateHoursOfOperation: updateHoursOfOperation,
  UpdateHoursOfOperationOverride: updateHoursOfOperationOverride,
  UpdateInstanceAttribute: updateInstanceAttribute,
  UpdatePredefinedAttribute: updatePredefinedAttribute,
  UpdatePrompt: updatePrompt,
  UpdateQueueHoursOfOperation: updateQueueHoursOfOperation,
  UpdateQueueMaxContacts: updateQueueMaxContacts,
  UpdateQueueName: updateQueueName,
  UpdateQueueOutboundCallerConfig: updateQueueOutboundCallerConfig,
  UpdateQueueStatus: updateQueueStatus,
  UpdateQuickConnectConfig: updateQuickConnectConfig,
  UpdateQuickConnectName: updateQuickConnectName,
  UpdateRoutingProfileAgentAvailabilityTimer: updateRoutingProfileAgentAvailabilityTimer,
  UpdateRoutingProfileConcurrency: updateRoutingProfileConcurrency,
  UpdateRoutingProfileDefaultOutboundQueue: updateRoutingProfileDefaultOutboundQueue,
  UpdateRoutingProfileName: updateRoutingProfileName,
  UpdateRoutingProfileQueues: updateRoutingProfileQueues,
  UpdateSecurityProfile: updateSecurityProfile,
  UpdateUserConfig: updateUserConfig,
  UpdateUserHierarchy: updateUserHierarchy,
  UpdateUserHierarchyGroupName: updateUserHierarchyGroupName,
  UpdateUserHierarchyStructure: updateUserHierarchyStructure,
  UpdateUserIdentityInfo: updateUserIdentityInfo,
  UpdateUserPhoneConfig: updateUserPhoneConfig,
  UpdateUserProficiencies: updateUserProficiencies,
  UpdateUserRoutingProfile: updateUserRoutingProfile,
  UpdateUserSecurityProfiles: updateUserSecurityProfiles,
} as const satisfies Implemented;

/** What implemented operations still lack, for the compatibility page. Absent means complete. */
export const missingParts: { readonly [Name in keyof typeof implementedOperations]?: string } = {
  CreateContactFlowVersion:
    'ContactFlowVersion, LastModifiedTime and LastModifiedRegion, which only replication sends, are not looked at.',
  CreatePrompt:
    'Audio is read from buckets that the configuration maps to a directory or a URL, not from AWS itself, and not from links of GetPromptFile.',
  GetCurrentMetricData:
    'Voice only. Grouped by queue, channel, routing profile and agent status; ESTIMATED_WAIT_TIME is never worked out, and CONTACTS_SCHEDULED is 0: callbacks whose time has not come are not counted.',
  MonitorContact: "Where the user's page is at the node that has the conversation.",
  SearchContacts:
    'Voice only. ContactAnalysis is refused: calls are not transcribed. As in the contact search of Amazon Connect, contacts are found once an agent is ' +
    'connected or they were disconnected, callbacks once they are queued; at most eight weeks at once.',
  UpdateContact:
    'Name, Description and References. User-defined segment attributes are refused, as are the members that belong to contacts that are no calls (external audio, those that expire).',
  UpdateInstanceAttribute:
    'OUTBOUND_CALLS, INBOUND_CALLS (which nothing here takes), CONTACTFLOW_LOGS and EARLY_MEDIA can be switched; the others only be set to what they are.',
  UpdatePrompt:
    'Audio is read from buckets that the configuration maps to a directory or a URL, not from AWS itself, and not from links of GetPromptFile.',
};
