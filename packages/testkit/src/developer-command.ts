/** Command lines of developers' programs (benchmarks, generators): what they share in reading options and in refusing mistakes. */
import { Command, InvalidArgumentError } from 'commander';

/** How a program that was called wrongly ends; 1 is for what it found wrong itself. */
const calledWrongly = 2;

/** A command line that answers `--help`, and ends the process with 2 and one line where it cannot be read. */
export function developerCommand(name: string): Command {
  return new Command(name).exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : calledWrongly));
}

/** Reads a whole number from 1. */
export function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return count;
}

/** Reads whole numbers from 1, with commas between them. */
export function countsOf(text: string): number[] {
  try {
    return text.split(',').map(countOf);
  } catch {
    throw new InvalidArgumentError('Give whole numbers from 1, with commas between them.');
  }
}

/** Reads a number above 0, which may have a fraction. */
export function amountOf(text: string): number {
  const amount = Number(text);
  if (!Number.isFinite(amount) || amount <= 0) throw new InvalidArgumentError('Give a number above 0.');
  return amount;
}

/** Reads a part of a whole. */
export function shareOf(text: string): number {
  const share = Number(text);
  if (!(share > 0 && share <= 1)) throw new InvalidArgumentError('Give a number above 0 and up to 1.');
  return share;
}

/** Reads names with commas between them, out of those known. */
export function namesAmong<Name extends string>(known: readonly Name[]): (text: string) => Name[] {
  return (text) =>
    text.split(',').map((given) => {
      const name = known.find((one) => one === given);
      if (name === undefined) throw new InvalidArgumentError(`Choose from ${known.join(',')}.`);
      return name;
    });
}
