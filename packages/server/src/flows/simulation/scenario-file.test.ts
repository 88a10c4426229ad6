// The file of a scenario: each mistake is told once, where it stands, and says what would be right.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readScenario, ScenarioUnusable } from './scenario-file.ts';

function mistakesIn(text: string): readonly string[] {
  try {
    readScenario('s.yaml', text);
    return [];
  } catch (error) {
    assert.ok(error instanceof ScenarioUnusable, String(error));
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}

describe('scenario file', () => {
  const cases: [what: string, text: string, ...mistakes: string[]][] = [
    [
      'keys without quotes',
      'caller: [{ press: 1 }]',
      's.yaml:1:12 caller.0.press: must be at most 64 keys, each a digit, "*" or "#", in quotes',
    ],
    [
      'keys that no telephone has',
      'caller: [{ press: 1a }]',
      's.yaml:1:12 caller.0.press: must be at most 64 keys, each a digit, "*" or "#", in quotes',
    ],
    [
      'words to wait for that are none',
      'caller: [{ hangUp: true, hears: 5 }]',
      's.yaml:1:26 caller.0.hears: must be string',
    ],
    ['hanging up that is denied', 'caller: [{ hangUp: false }]', 's.yaml:1:12 caller.0.hangUp: must be true'],
    [
      'a time before the prompt',
      'caller: [{ press: "1", afterSeconds: -1 }]',
      's.yaml:1:24 caller.0.afterSeconds: must be >= 0',
    ],
    [
      'a time of an answer that is none',
      'lambdas: { lookup: { answer: {}, afterSeconds: soon } }',
      's.yaml:1:34 lambdas.lookup.afterSeconds: must be number',
    ],
    [
      'a time within a list of answers',
      'lambdas: { lookup: [{ answer: {}, afterSeconds: soon }] }',
      's.yaml:1:35 lambdas.lookup.0.afterSeconds: must be number',
    ],
    [
      'a way to end that there is not',
      'expect: { outcome: done }',
      's.yaml:1:11 expect.outcome: must be "disconnected" or "ended" or "queued" or "transferredToAgent" or ' +
        '"transferredToThirdParty" or "aborted" or "moduleEnded" or "stepLimitReached"',
    ],
    [
      'a verdict that there is not',
      'answeredBy: Human',
      's.yaml:1:1 answeredBy: must be "CallAnswered" or "VoicemailBeep" or "VoicemailNoBeep" or "NotDetected"',
    ],
    [
      'a type of flow that there is not',
      'type: FLOW',
      's.yaml:1:1 type: must be "CONTACT_FLOW" or "CUSTOMER_QUEUE" or "CUSTOMER_HOLD" or "CUSTOMER_WHISPER" or "AGENT_HOLD" or ' +
        '"AGENT_WHISPER" or "OUTBOUND_WHISPER" or "AGENT_TRANSFER" or "QUEUE_TRANSFER" or "CAMPAIGN" or "MODULE"',
    ],
    [
      'two times at once',
      'caller: [{ press: "1", afterSeconds: 1, duringPromptSeconds: 1 }]',
      's.yaml:1:10 caller.0: take afterSeconds or duringPromptSeconds, not both',
    ],
  ];
  for (const [what, text, ...expected] of cases) {
    it(`names ${what}`, () => assert.deepEqual(mistakesIn(text), expected));
  }
});
