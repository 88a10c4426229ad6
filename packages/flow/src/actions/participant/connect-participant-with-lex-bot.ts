// ConnectParticipantWithLexBot (Get customer input): speaks with a Lex bot; its intent chooses the branch.

import { MESSAGE_KEYS, MESSAGE_PARAMETERS } from '../../message.ts';
import { map, number, object, required, text } from '../../parameter-spec.ts';
import { ANY_RESULT, serviceAction } from '../service-action.ts';

export const connectParticipantWithLexBot = serviceAction({
  type: 'ConnectParticipantWithLexBot',
  logType: 'GetUserInput',
  reason: 'Amazon Lex',
  parameters: {
    ...MESSAGE_PARAMETERS,
    LexInitializationData: object({ InitialMessage: text('inline') }),
    LexV2Bot: object({ AliasArn: required(text('whole')) }),
    LexBot: object({ Name: text('whole'), Region: text('whole'), Alias: text('whole') }),
    LexSessionAttributes: map(text('inline')),
    LexTimeoutSeconds: object({ Text: number(60, 604_800, 'static', 'warning') }),
  },
  choice: { rule: 'atLeastOne', of: [...MESSAGE_KEYS, 'LexInitializationData'] },
  errors: { expected: ['NoMatchingError', 'NoMatchingCondition'], optional: ['InputTimeLimitExceeded'] },
  conditions: ANY_RESULT,
});
