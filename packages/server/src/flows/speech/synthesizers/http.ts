/** Speech by an HTTP endpoint: OpenAI's `/v1/audio/speech`, which many servers imitate, or Piper's plain POST of text. */

import { createHash } from 'node:crypto';
import type { Clock } from '../../../clock.ts';
import { Turnstile } from '../../../turnstile.ts';
import { withDeadline } from '../deadline.ts';
import { SpeechFailed, turnedAway } from '../speech-errors.ts';
import { readContent, type SpeechRequest } from '../speech-request.ts';
import type { SpeechAudio, SpeechSynthesizer } from '../speech-synthesizer.ts';
import type { SpeechText } from '../ssml-segments.ts';
import { soundOf } from '../voices.ts';
import { MOST_WAITING, MOST_WAV_BYTES } from './espeak-ng.ts';
import { speakSegments } from './speak-segments.ts';
import { audioFromWav } from './wav-audio.ts';

export interface HttpSpeechOptions {
  /** Base address or full address of the endpoint. */
  readonly url: string;
  /** Default `openai`. */
  readonly format?: 'openai' | 'piper' | undefined;
  /** Value of the Authorization header, such as `Bearer sk-…`. */
  readonly authorization?: string | undefined;
  /** OpenAI's model name; default `tts-1`. */
  readonly model?: string | undefined;
  /** Amazon Polly voice → the endpoint's voice. Others become `nova` or `onyx`, by how the voice sounds. */
  readonly voices?: Readonly<Record<string, string>> | undefined;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

const REQUESTS_AT_ONCE = 4;
const DEFAULT_MODEL = 'tts-1';
/** How much of an error answer is quoted. */
const QUOTED_CHARACTERS = 200;
/** How much of an error answer is read at all. */
const MOST_ERROR_BYTES = 10_000;
/** OpenAI's bounds of `speed`. */
const SLOWEST_SPEED = 0.25;

export function openHttpSpeech(options: HttpSpeechOptions): SpeechSynthesizer {
  const { format = 'openai', model = DEFAULT_MODEL, voices = {} } = options;
  const endpoint = format === 'openai' ? openAiEndpoint(options.url) : options.url;
  const turnstile = new Turnstile(REQUESTS_AT_ONCE, MOST_WAITING, turnedAway);
  const closed = new AbortController();

  const post = (request: SpeechRequest, text: SpeechText, signal: AbortSignal): Promise<SpeechAudio> =>
    format === 'openai'
      ? fetchAudio(
          endpoint,
          'application/json',
          openAiBody(request, text, model, voices),
          options.authorization,
          signal,
        )
      : fetchAudio(endpoint, 'text/plain; charset=utf-8', text.text, options.authorization, signal);

  return {
    name: `http-${format}`,
    // Whatever decides the sound, in a form that shows no address or key.
    version: createHash('sha256')
      .update(JSON.stringify([endpoint, model, voices]))
      .digest('hex')
      .slice(0, 16),
    synthesize(request, signal) {
      const segments = readContent(request);
      const either = AbortSignal.any([signal, closed.signal]);
      return turnstile.pass(either, () =>
        withDeadline({ ...options, signal: either, what: endpoint }, (limited) =>
          speakSegments(segments, (text) => post(request, text, limited)),
        ),
      );
    },
    async close() {
      turnstile.close();
      closed.abort(new SpeechFailed('closed', 'the speech service was closed'));
    },
  };
}

/** Accepts `http://host`, `http://host/v1` and the full address. */
function openAiEndpoint(url: string): string {
  const parsed = new URL(url);
  if (parsed.pathname.endsWith('/speech')) return url;
  const base = parsed.pathname.replace(/\/+$/u, '');
  parsed.pathname = `${base.endsWith('/v1') ? base : `${base}/v1`}/audio/speech`;
  return parsed.href;
}

/** https://platform.openai.com/docs/api-reference/audio/createSpeech */
function openAiBody(
  request: SpeechRequest,
  { text, rate }: SpeechText,
  model: string,
  voices: Readonly<Record<string, string>>,
): string {
  const named = Object.hasOwn(voices, request.voiceId) ? voices[request.voiceId] : undefined;
  const voice = named ?? (soundOf(request) === 'female' ? 'nova' : 'onyx');
  const speed = rate === 1 ? {} : { speed: Math.max(SLOWEST_SPEED, rate) };
  return JSON.stringify({ model, input: text, voice, response_format: 'wav', ...speed });
}

async function fetchAudio(
  endpoint: string,
  contentType: string,
  body: string,
  authorization: string | undefined,
  signal: AbortSignal,
): Promise<SpeechAudio> {
  let bytes: Buffer;
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      // A redirect would send the text and the key somewhere that nobody configured.
      redirect: 'error',
      headers: {
        'content-type': contentType,
        accept: 'audio/wav',
        ...(authorization ? { authorization } : {}),
      },
      body,
      signal,
    });
    if (!response.ok) {
      const quote = (await readBody(response, MOST_ERROR_BYTES, 'cut'))
        .toString('utf8')
        .slice(0, QUOTED_CHARACTERS);
      throw new SpeechFailed('refused', `${endpoint} answered ${response.status}: ${quote.trim()}`);
    }
    bytes = await readBody(response, MOST_WAV_BYTES, 'refuse');
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if (cause instanceof SpeechFailed) throw cause;
    throw new SpeechFailed('refused', `${endpoint} could not be reached: ${describeFetchError(cause)}`, {
      cause,
    });
  }
  return audioFromWav(bytes, endpoint);
}

async function readBody(response: Response, mostBytes: number, beyond: 'cut' | 'refuse'): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= mostBytes) continue;
    if (beyond === 'cut') break;
    throw new SpeechFailed('unusable-audio', `${response.url} sent more than ${mostBytes} bytes`);
  }
  return Buffer.concat(chunks);
}

/** fetch hides the network's own words one level down. */
function describeFetchError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
