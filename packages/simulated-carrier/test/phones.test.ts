// The phones as a caller meets them, over real SIP and RTP on loopback. All calls run at the same time.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readWav, rms, toneLevel } from '@ringback/media';
import { InviteCancelled } from '@ringback/sip';
import { readClip, recordingFileName, TRUNK_CREDENTIALS } from '../src/index.ts';
import { Exchange } from './caller.ts';

const SAMPLES_PER_MS = 8;

describe('phones', { concurrency: true }, () => {
  let exchange: Exchange;

  before(async () => {
    exchange = await Exchange.open(
      { first: 21_000, last: 21_199 },
      { numbers: { '+12065550198': [{ step: 'challenge' }, { step: 'answer' }] } },
    );
    exchange.media.loadPrompt('question', await readClip('hello'));
  });

  after(() => exchange.close());

  test('a person rings, answers, says hello and listens until the caller hangs up', async () => {
    const caller = await exchange.dial('+12065550140', { listens: true });
    await caller.answered();
    assert.ok(caller.provisional.some(({ status }) => status === 180));
    await caller.phoneEvent('said');
    await caller.mediaEvent('speechEnded');
    await caller.hangUp();
    const ended = await caller.phoneEvent('ended');
    assert.deepEqual([ended.by, ended.how], ['caller', 'bye']);
    assert.ok((ended.packetsReceived ?? 0) > 0, 'the phone heard the caller');
    const { received, sent } = await caller.recording();
    assert.ok(rms(sent) > 300, 'the hello is on the right channel');
    assert.ok(rms(received) < 50, 'the caller said nothing');
  });

  test('a person rings for two seconds, also at a number that is not magic', async () => {
    const caller = await exchange.dial('+442079460000');
    await caller.answered();
    const ringing = await caller.phoneEvent('ringing');
    const answered = await caller.phoneEvent('answered');
    const rangMs = answered.atMs - ringing.atMs;
    assert.ok(rangMs >= 1_990 && rangMs < 12_000, `rang ${rangMs} ms`);
    await caller.hangUp();
  });

  test('a noisy street is heard before, under and after the hello', async () => {
    const caller = await exchange.dial('+12065550101');
    await caller.answered();
    await caller.phoneEvent('saying', 2);
    await caller.session.play({ silenceMs: 1_000 });
    await caller.hangUp();
    const { sent } = await caller.recording();
    const tail = sent.subarray(-500 * SAMPLES_PER_MS);
    const levelDb = 20 * Math.log10(rms(tail) / 32_768);
    assert.ok(levelDb > -48 && levelDb < -42, `the street has ${levelDb} dBFS`);
  });

  test('a silent phone answers and sends silence', async () => {
    const caller = await exchange.dial('+12065550103');
    await caller.answered();
    await caller.session.play({ silenceMs: 500 });
    await caller.hangUp();
    const { sent } = await caller.recording();
    assert.ok(sent.length > 200 * SAMPLES_PER_MS);
    assert.equal(rms(sent), 0);
    assert.deepEqual(
      exchange.eventsOf(caller.callId).filter(({ kind }) => kind === 'saying'),
      [],
    );
  });

  test('a voicemail greets, beeps and listens', async () => {
    const caller = await exchange.dial('+12065550112');
    await caller.answered();
    await caller.phoneEvent('said', 2);
    await caller.hangUp();
    const { sent } = await caller.recording();
    const beepMs = 20 * framesWith(sent, 1_000);
    assert.ok(beepMs >= 300 && beepMs <= 420, `a beep of ${beepMs} ms`);
    assert.ok(rms(sent.subarray(0, 4_000 * SAMPLES_PER_MS)) > 500, 'the greeting comes first');
  });

  test('a fax answers with 2100 Hz for three seconds', async () => {
    const caller = await exchange.dial('+12065550113');
    await caller.answered();
    await caller.phoneEvent('said');
    await caller.hangUp();
    const { sent } = await caller.recording();
    const toneMs = 20 * framesWith(sent, 2_100);
    assert.ok(toneMs >= 2_600 && toneMs <= 3_020, `a tone of ${toneMs} ms`);
  });

  for (const [number, status, words] of [
    ['+12065550120', 486, 'is busy'],
    ['+12065550122', 603, 'declines'],
    ['+12065550123', 404, 'is not allocated'],
    ['+12065550125', 503, 'cannot be reached'],
    ['+12065550127', 608, 'is protected by analytics'],
  ] as const) {
    test(`${number} ${words}: ${status} without ringing`, async () => {
      const caller = await exchange.dial(number);
      assert.equal(await caller.finalStatus(), status);
      assert.deepEqual(caller.provisional, []);
      const ended = await caller.phoneEvent('ended');
      assert.deepEqual([ended.by, ended.how], ['phone', 'rejected']);
    });
  }

  test('an unallocated number sends information tones as early media, then 404', async () => {
    const caller = await exchange.dial('+12065550124');
    const heardFile = join(exchange.folder, 'early.wav');
    await caller.session.startRecording(heardFile);
    const progress = await caller.provisionalStatus(183);
    await caller.session.acceptAnswer(progress.body);
    assert.equal(await caller.finalStatus(), 404);
    const [heard = new Int16Array()] = readWav(await readFile(heardFile)).channels;
    const tones = windowsOf(heard, 60)
      .filter((window) => rms(window) > 100)
      .map((window) => [985.2, 1370.6, 1776.7].find((hz) => toneLevel(window, 8_000, hz) > 0.95))
      .filter((hz) => hz !== undefined);
    const inOrder = tones.filter((hz, index) => hz !== tones[index - 1]);
    assert.deepEqual(inOrder, [985.2, 1370.6, 1776.7]);
  });

  test('a phone that is not there sends nothing, not even 100', async () => {
    const caller = await exchange.dial('+12065550126');
    const ofCall = (direction: 'sent' | 'received') =>
      exchange.messages.filter((line) => line.callId === caller.callId && line.direction === direction);
    await exchange.until('a repeated INVITE', () => (ofCall('received').length >= 2 ? true : undefined));
    assert.deepEqual(ofCall('sent'), []);
    caller.invite.cancel();
    await assert.rejects(caller.invite.answered, InviteCancelled);
    await caller.session.close();
    const log = await exchange.logOf(caller.callId);
    assert.deepEqual(
      log.map(({ kind }) => kind),
      ['invite', 'ignored', 'ended'],
    );
  });

  test('CANCEL ends the ringing of a phone that never answers', async () => {
    const caller = await exchange.dial('+12065550121');
    await caller.provisionalStatus(180);
    caller.invite.cancel();
    await assert.rejects(caller.invite.answered, InviteCancelled);
    await caller.session.close();
    await caller.phoneEvent('ended');
    const log = await exchange.logOf(caller.callId);
    assert.deepEqual(
      log.map(({ kind, by }) => [kind, by]),
      [
        ['invite', undefined],
        ['cancel', undefined],
        ['ended', 'caller'],
      ],
    );
  });

  test('a person hangs up three seconds after answering', async () => {
    const caller = await exchange.dial('+12065550130');
    const dialog = await caller.answered();
    const end = await dialog.ended;
    assert.equal(end.by, 'remote');
    await caller.session.close();
    const answered = await caller.phoneEvent('answered');
    const bye = await caller.phoneEvent('bye');
    const talkedMs = bye.atMs - answered.atMs;
    assert.equal(bye.by, 'phone');
    assert.ok(talkedMs >= 2_990 && talkedMs < 12_000, `talked ${talkedMs} ms`);
  });

  test('a person presses 1 each time a prompt ends', async () => {
    const caller = await exchange.dial('+12065550131');
    await caller.answered();
    await caller.phoneEvent('said');
    await caller.session.play({ prompt: 'question' });
    await caller.mediaEvent('digit', 1);
    await caller.session.play({ prompt: 'question' });
    await caller.mediaEvent('digit', 2);
    assert.equal(caller.digits, '11');
    await caller.hangUp();
    const { received } = await caller.recording();
    assert.ok(rms(received) > 500, 'the prompts are on the left channel');
    const ends = exchange.eventsOf(caller.callId).filter(({ kind }) => kind === 'promptEnded');
    assert.equal(ends.length, 2);
  });

  test('a person presses 2 after the first prompt and 1234# after the second', async () => {
    const caller = await exchange.dial('+12065550132');
    await caller.answered();
    await caller.phoneEvent('said');
    await caller.session.play({ prompt: 'question' });
    await caller.mediaEvent('digit', 1);
    assert.equal(caller.digits, '2');
    await caller.session.play({ prompt: 'question' });
    await caller.mediaEvent('digit', 6);
    assert.equal(caller.digits, '21234#');
    await caller.hangUp();
  });

  test('a trunk that asks for credentials takes the right ones', async () => {
    const caller = await exchange.dial('+12065550133', { credentials: TRUNK_CREDENTIALS });
    await caller.answered();
    await caller.hangUp();
    await caller.phoneEvent('ended', 2);
    const log = await exchange.logOf(caller.callId);
    const kinds = log.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['invite', 'challenged', 'ended', 'invite', 'answered', 'bye', 'ended']);
  });

  test('a trunk that asks for credentials refuses none and wrong ones', async () => {
    const without = await exchange.dial('+12065550198');
    assert.equal(await without.finalStatus(), 407);
    const wrong = await exchange.dial('+12065550198', {
      credentials: { ...TRUNK_CREDENTIALS, password: 'guess' },
    });
    assert.equal(await wrong.finalStatus(), 403);
  });

  test('a phone refuses a call without usable offer', async () => {
    const without = await exchange.dial('+12065550140', { offer: '' });
    assert.equal(await without.finalStatus(), 488);
    const nonsense = await exchange.dial('+12065550140', { offer: 'v=0\r\nm=video 9 RTP/AVP 96\r\n' });
    assert.equal(await nonsense.finalStatus(), 488);
  });

  test('a phone hears keys', async () => {
    const caller = await exchange.dial('+12065550103');
    await caller.answered();
    await caller.session.sendDigits('5#');
    await caller.phoneEvent('heardDigit', 2);
    const heard = exchange.eventsOf(caller.callId).flatMap((event) => {
      return event.kind === 'heardDigit' ? [event.digit] : [];
    });
    assert.deepEqual(heard, ['5', '#']);
    await caller.hangUp();
  });

  test('the log has the INVITE with its numbers, and the recording the name of the call', async () => {
    const caller = await exchange.dial('+12065550103');
    await caller.answered();
    await caller.hangUp();
    const ended = await caller.phoneEvent('ended');
    assert.equal(basename(ended.recording ?? ''), recordingFileName(caller.callId));
    const [line] = await exchange.logOf(caller.callId);
    assert.ok(line !== undefined);
    const { at, source, ...rest } = line;
    assert.ok(Math.abs(Date.parse(String(at)) - Date.now()) < 60_000);
    assert.equal(source, `127.0.0.1:${exchange.callers.endpoint.port}`);
    assert.deepEqual(rest, {
      kind: 'invite',
      callId: caller.callId,
      from: '+12065559000',
      to: '+12065550103',
      cseq: 1,
    });
  });
});

/** Frames of 20 ms that are mostly one tone. A stalled machine delays frames, and so tears a tone apart, but drops none. */
function framesWith(pcm: Int16Array, hz: number): number {
  return windowsOf(pcm, 20).filter((frame) => toneLevel(frame, 8_000, hz) > 0.8).length;
}

/** Consecutive stretches, the incomplete last one left out. */
function windowsOf(pcm: Int16Array, lengthMs: number): Int16Array[] {
  const length = lengthMs * SAMPLES_PER_MS;
  return Array.from({ length: Math.floor(pcm.length / length) }, (_, index) =>
    pcm.subarray(index * length, (index + 1) * length),
  );
}
