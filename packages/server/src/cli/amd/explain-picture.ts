/** One judged recording as an SVG picture: waveform, level over the noise, voice, tones, log-odds, decision points. */
import type { AmdEvent, AmdMoment, AmdSettings, AnswerVerdict } from '@ringback/media';
import type { HeardSignal } from './judge-file.ts';

export interface Explained {
  readonly pcm: Int16Array;
  readonly moments: readonly AmdMoment[];
  readonly signals: readonly HeardSignal[];
  readonly verdict: AnswerVerdict;
  readonly settings: AmdSettings;
  readonly promptEnd?: Extract<AmdEvent, { kind: 'promptEnded' }>;
}

const left = 90;
const pixelsPerSecond = 110;
const rows = { wave: 70, voice: 150, tones: 180, level: 260, odds: 370 } as const;
const height = 470;
/** Room for the words beside a decision, which may come after the recording's end. */
const decisionWidth = 230;

export function explainPicture(explained: Explained): string {
  const { pcm, moments, signals, verdict, settings, promptEnd } = explained;
  const seconds = pcm.length / 8_000;
  const decisions = [
    { ms: verdict.atMs, name: `verdict: ${verdict.answeredBy.kind}`, colour: '#b3261e' },
    ...(promptEnd ? [{ ms: promptEnd.atMs, name: `prompt over (${promptEnd.by})`, colour: '#6a1b9a' }] : []),
  ];
  const lastWord = Math.max(...decisions.map(({ ms }) => Math.ceil(x(ms)) + decisionWidth));
  const width = Math.max(left + Math.ceil(seconds * pixelsPerSecond) + 30, lastWord);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" font-family="sans-serif" font-size="12">`,
    '<title>What answering machine detection heard</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...timeLines(seconds),
    ...Object.entries({
      wave: 'waveform',
      voice: 'voice',
      tones: 'tones',
      level: 'level, noise',
      odds: 'log-odds',
    }).map(([row, name]) => `<text x="6" y="${rows[row as keyof typeof rows] + 4}">${name}</text>`),
    `<path d="${wavePath(pcm)}" stroke="#37618e" fill="none"/>`,
    ...moments
      .filter(({ isSpeech }) => isSpeech)
      .map(
        ({ atMs }) =>
          `<rect x="${x(atMs - 20)}" y="${rows.voice - 8}" width="${x(20) - left}" height="16" fill="#0b7a3b"/>`,
      ),
    ...signals.map(
      ({ signal }) =>
        `<rect x="${x(signal.startMs)}" y="${rows.tones - 8}" width="${Math.max(2, x(signal.endMs) - x(signal.startMs))}" height="16" fill="#e08a00"/>` +
        `<text x="${x(signal.startMs)}" y="${rows.tones + 22}">${signal.kind}</text>`,
    ),
    `<path d="${linePath(moments.map(({ atMs, levelDb }) => [atMs, levelY(levelDb)]))}" stroke="#37618e" fill="none"/>`,
    `<path d="${linePath(moments.map(({ atMs, floorDb }) => [atMs, levelY(floorDb)]))}" stroke="#999" fill="none"/>`,
    `<path d="M${left} ${oddsY(settings.humanLogOdds)}H${width - 20}" stroke="#0b7a3b" stroke-dasharray="4"/>`,
    `<path d="${linePath(moments.flatMap(({ atMs, logOdds }) => (logOdds === undefined ? [] : [[atMs, oddsY(logOdds)] as const])))}" stroke="#b3261e" fill="none"/>`,
    ...decisions.map(
      ({ ms, name, colour }, n) =>
        `<path d="M${x(ms)} 22V${height - 30}" stroke="${colour}"/>` +
        `<text x="${x(ms) + 4}" y="${14 + 13 * n}" fill="${colour}">${name} at ${(ms / 1000).toFixed(2)} s</text>`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

const x = (ms: number): number => Math.round((left + (ms / 1000) * pixelsPerSecond) * 10) / 10;
/** −80 … 0 dB in 60 pixels. */
const levelY = (levelDb: number): number => rows.level + 30 - (Math.max(-80, levelDb) + 80) * 0.75;
/** −6 … +6 in 80 pixels. */
const oddsY = (logOdds: number): number => rows.odds - Math.max(-6, Math.min(6, logOdds)) * 6.6;

function timeLines(seconds: number): string[] {
  return Array.from({ length: Math.floor(seconds) + 1 }, (_, second) => {
    const at = x(1000 * second);
    return (
      `<path d="M${at} 30V${height - 30}" stroke="#eee"/>` +
      `<text x="${at}" y="${height - 12}" text-anchor="middle">${second} s</text>`
    );
  });
}

/** Least and most of each 5 ms. */
function wavePath(pcm: Int16Array): string {
  const step = 40;
  const parts: string[] = [];
  for (let start = 0; start < pcm.length; start += step) {
    let least = 0;
    let most = 0;
    for (let n = start; n < Math.min(pcm.length, start + step); n += 1) {
      const sample = pcm[n] as number;
      if (sample < least) least = sample;
      if (sample > most) most = sample;
    }
    const at = x(start / 8);
    parts.push(`M${at} ${y(most)}V${y(least)}`);
  }
  return parts.join('');
}

const y = (sample: number): number => Math.round((rows.wave - (sample / 32_768) * 40) * 10) / 10;

function linePath(points: readonly (readonly [number, number])[]): string {
  return points.map(([ms, at], n) => `${n === 0 ? 'M' : 'L'}${x(ms)} ${at.toFixed(1)}`).join('');
}
