/**
 * The small model that tells people from machines by the cadence of what they say: a sum of shallow decision trees. Each
 * verdict can name what weighed how much. `npm run amd:train` makes the trees.
 */
import type { CadenceMeasures } from './speech-cadence.ts';

export type MeasureName = keyof CadenceMeasures;

/** A leaf: what it adds to the log-odds. */
type Leaf = number;

/** Asks whether a measure lies below `edge`. `mean` is what the tree would say without asking. */
export type Tree = Leaf | readonly [measure: number, edge: number, mean: number, below: Tree, above: Tree];

export interface AnswerModel {
  /** The measures that the trees ask for, by position. */
  readonly measures: readonly MeasureName[];
  /** Log-odds of a person before anything is known. */
  readonly bias: number;
  readonly trees: readonly Tree[];
}

/** Log-odds that a person answered: 0 is even, +3 is twenty to one. Of moments of silence only; while somebody speaks it means little. */
export function humanLogOdds(model: AnswerModel, measures: CadenceMeasures): number {
  let sum = model.bias;
  for (let tree of model.trees) {
    while (typeof tree !== 'number') {
      const [measure, edge, , below, above] = tree;
      tree = measures[model.measures[measure] as MeasureName] < edge ? below : above;
    }
    sum += tree;
  }
  return sum;
}

/**
 * What is known of people who were told by `decideByMs`, and of those who were not: whoever is left later is a machine more
 * often than the same words would say before.
 */
export interface AnswerModels {
  readonly inTime: AnswerModel;
  readonly late: AnswerModel;
}

export interface Weighing {
  readonly measure: MeasureName;
  readonly value: number;
  /** What it added to the log-odds: above 0 for a person. */
  readonly logOdds: number;
}

/** What each measure adds, the heaviest first: each question of a tree moves its mean, and counts for the measure asked. */
export function weigh(model: AnswerModel, measures: CadenceMeasures): Weighing[] {
  const added = model.measures.map(() => 0);
  for (let tree of model.trees) {
    while (typeof tree !== 'number') {
      const [measure, edge, mean, below, above]: readonly [number, number, number, Tree, Tree] = tree;
      const next: Tree = measures[model.measures[measure] as MeasureName] < edge ? below : above;
      added[measure] = (added[measure] as number) + meanOf(next) - mean;
      tree = next;
    }
  }
  return model.measures
    .map((measure, n) => ({ measure, value: measures[measure], logOdds: added[n] as number }))
    .sort((a, b) => Math.abs(b.logOdds) - Math.abs(a.logOdds));
}

const meanOf = (tree: Tree): number => (typeof tree === 'number' ? tree : tree[2]);
