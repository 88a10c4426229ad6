import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import type { LeftRecordings } from '../calls/left-recordings.ts';
import type { FinishedRecording } from '../calls/recording.ts';
import { capturedLogger } from '../test-support/captured-logger.ts';
import { sampleContact } from '../test-support/sample-contact.ts';
import type { Contact } from './contact.ts';
import { learnLeftRecordings } from './learn-left-recordings.ts';
import { contactWriting, OpenContact } from './open-contact.ts';

const recording = (location: string, failure?: string): FinishedRecording => ({
  ...{ location, startedAtMs: 1, stoppedAtMs: 2, tracks: 'both' },
  ...(failure === undefined ? {} : { failure }),
});

function takenOver(changes: Partial<Contact>) {
  const clock = new VirtualClock();
  const { logger, lines } = capturedLogger();
  const writing = contactWriting(
    { advance: () => Promise.resolve(), clock, newEventId: () => 'event', factsWritten: () => undefined },
    new AbortController().signal,
  );
  const contact = new OpenContact(sampleContact({ state: 'CONNECTED', ...changes }), writing);
  const learn = (of: LeftRecordings['of']) => learnLeftRecordings(contact, { of }, { clock, logger });
  return { contact, clock, lines, learn };
}

const locationsOf = ({ current }: OpenContact): readonly string[] | undefined =>
  current.outcome.recordings?.map(({ location }) => location);

describe('left recordings of a contact', () => {
  it('are learned beside those that it had told of, each once, with why the last is short', async () => {
    const told = { location: '/former/a.wav', startedAtMs: 0, stoppedAtMs: 1, status: 'AVAILABLE' } as const;
    const { contact, learn } = takenOver({ outcome: { recordings: [told] } });
    await learn(async () => [recording('/here/a.wav'), recording('/here/b.wav', 'cut off')]);
    assert.deepEqual(locationsOf(contact), ['/former/a.wav', '/here/b.wav']);
    assert.equal(contact.current.outcome.recordingFailure, 'cut off');
  });

  it('are not looked for where nothing was dialled', async () => {
    const { learn } = takenOver({ state: 'ACCEPTED' });
    await learn(() => assert.fail('it was looked for'));
  });

  it('are given up after ten seconds on a disk that hangs, and where it fails, and the log says so', async () => {
    const hanging = takenOver({});
    let isOver = false;
    const learned = hanging
      .learn(() => new Promise(() => undefined))
      .then(() => {
        isOver = true;
      });
    await hanging.clock.advance(9_999);
    assert.equal(isOver, false);
    await hanging.clock.advance(1);
    await learned;
    const failing = takenOver({});
    await failing.learn(() => Promise.reject(new Error('EIO')));
    for (const { contact, lines } of [hanging, failing]) {
      assert.equal(locationsOf(contact), undefined);
      assert.deepEqual(
        lines.map(({ contactId }) => contactId),
        [contact.current.id],
      );
    }
  });
});
