// Every action this version knows, by type. Add an action: write its file and name it here.

import type { ActionDefinition } from '../action-definition.ts';
import { checkSegmentMembership } from './contact/check-segment-membership.ts';
import { completeOutboundCall } from './contact/complete-outbound-call.ts';
import { createCallbackContact } from './contact/create-callback-contact.ts';
import { createCase } from './contact/create-case.ts';
import { createPersistentContactAssociation } from './contact/create-persistent-contact-association.ts';
import { createTask } from './contact/create-task.ts';
import { createWisdomSession } from './contact/create-wisdom-session.ts';
import { dequeueContactAndTransferToQueue } from './contact/dequeue-contact-and-transfer-to-queue.ts';
import { getCase } from './contact/get-case.ts';
import { loadContactContent } from './contact/load-contact-content.ts';
import { resumeContact } from './contact/resume-contact.ts';
import { routeContactToAgent } from './contact/route-contact-to-agent.ts';
import { startOutboundChatContact } from './contact/start-outbound-chat-contact.ts';
import { tagContact } from './contact/tag-contact.ts';
import { transferContactToAgent } from './contact/transfer-contact-to-agent.ts';
import { transferContactToQueue } from './contact/transfer-contact-to-queue.ts';
import { untagContact } from './contact/untag-contact.ts';
import { updateCase } from './contact/update-case.ts';
import { updateContactAttributes } from './contact/update-contact-attributes.ts';
import { updateContactCallbackNumber } from './contact/update-contact-callback-number.ts';
import { updateContactData } from './contact/update-contact-data.ts';
import { updateContactEventHooks } from './contact/update-contact-event-hooks.ts';
import { updateContactMediaProcessing } from './contact/update-contact-media-processing.ts';
import { updateContactMediaStreamingBehavior } from './contact/update-contact-media-streaming-behavior.ts';
import { updateContactRecordingAndAnalyticsBehavior } from './contact/update-contact-recording-and-analytics-behavior.ts';
import { updateContactRecordingBehavior } from './contact/update-contact-recording-behavior.ts';
import { updateContactRoutingBehavior } from './contact/update-contact-routing-behavior.ts';
import { updateContactRoutingCriteria } from './contact/update-contact-routing-criteria.ts';
import { updateContactTargetQueue } from './contact/update-contact-target-queue.ts';
import { updateContactTextToSpeechVoice } from './contact/update-contact-text-to-speech-voice.ts';
import { updatePreviousContactParticipantState } from './contact/update-previous-contact-participant-state.ts';
import { checkHoursOfOperation } from './flow-control/check-hours-of-operation.ts';
import { checkMetricData } from './flow-control/check-metric-data.ts';
import { checkOutboundCallStatus } from './flow-control/check-outbound-call-status.ts';
import { checkVoiceId } from './flow-control/check-voice-id.ts';
import { compare } from './flow-control/compare.ts';
import { distributeByPercentage } from './flow-control/distribute-by-percentage.ts';
import { endFlowExecution } from './flow-control/end-flow-execution.ts';
import { getMetricData } from './flow-control/get-metric-data.ts';
import { loop } from './flow-control/loop.ts';
import { startVoiceIdStream } from './flow-control/start-voice-id-stream.ts';
import { transferToFlow } from './flow-control/transfer-to-flow.ts';
import { updateFlowAttributes } from './flow-control/update-flow-attributes.ts';
import { updateFlowLoggingBehavior } from './flow-control/update-flow-logging-behavior.ts';
import { wait } from './flow-control/wait.ts';
import { associateContactToCustomerProfile } from './interactions/associate-contact-to-customer-profile.ts';
import { createCustomerProfile } from './interactions/create-customer-profile.ts';
import { endFlowModuleExecution } from './interactions/end-flow-module-execution.ts';
import { evaluateDataTableValues } from './interactions/evaluate-data-table-values.ts';
import { getCalculatedAttributesForCustomerProfile } from './interactions/get-calculated-attributes-for-customer-profile.ts';
import { getCustomerProfile } from './interactions/get-customer-profile.ts';
import { getCustomerProfileObject } from './interactions/get-customer-profile-object.ts';
import { invokeFlowModule } from './interactions/invoke-flow-module.ts';
import { invokeLambdaFunction } from './interactions/invoke-lambda-function.ts';
import { listDataTableValues } from './interactions/list-data-table-values.ts';
import { updateCustomerProfile } from './interactions/update-customer-profile.ts';
import { upsertDataTableValues } from './interactions/upsert-data-table-values.ts';
import { authenticateParticipant } from './participant/authenticate-participant.ts';
import { connectParticipantWithLexBot } from './participant/connect-participant-with-lex-bot.ts';
import { disconnectParticipant } from './participant/disconnect-participant.ts';
import { getParticipantInput } from './participant/get-participant-input.ts';
import { messageParticipant } from './participant/message-participant.ts';
import { messageParticipantIteratively } from './participant/message-participant-iteratively.ts';
import { showView } from './participant/show-view.ts';
import { transferParticipantToThirdParty } from './participant/transfer-participant-to-third-party.ts';
import { runServiceAction } from './service-action.ts';

const ALL: readonly ActionDefinition[] = [
  checkSegmentMembership,
  completeOutboundCall,
  createCallbackContact,
  createCase,
  createPersistentContactAssociation,
  createTask,
  createWisdomSession,
  dequeueContactAndTransferToQueue,
  getCase,
  loadContactContent,
  resumeContact,
  routeContactToAgent,
  startOutboundChatContact,
  tagContact,
  transferContactToAgent,
  transferContactToQueue,
  untagContact,
  updateCase,
  updateContactAttributes,
  updateContactCallbackNumber,
  updateContactData,
  updateContactEventHooks,
  updateContactMediaProcessing,
  updateContactMediaStreamingBehavior,
  updateContactRecordingAndAnalyticsBehavior,
  updateContactRecordingBehavior,
  updateContactRoutingBehavior,
  updateContactRoutingCriteria,
  updateContactTargetQueue,
  updateContactTextToSpeechVoice,
  updatePreviousContactParticipantState,
  checkHoursOfOperation,
  checkMetricData,
  checkOutboundCallStatus,
  checkVoiceId,
  compare,
  distributeByPercentage,
  endFlowExecution,
  getMetricData,
  loop,
  startVoiceIdStream,
  transferToFlow,
  updateFlowAttributes,
  updateFlowLoggingBehavior,
  wait,
  associateContactToCustomerProfile,
  createCustomerProfile,
  endFlowModuleExecution,
  evaluateDataTableValues,
  getCalculatedAttributesForCustomerProfile,
  getCustomerProfileObject,
  getCustomerProfile,
  invokeFlowModule,
  invokeLambdaFunction,
  listDataTableValues,
  updateCustomerProfile,
  upsertDataTableValues,
  authenticateParticipant,
  connectParticipantWithLexBot,
  disconnectParticipant,
  getParticipantInput,
  messageParticipantIteratively,
  messageParticipant,
  showView,
  transferParticipantToThirdParty,
];

const BY_TYPE: ReadonlyMap<string, ActionDefinition> = new Map(ALL.map((action) => [action.type, action]));

/** Known actions, in the order of their groups. */
export function allActions(): readonly ActionDefinition[] {
  return ALL;
}

/** The definition of a type; undefined for types this version does not know. */
export function actionDefinition(type: string): ActionDefinition | undefined {
  return BY_TYPE.get(type);
}

const BY_LOWER_CASE: ReadonlyMap<string, string> = new Map([
  ...ALL.map(({ type }): [string, string] => [type.toLowerCase(), type]),
  // The Flow language reference calls it so; the service refuses it.
  ['updateroutingcriteria', updateContactRoutingCriteria.type],
]);

/** The known type that a misspelt one stands for, if one is plain. */
export function typeMeantBy(type: string): string | undefined {
  return BY_LOWER_CASE.get(type.toLowerCase());
}

/** What a type this version does not know does: it asks the host's adapter, else takes its error branch. */
export const unknownAction: ActionDefinition = {
  type: '',
  logType: 'Unknown',
  support: { level: 'adapter', reason: 'not known to this version' },
  flowTypes: 'all',
  nextAction: 'optional',
  parameters: 'unknown',
  errors: { expected: [] },
  run: runServiceAction,
};
