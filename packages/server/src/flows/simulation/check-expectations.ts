/** Compares a simulated run with what its scenario expects, and says in lines what differs. Pure. */
import type { Expectations } from './scenario-file.ts';
import { functionName } from './scenario-world.ts';
import type { SimulatedRun } from './simulate-flow.ts';

/** One expectation that was not met. `lines` show the difference: `-` expected, `+` what happened. */
export interface Unmet {
  readonly expectation: keyof Expectations | 'lambda answers';
  readonly summary: string;
  readonly lines: readonly string[];
}

export function checkExpectations(expected: Expectations, run: SimulatedRun): readonly Unmet[] {
  const path = run.steps.map((step) => step.actionIdentifier);
  const said = run.entries.flatMap((entry) => (entry.kind === 'says' ? [entry.words] : []));
  const begun = run.entries.flatMap((entry) => (entry.kind === 'flow begins' ? [entry.flowName] : []));
  return [
    ...unless(expected.outcome === undefined || expected.outcome === run.outcome.kind, () => ({
      expectation: 'outcome',
      summary: 'the flow ended in another way',
      lines: [`- ${expected.outcome}`, `+ ${run.outcome.kind}`],
    })),
    ...unless(expected.path === undefined || isSame(expected.path, path), () => ({
      expectation: 'path',
      summary: 'other actions ran',
      lines: difference(expected.path ?? [], path),
    })),
    ...inOrder('visits', expected.visits, path, (wanted, visited) => wanted === visited),
    ...inOrder('says', expected.says, said, (wanted, words) => contains(words, wanted)),
    ...(expected.neverSays ?? []).flatMap((unwanted): Unmet[] => {
      const words = said.find((message) => contains(message, unwanted));
      return unless(words === undefined, () => ({
        expectation: 'neverSays',
        summary: `"${unwanted}" was said`,
        lines: [`+ ${words}`],
      }));
    }),
    ...attributeDifferences(expected.attributes ?? {}, run.attributes),
    ...lambdaDifferences(expected.lambdas, run),
    ...unless(expected.queue === undefined || expected.queue === run.queue, () => ({
      expectation: 'queue',
      summary: 'the target queue is another one',
      lines: [`- ${expected.queue}`, `+ ${run.queue ?? '(none)'}`],
    })),
    ...unless(expected.flows === undefined || isSame(expected.flows, begun), () => ({
      expectation: 'flows',
      summary: 'other flows began',
      lines: difference(expected.flows ?? [], begun),
    })),
    ...unless(
      expected.lastsAtMostSeconds === undefined || run.elapsedMs <= 1000 * expected.lastsAtMostSeconds,
      () => ({
        expectation: 'lastsAtMostSeconds',
        summary: 'the flow took longer',
        lines: [`- at most ${expected.lastsAtMostSeconds} s`, `+ ${run.elapsedMs / 1000} s`],
      }),
    ),
  ];
}

/** Capitals do not count: they are not heard. */
function contains(words: string, wanted: string): boolean {
  return words.toLowerCase().includes(wanted.toLowerCase());
}

function unless(isMet: boolean, unmet: () => Unmet): Unmet[] {
  return isMet ? [] : [unmet()];
}

/** Each of `wanted` must match an item that comes after the one before. */
function inOrder(
  expectation: 'visits' | 'says',
  wanted: readonly string[] | undefined,
  happened: readonly string[],
  matches: (wanted: string, item: string) => boolean,
): Unmet[] {
  let at = 0;
  for (const [index, item] of (wanted ?? []).entries()) {
    const found = happened.findIndex((candidate, place) => place >= at && matches(item, candidate));
    if (found >= 0) {
      at = found + 1;
      continue;
    }
    const before = wanted?.[index - 1];
    return [
      {
        expectation,
        summary: before === undefined ? `"${item}" never came` : `"${item}" did not come after "${before}"`,
        lines: [`- ${item}`, ...happened.slice(at).map((other) => `+ ${other}`)],
      },
    ];
  }
  return [];
}

function attributeDifferences(
  expected: Readonly<Record<string, string | null>>,
  actual: Readonly<Record<string, string>>,
): Unmet[] {
  const lines = Object.entries(expected).flatMap(([key, value]) => {
    const is = Object.hasOwn(actual, key) ? (actual[key] ?? null) : null;
    return is === value ? [] : [`- ${key}: ${written(value)}`, `+ ${key}: ${written(is)}`];
  });
  return unless(lines.length === 0, () => ({
    expectation: 'attributes',
    summary: 'attributes differ',
    lines,
  }));
}

const written = (value: string | null): string => (value === null ? '(none)' : JSON.stringify(value));

function lambdaDifferences(expected: readonly string[] | undefined, run: SimulatedRun): Unmet[] {
  if (expected === undefined) return [];
  const called = run.entries.flatMap((entry) => (entry.kind === 'lambda' ? [entry.functionArn] : []));
  // Written as a name where the scenario does so.
  const named = called.map((arn) => (expected.includes(arn) ? arn : functionName(arn)));
  return unless(isSame(expected, named), () => ({
    expectation: 'lambdas',
    summary: 'other functions were called',
    lines: difference(expected, named),
  }));
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

/** Longest lists that are aligned line by line; beyond, the cost is not worth it. */
const longestAligned = 1000;

/** Both lists as one, aligned on what they share (longest common subsequence). */
export function difference(expected: readonly string[], actual: readonly string[]): string[] {
  if (expected.length > longestAligned || actual.length > longestAligned) {
    const at = expected.findIndex((item, index) => item !== actual[index]);
    const place = at < 0 ? expected.length : at;
    return [`  (${place} the same)`, `- ${expected[place] ?? '(end)'}`, `+ ${actual[place] ?? '(end)'}`];
  }
  const width = actual.length + 1;
  const common = new Uint16Array((expected.length + 1) * width);
  for (let i = expected.length - 1; i >= 0; i -= 1) {
    for (let j = actual.length - 1; j >= 0; j -= 1) {
      common[i * width + j] =
        expected[i] === actual[j]
          ? (common[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
    }
  }
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < expected.length || j < actual.length) {
    if (i < expected.length && j < actual.length && expected[i] === actual[j]) {
      lines.push(`  ${expected[i]}`);
      i += 1;
      j += 1;
    } else if (
      i < expected.length &&
      (j >= actual.length || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      lines.push(`- ${expected[i]}`);
      i += 1;
    } else {
      lines.push(`+ ${actual[j]}`);
      j += 1;
    }
  }
  return lines;
}
