/** Fits the answer model: boosted trees of depth three, where each measure may be bound to push one way only. Deterministic. */
import type { AnswerModel, MeasureName, Tree } from '../../src/amd/answer-model.ts';

/** Where a larger value may push; `either` where both make sense. */
export type Slope = 'human' | 'machine' | 'either';

export interface FitRow {
  /** In the order of the measures' names. */
  readonly values: readonly number[];
  readonly isHuman: boolean;
  readonly weight: number;
}

const rounds = 150;
const depth = 3;
const learningRate = 0.1;
const mostEdges = 31;
/** Held against leaves that rest on few rows. */
const regularisation = 30;

/** A gain below this is noise of the arithmetic. */
const leastGain = 1e-6;

interface Fit {
  readonly slopes: readonly Slope[];
  readonly edges: readonly (readonly number[])[];
  readonly bins: readonly Uint8Array[];
  /** First and second derivatives of the weighted log-loss, by row. */
  readonly slope: Float64Array;
  readonly curve: Float64Array;
  readonly logOdds: Float64Array;
}

/** Bounds that the questions above a node set on its values, so that a slope holds across the tree. */
interface Bounds {
  readonly low: number;
  readonly high: number;
}

interface Split {
  readonly measure: number;
  readonly bin: number;
  readonly below: number;
  readonly above: number;
  readonly gain: number;
}

export function fitModel(
  measures: readonly MeasureName[],
  slopes: ReadonlyMap<MeasureName, Slope>,
  rows: readonly FitRow[],
): AnswerModel {
  const edges = measures.map((_, n) => edgesOf(rows.map(({ values }) => values[n] as number)));
  const bins = edges.map((each, n) =>
    Uint8Array.from(rows, ({ values }) => binOf(each, values[n] as number)),
  );
  const human = rows.filter((row) => row.isHuman).reduce((sum, { weight }) => sum + weight, 0);
  const all = rows.reduce((sum, { weight }) => sum + weight, 0);
  const bias = round(Math.log(human / (all - human)));
  const fit: Fit = {
    slopes: measures.map((name) => slopes.get(name) ?? 'either'),
    edges,
    bins,
    slope: new Float64Array(rows.length),
    curve: new Float64Array(rows.length),
    logOdds: new Float64Array(rows.length).fill(bias),
  };
  const every = Uint32Array.from(rows, (_, n) => n);
  const free: Bounds = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const trees = Array.from({ length: rounds }, () => {
    derive(fit, rows);
    return grow(fit, every, depth, free);
  });
  return { measures, bias, trees };
}

function derive({ slope, curve, logOdds }: Fit, rows: readonly FitRow[]): void {
  for (const [n, { isHuman, weight }] of rows.entries()) {
    const probability = 1 / (1 + Math.exp(-(logOdds[n] as number)));
    slope[n] = weight * (probability - (isHuman ? 1 : 0));
    curve[n] = weight * probability * (1 - probability);
  }
}

function grow(fit: Fit, rows: Uint32Array, levels: number, bounds: Bounds): Tree {
  const [slope, curve] = sums(fit, rows);
  const value = leafOf(slope, curve, bounds);
  const split = levels > 0 ? bestSplit(fit, rows, slope, curve, bounds) : undefined;
  const mean = round(learningRate * value);
  if (!split || split.gain <= gainOf(slope, curve, value) + leastGain) {
    for (const row of rows) fit.logOdds[row] = (fit.logOdds[row] as number) + mean;
    return mean;
  }
  const bin = fit.bins[split.measure] as Uint8Array;
  const below = rows.filter((row) => (bin[row] as number) <= split.bin);
  const above = rows.filter((row) => (bin[row] as number) > split.bin);
  const middle = (split.below + split.above) / 2;
  const lower = { low: bounds.low, high: Math.min(bounds.high, middle) };
  const upper = { low: Math.max(bounds.low, middle), high: bounds.high };
  const direction = fit.slopes[split.measure];
  const [belowBounds, aboveBounds] =
    direction === 'human' ? [lower, upper] : direction === 'machine' ? [upper, lower] : [bounds, bounds];
  return [
    split.measure,
    fit.edges[split.measure]?.[split.bin] as number,
    mean,
    grow(fit, below, levels - 1, belowBounds),
    grow(fit, above, levels - 1, aboveBounds),
  ];
}

function sums({ slope, curve }: Fit, rows: Uint32Array): [slope: number, curve: number] {
  let allSlope = 0;
  let allCurve = 0;
  for (const row of rows) {
    allSlope += slope[row] as number;
    allCurve += curve[row] as number;
  }
  return [allSlope, allCurve];
}

function bestSplit(
  fit: Fit,
  rows: Uint32Array,
  allSlope: number,
  allCurve: number,
  bounds: Bounds,
): Split | undefined {
  let best: Split | undefined;
  for (const [measure, bin] of fit.bins.entries()) {
    const count = (fit.edges[measure] as readonly number[]).length;
    const slopes = new Float64Array(count + 1);
    const curves = new Float64Array(count + 1);
    for (const row of rows) {
      const at = bin[row] as number;
      slopes[at] = (slopes[at] as number) + (fit.slope[row] as number);
      curves[at] = (curves[at] as number) + (fit.curve[row] as number);
    }
    let slope = 0;
    let curve = 0;
    for (let at = 0; at < count; at += 1) {
      slope += slopes[at] as number;
      curve += curves[at] as number;
      const below = leafOf(slope, curve, bounds);
      const above = leafOf(allSlope - slope, allCurve - curve, bounds);
      const direction = fit.slopes[measure];
      if (direction === 'human' && above < below) continue;
      if (direction === 'machine' && above > below) continue;
      const gain = gainOf(slope, curve, below) + gainOf(allSlope - slope, allCurve - curve, above);
      if (gain > (best?.gain ?? 0)) best = { measure, bin: at, below, above, gain };
    }
  }
  return best;
}

const leafOf = (slope: number, curve: number, { low, high }: Bounds): number =>
  Math.min(high, Math.max(low, -slope / (curve + regularisation)));

const gainOf = (slope: number, curve: number, value: number): number =>
  -(slope * value + ((curve + regularisation) * value * value) / 2);

function edgesOf(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const edges = new Set<number>();
  for (let n = 1; n <= mostEdges; n += 1) {
    const here = sorted[Math.floor((n / (mostEdges + 1)) * sorted.length)] as number;
    if (here > (sorted[0] as number)) edges.add(round(here - 0.001));
  }
  return [...edges];
}

function binOf(edges: readonly number[], value: number): number {
  let bin = 0;
  while (bin < edges.length && value >= (edges[bin] as number)) bin += 1;
  return bin;
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
