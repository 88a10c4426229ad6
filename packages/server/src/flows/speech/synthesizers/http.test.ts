/** HTTP endpoints, with a server of the test in their place: what they are sent, and how they fail. */

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { writeWav } from '@ringback/media';
import { VirtualClock } from '@ringback/testkit';
import { SpeechFailed } from '../speech-errors.ts';
import type { SpeechRequest } from '../speech-request.ts';
import type { SpeechSynthesizer } from '../speech-synthesizer.ts';
import { type HttpSpeechOptions, openHttpSpeech } from './http.ts';

const NEVER = new AbortController().signal;
const isFailure = (reason: string, message: RegExp) => (error: unknown) =>
  error instanceof SpeechFailed && error.reason === reason && message.test(error.message);

function say(text: string, voiceId = 'Joanna'): SpeechRequest {
  return { content: { kind: 'text', text }, voiceId, languageCode: 'en-US', engine: 'neural' };
}

interface Received {
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

const STEREO = Buffer.from(
  writeWav({
    sampleRate: 24_000,
    channels: [new Int16Array(2400).fill(1000), new Int16Array(2400).fill(3000)],
  }),
);

describe('openHttpSpeech', () => {
  let server: Server;
  let address: string;
  let received: Received[];
  let respond: (response: ServerResponse, request: IncomingMessage) => void;
  let opened: SpeechSynthesizer[];

  beforeEach(async () => {
    received = [];
    opened = [];
    respond = (response) => response.end(STEREO);
    server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      const { 'content-type': type, authorization } = request.headers;
      received.push({ url: request.url, type, authorization, body });
      respond(response, request);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    for (const speech of opened) await speech.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function open(more: Partial<HttpSpeechOptions> = {}): SpeechSynthesizer {
    const speech = openHttpSpeech({ url: address, clock: new VirtualClock(), timeoutMs: 5000, ...more });
    opened.push(speech);
    return speech;
  }

  it('asks an OpenAI-style endpoint and mixes the answer to mono', async () => {
    const speech = open({ authorization: 'Bearer key' });
    const audio = await speech.synthesize(say('Hello "you" & <me>'), NEVER);
    assert.equal(audio.sampleRate, 24_000);
    assert.deepEqual(audio.pcm, new Int16Array(2400).fill(2000));
    const [{ body, ...rest } = assert.fail('nothing was asked')] = received;
    assert.deepEqual(rest, {
      url: '/v1/audio/speech',
      type: 'application/json',
      authorization: 'Bearer key',
    });
    assert.deepEqual(JSON.parse(body), {
      model: 'tts-1',
      input: 'Hello "you" & <me>',
      voice: 'nova',
      response_format: 'wav',
    });
  });

  it('accepts a base address, one with /v1, and the full one', async () => {
    for (const path of ['', '/', '/v1', '/v1/', '/api', '/v1/audio/speech']) {
      await open({ url: address + path }).synthesize(say('a'), NEVER);
    }
    assert.deepEqual(
      received.map(({ url }) => url),
      ['/v1', '/v1', '/v1', '/v1', '/api/v1', '/v1'].map((base) => `${base}/audio/speech`),
    );
  });

  it('asks for model, voice and speed, passage by passage', async () => {
    const speech = open({ model: 'kokoro', voices: { Joanna: 'af_heart' } });
    const ssml = '<speak>a<break time="1s"/><prosody rate="150%">b</prosody></speak>';
    const audio = await speech.synthesize(say(ssml), NEVER);
    assert.equal(audio.pcm.length, 2400 + 24_000 + 2400);
    await speech.synthesize(say('c', 'Matthew'), NEVER);
    await speech.synthesize(say('d', '__proto__'), NEVER);
    const asked = received.map(({ body }) => {
      const { model, input, voice, speed } = JSON.parse(body);
      return [model, input, voice, speed];
    });
    assert.deepEqual(asked, [
      ['kokoro', 'a', 'af_heart', undefined],
      ['kokoro', 'b', 'af_heart', 1.5],
      ['kokoro', 'c', 'onyx', undefined],
      ['kokoro', 'd', 'nova', undefined],
    ]);
  });

  it('posts plain text to Piper', async () => {
    await open({ format: 'piper', url: `${address}/say` }).synthesize(say('Grüße & <co>'), NEVER);
    assert.deepEqual(received, [
      { url: '/say', type: 'text/plain; charset=utf-8', authorization: undefined, body: 'Grüße & <co>' },
    ]);
  });

  it('has a version that changes with what decides the sound and shows no address', () => {
    const versions = [{}, { model: 'b' }, { voices: { Joanna: 'x' } }, { url: 'http://other.test' }].map(
      (more) => open(more).version,
    );
    assert.equal(new Set(versions).size, versions.length);
    assert.equal(open({ authorization: 'Bearer key' }).version, versions[0]);
    assert.match(versions[0] ?? '', /^[0-9a-f]{16}$/);
  });

  const FAILURES: ReadonlyArray<
    readonly [name: string, respond: (response: ServerResponse) => void, reason: string, message: RegExp]
  > = [
    [
      'refuses',
      (response) => response.writeHead(401).end('wrong key'.padEnd(100_000, '.')),
      'refused',
      /answered 401: wrong key\.{191}$/,
    ],
    [
      'sends no audio',
      (response) => response.end('{"error":"no voice"}'),
      'unusable-audio',
      /cannot be read/,
    ],
    [
      'redirects',
      (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'refused',
      /could not be reached/,
    ],
    ['hangs up', (response) => response.destroy(), 'refused', /could not be reached/],
    [
      'hangs up within the audio',
      (response) => {
        response.writeHead(200, { 'content-length': 5000 });
        response.write(STEREO.subarray(0, 1000), () => response.destroy());
      },
      'refused',
      /could not be reached/,
    ],
    [
      'never stops sending',
      (response) => {
        const chunk = Buffer.alloc(1_000_000);
        const more = (): void => {
          if (!response.destroyed) response.write(chunk, more);
        };
        more();
      },
      'unusable-audio',
      /more than 30000000 bytes/,
    ],
  ];
  for (const [name, answer, reason, message] of FAILURES) {
    it(`fails when the endpoint ${name}`, async () => {
      respond = answer;
      await assert.rejects(open().synthesize(say('Hello.'), NEVER), isFailure(reason, message));
    });
  }

  it('fails when nobody listens', async () => {
    await assert.rejects(
      open({ url: 'http://127.0.0.1:1' }).synthesize(say('Hello.'), NEVER),
      isFailure('refused', /could not be reached/),
    );
  });

  it('gives up after the time limit, when the caller does, and when closed', async () => {
    const clock = new VirtualClock();
    const arrivals: Array<() => void> = [];
    respond = () => arrivals.shift()?.();
    const arrival = () => new Promise<void>((resolve) => arrivals.push(resolve));
    const speech = open({ clock });

    let arrived = arrival();
    const late = assert.rejects(speech.synthesize(say('a'), NEVER), isFailure('timed-out', /within 5000 ms/));
    await arrived;
    await clock.advance(5000);
    await late;

    arrived = arrival();
    const caller = new AbortController();
    const unwanted = assert.rejects(speech.synthesize(say('b'), caller.signal), /hung up/);
    await arrived;
    caller.abort(new Error('hung up'));
    await unwanted;

    arrived = arrival();
    const cut = assert.rejects(speech.synthesize(say('c'), NEVER), isFailure('closed', /closed/));
    await arrived;
    await speech.close();
    await cut;
  });
});
