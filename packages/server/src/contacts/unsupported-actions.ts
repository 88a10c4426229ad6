/** Flow actions that the language package carries but contact-flow-host.ts cannot do yet: they take their error branch. For the compatibility page. */

/** Actions of which a part takes the error branch: type to that part. */
export const partlySupportedActions: Readonly<Record<string, string>> = {
  CreateTask:
    'Tasks are recorded for the sinks, nobody works on them; TaskTemplateId takes the error branch.',
  TransferParticipantToThirdParty: 'VoiceConnector takes the error branch.',
};

/** Action type to what is missing. */
export const unsupportedActions: Readonly<Record<string, string>> = {
  CompleteOutboundCall:
    'An outbound whisper flow runs once the customer has answered; it does not choose the moment of the call.',
  UpdatePreviousContactParticipantState:
    'While a transfer flow runs the customer is on hold; a flow cannot change that.',
};
