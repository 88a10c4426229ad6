/** Runs the detector and the baseline over labelled recordings and counts. Pure given the judgements; the command prints. */

import { join } from 'node:path';
import type { AmdSettings, WebRtcVadModule } from '@ringback/media';
import { type BaselineVerdict, judgeByEnergy } from './energy-baseline.ts';
import {
  type HeardSignal,
  hearTones,
  type JudgedFile,
  judgeAudio,
  readTelephoneAudio,
} from './judge-file.ts';
import { type AnswerLabel, answerLabels, type LabelledFile } from './label-file.ts';
import { percentile, type Share, shareOf } from './statistics.ts';

export interface JudgedItem {
  readonly item: LabelledFile;
  readonly ours: { readonly label: AnswerLabel; readonly atMs: number; readonly reasons: readonly string[] };
  readonly baseline: BaselineVerdict;
  readonly beeps: readonly FoundBeep[];
  readonly audioMs: number;
}

interface FoundBeep {
  readonly startMs: number;
  readonly endMs: number;
  readonly foundMs: number;
}

/** A beep counts as found when it was told of so soon after its end, ms. */
const beepPatienceMs = 300;

/** @throws {RecordingUnusable} */
export function judgeItem(
  item: LabelledFile,
  directory: string,
  vad: WebRtcVadModule,
  settings: AmdSettings,
): JudgedItem {
  const pcm = readTelephoneAudio(join(directory, item.file));
  const judged: JudgedFile = judgeAudio(pcm, vad, settings);
  const signals: readonly HeardSignal[] = hearTones(pcm, vad, settings);
  const { label, verdict } = judged;
  return {
    item,
    ours: { label, atMs: verdict.atMs, reasons: verdict.reasons },
    baseline: judgeByEnergy(pcm),
    beeps: signals.flatMap(({ signal, foundMs }) =>
      signal.kind === 'beep' ? [{ startMs: signal.startMs, endMs: signal.endMs, foundMs }] : [],
    ),
    audioMs: pcm.length / 8,
  };
}

export interface Latency {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

export interface Judged {
  readonly accuracy: Share;
  /** People and machines only, where the baseline knows nothing else. */
  readonly accuracyOfPeopleAndMachines: Share;
  readonly humanTakenForMachine: Share;
  readonly machineTakenForHuman: Share;
  readonly humanLatency: Latency;
  readonly machineLatency: Latency;
  /** `matrix[label][verdict]`. */
  readonly matrix: Readonly<Record<AnswerLabel, Readonly<Record<AnswerLabel, number>>>>;
}

export interface KindFigures {
  readonly kind: string;
  readonly label: AnswerLabel;
  readonly right: Share;
  readonly latency: Latency;
}

/** A row whose recording cannot be heard, and why. */
export interface UnusableItem {
  readonly file: string;
  readonly reason: string;
}

export interface Evaluation {
  readonly items: number;
  /** Left out of all figures. */
  readonly unusable: readonly UnusableItem[];
  readonly ours: Judged;
  readonly baseline: Judged;
  readonly kinds: readonly KindFigures[];
  readonly beeps: {
    readonly found: Share;
    /** Items in which a beep was told of where none was. */
    readonly false: Share;
    readonly errorP50Ms: number;
    readonly errorP95Ms: number;
    readonly errorP99Ms: number;
  };
}

export function evaluate(judged: readonly JudgedItem[], unusable: readonly UnusableItem[] = []): Evaluation {
  const kinds = [...new Set(judged.map(({ item }) => item.kind ?? item.label))];
  return {
    items: judged.length,
    unusable,
    ours: judge(judged.map(({ item, ours }) => ({ truth: item.label, ...ours }))),
    baseline: judge(judged.map(({ item, baseline }) => ({ truth: item.label, ...baseline }))),
    kinds: kinds.map((kind) => figuresOf(kind, judged)),
    beeps: judgeBeeps(judged),
  };
}

interface Answered {
  readonly truth: AnswerLabel;
  readonly label: AnswerLabel;
  readonly atMs: number;
}

function judge(all: readonly Answered[]): Judged {
  const count = (test: (each: Answered) => boolean): number => all.filter(test).length;
  const people = count(({ truth }) => truth === 'human');
  const machines = count(({ truth }) => truth === 'machine');
  const rightOf = (truths: readonly AnswerLabel[]): number =>
    count(({ truth, label }) => truths.includes(truth) && truth === label);
  return {
    accuracy: shareOf(rightOf(answerLabels), all.length),
    accuracyOfPeopleAndMachines: shareOf(rightOf(['human', 'machine']), people + machines),
    humanTakenForMachine: shareOf(
      count(({ truth, label }) => truth === 'human' && label === 'machine'),
      people,
    ),
    machineTakenForHuman: shareOf(
      count(({ truth, label }) => truth === 'machine' && label === 'human'),
      machines,
    ),
    humanLatency: latencyOf(all.filter(({ truth, label }) => truth === 'human' && label === 'human')),
    machineLatency: latencyOf(all.filter(({ truth, label }) => truth === 'machine' && label === 'machine')),
    matrix: matrixOf(all),
  };
}

function matrixOf(all: readonly Answered[]): Judged['matrix'] {
  const rows = answerLabels.map((truth) => {
    const cells = answerLabels.map((label) => [
      label,
      all.filter((each) => each.truth === truth && each.label === label).length,
    ]);
    return [truth, Object.fromEntries(cells)] as const;
  });
  return Object.fromEntries(rows) as unknown as Judged['matrix'];
}

function latencyOf(all: readonly { readonly atMs: number }[]): Latency {
  const times = all.map(({ atMs }) => atMs);
  return {
    count: times.length,
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    p99Ms: percentile(times, 0.99),
  };
}

function figuresOf(kind: string, judged: readonly JudgedItem[]): KindFigures {
  const own = judged.filter(({ item }) => (item.kind ?? item.label) === kind);
  const right = own.filter(({ item, ours }) => item.label === ours.label);
  return {
    kind,
    label: own[0]?.item.label ?? 'unresolved',
    right: shareOf(right.length, own.length),
    latency: latencyOf(right.map(({ ours }) => ours)),
  };
}

function judgeBeeps(judged: readonly JudgedItem[]): Evaluation['beeps'] {
  const beeping = judged.flatMap(({ item, beeps }) => (item.beep ? [{ beep: item.beep, beeps }] : []));
  const errors = beeping.flatMap(({ beep, beeps }) => {
    const hit = beeps.find((each) => isOf(each, beep) && each.foundMs <= beep.endMs + beepPatienceMs);
    return hit ? [hit.foundMs - beep.endMs] : [];
  });
  const wrong = judged.filter(({ item, beeps }) =>
    beeps.some((each) => !item.beep || !isOf(each, item.beep)),
  );
  return {
    found: shareOf(errors.length, beeping.length),
    false: shareOf(wrong.length, judged.length),
    errorP50Ms: percentile(errors, 0.5),
    errorP95Ms: percentile(errors, 0.95),
    errorP99Ms: percentile(errors, 0.99),
  };
}

const isOf = (found: FoundBeep, beep: { readonly startMs: number; readonly endMs: number }): boolean =>
  found.endMs > beep.startMs && found.startMs < beep.endMs + 100;
