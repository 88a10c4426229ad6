/** Segments written as the SSML that eSpeak reads. Only markup of ours reaches it, whatever the caller wrote. */

import type { SpeechSegment } from '../ssml-segments.ts';
import { espeakLanguage } from '../voices.ts';

export function toEspeakSsml(segments: readonly SpeechSegment[]): string {
  return `<speak>${segments.map(toMarkup).join(' ')}</speak>`;
}

function toMarkup(segment: SpeechSegment): string {
  if (segment.kind === 'silence') return `<break time="${segment.durationMs}ms"/>`;
  let markup = escapeMarkup(segment.text);
  if (segment.rate !== 1) markup = `<prosody rate="${Math.round(segment.rate * 100)}%">${markup}</prosody>`;
  if (segment.languageCode !== undefined) {
    markup = `<voice name="${espeakLanguage(segment.languageCode)}">${markup}</voice>`;
  }
  return markup;
}

function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
