// Which scenario a number has: what a test or a file says goes before the magic numbers, and those before all others.
import { readFileSync } from 'node:fs';
import { checkScenario, type ScenarioMistake } from './check-scenario.ts';
import { ANY_OTHER_NUMBER, MAGIC_NUMBERS } from './magic-numbers.ts';
import type { PhoneScenario } from './phone-scenario.ts';

export interface ScenarioBook {
  /** By E.164 number. */
  readonly numbers: ReadonlyMap<string, PhoneScenario>;
  /** For numbers that are in no book and not magic. */
  readonly otherNumbers: PhoneScenario | undefined;
}

/** Scenarios that cannot be used; `mistakes` names all of them. */
export class ScenarioUnusable extends Error {
  override readonly name = 'ScenarioUnusable';
  readonly mistakes: readonly ScenarioMistake[];
  constructor(source: string, mistakes: readonly ScenarioMistake[]) {
    const list = mistakes.map(({ path, problem }) => `\n  ${path || '(top)'} ${problem}`).join('');
    super(`${source} cannot be used:${list}`);
    this.mistakes = mistakes;
  }
}

/**
 * Reads `{ "numbers": { "+12065550100": [steps] }, "otherNumbers": [steps] }`, both optional.
 *
 * @param source what to call it in an error
 * @throws {ScenarioUnusable}
 */
export function readScenarios(value: unknown, source = 'the scenarios'): ScenarioBook {
  const mistakes: ScenarioMistake[] = [];
  const numbers = new Map<string, PhoneScenario>();
  let otherNumbers: PhoneScenario | undefined;
  if (!isRecord(value)) {
    throw new ScenarioUnusable(source, [{ path: '', problem: 'must be an object with "numbers"' }]);
  }
  for (const [name, member] of Object.entries(value)) {
    if (name === 'otherNumbers') otherNumbers = checkScenario(member, name, mistakes);
    else if (name === 'numbers') readNumbers(member, numbers, mistakes);
    else mistakes.push({ path: name, problem: 'is not known here; members are: numbers, otherNumbers' });
  }
  if (mistakes.length > 0) throw new ScenarioUnusable(source, mistakes);
  return { numbers, otherNumbers };
}

/** @throws {ScenarioUnusable} also for a file that cannot be read or is no JSON */
export function readScenarioFile(path: string): ScenarioBook {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ScenarioUnusable(`scenario file ${path}`, [{ path: '', problem }]);
  }
  return readScenarios(value, `scenario file ${path}`);
}

/** The scenario of a number; earlier books go first. */
export function scenarioFor(number: string, books: readonly ScenarioBook[]): PhoneScenario {
  for (const { numbers } of books) {
    const scenario = numbers.get(number);
    if (scenario !== undefined) return scenario;
  }
  const magic = MAGIC_NUMBERS.get(number);
  if (magic !== undefined) return magic;
  for (const { otherNumbers } of books) if (otherNumbers !== undefined) return otherNumbers;
  return ANY_OTHER_NUMBER;
}

function readNumbers(value: unknown, numbers: Map<string, PhoneScenario>, mistakes: ScenarioMistake[]): void {
  if (!isRecord(value)) {
    mistakes.push({ path: 'numbers', problem: 'must be an object from number to steps' });
    return;
  }
  for (const [number, steps] of Object.entries(value)) {
    const path = `numbers[${JSON.stringify(number)}]`;
    if (!/^\+\d{1,15}$/.test(number)) {
      mistakes.push({ path, problem: 'must be an E.164 number, such as +12065550100' });
    }
    const scenario = checkScenario(steps, path, mistakes);
    if (scenario !== undefined) numbers.set(number, scenario);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
