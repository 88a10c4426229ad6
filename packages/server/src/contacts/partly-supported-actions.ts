/** Where contact-flow-host.ts does less than the flow language says, although the language package carries the action. For the compatibility page. */

/** Action type to what is missing. */
export const partlySupportedActions: Readonly<Record<string, string>> = {
  CompleteOutboundCall:
    'An outbound whisper flow runs once the customer has answered: the flow goes on, CallerId and VoiceConnector have no effect.',
  CreateTask:
    'Tasks are recorded for the sinks, nobody works on them; TaskTemplateId takes the error branch.',
  DequeueContactAndTransferToQueue: 'The contact stays the same one.',
  GetMetricData: 'Only voice is counted, whatever QueueChannel says; EstimatedWaitTime has no value.',
  TransferContactToAgent:
    'A customer who has left the agent who transfers waits for a busy agent; in Connect he is disconnected.',
  TransferParticipantToThirdParty: 'VoiceConnector takes the error branch.',
  UpdateContactAttributes: 'TargetContact Related takes the error branch.',
  UpdateContactData: 'TargetContact Related takes the error branch; WisdomSessionArn has no effect.',
  UpdateContactEventHooks:
    'DefaultAgentUI, DisconnectAgentUI, PauseContact and ResumeContact have no effect.',
  UpdatePreviousContactParticipantState:
    'While a transfer flow runs the customer is on hold; the flow goes on and changes nothing of it.',
};
