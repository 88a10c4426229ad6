/** Actions of the flow language as tests write them. */

/** Says `text`, then goes to `next`, whatever happens. */
export function say(identifier: string, text: string, next: string): object {
  return {
    Identifier: identifier,
    Type: 'MessageParticipant',
    Parameters: { Text: text },
    Transitions: {
      NextAction: next,
      Errors: [{ NextAction: next, ErrorType: 'NoMatchingError' }],
      Conditions: [],
    },
  };
}

/** A menu of one key: `key` leads to `next`, everything else to `otherwise`. */
export function menu(identifier: string, text: string, key: string, next: string, otherwise: string): object {
  return {
    Identifier: identifier,
    Type: 'GetParticipantInput',
    Parameters: { Text: text, InputTimeLimitSeconds: '10', StoreInput: 'False' },
    Transitions: {
      NextAction: otherwise,
      Errors: ['InputTimeLimitExceeded', 'NoMatchingCondition', 'NoMatchingError'].map((ErrorType) => ({
        NextAction: otherwise,
        ErrorType,
      })),
      Conditions: [{ NextAction: next, Condition: { Operator: 'Equals', Operands: [key] } }],
    },
  };
}

/** Collects up to ten keys, ended by `#`, as `$.StoredCustomerInput`. */
export function storeInput(identifier: string, text: string, next: string): object {
  return {
    Identifier: identifier,
    Type: 'GetParticipantInput',
    Parameters: {
      Text: text,
      InputTimeLimitSeconds: '10',
      StoreInput: 'True',
      InputValidation: { CustomValidation: { MaximumLength: '10' } },
      DTMFConfiguration: {
        InputTerminationSequence: '#',
        DisableCancelKey: 'False',
        InterdigitTimeLimitSeconds: '5',
      },
    },
    Transitions: {
      NextAction: next,
      Errors: [{ NextAction: next, ErrorType: 'NoMatchingError' }],
      Conditions: [],
    },
  };
}

/** Sets attributes. */
export function setAttributes(identifier: string, attributes: Record<string, string>, next: string): object {
  return {
    Identifier: identifier,
    Type: 'UpdateContactAttributes',
    Parameters: { Attributes: attributes, TargetContact: 'Current' },
    Transitions: {
      NextAction: next,
      Errors: [{ NextAction: next, ErrorType: 'NoMatchingError' }],
      Conditions: [],
    },
  };
}

/** Switches the recording of the automated part. */
export function recordIvr(identifier: string, state: 'Enabled' | 'Disabled', next: string): object {
  return {
    Identifier: identifier,
    Type: 'UpdateContactRecordingBehavior',
    Parameters: { RecordingBehavior: { RecordedParticipants: [], IVRRecordingBehavior: state } },
    Transitions: { NextAction: next },
  };
}

/** Plays a stored prompt by name or id. */
export function playPrompt(identifier: string, promptId: string, next: string): object {
  return {
    Identifier: identifier,
    Type: 'MessageParticipant',
    Parameters: { PromptId: promptId },
    Transitions: {
      NextAction: next,
      Errors: [{ NextAction: next, ErrorType: 'NoMatchingError' }],
      Conditions: [],
    },
  };
}

/** Lets so many seconds pass. */
export function wait(identifier: string, seconds: number, next: string): object {
  return {
    Identifier: identifier,
    Type: 'Wait',
    Parameters: { TimeLimitSeconds: String(seconds) },
    Transitions: {
      NextAction: next,
      Errors: [{ NextAction: next, ErrorType: 'NoMatchingError' }],
      Conditions: [{ NextAction: next, Condition: { Operator: 'Equals', Operands: ['WaitCompleted'] } }],
    },
  };
}

/** Lets ten minutes pass, longer than any test; then hangs up. */
export const waitLong = wait('wait', 600, 'hang up');

/** Hangs up. */
export const hangUp: object = {
  Identifier: 'hang up',
  Type: 'DisconnectParticipant',
  Parameters: {},
  Transitions: {},
};

/** Ends the flow without hanging up. */
export const endFlow: object = {
  Identifier: 'end',
  Type: 'EndFlowExecution',
  Parameters: {},
  Transitions: {},
};

/** Goes to `next` where the value is as expected, else to `otherwise`. */
export function compare(
  identifier: string,
  value: string,
  expected: string,
  next: string,
  otherwise: string,
): object {
  return {
    Identifier: identifier,
    Type: 'Compare',
    Parameters: { ComparisonValue: value },
    Transitions: {
      NextAction: otherwise,
      Errors: [{ NextAction: otherwise, ErrorType: 'NoMatchingCondition' }],
      Conditions: [{ NextAction: next, Condition: { Operator: 'Equals', Operands: [expected] } }],
    },
  };
}

/** Says which flow runs at a moment to come. */
export function setHook(identifier: string, hook: string, flowId: string, next: string): object {
  return {
    Identifier: identifier,
    Type: 'UpdateContactEventHooks',
    Parameters: { EventHooks: { [hook]: flowId } },
    Transitions: { NextAction: next, Errors: [{ NextAction: next, ErrorType: 'NoMatchingError' }] },
  };
}

/** A whole flow: puts the contact into the request's queue, or hangs up where that fails. */
export const transferToQueue: readonly object[] = [
  {
    Identifier: 'queue',
    Type: 'TransferContactToQueue',
    Parameters: {},
    Transitions: {
      NextAction: 'hang up',
      Errors: [{ NextAction: 'hang up', ErrorType: 'NoMatchingError' }],
    },
  },
  hangUp,
];

/** Transfers the customer to a telephone number; each error leads to the action of its name. */
export function transferToNumber(
  number: string,
  goesOn: 'True' | 'False',
  more: object,
  next: string,
): object {
  const errors = [
    'NoMatchingError',
    ...(goesOn === 'True' ? ['CallFailed', 'ConnectionTimeLimitExceeded'] : []),
  ];
  return {
    Identifier: 'transfer',
    Type: 'TransferParticipantToThirdParty',
    Parameters: {
      ThirdPartyPhoneNumber: number,
      ThirdPartyConnectionTimeLimitSeconds: '20',
      ContinueFlowExecution: goesOn,
      ...more,
    },
    Transitions: {
      NextAction: next,
      Errors: errors.map((ErrorType) => ({ ErrorType, NextAction: ErrorType })),
      Conditions: [],
    },
  };
}
