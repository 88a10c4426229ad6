/** Picks the renderer that the configuration names, or the best one that this machine has. */

import type { Clock } from '../../clock.ts';
import { SpeechFailed, SpeechUnavailable } from './speech-errors.ts';
import type { SpeechSynthesizer } from './speech-synthesizer.ts';
import { openEspeakNg } from './synthesizers/espeak-ng.ts';
import { openFlite } from './synthesizers/flite.ts';
import { openHttpSpeech } from './synthesizers/http.ts';
import { type Environment, findOnPath } from './synthesizers/program.ts';
import { findTtsEspeak, openTtsEspeak } from './synthesizers/tts-espeak.ts';

export interface SpeechConfig {
  readonly kind: 'auto' | 'espeak-ng' | 'flite' | 'http' | 'tts-espeak' | 'off';
  /** For `http`: see `HttpSpeechOptions`. */
  readonly url?: string | undefined;
  readonly format?: 'openai' | 'piper' | undefined;
  readonly authorization?: string | undefined;
  readonly model?: string | undefined;
  readonly voices?: Readonly<Record<string, string>> | undefined;
  /** Longest time for one text, ms. Default 30000. */
  readonly timeoutMs?: number | undefined;
}

export interface Surroundings {
  readonly environment: Environment;
  readonly clock: Clock;
  /** Main file of the optional `@ringback/tts-espeak`; undefined when it is not installed. */
  readonly ttsEspeakFile: string | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;

type Opener = (config: SpeechConfig, around: Surroundings) => Promise<SpeechSynthesizer>;

/** How each named renderer is opened. */
const OPENERS: Readonly<Record<Exclude<SpeechConfig['kind'], 'auto' | 'off'>, Opener>> = {
  'espeak-ng': async (config, around) => openEspeakNg(await programOptions('espeak-ng', config, around)),
  flite: async (config, around) => openFlite(await programOptions('flite', config, around)),
  http: async (config, around) => {
    if (!config.url) throw new SpeechUnavailable('speech.kind is http, but speech.url is missing');
    return openHttpSpeech({ ...config, url: config.url, clock: around.clock, timeoutMs: timeoutOf(config) });
  },
  'tts-espeak': async (config, around) => {
    if (around.ttsEspeakFile === undefined) {
      throw new SpeechUnavailable(
        'the optional package @ringback/tts-espeak is not installed; run npm ci without --omit=optional',
      );
    }
    return openTtsEspeak({ ...around, mainFile: around.ttsEspeakFile, timeoutMs: timeoutOf(config) });
  },
};

/** `auto` tries these, best first. */
const AUTO_ORDER = ['espeak-ng', 'flite', 'tts-espeak'] as const;

/**
 * @throws {SpeechUnavailable} the named renderer is not here, or `auto` found none, or speech is `off`; the message says what to do.
 */
export async function chooseSynthesizer(
  config: SpeechConfig,
  around: Surroundings,
): Promise<SpeechSynthesizer> {
  if (config.kind === 'off') {
    throw new SpeechUnavailable(
      'text-to-speech is switched off (speech.kind: off); use recorded prompts or switch it on',
    );
  }
  if (config.kind !== 'auto') return openNamed(config.kind, config, around);
  const reasons: string[] = [];
  for (const kind of AUTO_ORDER) {
    try {
      return await openNamed(kind, config, around);
    } catch (error) {
      if (!(error instanceof SpeechUnavailable)) throw error;
      reasons.push(error.message);
    }
  }
  throw new SpeechUnavailable(
    `nothing on this machine can speak (${reasons.join('; ')}). Install espeak-ng or flite, run npm ci with optional ` +
      'packages, or name an HTTP endpoint under speech in the configuration file',
  );
}

async function openNamed(
  kind: keyof typeof OPENERS,
  config: SpeechConfig,
  around: Surroundings,
): Promise<SpeechSynthesizer> {
  try {
    return await OPENERS[kind](config, around);
  } catch (cause) {
    // A program that is there but broken counts as absent, so that `auto` goes on to the next.
    if (!(cause instanceof SpeechFailed)) throw cause;
    throw new SpeechUnavailable(`${kind} does not work: ${cause.message}`, { cause });
  }
}

async function programOptions(name: string, config: SpeechConfig, around: Surroundings) {
  const file = await findOnPath(name, around.environment);
  if (file === undefined)
    throw new SpeechUnavailable(`the program ${name} is not on PATH; install the package ${name}`);
  return { ...around, file, timeoutMs: timeoutOf(config) };
}

function timeoutOf(config: SpeechConfig): number {
  return config.timeoutMs ?? DEFAULT_TIMEOUT_MS;
}

/** What this process has around it. */
export function ownSurroundings(clock: Clock): Surroundings {
  return { environment: process.env, clock, ttsEspeakFile: findTtsEspeak() };
}
