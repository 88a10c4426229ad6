/** Interoperation: SIPp as the carrier behind a trunk. It answers, speaks, fails, challenges and loses messages; the service calls it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { StopContactCommand } from '@aws-sdk/client-connect';
import { readWav, writeWav } from '@ringback/media';
import {
  freePort,
  type SippOptions,
  type SippStep,
  sipp,
  startLossyRelay,
  startSipp,
  untilDefined,
} from '@ringback/testkit';
import { hangUp as flowHangsUp, playPrompt, recordIvr, say } from './support/flow-actions.ts';
import { sineMs, sineOf } from './support/sine.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const number = '+12065550100';
/** Of SIPp's audio, Hz; far from the 1,000 Hz of the flow's beep. */
const calleeToneHz = 700;
const calleeToneSeconds = 3;

describe('a SIPp callee behind a trunk', () => {
  let ringback: TestService;
  let trunkPort: number;
  let flowId: string;

  before(async () => {
    trunkPort = await freePort();
    ringback = await startTestService(`
accessKeys:
  - { accessKeyId: AKIDINTEROP, secretAccessKey: not-a-secret-at-all }
trunks:
  - { name: sipp, address: "127.0.0.1:${trunkPort}", username: ringback, password: open-sesame, probe: off }
countries: [US]
phoneNumbers: ["+12065550199"]
`);
    flowId = await ringback.createFlow([
      recordIvr('record', 'Enabled', 'beep'),
      playPrompt('beep', 'Beep.wav', 'say'),
      say(
        'say',
        'This is a sentence that takes a little more than three seconds to be spoken to its end.',
        'hang up',
      ),
      flowHangsUp,
    ]);
  });

  after(() => ringback?.close());

  /** Runs SIPp for one call and gives the contact as it ended, after SIPp was content too. */
  async function callSipp(scenario: readonly SippStep[], more: Partial<SippOptions> = {}) {
    const callee = await startSipp({ scenario, port: trunkPort, ...more });
    try {
      const contactId = await ringback.call(number, flowId);
      const contact = await ringback.ended(contactId, 60_000);
      await callee.finished;
      return { contact, record: await ringback.record(contactId) };
    } finally {
      await callee.close();
    }
  }

  it('answers with RTP › is heard, hears the prompt and is hung up by the flow', async () => {
    const { contact, record } = await callSipp(
      [
        sipp.receiveInvite(),
        sipp.respond('180 Ringing'),
        sipp.pause(300),
        sipp.answer(),
        sipp.receive('ACK'),
        sipp.play('tone.wav'),
        sipp.receive('BYE'),
        sipp.agree,
      ],
      { files: { 'tone.wav': toneFile() } },
    );
    assert.equal(contact.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
    const { customer, system } = recordingOf(record);
    const heardMs = sineMs(customer, calleeToneHz);
    assert.ok(heardMs >= 2000, `SIPp's tone is on the customer's channel for ${heardMs} ms`);
    assert.ok(sineMs(system, 1000) >= 100, "the prompt's beep is on the system's channel");
    assert.equal(sineMs(customer, 1000), 0, 'nothing of the prompt leaked to the other channel');
  });

  it('echoes RTP › our prompt comes back', async () => {
    const { record } = await callSipp(
      [sipp.receiveInvite(), sipp.answer(), sipp.receive('ACK'), sipp.receive('BYE'), sipp.agree],
      { arguments: ['-rtp_echo'] },
    );
    const { customer } = recordingOf(record);
    assert.ok(sineMs(customer, 1000) >= 100, 'SIPp received the beep and sent it back');
  });

  it('hangs up first › CUSTOMER_DISCONNECT', async () => {
    const { contact } = await callSipp([
      sipp.receiveInvite(),
      sipp.respond('180 Ringing'),
      sipp.answer(),
      sipp.receive('ACK'),
      sipp.pause(1000),
      sipp.hangUp,
    ]);
    assert.equal(contact.DisconnectReason, 'CUSTOMER_DISCONNECT');
  });

  it('is busy › TELECOM_BUSY, and the refusal is acknowledged', async () => {
    const { contact } = await callSipp([
      sipp.receiveInvite(),
      sipp.respond('486 Busy Here'),
      sipp.receive('ACK'),
    ]);
    assert.equal(contact.DisconnectReason, 'TELECOM_BUSY');
  });

  it("challenges › our digest is proven by SIPp's own code", async () => {
    const { contact } = await callSipp([
      sipp.receiveInvite(),
      sipp.challenge('ringback', 'open-sesame'),
      sipp.respond('180 Ringing'),
      sipp.answer(),
      sipp.receive('ACK'),
      sipp.receive('BYE'),
      sipp.agree,
    ]);
    assert.equal(contact.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
  });

  it('rings until StopContact › gets CANCEL and its 487 acknowledged', async () => {
    const callee = await startSipp({
      port: trunkPort,
      scenario: [
        sipp.receiveInvite(),
        sipp.respond('180 Ringing'),
        sipp.receive('CANCEL'),
        sipp.agree,
        sipp.respond('487 Request Terminated'),
        sipp.receive('ACK'),
      ],
    });
    try {
      const rangBefore = ringings();
      const contactId = await ringback.call(number, flowId);
      await untilDefined(20_000, 'it did not ring', async () => ringings() > rangBefore || undefined);
      await ringback.client.send(
        new StopContactCommand({ InstanceId: ringback.instanceId, ContactId: contactId }),
      );
      const contact = await ringback.ended(contactId);
      assert.equal(contact.ConnectedToSystemTimestamp, undefined);
      await callee.finished;
    } finally {
      await callee.close();
    }
  });

  it('loses the first copy of every message › the call is complete all the same', async () => {
    const calleePort = await freePort();
    const callee = await startSipp({
      port: calleePort,
      scenario: [
        sipp.receiveInvite(),
        // Through the relay, so that ACK and BYE are lost too.
        sipp.answer({ contact: `127.0.0.1:${trunkPort}` }),
        sipp.receive('ACK'),
        sipp.receive('BYE'),
        sipp.agree,
        sipp.linger,
      ],
    });
    const relay = await startLossyRelay({
      port: trunkPort,
      loses: (_message, copy) => copy === 1,
      callerPort: ringback.service.sip.port,
      calleePort,
    });
    try {
      const contactId = await ringback.call(number, flowId);
      const contact = await ringback.ended(contactId, 60_000);
      assert.equal(contact.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
      await callee.finished;
      assert.deepEqual(relay.lost, ['INVITE', '200 INVITE', 'ACK', 'BYE', '200 BYE']);
    } finally {
      await relay.close();
      await callee.close();
    }
  });

  /** How often the service was told that a phone rings. */
  const ringings = (): number =>
    ringback.timeline.filter((entry) => entry.kind === 'sip' && entry.trace.text().startsWith('SIP/2.0 180'))
      .length;
});

function toneFile(): Uint8Array {
  const tone = sineOf(calleeToneHz, calleeToneSeconds);
  return writeWav({ sampleRate: 8000, channels: [tone] }, { encoding: 'mulaw' });
}

function recordingOf(record: Readonly<Record<string, unknown>>) {
  const { Location } = record.Recording as { readonly Location: string };
  const [customer, system] = readWav(readFileSync(Location)).channels;
  assert.ok(customer && system, 'the recording has two channels');
  return { customer, system };
}
