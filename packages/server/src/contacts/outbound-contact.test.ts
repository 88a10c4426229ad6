// The story of one contact, from the gate to its one end, against a scripted phone; on virtual time. Also the contacts of
// a node together: stopping, draining and recovering them.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { done, type Flow, parseFlow } from '@ringback/flow';
import { type AmdEvent, RecordingFailed } from '@ringback/media';
import { parseReason } from '@ringback/sip';
import { VirtualClock } from '@ringback/testkit';
import type { ContactId, NodeId } from '../ids.ts';
import { noCaps } from '../policy/toll-fraud.ts';
import { type ContactAdvance, ContactNoLongerOwned } from '../store/advance-contacts.ts';
import type { ContactStore, RecoveredContact } from '../store/contact-store.ts';
import type { Directory } from '../store/directory.ts';
import { BatchFailed } from '../store/micro-batch.ts';
import type { Instance, ResourceStore } from '../store/resource-store.ts';
import { capturedLogger, levels } from '../test-support/captured-logger.ts';
import { FakeMediaEngine, FakeUserAgent, type Journal } from '../test-support/fake-telephony.ts';
import { openTestTrunks, trunkAt } from '../test-support/fake-trunks.ts';
import {
  sampleContact,
  sampleFlowId,
  sampleInstanceId,
  sampleRequest,
  sampleTenant,
} from '../test-support/sample-contact.ts';
import type { TimelineEntry } from '../timeline.ts';
import { type ActiveContacts, openActiveContacts } from './active-contacts.ts';
import type { Contact } from './contact.ts';
import { openDialGate } from './dial-gate.ts';
import { endings, stoppedByApi } from './endings.ts';

let recordingsDirectory: string;

before(async () => {
  recordingsDirectory = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
});
after(() => rm(recordingsDirectory, { recursive: true }));

describe('outbound contact › answered', () => {
  it('is dialled, hears its flow, and is hung up by it', async () => {
    const world = makeWorld();
    world.start();
    await world.answer(2000);
    await world.clock.advance(1000);
    assert.deepEqual(world.journal, [
      'DIALLING',
      'INVITE call-1 to 127.0.0.1:5062',
      'CONNECTED',
      'BYE call-1',
      'media closes',
      'ENDED CONTACT_FLOW_DISCONNECT',
    ]);
    assert.deepEqual(world.media.session.played, ['{"prompt":"Hello"}']);
    const ended = world.ended();
    assert.equal(ended.connectedAtMs, world.startMs + 2000);
    assert.equal(ended.disconnectedAtMs, world.startMs + 3000);
    assert.deepEqual(ended.outcome, {
      callId: 'call-1',
      dialledAt: 'trunk 127.0.0.1:5062',
      ringStartedAtMs: world.startMs,
      rtp: { packetsSent: 100, packetsReceived: 90, packetsLost: 10, jitterMs: 1.23 },
    });
    assert.deepEqual(world.events(), ['CONNECTED_TO_SYSTEM', 'DISCONNECTED', 'COMPLETED']);
    assert.equal(world.active.size, 0);
    assert.equal(world.clock.pendingTimers, 0);
  });

  it('ends as flow ended where the flow is over without hanging up', async () => {
    const world = makeWorld({ actions: [say('one', 'Hello', 'nowhere')] });
    world.start();
    await world.answer();
    await world.clock.advance(1000);
    assert.deepEqual(world.ending(), ['CONTACT_FLOW_DISCONNECT', 'FLOW_ENDED']);
  });

  it('writes to the flow logs what its flow logs, unless the instance keeps none', async () => {
    const logging = {
      Identifier: 'log',
      Type: 'UpdateFlowLoggingBehavior',
      Parameters: { FlowLoggingBehavior: 'Enabled' },
      Transitions: { NextAction: 'one' },
    };
    const logged: number[] = [];
    for (const contactFlowLogsEnabled of [true, false]) {
      const world = makeWorld({
        actions: [logging, say('one', 'Hello', 'nowhere')],
        instance: { contactFlowLogsEnabled },
      });
      world.start();
      await world.answer();
      await world.clock.advance(1000);
      assert.equal(world.ended().endCause, 'FLOW_ENDED');
      logged.push(world.flowLogged);
    }
    assert.ok(Number(logged[0]) > 0);
    assert.equal(logged[1], 0);
  });

  it('ends as customer disconnect when the customer hangs up in the middle of the flow', async () => {
    const world = makeWorld();
    world.start();
    await world.answer();
    await world.clock.advance(500);
    world.agent.call.dialog.end({ by: 'remote', reason: 'Q.850;cause=16' });
    await world.clock.drain();
    assert.deepEqual(world.ending(), ['CUSTOMER_DISCONNECT', undefined]);
    assert.equal(world.ended().disconnectedAtMs, world.startMs + 500);
    assert.deepEqual(world.ended().outcome.sip, { reason: 'Q.850;cause=16' });
    assert.deepEqual(world.journal.slice(-2), ['media closes', 'ENDED CUSTOMER_DISCONNECT']);
    assert.equal(world.clock.pendingTimers, 0, 'the prompt stopped');
  });

  it('ends as a telecom problem when the network cuts the call, or nobody refreshes its session', async () => {
    const cut = makeWorld();
    cut.start();
    await cut.answer();
    const reason = 'Q.850;cause=38;text="Network out of order"';
    cut.agent.call.dialog.end({ by: 'remote', reason, causes: parseReason(reason) });
    await cut.clock.drain();
    assert.deepEqual(cut.ending(), ['TELECOM_PROBLEM', 'NETWORK_RELEASED']);
    assert.deepEqual(cut.ended().outcome.sip, { reason });
    assert.deepEqual(cut.events(), ['CONNECTED_TO_SYSTEM', 'DISCONNECTED', 'COMPLETED']);

    const expired = makeWorld();
    expired.start();
    await expired.answer();
    expired.agent.call.dialog.end({ by: 'fault', fault: 'sessionExpired' });
    await expired.clock.drain();
    assert.deepEqual(expired.ending(), ['TELECOM_PROBLEM', 'SESSION_EXPIRED']);
    assert.deepEqual(expired.events(), ['CONNECTED_TO_SYSTEM', 'DISCONNECTED', 'COMPLETED']);
  });

  it('ends as a telecom problem when its dialog fails or media stays away', async () => {
    const faulty = makeWorld();
    faulty.start();
    await faulty.answer();
    faulty.agent.call.dialog.end({ by: 'fault' });
    await faulty.clock.drain();
    assert.deepEqual(faulty.ending(), ['TELECOM_PROBLEM', 'DIALOG_FAILED']);

    const silent = makeWorld();
    silent.start();
    await silent.answer();
    silent.media.session.lose();
    await silent.clock.drain();
    assert.deepEqual(silent.ending(), ['TELECOM_PROBLEM', 'MEDIA_LOST']);
    assert.ok(silent.journal.includes('BYE call-1'));
  });

  it('hangs up where its media engine breaks, and says so', async () => {
    const world = makeWorld();
    world.start();
    await world.answer();
    world.media.session.break('media-0 died');
    await world.clock.drain();
    assert.deepEqual(world.ending(), ['TELECOM_PROBLEM', 'MEDIA_FAILED']);
    assert.ok(world.journal.includes('BYE call-1'));
    assert.ok(world.log.lines.some(({ detail }) => detail === 'media-0 died'));
  });

  it('tells the operator why a flow takes an error branch that nobody meant it to', async () => {
    const world = makeWorld({ actions: callsFunction });
    const { id } = world.start();
    await world.answer();
    assert.deepEqual(world.ending(), ['CONTACT_FLOW_DISCONNECT', undefined]);
    const [failed, unknown, ...others] = world.log.lines.filter(({ level }) => level !== levels.info);
    assert.deepEqual([failed?.level, unknown?.level], [levels.warn, levels.warn]);
    assert.deepEqual(
      [failed?.contactId, failed?.functionArn, failed?.why],
      [id, 'arn:aws:lambda:us-east-1:000000000000:function:lookup', 'not in these tests'],
    );
    assert.deepEqual([unknown?.contactId, unknown?.actionType], [id, 'MesageParticipant']);
    assert.deepEqual(others, []);
  });

  it('gives the flow an error for text that cannot be stored', async () => {
    for (const unstorable of ['a\u0000b', 'a\ud83d']) {
      const world = makeWorld({
        actions: [rename('one', unstorable), say('two', 'Hello', 'stop'), stopAction],
      });
      world.start();
      await world.answer();
      await world.clock.drain();
      assert.deepEqual(world.ending(), ['CONTACT_FLOW_DISCONNECT', undefined]);
      assert.equal(world.ended().outcome.name, undefined);
      assert.deepEqual(world.media.session.played, [], 'the error branch leads past the prompt');
    }
  });

  it('gives the flow an error for a seventh tag, and keeps the six', async () => {
    const tag = (Identifier: string, next: string, ...keys: string[]) => ({
      Identifier,
      Type: 'TagContact',
      Parameters: { Tags: Object.fromEntries(keys.map((key) => [key, 'x'])) },
      Transitions: { NextAction: next, Errors: [{ NextAction: 'said', ErrorType: 'NoMatchingError' }] },
    });
    const six = ['a', 'b', 'c', 'd', 'e', 'f'];
    const actions = [
      tag('one', 'two', ...six),
      tag('two', 'stop', 'g'),
      say('said', 'Too many.', 'stop'),
      stopAction,
    ];
    const world = makeWorld({ actions });
    world.start();
    await world.answer();
    await world.clock.advance(1000);
    assert.deepEqual(world.media.session.played, ['{"prompt":"Too many."}']);
    assert.deepEqual(Object.keys(world.written.at(-1)?.contact.outcome.tags ?? {}), six);
  });

  it('gives the flow an error for a hook to a flow that there is not, where one would run', async () => {
    for (const [hook, played] of [
      ['CustomerQueue', ['{"prompt":"There is none."}']],
      ['DefaultAgentUI', []],
    ] as const) {
      const set = {
        Identifier: 'one',
        Type: 'UpdateContactEventHooks',
        Parameters: { EventHooks: { [hook]: '$.CustomerEndpoint.Address' } },
        Transitions: { NextAction: 'stop', Errors: [{ NextAction: 'two', ErrorType: 'NoMatchingError' }] },
      };
      const world = makeWorld({ actions: [set, say('two', 'There is none.', 'stop'), stopAction] });
      const find = world.findFlow;
      world.findFlow = (reference) =>
        reference.startsWith('+') ? Promise.resolve(undefined) : find(reference);
      world.start();
      await world.answer();
      await world.clock.advance(1000);
      assert.deepEqual(world.media.session.played, played);
    }
  });

  it('hangs up where its flow is gone', async () => {
    const world = makeWorld();
    world.flow = undefined;
    world.start();
    await world.answer();
    assert.deepEqual(world.ending(), ['OTHER', 'FLOW_UNAVAILABLE']);
    assert.deepEqual(world.events(), ['CONNECTED_TO_SYSTEM', 'DISCONNECTED', 'COMPLETED']);
  });

  it('ends a flow that goes round in circles', async () => {
    const world = makeWorld({ actions: [log('one', 'two'), log('two', 'one')] });
    world.start();
    await world.answer();
    await world.clock.advance(1000);
    assert.deepEqual(world.ending(), ['OTHER', 'FLOW_STEP_LIMIT']);
  });

  it('ends as an internal error where the story meets a bug, after hanging up', async () => {
    const world = makeWorld();
    world.findFlow = () => Promise.reject(new TypeError('x is not a function'));
    world.start();
    await world.answer();
    assert.deepEqual(world.ending(), ['OTHER', 'INTERNAL_ERROR']);
    assert.deepEqual(world.journal.slice(-3), ['BYE call-1', 'media closes', 'ENDED OTHER']);
    assert.ok(world.log.lines.some(({ detail }) => String(detail).includes('x is not a function')));
  });

  it('takes keys, remembers what the flow makes of them, and shows everything to who watches', async () => {
    const world = makeWorld({ actions: menu });
    world.start();
    await world.answer();
    await world.clock.advance(300);
    world.media.session.press('1');
    await world.clock.drain();
    assert.deepEqual(world.ended().attributes, { choice: 'confirmed' });
    assert.deepEqual(world.events(), [
      'CONNECTED_TO_SYSTEM',
      'CONTACT_DATA_UPDATED',
      'DISCONNECTED',
      'COMPLETED',
    ]);
    assert.deepEqual(
      world.seen.map((entry) => (entry.kind === 'flow' ? entry.step.actionType : entry.kind)),
      ['prompt', 'digit', 'GetParticipantInput', 'UpdateContactAttributes', 'DisconnectParticipant'],
    );
  });
});

describe('outbound contact › detection', () => {
  const listenedTo = (awaitPrompt: boolean): Partial<Contact> => ({
    request: { ...sampleRequest, trafficType: 'CAMPAIGN', answerMachineDetection: { awaitPrompt } },
  });
  const verdict = (kind: 'human' | 'machine'): AmdEvent => ({
    kind: 'verdict',
    verdict: { answeredBy: { kind }, atMs: 1500, reasons: [] },
  });
  it('hangs up for its flow when it knows who answered', async () => {
    const world = makeWorld();
    world.start(listenedTo(true));
    await world.answer();
    await world.clock.advance(2000);
    assert.deepEqual(world.media.session.played, ['{"prompt":"Hello"}']);
    world.media.session.detect(verdict('machine'));
    await world.clock.advance(5000);
    assert.ok(!world.journal.includes('BYE call-1'), 'the prompt of a machine is awaited');
    world.media.session.detect({ kind: 'promptEnded', by: 'beep', atMs: 6900 });
    await world.clock.drain();
    assert.deepEqual(world.ending(), ['CONTACT_FLOW_DISCONNECT', undefined]);
    assert.equal(world.ended().outcome.answeringMachineDetectionStatus, 'VOICEMAIL_BEEP');
    assert.equal(world.ended().disconnectedAtMs, world.startMs + 7000);
    assert.deepEqual(world.events(), ['CONNECTED_TO_SYSTEM', 'DISCONNECTED', 'COMPLETED']);
  });

  it('ends as the customer does while it waits for the verdict', async () => {
    const world = makeWorld();
    world.start(listenedTo(true));
    await world.answer();
    await world.clock.advance(2000);
    world.media.session.stopAmd = () => world.media.session.detect(verdict('human'));
    world.agent.call.dialog.end({ by: 'remote' });
    await world.clock.drain();
    assert.deepEqual(world.ending(), ['CUSTOMER_DISCONNECT', undefined]);
    assert.equal(world.ended().outcome.answeringMachineDetectionStatus, 'HUMAN_ANSWERED');
    assert.deepEqual(world.events(), ['CONNECTED_TO_SYSTEM', 'DISCONNECTED', 'COMPLETED']);
  });

  it('takes the last word of detection on a machine whose prompt was awaited', async () => {
    const world = makeWorld();
    world.start(listenedTo(true));
    await world.answer();
    await world.clock.advance(500);
    world.media.session.stopAmd = () => world.media.session.detect(verdict('machine'));
    world.agent.call.dialog.end({ by: 'remote' });
    await world.clock.drain();
    assert.equal(world.ended().outcome.answeringMachineDetectionStatus, 'VOICEMAIL_NO_BEEP');
    assert.equal(world.clock.pendingTimers, 0);
  });

  it('does not wait for the verdict when it is stopped', async () => {
    const world = makeWorld();
    const { id } = world.start(listenedTo(false));
    await world.answer();
    await world.clock.advance(2000);
    world.media.session.stopAmd = () => world.media.session.detect(verdict('human'));
    world.active.stop(id, endings.stoppedByApi);
    await world.clock.drain();
    assert.deepEqual(world.ending(), ['OTHER', 'STOPPED_BY_API']);
  });
});

describe('outbound contact › not answered', () => {
  it('ends with what the dialling came to', async () => {
    const world = makeWorld();
    world.start();
    await world.clock.drain();
    world.agent.call.reject(486, [['Reason', 'Q.850;cause=17']]);
    await world.clock.drain();
    assert.deepEqual(world.ending(), ['TELECOM_BUSY', undefined]);
    assert.deepEqual(world.ended().outcome.sip, { status: 486, reason: 'Q.850;cause=17' });
    assert.equal(world.ended().connectedAtMs, undefined);
    assert.deepEqual(world.events(), ['DISCONNECTED', 'COMPLETED']);
  });

  it('keeps what a carrier said as far as it can be stored', async () => {
    const world = makeWorld();
    world.start();
    await world.clock.drain();
    world.agent.call.reject(486, [['Reason', 'Q.850;text="a\u0000b"']]);
    await world.clock.drain();
    assert.equal(world.ended().outcome.sip?.reason, 'Q.850;text="a\ufffdb"');

    const answered = makeWorld();
    answered.start();
    await answered.answer();
    answered.agent.call.dialog.end({ by: 'remote', reason: 'bye\u0000' });
    await answered.clock.drain();
    assert.equal(answered.ended().outcome.sip?.reason, 'bye\ufffd');
  });

  it('rings for as long as the request says', async () => {
    const world = makeWorld();
    world.start();
    await world.clock.drain();
    world.agent.call.provisional(180);
    await world.clock.advance(59_999);
    assert.equal(world.agent.call.isCancelled, false);
    await world.clock.advance(1);
    assert.deepEqual(world.ending(), ['TELECOM_TIMEOUT', undefined]);
  });

  it('ends when it gave up, however long a carrier is silent after that, and does not ring any more from then on', async () => {
    for (const [asked, giveUp, ending] of [
      ['its time is over', () => undefined, ['TELECOM_TIMEOUT', undefined]],
      [
        'StopContact',
        (world: World, id: ContactId) => void world.active.stop(id, endings.stoppedByApi),
        ['TELECOM_ORIGINATOR_CANCEL', 'STOPPED_BY_API'],
      ],
      [
        'the service drains',
        (world: World, id: ContactId) => void world.active.stop(id, endings.drained),
        ['OTHER', 'SERVICE_DRAINED'],
      ],
    ] as const) {
      const world = makeWorld();
      const { id } = world.start({ request: { ...sampleRequest, ringTimeoutMs: 20_000 } });
      await world.clock.drain();
      world.agent.call.endsWhenCancelled = false;
      await world.clock.advance(asked === 'its time is over' ? 20_000 : 7_000);
      giveUp(world, id);
      const gaveUpAtMs = world.clock.now();
      await world.clock.advance(1_000);
      assert.equal(world.agent.call.isCancelled, true, asked);
      world.agent.call.provisional(180);
      await world.clock.advance(3_000);
      assert.deepEqual(world.ending(), ending);
      assert.equal(world.ended().disconnectedAtMs, gaveUpAtMs, asked);
      assert.equal(world.ended().outcome.ringStartedAtMs, undefined, asked);
    }
  });

  it('is not dialled any more when its time is over, or while dialling is paused', async () => {
    const late = makeWorld();
    late.start({ initiatedAtMs: late.startMs - 30_000 });
    await late.clock.drain();
    assert.deepEqual(late.ending(), ['OTHER', 'DIAL_DELAY_EXCEEDED']);
    assert.deepEqual(late.agent.calls, []);

    const paused = makeWorld({ gate: 'closed' });
    paused.start();
    await paused.clock.advance(29_999);
    assert.equal(paused.active.size, 1);
    await paused.clock.advance(1);
    assert.deepEqual(paused.ending(), ['OTHER', 'DIAL_DELAY_EXCEEDED']);
    assert.deepEqual(paused.agent.calls, []);
  });

  it('is dialled when the database is back, as long as it may be, and else ends undialled', async () => {
    const away = new BatchFailed('advance-contacts', 1, new Error('ECONNREFUSED'));
    const world = makeWorld();
    world.refuse = away;
    world.start();
    await world.clock.advance(29_000);
    assert.deepEqual(world.agent.calls, []);
    world.refuse = undefined;
    await world.clock.advance(1000);
    assert.equal(world.agent.calls.length, 1);

    const late = makeWorld();
    late.refuse = away;
    late.start();
    await late.clock.advance(31_000);
    late.refuse = undefined;
    await late.clock.advance(1000);
    assert.deepEqual(late.ending(), ['OTHER', 'DIAL_DELAY_EXCEEDED']);
    assert.deepEqual(late.agent.calls, []);
  });

  it('sends no INVITE where another node owns the contact by now, and leaves the end to it', async () => {
    const world = makeWorld();
    const contact = world.start();
    world.refuse = new ContactNoLongerOwned(contact);
    await world.clock.drain();
    assert.deepEqual(world.agent.calls, []);
    assert.equal(world.media.session.isClosed, true);
    assert.equal(world.active.size, 0);
    assert.equal(world.log.lines.filter(({ level }) => level >= levels.error).length, 0);
  });
});

describe('outbound contact › stopped', () => {
  it('while it rings: cancelled, with Connect’s own word for it', async () => {
    const world = makeWorld();
    const contact = world.start();
    await world.clock.drain();
    world.agent.call.provisional(180);
    await world.clock.advance(1000);
    assert.equal(world.active.stop(contact.id, endings.stoppedByApi), true);
    await world.clock.drain();
    assert.deepEqual(world.ending(), ['TELECOM_ORIGINATOR_CANCEL', 'STOPPED_BY_API']);
    assert.ok(world.journal.includes('CANCEL call-1'));
    assert.equal(world.active.stop(contact.id, endings.stoppedByApi), false);
  });

  it('while it rings, by the campaigns service: cancelled, with the reason that it gave', async () => {
    const world = makeWorld();
    const contact = world.start();
    await world.clock.drain();
    world.agent.call.provisional(180);
    world.active.stop(contact.id, stoppedByApi('EXPIRED'));
    await world.clock.drain();
    assert.deepEqual(world.ending(), ['EXPIRED', 'STOPPED_BY_API']);
    assert.ok(world.journal.includes('CANCEL call-1'));
  });

  it('during the flow: hung up, by the API', async () => {
    const world = makeWorld();
    const contact = world.start();
    await world.answer();
    await world.clock.advance(500);
    world.active.stop(contact.id, endings.stoppedByApi);
    await world.clock.drain();
    assert.deepEqual(world.ending(), ['OTHER', 'STOPPED_BY_API']);
    assert.deepEqual(world.journal.slice(-3), ['BYE call-1', 'media closes', 'ENDED OTHER']);
  });

  it('while it waits at the gate: never dialled', async () => {
    const world = makeWorld({ gate: 'closed' });
    const contact = world.start();
    await world.clock.drain();
    world.active.stop(contact.id, endings.stoppedByApi);
    await world.clock.drain();
    assert.deepEqual(world.ending(), ['OTHER', 'STOPPED_BY_API']);
    assert.deepEqual(world.agent.calls, []);
  });

  it('while the far end refuses: the refusal is what happened', async () => {
    const world = makeWorld();
    const contact = world.start();
    await world.clock.drain();
    world.agent.call.endsWhenCancelled = false;
    world.active.stop(contact.id, endings.stoppedByApi);
    world.agent.call.reject(486);
    await world.clock.drain();
    assert.deepEqual(world.ending(), ['TELECOM_BUSY', undefined]);
  });

  it('by nobody who names an unknown contact', () => {
    const world = makeWorld();
    assert.equal(world.active.stop(sampleContact().id, endings.stoppedByApi), false);
  });
});

describe('outbound contact › recorded', () => {
  it('finishes the recording before the media closes, and names the file in the record', async () => {
    const world = makeWorld({ actions: [record('one', 'two'), say('two', 'Hello', 'stop'), stopAction] });
    const contact = world.start();
    await world.answer();
    await world.recording(1);
    await world.clock.advance(5000);
    assert.deepEqual(world.journal.slice(-5), [
      'recording starts',
      'recording stops',
      'BYE call-1',
      'media closes',
      'ENDED CONTACT_FLOW_DISCONNECT',
    ]);
    assert.deepEqual(world.ended().outcome.recordings, [
      {
        location: path.join(recordingsDirectory, '2026', '01', '01', `${contact.id}_000000.wav`),
        startedAtMs: world.startMs,
        stoppedAtMs: world.startMs + 1000,
        status: 'AVAILABLE',
      },
    ]);
    assert.equal(world.record().Recording?.Location, world.ended().outcome.recordings?.[0]?.location);
  });

  it('keeps each part of a call that is recorded in parts', async () => {
    const world = makeWorld({
      actions: [
        record('one', 'two'),
        say('two', 'Hello', 'three'),
        record('three', 'four', 'Disabled'),
        record('four', 'five'),
        say('five', 'Hello', 'stop'),
        stopAction,
      ],
    });
    const contact = world.start();
    await world.answer();
    await world.recording(1);
    await world.clock.advance(1000);
    await world.recording(2);
    await world.clock.advance(1000);
    const directory = path.join(recordingsDirectory, '2026', '01', '01');
    assert.deepEqual(
      world.ended().outcome.recordings?.map(({ location }) => location),
      [path.join(directory, `${contact.id}_000000.wav`), path.join(directory, `${contact.id}-2_000001.wav`)],
    );
  });

  it('says why a recording is short', async () => {
    const world = makeWorld({ actions: [record('one', 'two'), say('two', 'Hello', 'stop'), stopAction] });
    world.start();
    await world.answer();
    await world.recording(1);
    world.media.session.recordingFault = new RecordingFailed('x.wav', 'ENOSPC', 'disk full');
    await world.clock.advance(5000);
    assert.match(world.ended().outcome.recordings?.[0]?.failure ?? '', /ENOSPC/);
  });

  it('hangs up and ends although the recording cannot be finished', async () => {
    const world = makeWorld({ actions: [record('one', 'two'), say('two', 'Hello', 'stop'), stopAction] });
    world.start();
    await world.answer();
    await world.recording(1);
    world.media.session.recordingFault = new TypeError('a bug');
    await world.clock.advance(5000);
    assert.deepEqual(world.journal.slice(-3), [
      'BYE call-1',
      'media closes',
      'ENDED CONTACT_FLOW_DISCONNECT',
    ]);
    assert.ok(world.log.lines.some(({ level }) => level === levels.error));
  });
});

describe('active contacts', () => {
  it('drain by waiting for calls, and end those that outlast the patience', async () => {
    const world = makeWorld({
      actions: [say('one', 'Hello', 'two'), say('two', 'Hello', 'stop'), stopAction],
    });
    world.start();
    await world.answer();
    world.start();
    const draining = world.active.drain(1500);
    await world.clock.advance(1499);
    assert.equal(world.active.size, 2);
    await world.clock.advance(1);
    await draining;
    assert.equal(world.active.size, 0);
    const reasons = world.written.flatMap(({ contact: { state, endCause } }) =>
      state === 'ENDED' ? [endCause] : [],
    );
    assert.deepEqual(reasons, ['SERVICE_DRAINED', 'SERVICE_DRAINED']);
    assert.equal(world.clock.pendingTimers, 0);
  });

  it('are ended before the patience is over where there is no time left', async () => {
    const world = makeWorld();
    world.start();
    const hurry = new AbortController();
    const draining = world.active.drain(60_000, hurry.signal);
    await world.clock.advance(1000);
    assert.equal(world.active.size, 1);
    hurry.abort();
    await world.clock.settle(draining);
    assert.deepEqual(world.ending(), ['OTHER', 'SERVICE_DRAINED']);
    assert.equal(world.clock.now() - world.startMs, 1000);
    assert.equal(world.clock.pendingTimers, 0);
  });

  it('are drained as soon as the last call is over', async () => {
    const world = makeWorld();
    world.start();
    await world.answer();
    const draining = world.active.drain(60_000);
    await world.clock.advance(1000);
    await draining;
    assert.deepEqual(world.ending(), ['CONTACT_FLOW_DISCONNECT', undefined]);
    assert.equal(world.clock.now() - world.startMs, 1000);
    assert.equal(world.clock.pendingTimers, 0);
  });

  it('dial a recovered contact that was never attempted, and end one that was', async () => {
    const world = makeWorld();
    const never = sampleContact({ epoch: 2 });
    const attempted = sampleContact({ epoch: 2, state: 'DIALLING' });
    world.recoverable.push({ contact: never, dialAttempts: 0 }, { contact: attempted, dialAttempts: 1 });
    assert.equal(await world.active.recover(), 2);
    await world.clock.drain();
    assert.equal(world.agent.calls.length, 1);
    assert.deepEqual(
      world.written.map(({ contact: { id, state, endCause, epoch } }) => [id, state, endCause, epoch]).sort(),
      [
        [never.id, 'DIALLING', undefined, 2],
        [attempted.id, 'ENDED', 'SERVICE_RESTARTED', 2],
      ].sort(),
    );
    assert.deepEqual(world.events(), ['DISCONNECTED', 'COMPLETED']);
  });

  it('do not dial a recovered contact whose stop was answered before, and end it with the reason that was given', async () => {
    const world = makeWorld();
    world.recoverable.push({
      contact: sampleContact({ epoch: 2 }),
      dialAttempts: 0,
      toStop: { reason: 'EXPIRED' },
    });
    await world.active.recover();
    await world.clock.drain();
    assert.deepEqual(world.agent.calls, []);
    assert.deepEqual(world.ending(), ['EXPIRED', 'STOPPED_BY_API']);
  });

  it('do not dial what was asked for too long before the crash', async () => {
    const world = makeWorld();
    const old = sampleContact({ epoch: 2, initiatedAtMs: world.startMs - 30_000 });
    world.recoverable.push({ contact: old, dialAttempts: 0 });
    await world.active.recover();
    await world.clock.drain();
    assert.deepEqual(world.agent.calls, []);
    assert.deepEqual(world.ending(), ['OTHER', 'DIAL_DELAY_EXCEEDED']);
  });

  it('take over nothing while draining', async () => {
    const world = makeWorld();
    await world.active.drain(0);
    world.recoverable.push({ contact: sampleContact({ epoch: 2 }), dialAttempts: 0 });
    assert.equal(await world.active.recover(), 0);
  });

  it('stop all stories when the node must not act any more', async () => {
    const world = makeWorld();
    const contact = world.start();
    await world.answer();
    world.refuse = new ContactNoLongerOwned(contact);
    world.active.abandon();
    await world.clock.drain();
    assert.equal(world.active.size, 0);
    assert.ok(world.journal.includes('BYE call-1'));
  });
});

const stopAction = {
  Identifier: 'stop',
  Type: 'DisconnectParticipant',
  Parameters: {},
  Transitions: {},
};

function say(identifier: string, text: string, next: string): object {
  return {
    Identifier: identifier,
    Type: 'MessageParticipant',
    Parameters: { Text: text },
    Transitions: { NextAction: next, Errors: [{ NextAction: next, ErrorType: 'NoMatchingError' }] },
  };
}

function rename(identifier: string, name: string): object {
  return {
    Identifier: identifier,
    Type: 'UpdateContactData',
    Parameters: { Name: name },
    Transitions: { NextAction: 'two', Errors: [{ NextAction: 'stop', ErrorType: 'NoMatchingError' }] },
  };
}

function log(identifier: string, next: string): object {
  return {
    Identifier: identifier,
    Type: 'UpdateFlowLoggingBehavior',
    Parameters: { FlowLoggingBehavior: 'Disabled' },
    Transitions: { NextAction: next },
  };
}

function record(identifier: string, next: string, state: 'Enabled' | 'Disabled' = 'Enabled'): object {
  return {
    Identifier: identifier,
    Type: 'UpdateContactRecordingBehavior',
    Parameters: { RecordingBehavior: { RecordedParticipants: [], IVRRecordingBehavior: state } },
    Transitions: { NextAction: next },
  };
}

const menu = [
  {
    Identifier: 'ask',
    Type: 'GetParticipantInput',
    Parameters: { Text: 'Press 1.', InputTimeLimitSeconds: '5', StoreInput: 'False' },
    Transitions: {
      NextAction: 'stop',
      Errors: [
        { NextAction: 'stop', ErrorType: 'InputTimeLimitExceeded' },
        { NextAction: 'stop', ErrorType: 'NoMatchingCondition' },
        { NextAction: 'stop', ErrorType: 'NoMatchingError' },
      ],
      Conditions: [{ NextAction: 'remember', Condition: { Operator: 'Equals', Operands: ['1'] } }],
    },
  },
  {
    Identifier: 'remember',
    Type: 'UpdateContactAttributes',
    Parameters: { Attributes: { choice: 'confirmed' }, TargetContact: 'Current' },
    Transitions: { NextAction: 'stop', Errors: [{ NextAction: 'stop', ErrorType: 'NoMatchingError' }] },
  },
  stopAction,
];

const callsFunction = [
  {
    Identifier: 'ask',
    Type: 'InvokeLambdaFunction',
    Parameters: {
      LambdaFunctionARN: 'arn:aws:lambda:us-east-1:000000000000:function:lookup',
      InvocationTimeLimitSeconds: '3',
    },
    Transitions: { NextAction: 'typo', Errors: [{ NextAction: 'typo', ErrorType: 'NoMatchingError' }] },
  },
  {
    Identifier: 'typo',
    Type: 'MesageParticipant',
    Parameters: {},
    Transitions: { NextAction: 'stop', Errors: [{ NextAction: 'stop', ErrorType: 'NoMatchingError' }] },
  },
  stopAction,
];

const greeting = [say('hello', 'Hello', 'stop'), stopAction];

function flowOf(actions: readonly object[]): Flow {
  const [first] = actions as { Identifier: string }[];
  const parsed = parseFlow(
    JSON.stringify({
      Version: '2019-10-30',
      StartAction: first?.Identifier,
      Metadata: {},
      Actions: actions,
    }),
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return {
    document: parsed.flow,
    id: sampleFlowId,
    arn: `arn:aws:connect:us-east-1:000000000000:instance/${sampleInstanceId}/contact-flow/${sampleFlowId}`,
    name: 'A flow',
    type: 'CONTACT_FLOW',
  };
}

const instance: Instance = {
  id: sampleInstanceId,
  tenant: sampleTenant,
  alias: 'ringback',
  identityManagement: 'CONNECT_MANAGED',
  inboundCallsEnabled: true,
  outboundCallsEnabled: true,
  contactFlowLogsEnabled: true,
  earlyMediaEnabled: true,
  createdAtMs: 0,
};

interface World {
  readonly clock: VirtualClock;
  readonly startMs: number;
  readonly journal: Journal;
  readonly agent: FakeUserAgent;
  readonly media: FakeMediaEngine;
  readonly active: ActiveContacts;
  readonly written: ContactAdvance[];
  readonly recoverable: RecoveredContact[];
  readonly seen: TimelineEntry[];
  readonly log: ReturnType<typeof capturedLogger>;
  /** Records that the flow logs were given. */
  flowLogged: number;
  flow: Flow | undefined;
  findFlow: (reference: string) => Promise<Flow | undefined>;
  /** What the store rejects with, where it does. */
  refuse: Error | undefined;
  start(changes?: Partial<Contact>): Contact;
  /** The phone rings at once and answers after `ringingMs`. */
  answer(ringingMs?: number): Promise<void>;
  /** Waits until the n-th recording has begun, which takes real time: its directory is made. */
  recording(n: number): Promise<void>;
  ended(): Contact;
  ending(): [reason: string | undefined, cause: string | undefined];
  events(): string[];
  record(): Record<string, { Location?: string }>;
}

function makeWorld(
  options: { actions?: readonly object[]; gate?: 'open' | 'closed'; instance?: Partial<Instance> } = {},
): World {
  const clock = new VirtualClock();
  const journal: Journal = [];
  const agent = new FakeUserAgent(journal);
  const media = new FakeMediaEngine(clock, journal);
  const written: ContactAdvance[] = [];
  const recoverable: RecoveredContact[] = [];
  const seen: TimelineEntry[] = [];
  const captured = capturedLogger();
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `event-${ids}`;
  };
  let calls = 0;
  const node = 'node' as NodeId;
  const store = {
    recover: async () => recoverable.splice(0),
    reclaim: async () => [],
  } as unknown as ContactStore;
  const directory = {
    instance: async () => ({ ...instance, ...options.instance }),
  } as unknown as Directory;

  const active = openActiveContacts({
    node,
    store,
    clock,
    logger: captured.logger,
    writing: {
      advance: async (advance) => {
        if (world.refuse) throw world.refuse;
        const { contact } = advance;
        if (contact.state !== written.at(-1)?.contact.state) {
          journal.push(contact.state === 'ENDED' ? `ENDED ${contact.disconnectReason}` : contact.state);
        }
        written.push(advance);
      },
      clock,
      newEventId: newId,
      factsWritten: () => undefined,
    },
    story: {
      clock,
      random: () => 0.5,
      directory,
      flows: { find: (_instance, reference) => world.findFlow(reference) },
      messages: { prepare: async (_instance, message) => done(message.kind === 'text' ? message.text : '') },
      lambda: { invoke: () => Promise.reject(new Error('not in these tests')), close: () => undefined },
      flowLogs: {
        write: () => {
          world.flowLogged += 1;
        },
        lost: 0,
        close: async () => undefined,
      },
      hours: { find: async () => undefined, ofQueue: async () => undefined },
      recordingsDirectory,
      logger: captured.logger,
      observe: (entry) => void seen.push(entry),
      dialling: {
        userAgent: agent,
        media,
        trunks: openTestTrunks(agent, clock, [
          trunkAt('trunk', { host: '127.0.0.1', port: 5062, transport: 'udp' }),
        ]),
        clock,
        newCallId: () => {
          calls += 1;
          return `call-${calls}`;
        },
      },
      gate: openDialGate(options.gate ?? 'open', clock),
      policies: {
        of: () => ({
          destinations: { countries: new Set(['US']), openPrefixes: [] },
          caps: noCaps,
          amdSettings: {},
        }),
      },
      countCall: async () => undefined,
      settleLeg: async () => undefined,
      maxDialDelayMs: 30_000,
      resources: {} as ResourceStore,
    },
  });

  const facts = (stream: string) =>
    written.flatMap((advance) => advance.facts.filter((fact) => fact.stream === stream));
  const world: World = {
    clock,
    startMs: clock.now(),
    journal,
    agent,
    media,
    active,
    written,
    recoverable,
    seen,
    log: captured,
    flowLogged: 0,
    flow: flowOf(options.actions ?? greeting),
    findFlow: async () => world.flow,
    refuse: undefined,
    start(changes) {
      const contact = sampleContact(changes);
      active.start(contact);
      return contact;
    },
    async answer(ringingMs = 0) {
      await clock.drain();
      agent.call.provisional(180);
      await clock.advance(ringingMs);
      agent.call.answer();
      await clock.drain();
    },
    async recording(n) {
      while (journal.filter((line) => line === 'recording starts').length < n) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await clock.drain();
    },
    ended() {
      const last = written.at(-1)?.contact;
      assert.equal(last?.state, 'ENDED');
      return last;
    },
    ending() {
      const { disconnectReason, endCause } = world.ended();
      return [disconnectReason, endCause];
    },
    events: () => facts('contact-events').map(({ payload }) => JSON.parse(payload).detail.eventType),
    record: () => JSON.parse(facts('contact-records')[0]?.payload ?? '{}'),
  };
  return world;
}
