/** Text becomes sound that a call can play: once, then from memory or disk. The door of this folder; flows' prompts come in here. */

import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../../clock.ts';
import {
  chooseSynthesizer,
  ownSurroundings,
  type SpeechConfig,
  type Surroundings,
} from './choose-synthesizer.ts';
import { SharedTasks } from './shared-tasks.ts';
import { SpeechFailed, type SpeechFault, SpeechTooLong, SpeechUnavailable } from './speech-errors.ts';
import { SpeechFiles } from './speech-files.ts';
import { SpeechMemory } from './speech-memory.ts';
import { ignoredMarkup, readContent, type SpeechRequest } from './speech-request.ts';
import type { SpeechSynthesizer } from './speech-synthesizer.ts';
import { outerSilence, type SpeechSegment } from './ssml-segments.ts';
import { TELEPHONE_RATE, toTelephoneAudio } from './telephone-audio.ts';

export interface SpeechOptions {
  readonly config: SpeechConfig;
  /** Created if missing. */
  readonly cacheDir: string;
  /** Used instead of the one that `config` names. Closed with the speech service. */
  readonly synthesizer?: SpeechSynthesizer;
  /** Told about what no caller sees: a cache that fails, a renderer that is missing. Must not throw. */
  readonly onFault?: (fault: SpeechFault) => void;
  readonly clock?: Clock;
  /** Default: this process's own. */
  readonly surroundings?: Surroundings;
  /** Bounds of the cache. Defaults 64 MiB (over two hours of speech) and 512 MiB. */
  readonly mostMemoryBytes?: number;
  readonly mostDiskBytes?: number;
}

export interface RenderedSpeech {
  /** SHA-256 in hexadecimal of everything that decides the sound: equal keys, equal audio. Fit as a prompt's id. */
  readonly key: string;
  /** 8 kHz µ-law. At least 20 ms, also when there is nothing to say. Shared: do not change it. */
  readonly mulaw: Uint8Array;
  readonly durationMs: number;
}

export interface SpeechDescription {
  /** The renderer, such as `tts-espeak`; undefined when nothing can speak. */
  readonly renderer: string | undefined;
  readonly version: string | undefined;
  /** Why nothing can speak. */
  readonly unavailable: string | undefined;
  readonly cacheDir: string;
  readonly memoryBytes: number;
  readonly renderingNow: number;
}

export interface Speech {
  /**
   * Renders a text or takes its rendering from the cache. Equal requests at the same time are rendered once.
   *
   * @throws {SpeechTooLong} the text or its speech is longer than Amazon Connect allows (5 minutes).
   * @throws {SsmlMalformed} the markup is not well-formed.
   * @throws {SpeechUnavailable} nothing on this machine can speak.
   * @throws {SpeechFailed} the renderer did not deliver, or the service was closed.
   * @throws `signal.reason` when aborted.
   */
  render(request: SpeechRequest, signal: AbortSignal): Promise<RenderedSpeech>;
  /** State for health pages. */
  describe(): SpeechDescription;
  /** Ends the renderer; texts under way fail. May be called twice. */
  close(): Promise<void>;
}

/** Longest speech, ms: Connect's limit for prompts. */
const LONGEST_SPEECH_MS = 300_000;
const DEFAULT_MEMORY_BYTES = 64 * 1024 * 1024;
const DEFAULT_DISK_BYTES = 512 * 1024 * 1024;
/** Part of every key. Raise it when trimming or levelling changes. */
const RENDERING_VERSION = 1;

/**
 * Opens the speech service. Under `auto` a machine that cannot speak is reported and its renderings fail; recorded
 * prompts need no speech.
 *
 * @throws {SpeechUnavailable} the renderer that the configuration names is not here.
 */
export async function openSpeech(options: SpeechOptions): Promise<Speech> {
  const { clock = systemClock, onFault = () => {} } = options;
  const renderer = await openRenderer(options, clock, onFault);
  const files = new SpeechFiles({
    folder: options.cacheDir,
    mostBytes: options.mostDiskBytes ?? DEFAULT_DISK_BYTES,
    onFault,
    now: () => clock.now(),
  });
  await files.open();
  const memory = new SpeechMemory(options.mostMemoryBytes ?? DEFAULT_MEMORY_BYTES);
  return new CachedSpeech({ renderer, files, memory, cacheDir: options.cacheDir, onFault });
}

type Renderer =
  | { kind: 'ready'; synthesizer: SpeechSynthesizer }
  | { kind: 'missing'; reason: SpeechUnavailable };

async function openRenderer(
  options: SpeechOptions,
  clock: Clock,
  onFault: (fault: SpeechFault) => void,
): Promise<Renderer> {
  if (options.synthesizer) return { kind: 'ready', synthesizer: options.synthesizer };
  try {
    const surroundings = options.surroundings ?? ownSurroundings(clock);
    return { kind: 'ready', synthesizer: await chooseSynthesizer(options.config, surroundings) };
  } catch (error) {
    const isTolerable = options.config.kind === 'auto' || options.config.kind === 'off';
    if (!(error instanceof SpeechUnavailable) || !isTolerable) throw error;
    if (options.config.kind === 'auto') onFault({ kind: 'renderer-unavailable', message: error.message });
    return { kind: 'missing', reason: error };
  }
}

interface Parts {
  readonly renderer: Renderer;
  readonly files: SpeechFiles;
  readonly memory: SpeechMemory;
  readonly cacheDir: string;
  readonly onFault: (fault: SpeechFault) => void;
}

class CachedSpeech implements Speech {
  readonly #parts: Parts;
  readonly #underWay = new SharedTasks<Uint8Array>();
  #isClosed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async render(request: SpeechRequest, signal: AbortSignal): Promise<RenderedSpeech> {
    signal.throwIfAborted();
    if (this.#isClosed) throw new SpeechFailed('closed', 'the speech service was closed');
    const segments = readContent(request);
    refuseLongSilence(segments);
    const { renderer, memory } = this.#parts;
    if (renderer.kind === 'missing') throw renderer.reason;
    const key = keyOf(renderer.synthesizer, request, segments);
    const mulaw =
      memory.get(key) ??
      (await this.#underWay.join(key, signal, (shared) =>
        this.#load(key, renderer.synthesizer, request, segments, shared),
      ));
    return { key, mulaw, durationMs: (mulaw.length / TELEPHONE_RATE) * 1000 };
  }

  async #load(
    key: string,
    synthesizer: SpeechSynthesizer,
    request: SpeechRequest,
    segments: readonly SpeechSegment[],
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { files, memory } = this.#parts;
    const kept = await files.read(key);
    if (kept) {
      memory.set(key, kept);
      return kept;
    }
    const mulaw = await this.#speak(synthesizer, request, segments, signal);
    // Once for each text: its next caller gets it from the cache.
    const ignored = ignoredMarkup(request);
    if (ignored.length > 0) {
      const message = `spoken plainly, since there is no voice for it: ${ignored.join(', ')}`;
      this.#parts.onFault({ kind: 'markup-ignored', message });
    }
    memory.set(key, mulaw);
    await files.write(key, mulaw);
    return mulaw;
  }

  async #speak(
    synthesizer: SpeechSynthesizer,
    request: SpeechRequest,
    segments: readonly SpeechSegment[],
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const hasText = segments.some(({ kind }) => kind === 'text');
    const audio = hasText ? await synthesizer.synthesize(request, signal) : undefined;
    // Before resampling too, so that a renderer gone wild costs no more than its own samples.
    if (audio && audio.pcm.length > (LONGEST_SPEECH_MS / 1000) * audio.sampleRate) throw tooLong();
    const mulaw = toTelephoneAudio(audio, outerSilence(segments));
    if (mulaw.length > (LONGEST_SPEECH_MS / 1000) * TELEPHONE_RATE) throw tooLong();
    return mulaw;
  }

  describe(): SpeechDescription {
    const { renderer, memory, cacheDir } = this.#parts;
    const synthesizer = renderer.kind === 'ready' ? renderer.synthesizer : undefined;
    return {
      renderer: synthesizer?.name,
      version: synthesizer?.version,
      unavailable: renderer.kind === 'missing' ? renderer.reason.message : undefined,
      cacheDir,
      memoryBytes: memory.bytes,
      renderingNow: this.#underWay.size,
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#parts.renderer.kind === 'ready') await this.#parts.renderer.synthesizer.close();
  }
}

function keyOf(
  synthesizer: SpeechSynthesizer,
  request: SpeechRequest,
  segments: readonly SpeechSegment[],
): string {
  const decisive = [
    RENDERING_VERSION,
    synthesizer.name,
    synthesizer.version,
    request.voiceId,
    request.languageCode,
    request.engine,
    segments,
  ];
  return createHash('sha256').update(JSON.stringify(decisive)).digest('hex');
}

/** Breaks cost the caller 20 characters for 10 s each: refused before anything is rendered. */
function refuseLongSilence(segments: readonly SpeechSegment[]): void {
  let silenceMs = 0;
  for (const segment of segments) if (segment.kind === 'silence') silenceMs += segment.durationMs;
  if (silenceMs > LONGEST_SPEECH_MS) throw tooLong();
}

function tooLong(): SpeechTooLong {
  return new SpeechTooLong(
    `the speech is longer than ${LONGEST_SPEECH_MS / 60_000} minutes; shorten the text`,
  );
}
