/**
 * The small model that tells people from machines by the cadence of what they say: a sum of one step function for each
 * measure, so that every verdict can name what weighed how much. `npm run amd:train` makes the weights.
 */
import type { CadenceMeasures } from './speech-cadence.ts';

export type MeasureName = keyof CadenceMeasures;

/** One measure's share in the sum: `scores[i]` holds below `edges[i]`, the last above all of them. */
export interface MeasureScores {
  readonly measure: MeasureName;
  readonly edges: readonly number[];
  readonly scores: readonly number[];
}

export interface AnswerModel {
  /** Log-odds of a person before anything is known. */
  readonly bias: number;
  readonly measures: readonly MeasureScores[];
}

/** Log-odds that a person answered: 0 is even, +3 is twenty to one. */
export function humanLogOdds(model: AnswerModel, measures: CadenceMeasures): number {
  let sum = model.bias;
  for (const each of model.measures) sum += scoreOf(each, measures[each.measure]);
  return sum;
}

export interface Weighing {
  readonly measure: MeasureName;
  readonly value: number;
  /** What it added to the log-odds: above 0 for a person. */
  readonly logOdds: number;
}

/** What each measure adds, the heaviest first. */
export function weigh(model: AnswerModel, measures: CadenceMeasures): Weighing[] {
  return model.measures
    .map((each) => ({
      measure: each.measure,
      value: measures[each.measure],
      logOdds: scoreOf(each, measures[each.measure]),
    }))
    .sort((a, b) => Math.abs(b.logOdds) - Math.abs(a.logOdds));
}

function scoreOf({ edges, scores }: MeasureScores, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < (edges[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return scores[low] as number;
}
