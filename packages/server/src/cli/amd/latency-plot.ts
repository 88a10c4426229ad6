/** The latencies of an evaluation as an SVG picture: what share of verdicts was given by when. */
import type { JudgedItem } from './evaluation.ts';

const width = 860;
const height = 420;
const left = 60;
const bottom = 50;
const top = 30;
const longestMs = 8_000;

export function latencyPlot(judged: readonly JudgedItem[]): string {
  const right = (label: string) =>
    judged.filter(({ item, ours }) => item.label === label && ours.label === label);
  const ours = (label: string): number[] => right(label).map((each) => each.ours.atMs);
  const baseline = judged.filter(({ item, baseline: b }) => item.label === 'human' && b.label === 'human');
  const curves = [
    { name: 'people, Ringback', colour: '#0b7a3b', times: ours('human') },
    { name: 'machines, Ringback', colour: '#b3261e', times: ours('machine') },
    {
      name: 'people, energy and word timing',
      colour: '#8a8a8a',
      times: baseline.map((each) => each.baseline.atMs),
    },
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    '<title>Verdict latency on the open set</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...grid(),
    ...curves.map(
      ({ colour, times }) => `<path d="${path(times)}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ),
    ...curves.map(
      ({ name, colour }, n) =>
        `<text x="${width - 270}" y="${height - bottom - 70 + 20 * n}" fill="${colour}">${name}</text>`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

const x = (ms: number): number => left + (Math.min(ms, longestMs) / longestMs) * (width - left - 20);
const y = (share: number): number => top + (1 - share) * (height - top - bottom);

function path(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const steps = sorted.map((ms, n) => `H${x(ms).toFixed(1)}V${y((n + 1) / sorted.length).toFixed(1)}`);
  return `M${x(0)} ${y(0)}${steps.join('')}`;
}

function grid(): string[] {
  const lines: string[] = [];
  for (let second = 0; second <= longestMs / 1000; second += 1) {
    const at = x(1000 * second);
    lines.push(`<path d="M${at} ${top}V${height - bottom}" stroke="#ddd"/>`);
    lines.push(`<text x="${at}" y="${height - bottom + 18}" text-anchor="middle">${second} s</text>`);
  }
  for (const share of [0, 0.25, 0.5, 0.75, 0.95]) {
    lines.push(`<path d="M${left} ${y(share)}H${width - 20}" stroke="#ddd"/>`);
    lines.push(`<text x="${left - 8}" y="${y(share) + 4}" text-anchor="end">${100 * share} %</text>`);
  }
  lines.push(`<text x="${left}" y="18">Share of right verdicts given by then, time since the answer</text>`);
  return lines;
}
