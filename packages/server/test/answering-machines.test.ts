/** Story: magic numbers of the simulated carrier with answering machine detection on, side by side: event, record, API and the flow's branch. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hangUp, say, setAttributes } from './support/flow-actions.ts';
import { startTestService, type TestService } from './support/test-service.ts';

interface Expected {
  readonly number: string;
  readonly phone: string;
  readonly status: string;
  /** With AwaitAnswerMachinePrompt, where it says something else. */
  readonly awaitedStatus?: string;
  readonly reason?: string;
  readonly ringTimeoutSeconds?: number;
  /** Tone of the network before the answer that did not come. */
  readonly heard?: string;
}

const human = 'HUMAN_ANSWERED';
const numbers: readonly Expected[] = [
  { number: '+12065550100', phone: 'says hello', status: human },
  { number: '+12065550101', phone: 'says hello over noise', status: human },
  { number: '+12065550102', phone: 'business greeting', status: human },
  { number: '+12065550103', phone: 'stays silent', status: 'AMD_UNRESOLVED' },
  {
    number: '+12065550110',
    phone: 'voicemail with beep',
    status: 'VOICEMAIL_NO_BEEP',
    awaitedStatus: 'VOICEMAIL_BEEP',
  },
  { number: '+12065550111', phone: 'voicemail without beep', status: 'VOICEMAIL_NO_BEEP' },
  {
    number: '+12065550112',
    phone: 'short voicemail with beep',
    status: 'VOICEMAIL_NO_BEEP',
    awaitedStatus: 'VOICEMAIL_BEEP',
  },
  { number: '+12065550113', phone: 'fax', status: 'FAX_MACHINE_DETECTED' },
  { number: '+12065550120', phone: 'busy', status: 'SIT_TONE_BUSY', reason: 'TELECOM_BUSY' },
  {
    number: '+12065550121',
    phone: 'never answers',
    status: 'AMD_UNANSWERED',
    reason: 'TELECOM_TIMEOUT',
    ringTimeoutSeconds: 15,
  },
  { number: '+12065550122', phone: 'declined', status: 'AMD_NOT_APPLICABLE', reason: 'TELECOM_UNANSWERED' },
  {
    number: '+12065550123',
    phone: 'unallocated',
    status: 'SIT_TONE_INVALID_NUMBER',
    reason: 'TELECOM_NUMBER_INVALID',
  },
  {
    number: '+12065550124',
    phone: 'SIT, then 404',
    status: 'SIT_TONE_INVALID_NUMBER',
    reason: 'TELECOM_NUMBER_INVALID',
    heard: 'SIT_VACANT_CODE',
  },
  { number: '+12065550125', phone: '503', status: 'AMD_NOT_APPLICABLE', reason: 'TELECOM_PROBLEM' },
  { number: '+12065550126', phone: 'no reply', status: 'AMD_NOT_APPLICABLE', reason: 'TELECOM_PROBLEM' },
  {
    number: '+12065550127',
    phone: 'blocked by analytics',
    status: 'AMD_NOT_APPLICABLE',
    reason: 'TELECOM_POTENTIAL_BLOCKING',
  },
  { number: '+12065550130', phone: 'hangs up after 3 s', status: human, reason: 'CUSTOMER_DISCONNECT' },
  { number: '+12065550131', phone: 'presses 1', status: human },
  { number: '+12065550132', phone: 'presses 2, then 1234#', status: human },
  { number: '+12065550133', phone: 'challenges with 407', status: human },
  { number: '+12065550141', phone: 'rings 4 s', status: human },
  {
    number: '+12065550161',
    phone: 'SIT (intercept), then 480',
    status: 'SIT_TONE_INVALID_NUMBER',
    reason: 'TELECOM_NUMBER_INVALID',
    heard: 'SIT_INTERCEPT',
  },
  {
    number: '+12065550162',
    phone: 'SIT (no circuit), then 503',
    status: 'SIT_TONE_DETECTED',
    reason: 'TELECOM_PROBLEM',
    heard: 'SIT_NO_CIRCUIT',
  },
  {
    number: '+12065550163',
    phone: 'busy tone until the ring timeout',
    status: 'SIT_TONE_BUSY',
    reason: 'TELECOM_BUSY',
    ringTimeoutSeconds: 15,
    heard: 'BUSY',
  },
];

const tone = (hz: number, forMs: number) => ({ frequenciesHz: [hz], forMs, levelDbm0: -24 });
const earlyMedia = (...tones: object[]) => [
  { step: 'earlyMedia' },
  { step: 'pause', forMs: 200 },
  { step: 'tones', tones },
  { step: 'pause', forMs: 500 },
];
/** Phones without a magic number. */
const scenarios = {
  numbers: {
    '+12065550161': [
      ...earlyMedia(tone(913.8, 274), tone(1370.6, 274), tone(1776.7, 380)),
      { step: 'reject', status: 480 },
    ],
    '+12065550162': [
      ...earlyMedia(tone(985.2, 380), tone(1428.5, 380), tone(1776.7, 380)),
      { step: 'reject', status: 503 },
    ],
    '+12065550163': [
      { step: 'earlyMedia' },
      {
        step: 'repeat',
        steps: [
          { step: 'tones', tones: [{ frequenciesHz: [480, 620], forMs: 500, levelDbm0: -24 }] },
          { step: 'pause', forMs: 500 },
        ],
      },
    ],
  },
};

const branches: Readonly<Record<string, string>> = {
  HUMAN_ANSWERED: 'CallAnswered',
  VOICEMAIL_BEEP: 'VoicemailBeep',
  VOICEMAIL_NO_BEEP: 'VoicemailNoBeep',
  AMD_UNRESOLVED: 'NotDetected',
  FAX_MACHINE_DETECTED: 'NotDetected',
};

/** Branches on the status into an attribute, says a sentence longer than 3 s, hangs up. */
function checkProgress(): object[] {
  const words = ['CallAnswered', 'VoicemailBeep', 'VoicemailNoBeep', 'NotDetected'];
  return [
    {
      Identifier: 'status',
      Type: 'CheckOutboundCallStatus',
      Parameters: {},
      Transitions: {
        NextAction: 'NotDetected',
        Conditions: words.map((word) => ({
          NextAction: word,
          Condition: { Operator: 'Equals', Operands: [word] },
        })),
        Errors: [{ NextAction: 'error', ErrorType: 'NoMatchingError' }],
      },
    },
    ...[...words, 'error'].map((word) => setAttributes(word, { branch: word }, 'say')),
    say(
      'say',
      'This is a sentence that takes more than three seconds, so that somebody can hang up in it.',
      'hang up',
    ),
    hangUp,
  ];
}

describe('magic numbers with answering machine detection', () => {
  let ringback: TestService;
  let directory: string;
  const contacts = new Map<string, string>();
  const cases = numbers.flatMap((expected) => [
    { ...expected, key: expected.number, awaits: false, wanted: expected.status },
    ...(expected.awaitedStatus
      ? [{ ...expected, key: `${expected.number} awaited`, awaits: true, wanted: expected.awaitedStatus }]
      : []),
  ]);

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
    const scenarioFile = path.join(directory, 'phones.json');
    await writeFile(scenarioFile, JSON.stringify(scenarios));
    ringback = await startTestService(
      `quotas: { concurrentCampaignActiveCalls: 100 }\nsimulatedCarrier: { scenarioFile: ${scenarioFile} }`,
    );
    const flow = await ringback.createFlow(checkProgress());
    await Promise.all(
      cases.map(async ({ key, number, awaits, ringTimeoutSeconds }) => {
        const id = await ringback.call(number, flow, {
          TrafficType: 'CAMPAIGN',
          AnswerMachineDetectionConfig: {
            EnableAnswerMachineDetection: true,
            AwaitAnswerMachinePrompt: awaits,
          },
          ...(ringTimeoutSeconds ? { RingTimeoutInSeconds: ringTimeoutSeconds } : {}),
        });
        contacts.set(key, id);
      }),
    );
  });

  after(async () => {
    await ringback?.close();
    await rm(directory, { recursive: true, force: true });
  });

  describe('side by side', { concurrency: true }, () => {
    for (const { key, phone, wanted, heard, reason = 'CONTACT_FLOW_DISCONNECT' } of cases) {
      it(`${key} (${phone}) › ${wanted}${heard ? `, heard ${heard}` : ''}`, async () => {
        const id = contacts.get(key) ?? '';
        const contact = await ringback.ended(id);
        const record = await ringback.record(id);
        const events = ringback.events(id);
        assert.equal(contact.DisconnectReason, reason);
        assert.equal(contact.AnsweringMachineDetectionStatus, wanted);
        assert.equal(record.AnsweringMachineDetectionStatus, wanted);
        const queue = record.Queue as { Name: string | null; EnqueueTimestamp: string | null };
        assert.deepEqual([queue.Name, queue.EnqueueTimestamp], ['BasicQueue', null], 'whose call it was');
        const attributes = record.SegmentAttributes as Record<string, { ValueString: string }>;
        assert.equal(attributes['ringback:EarlyTone']?.ValueString, heard);
        const types = events.map(({ eventType }) => eventType);
        const branch = branches[wanted];
        if (branch === undefined) {
          assert.deepEqual(types, ['INITIATED', 'DISCONNECTED', 'COMPLETED']);
          return;
        }
        assert.deepEqual(
          types.filter((type) => type !== 'CONTACT_DATA_UPDATED'),
          ['INITIATED', 'CONNECTED_TO_SYSTEM', 'DISCONNECTED', 'COMPLETED'],
        );
        const connected = events.find(({ eventType }) => eventType === 'CONNECTED_TO_SYSTEM');
        assert.equal(connected?.answeringMachineDetectionStatus, wanted);
        // Who hangs up may do so before the flow has branched.
        if (reason !== 'CUSTOMER_DISCONNECT') assert.deepEqual(record.Attributes, { branch });
        const greeting = record.CustomerVoiceActivity as { GreetingStartTimestamp?: string } | null;
        const hasSpoken = wanted === human || wanted.startsWith('VOICEMAIL');
        assert.equal(typeof greeting?.GreetingStartTimestamp, hasSpoken ? 'string' : 'undefined');
      });
    }
  });
});
