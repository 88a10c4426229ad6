/** Fits the answer model: boosted steps in one measure at a time, each allowed to push one way only. Deterministic. */
import type { AnswerModel, MeasureName } from '../../src/amd/answer-model.ts';

/** Where a larger value may push. */
export type Slope = 'human' | 'machine';

export interface FitRow {
  /** In the order of the measures' names. */
  readonly values: readonly number[];
  readonly isHuman: boolean;
  readonly weight: number;
}

const rounds = 400;
const learningRate = 0.15;
const mostEdges = 24;
/** Held against weights that rest on few items. */
const regularisation = 20;

export function fitModel(
  names: readonly MeasureName[],
  slopes: ReadonlyMap<MeasureName, Slope>,
  rows: readonly FitRow[],
): AnswerModel {
  const edges = names.map((_, n) => edgesOf(rows.map(({ values }) => values[n] as number)));
  const bins = edges.map((each, n) =>
    Uint8Array.from(rows, ({ values }) => binOf(each, values[n] as number)),
  );
  const scores = edges.map((each) => new Float64Array(each.length + 1));
  const isHuman = rows.filter((row) => row.isHuman).reduce((sum, { weight }) => sum + weight, 0);
  const all = rows.reduce((sum, { weight }) => sum + weight, 0);
  const bias = Math.log(isHuman / (all - isHuman));
  const logOdds = new Float64Array(rows.length).fill(bias);

  for (let round = 0; round < rounds; round += 1) {
    const { slope, curve } = derivatives(rows, logOdds);
    const best = names
      .map((name, n) =>
        bestStep(n, bins[n] as Uint8Array, (edges[n] as number[]).length, slope, curve, slopes.get(name)),
      )
      .reduce((a, b) => (b.gain > a.gain ? b : a));
    if (best.gain <= 0) break;
    const bin = bins[best.measure] as Uint8Array;
    const score = scores[best.measure] as Float64Array;
    for (let at = 0; at < score.length; at += 1)
      score[at] = (score[at] as number) + (at <= best.edge ? best.below : best.above);
    for (let n = 0; n < rows.length; n += 1) {
      logOdds[n] = (logOdds[n] as number) + ((bin[n] as number) <= best.edge ? best.below : best.above);
    }
  }
  return {
    bias: round(bias),
    measures: names.map((measure, n) => merged(measure, edges[n] as number[], scores[n] as Float64Array)),
  };
}

interface Step {
  readonly measure: number;
  readonly edge: number;
  readonly below: number;
  readonly above: number;
  readonly gain: number;
}

/** First and second derivatives of the weighted log-loss. */
function derivatives(
  rows: readonly FitRow[],
  logOdds: Float64Array,
): { slope: Float64Array; curve: Float64Array } {
  const slope = new Float64Array(rows.length);
  const curve = new Float64Array(rows.length);
  for (const [n, { isHuman, weight }] of rows.entries()) {
    const probability = 1 / (1 + Math.exp(-(logOdds[n] as number)));
    slope[n] = weight * (probability - (isHuman ? 1 : 0));
    curve[n] = weight * probability * (1 - probability);
  }
  return { slope, curve };
}

function bestStep(
  measure: number,
  bins: Uint8Array,
  edges: number,
  slope: Float64Array,
  curve: Float64Array,
  allowed: Slope | undefined,
): Step {
  const slopes = new Float64Array(edges + 1);
  const curves = new Float64Array(edges + 1);
  for (let n = 0; n < bins.length; n += 1) {
    const bin = bins[n] as number;
    slopes[bin] = (slopes[bin] as number) + (slope[n] as number);
    curves[bin] = (curves[bin] as number) + (curve[n] as number);
  }
  const allSlope = slopes.reduce((a, b) => a + b, 0);
  const allCurve = curves.reduce((a, b) => a + b, 0);
  let best: Step = { measure, edge: 0, below: 0, above: 0, gain: 0 };
  let belowSlope = 0;
  let belowCurve = 0;
  for (let edge = 0; edge < edges; edge += 1) {
    belowSlope += slopes[edge] as number;
    belowCurve += curves[edge] as number;
    const below = -belowSlope / (belowCurve + regularisation);
    const above = -(allSlope - belowSlope) / (allCurve - belowCurve + regularisation);
    if (allowed === 'human' && above < below) continue;
    if (allowed === 'machine' && above > below) continue;
    const gain =
      belowSlope ** 2 / (belowCurve + regularisation) +
      (allSlope - belowSlope) ** 2 / (allCurve - belowCurve + regularisation);
    if (gain > best.gain)
      best = { measure, edge, below: learningRate * below, above: learningRate * above, gain };
  }
  return best;
}

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

/** Leaves out the edges that change nothing. */
function merged(
  measure: MeasureName,
  edges: readonly number[],
  scores: Float64Array,
): AnswerModel['measures'][number] {
  const keptEdges: number[] = [];
  const kept = [round(scores[0] as number)];
  for (const [n, edge] of edges.entries()) {
    const score = round(scores[n + 1] as number);
    if (score === kept.at(-1)) continue;
    keptEdges.push(edge);
    kept.push(score);
  }
  return { measure, edges: keptEdges, scores: kept };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
