/** Story: every magic number of the simulated carrier, called side by side through the AWS SDK against a running service. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { rms, toneLevel } from '@ringback/media';
import { hangUp, menu, playPrompt, say, setAttributes, storeInput } from './support/flow-actions.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const answered = ['INITIATED', 'CONNECTED_TO_SYSTEM', 'DISCONNECTED', 'COMPLETED'];
const withAttributes = [
  'INITIATED',
  'CONNECTED_TO_SYSTEM',
  'CONTACT_DATA_UPDATED',
  'DISCONNECTED',
  'COMPLETED',
];
const unanswered = ['INITIATED', 'DISCONNECTED', 'COMPLETED'];

interface Expected {
  readonly number: string;
  readonly phone: string;
  readonly flow: 'sentence' | 'menu' | 'two inputs';
  readonly reason: string;
  readonly events: readonly string[];
  readonly ringTimeoutSeconds?: number;
  /** Least time from acceptance to answer, s. */
  readonly ringsAtLeastSeconds?: number;
  readonly attributes?: Readonly<Record<string, string>>;
  /** What the phone said is speech or another sound, not silence. */
  readonly speaks: boolean;
}

const flowHangsUp = {
  flow: 'sentence',
  reason: 'CONTACT_FLOW_DISCONNECT',
  events: answered,
  speaks: true,
} as const;
const fails = { flow: 'sentence', events: unanswered, speaks: false } as const;

const answersAtOnce = '+12065550101';
/** It hangs up after 3 s. */
const impatient = '+12065550130';

const numbers: readonly Expected[] = [
  { number: '+12065550100', phone: 'rings 2 s, says hello', ...flowHangsUp, ringsAtLeastSeconds: 2 },
  { number: answersAtOnce, phone: 'says hello over noise', ...flowHangsUp },
  { number: '+12065550102', phone: 'business greeting', ...flowHangsUp },
  { number: '+12065550103', phone: 'answers, stays silent', ...flowHangsUp, speaks: false },
  { number: '+12065550110', phone: 'voicemail with beep', ...flowHangsUp },
  { number: '+12065550111', phone: 'voicemail without beep', ...flowHangsUp },
  { number: '+12065550112', phone: 'short voicemail with beep', ...flowHangsUp },
  { number: '+12065550113', phone: 'fax', ...flowHangsUp },
  { number: '+12065550120', phone: 'busy', ...fails, reason: 'TELECOM_BUSY' },
  {
    number: '+12065550121',
    phone: 'never answers',
    ...fails,
    reason: 'TELECOM_TIMEOUT',
    ringTimeoutSeconds: 15,
  },
  { number: '+12065550122', phone: 'declined', ...fails, reason: 'TELECOM_UNANSWERED' },
  { number: '+12065550123', phone: 'unallocated', ...fails, reason: 'TELECOM_NUMBER_INVALID' },
  { number: '+12065550124', phone: 'SIT, then 404', ...fails, reason: 'TELECOM_NUMBER_INVALID' },
  { number: '+12065550125', phone: '503', ...fails, reason: 'TELECOM_PROBLEM' },
  { number: '+12065550126', phone: 'no reply at all', ...fails, reason: 'TELECOM_PROBLEM' },
  { number: '+12065550127', phone: 'blocked by analytics', ...fails, reason: 'TELECOM_POTENTIAL_BLOCKING' },
  { number: impatient, phone: 'hangs up after 3 s', ...flowHangsUp, reason: 'CUSTOMER_DISCONNECT' },
  {
    number: '+12065550131',
    phone: 'presses 1',
    ...flowHangsUp,
    flow: 'menu',
    events: withAttributes,
    attributes: { key: '1' },
  },
  {
    number: '+12065550132',
    phone: 'presses 2, then 1234#',
    ...flowHangsUp,
    flow: 'two inputs',
    events: withAttributes,
    attributes: { key: '2', code: '1234' },
  },
  { number: '+12065550133', phone: 'challenges with 407', ...flowHangsUp },
  ...Array.from({ length: 10 }, (_, n) => ({
    number: `+1206555014${n}`,
    phone: `rings ${4 * n} s`,
    ...flowHangsUp,
    ringsAtLeastSeconds: 4 * n,
  })),
  { number: '+12065550177', phone: 'any other number', ...flowHangsUp, ringsAtLeastSeconds: 2 },
];

describe('magic numbers', () => {
  let ringback: TestService;
  const contacts = new Map<string, string>();

  before(async () => {
    ringback = await startTestService();
    const flows = {
      // Longer than the 3 s after which …130 hangs up; the beep is the tone that the phone's recording is searched for.
      sentence: await ringback.createFlow([
        playPrompt('beep', 'Beep.wav', 'say'),
        say(
          'say',
          'This is a sentence that takes more than three seconds, so that an impatient phone can hang up in it.',
          'hang up',
        ),
        hangUp,
      ]),
      menu: await ringback.createFlow([
        menu('menu', 'To hear the answer, press 1.', '1', 'remember', 'hang up'),
        setAttributes('remember', { key: '1' }, 'hang up'),
        hangUp,
      ]),
      'two inputs': await ringback.createFlow([
        menu('menu', 'For the second choice, press 2.', '2', 'code', 'hang up'),
        storeInput('code', 'Now enter your code, and then the hash key.', 'remember'),
        setAttributes('remember', { key: '2', code: '$.StoredCustomerInput' }, 'hang up'),
        hangUp,
      ]),
    };
    const call = async ({ number, flow, ringTimeoutSeconds }: Expected): Promise<void> => {
      const more = ringTimeoutSeconds ? { RingTimeoutInSeconds: ringTimeoutSeconds } : {};
      contacts.set(number, await ringback.call(number, flows[flow], more));
    };
    const patient = numbers.filter(({ number }) => number !== impatient);
    await Promise.all(patient.map(call));
    // A phone that listens for 3 s only is called when the rush of the start is over and the sentence has been rendered.
    await ringback.ended(contacts.get(answersAtOnce) ?? '');
    await Promise.all(numbers.filter(({ number }) => number === impatient).map(call));
  });

  after(() => ringback?.close());

  describe('side by side', { concurrency: true }, () => {
    for (const expected of numbers) {
      it(`${expected.number} (${expected.phone}) › ${expected.reason}`, async () => {
        const contactId = contacts.get(expected.number) ?? '';
        const contact = await ringback.ended(contactId);
        const record = await ringback.record(contactId);
        const events = ringback.events(contactId);

        assert.deepEqual(
          events.map((event) => event.eventType),
          expected.events,
        );
        assert.equal(contact.DisconnectReason, expected.reason);
        assert.equal(record.DisconnectReason, expected.reason);
        checkTimestamps(expected, contact, events, record);
        if (expected.attributes) assert.deepEqual(record.Attributes, expected.attributes);
        await checkAudio(expected);
      });
    }
  });

  it('are counted at /metrics by how they ended', async () => {
    await Promise.all([...contacts.values()].map((contactId) => ringback.ended(contactId)));
    const text = await (await fetch(`${ringback.service.url}/metrics`)).text();
    const counted = Object.fromEntries(
      [...text.matchAll(/^ringback_contacts_ended_total\{reason="(\w+)",cause=""\} (\d+)$/gm)].map(
        ([, reason, count]) => [reason, Number(count)],
      ),
    );
    const expected = Map.groupBy(numbers, ({ reason }) => reason);
    assert.deepEqual(counted, Object.fromEntries([...expected].map(([reason, of]) => [reason, of.length])));
  });

  function checkTimestamps(
    expected: Expected,
    contact: { InitiationTimestamp?: Date; ConnectedToSystemTimestamp?: Date; DisconnectTimestamp?: Date },
    events: readonly { disconnectTimestamp?: string }[],
    record: Readonly<Record<string, unknown>>,
  ): void {
    const initiated = contact.InitiationTimestamp?.getTime() ?? Number.NaN;
    const ended = contact.DisconnectTimestamp?.getTime() ?? Number.NaN;
    assert.ok(initiated < ended, 'a contact begins before it ends');
    assert.equal(events.at(-1)?.disconnectTimestamp, contact.DisconnectTimestamp?.toISOString());
    assert.equal(record.DisconnectTimestamp, `${new Date(ended).toISOString().slice(0, 19)}Z`);
    if (expected.events === unanswered) {
      assert.equal(contact.ConnectedToSystemTimestamp, undefined);
      assert.equal(record.ConnectedToSystemTimestamp, null);
      return;
    }
    const connected = contact.ConnectedToSystemTimestamp?.getTime() ?? Number.NaN;
    assert.ok(initiated < connected && connected < ended, 'the answer is between begin and end');
    const rangMs = connected - initiated;
    const leastMs = 1000 * (expected.ringsAtLeastSeconds ?? 0);
    assert.ok(rangMs >= leastMs, `it rang ${rangMs} ms, which is less than ${leastMs}`);
  }

  async function checkAudio(expected: Expected): Promise<void> {
    const audio = await ringback.phoneHeard(expected.number);
    if (expected.events === unanswered) return;
    assert.ok(audio, 'an answered phone has a recording');
    const [heard, said] = audio;
    // Speech in telephone audio has an RMS in the thousands; silence stays under 10.
    assert.ok(rms(heard) > 300, `the phone heard the prompt (RMS ${rms(heard)})`);
    if (expected.flow === 'sentence') {
      assert.ok(loudestToneLevel(heard, 1000) > 0.6, 'the beep of 1,000 Hz reached the phone');
    }
    if (expected.speaks) assert.ok(rms(said) > 50, `the phone said something (RMS ${rms(said)})`);
    else assert.ok(rms(said) < 20, `the phone was silent (RMS ${rms(said)})`);
  }
});

/** Share of the energy at a frequency in the 100 ms where it is largest. */
function loudestToneLevel(pcm: Int16Array, frequencyHz: number): number {
  const window = 800;
  let best = 0;
  for (let at = 0; at + window <= pcm.length; at += window / 2) {
    const part = pcm.subarray(at, at + window);
    if (rms(part) > 300) best = Math.max(best, toneLevel(part, 8000, frequencyHz));
  }
  return best;
}
