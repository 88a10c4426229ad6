/** What a phase of the benchmark reports, and how it is printed: figures with units, and checks that nothing was skipped. */

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the figure is about, or what it is to be. */
  readonly note?: string;
}

/** A false check makes the whole run fail: its figures mean nothing. */
export interface Check {
  readonly what: string;
  readonly ok: boolean;
  readonly detail?: string;
}

export interface RoundFigures {
  readonly perSecond: number;
  /** CPU of the thread that answers, per request. */
  readonly micros: number;
}

export interface PhaseResult {
  readonly phase: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly checks: readonly Check[];
  /** The rounds that two phases took in turn, to compare each with the other's next. */
  readonly rounds?: readonly RoundFigures[];
  /** Why the phase did not run. */
  readonly skipped?: string;
}

/** The table for people. */
export function describeResults(results: readonly PhaseResult[]): string {
  const nameWidth = Math.max(...results.flatMap(({ figures }) => figures.map(({ name }) => name.length)), 0);
  const lines = results.flatMap(({ phase, title, figures, checks, skipped }) => [
    '',
    `${phase}  ${title}`,
    ...(skipped ? [`   skipped: ${skipped}`] : []),
    ...figures.map(({ name, value, unit, note }) =>
      `   ${name.padEnd(nameWidth)}  ${format(value).padStart(10)} ${unit.padEnd(14)}${note ? ` ${note}` : ''}`.trimEnd(),
    ),
    ...checks.map(({ what, ok, detail }) => `   ${ok ? '✓' : '✗'} ${what}${detail ? `: ${detail}` : ''}`),
  ]);
  return lines.join('\n');
}

function format(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
