/** For renderers that take plain text only: speaks segment after segment and puts the silences between them. */

import { SpeechFailed } from '../speech-errors.ts';
import type { SpeechAudio } from '../speech-synthesizer.ts';
import type { SpeechSegment, SpeechText } from '../ssml-segments.ts';

/** @throws {SpeechFailed} pieces at different sample rates; and whatever `speak` throws. */
export async function speakSegments(
  segments: readonly SpeechSegment[],
  speak: (text: SpeechText) => Promise<SpeechAudio>,
): Promise<SpeechAudio> {
  const spoken: Array<SpeechAudio | { readonly silenceMs: number }> = [];
  let sampleRate: number | undefined;
  for (const segment of segments) {
    if (segment.kind === 'silence') {
      spoken.push({ silenceMs: segment.durationMs });
      continue;
    }
    const audio = await speak(segment);
    sampleRate ??= audio.sampleRate;
    if (audio.sampleRate !== sampleRate) {
      throw new SpeechFailed(
        'unusable-audio',
        `the renderer changed from ${sampleRate} to ${audio.sampleRate} Hz`,
      );
    }
    spoken.push(audio);
  }
  return join(spoken, sampleRate ?? 8000);
}

function join(
  spoken: ReadonlyArray<SpeechAudio | { readonly silenceMs: number }>,
  sampleRate: number,
): SpeechAudio {
  const lengths = spoken.map((piece) =>
    'silenceMs' in piece ? Math.round((piece.silenceMs / 1000) * sampleRate) : piece.pcm.length,
  );
  const pcm = new Int16Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  spoken.forEach((piece, index) => {
    if (!('silenceMs' in piece)) pcm.set(piece.pcm, at);
    at += lengths[index] ?? 0;
  });
  return { sampleRate, pcm };
}
