// What of a contact is recorded, by its flow and by order of the API, against scripted media.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { MediaEngineClosed, MediaSessionClosed, RecordingFailed } from '@ringback/media';
import { VirtualClock } from '@ringback/testkit';
import type { Leg } from '../calls/leg.ts';
import { capturedLogger } from '../test-support/captured-logger.ts';
import { sampleContact } from '../test-support/sample-contact.ts';
import { ContactRecording } from './contact-recording.ts';
import type { HeldByContact } from './end-contact.ts';
import { contactWriting, OpenContact } from './open-contact.ts';

let recordingsDirectory: string;

before(async () => {
  recordingsDirectory = await mkdtemp(path.join(tmpdir(), 'ringback-test-'));
});
after(() => rm(recordingsDirectory, { recursive: true }));

/** A contact on the line, its recording, and what the media was told to do. */
function recorded() {
  const clock = new VirtualClock();
  const told: string[] = [];
  const media = {
    startRecording: async (_path: string, tracks: string) =>
      void told.push(tracks === 'both' ? 'start' : `start ${tracks}`),
    pauseRecording: async () => void told.push('pause'),
    resumeRecording: async () => void told.push('resume'),
    async stopRecording() {
      told.push('stop');
      return { path: '', durationMs: 0, bytes: 0, pauses: [] };
    },
  };
  const writing = contactWriting(
    { advance: () => Promise.resolve(), clock, newEventId: () => 'event', factsWritten: () => undefined },
    new AbortController().signal,
  );
  const contact = new OpenContact(sampleContact(), writing);
  const held: HeldByContact = { leg: { media } as unknown as Leg };
  const { logger, lines: logged } = capturedLogger();
  const recording = new ContactRecording(contact, held, { recordingsDirectory, clock, logger });
  const states: string[] = [];
  recording.onChanged(() => states.push(recording.state));
  return { recording, contact, held, clock, media, told, states, logged };
}

const bothSides = { participants: ['Agent', 'Customer'], automatedPart: false } as const;

describe('recording of a contact', () => {
  it('begins with the agent when it was ordered before', async () => {
    const { recording, states, told } = recorded();
    assert.equal(await recording.startByOrder(bothSides), 'done');
    assert.equal(recording.state, 'off');
    await recording.conversation('begins');
    await recording.conversation('ends');
    assert.deepEqual(states, ['on', 'off']);
    assert.deepEqual(told, ['start', 'stop']);
  });

  for (const [participant, tracks] of [
    ['Agent', 'sent'],
    ['Customer', 'received'],
  ] as const) {
    it(`of the ${participant.toLowerCase()} alone is a file of its own, after one of the automated part`, async () => {
      const { recording, contact, told } = recorded();
      await recording.setAutomatedPart('Enabled');
      await recording.startByOrder({ participants: [participant], automatedPart: false });
      await recording.conversation('begins');
      await recording.setParticipants(['Agent', 'Customer']);
      await recording.conversation('ends');
      await recording.setAutomatedPart('Disabled');
      assert.deepEqual(told, ['start', 'stop', `start ${tracks}`, 'stop', 'start', 'stop']);
      assert.deepEqual(
        contact.current.outcome.recordings?.map((file) => file.participant),
        [undefined, participant === 'Agent' ? 'AGENT' : 'CUSTOMER', undefined],
      );
    });
  }

  it('is started once, and stopped for good', async () => {
    const { recording } = recorded();
    await recording.conversation('begins');
    assert.equal(await recording.stopByOrder(undefined), 'not recorded');
    assert.equal(await recording.startByOrder(bothSides), 'done');
    assert.equal(await recording.startByOrder(bothSides), 'recorded already');
    assert.equal(await recording.stopByOrder('IVR'), 'not recorded');
    assert.equal(await recording.stopByOrder('AGENT'), 'done');
    assert.equal(await recording.startByOrder(bothSides), 'stopped for good');
    await recording.setParticipants(['Agent']);
    assert.equal(recording.state, 'off', 'nor does a flow start it again');
    assert.equal(await recording.startByOrder({ participants: [], automatedPart: true }), 'done');
  });

  it('is suspended within its file, and only while there is one', async () => {
    const { recording, states, told, contact } = recorded();
    assert.equal(await recording.suspendByOrder('suspended', undefined), 'not recorded');
    await recording.setAutomatedPart('Enabled');
    assert.equal(await recording.suspendByOrder('suspended', 'AGENT'), 'not recorded');
    assert.equal(await recording.suspendByOrder('suspended', 'IVR'), 'done');
    assert.equal(await recording.suspendByOrder('suspended', 'IVR'), 'done', 'twice is once');
    assert.equal(await recording.suspendByOrder('recording', undefined), 'done');
    assert.deepEqual(told, ['start', 'pause', 'resume']);
    assert.deepEqual(states, ['on', 'suspended', 'on']);
    await recording.finish();
    assert.equal(contact.current.outcome.recordings?.length, 1);
  });

  it('stays suspended from the automated part into the conversation', async () => {
    const { recording, told } = recorded();
    await recording.setAutomatedPart('Enabled');
    await recording.suspend('suspended');
    await recording.conversation('begins');
    await recording.setParticipants(['Agent', 'Customer']);
    assert.equal(recording.state, 'suspended');
    assert.deepEqual(told, ['start', 'pause', 'stop', 'start', 'pause'], 'the second file as well');
  });

  it('ends rather than record what it must not', async () => {
    const { recording, contact, media } = recorded();
    await recording.setAutomatedPart('Enabled');
    media.pauseRecording = () => Promise.reject(new RecordingFailed('x.wav', 'gone', 'nothing is recorded'));
    await recording.suspend('suspended');
    assert.equal(recording.state, 'off');
    assert.match(contact.current.outcome.recordingFailure ?? '', /x\.wav/);
  });

  for (const [what, error] of [
    ['worker', new MediaEngineClosed('the media worker ended: exit code 1')],
    ['session', new MediaSessionClosed(1)],
  ] as const) {
    it(`names the file that was written until the media ${what} ended`, async () => {
      const { recording, contact, media, logged } = recorded();
      await recording.setAutomatedPart('Enabled');
      media.stopRecording = () => Promise.reject(error);
      await recording.finish();
      const [kept] = contact.current.outcome.recordings ?? [];
      assert.match(kept?.failure ?? '', /ended/);
      assert.match(kept?.location ?? '', /\.wav$/);
      assert.match(contact.current.outcome.recordingFailure ?? '', /ended/);
      assert.equal(logged.length, 1);
    });
  }

  it('is nothing to tell of where the call was over before it could begin', async () => {
    const { recording, contact, media, logged } = recorded();
    media.startRecording = () => Promise.reject(new MediaSessionClosed(1));
    await recording.setAutomatedPart('Enabled');
    assert.equal(contact.current.outcome.recordingFailure, undefined);
    assert.deepEqual(logged, []);
    media.startRecording = () => Promise.reject(new RecordingFailed('x.wav', 'ENOSPC', 'disk full'));
    await recording.setParticipants(['Agent']);
    assert.match(contact.current.outcome.recordingFailure ?? '', /ENOSPC/);
    assert.equal(logged.length, 1);
  });

  it('takes orders one after the other', async () => {
    const { recording, told } = recorded();
    await Promise.all([
      recording.setAutomatedPart('Enabled'),
      recording.conversation('begins'),
      recording.setParticipants(['Agent']),
      recording.conversation('ends'),
      recording.finish(),
    ]);
    assert.equal(told.filter((one) => one === 'start').length, told.filter((one) => one === 'stop').length);
    assert.equal(told.at(-1), told.length === 0 ? undefined : 'stop');
    assert.equal(recording.state, 'off');
  });

  it('on a disk that takes nothing any more › ends after ten seconds, so that the call can, and says so', async () => {
    const { recording, held, clock, media, contact } = recorded();
    await recording.setAutomatedPart('Enabled');
    media.stopRecording = () => new Promise(() => undefined);
    const finished = held.finishRecording?.();
    await clock.advance(9_999);
    assert.equal(contact.current.outcome.recordingFailure, undefined);
    await clock.advance(1);
    assert.match((await finished)?.location ?? '', /\.wav$/);
    assert.match(contact.current.outcome.recordingFailure ?? '', /disk/);
  });
});
