/** The flow of the demo: record, ask for a key, remember the answer, say thanks, hang up. Sent through the API as an application would. */

/** Content for CreateContactFlow, as JSON text. */
export function appointmentFlow(): string {
  return JSON.stringify({
    Version: '2019-10-30',
    StartAction: 'record the call',
    Metadata: {},
    Actions: [
      {
        Identifier: 'record the call',
        Type: 'UpdateContactRecordingBehavior',
        Parameters: { RecordingBehavior: { RecordedParticipants: [], IVRRecordingBehavior: 'Enabled' } },
        Transitions: { NextAction: 'ask' },
      },
      {
        Identifier: 'ask',
        Type: 'GetParticipantInput',
        Parameters: {
          Text: 'Hello $.Attributes.firstName. To confirm your appointment, press 1.',
          InputTimeLimitSeconds: '8',
          StoreInput: 'False',
        },
        Transitions: {
          NextAction: 'say sorry',
          Errors: ['InputTimeLimitExceeded', 'NoMatchingCondition', 'NoMatchingError'].map((ErrorType) => ({
            NextAction: 'say sorry',
            ErrorType,
          })),
          Conditions: [{ NextAction: 'remember', Condition: { Operator: 'Equals', Operands: ['1'] } }],
        },
      },
      {
        Identifier: 'remember',
        Type: 'UpdateContactAttributes',
        Parameters: { Attributes: { choice: 'confirmed' }, TargetContact: 'Current' },
        Transitions: {
          NextAction: 'say thanks',
          Errors: [{ NextAction: 'say thanks', ErrorType: 'NoMatchingError' }],
          Conditions: [],
        },
      },
      say('say thanks', 'Thank you. Your appointment is confirmed.'),
      say('say sorry', 'Sorry, we did not understand you.'),
      { Identifier: 'hang up', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} },
    ],
  });
}

function say(identifier: string, text: string) {
  return {
    Identifier: identifier,
    Type: 'MessageParticipant',
    Parameters: { Text: text },
    Transitions: {
      NextAction: 'hang up',
      Errors: [{ NextAction: 'hang up', ErrorType: 'NoMatchingError' }],
      Conditions: [],
    },
  };
}
