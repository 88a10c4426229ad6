// Reads a scenario from outside: every step's members by a table, then the order of the steps by another. All mistakes are
// collected, each with its place.
import { CLIP_NAMES } from './clips.ts';
import type { PhoneScenario, PhoneStep } from './phone-scenario.ts';

/** `path` is where it stands, as in JavaScript: `numbers["+12065550100"][2].forMs`. */
export interface ScenarioMistake {
  readonly path: string;
  readonly problem: string;
}

type StepName = PhoneStep['step'];

/** What is wrong with a value, or undefined. */
type Check = (value: unknown) => string | undefined;

interface Member {
  readonly check: Check;
  readonly isRequired: boolean;
}

const LONGEST_MS = 86_400_000;
const MOST_STEPS = 1_000;
const DEEPEST_REPEAT = 3;

const required = (check: Check): Member => ({ check, isRequired: true });
const optional = (check: Check): Member => ({ check, isRequired: false });

const numberWithin =
  (lowest: number, highest: number, what: string): Check =>
  (value) =>
    typeof value === 'number' && value >= lowest && value <= highest
      ? undefined
      : `must be ${what} from ${lowest} to ${highest}`;

const wholeNumber =
  (lowest: number, highest: number, what: string): Check =>
  (value) =>
    Number.isInteger(value) ? numberWithin(lowest, highest, what)(value) : `must be ${what}`;

const oneOf =
  (words: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value) ? undefined : `must be one of ${words.join(', ')}`;

const milliseconds = wholeNumber(0, LONGEST_MS, 'a whole number of ms');
const millisecondsOrForever: Check = (value) => {
  if (value === 'forever' || milliseconds(value) === undefined) return undefined;
  return `${milliseconds(value)}, or "forever"`;
};
const reasonPhrase: Check = (value) =>
  typeof value === 'string' && /^[\x20-\x7e]{1,100}$/.test(value)
    ? undefined
    : 'must be 1 to 100 printable ASCII characters';
const digits: Check = (value) =>
  typeof value === 'string' && /^[0-9*#A-D,]{1,100}$/.test(value)
    ? undefined
    : 'must be 1 to 100 of 0-9 * # A-D and comma';
/** The members of these are checked on their own, with their own paths. */
const nonEmptyList: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.length <= MOST_STEPS
    ? undefined
    : `must be a list of 1 to ${MOST_STEPS}`;
const frequencies: Check = (value) =>
  Array.isArray(value) &&
  value.length >= 1 &&
  value.length <= 8 &&
  value.every((hz) => typeof hz === 'number' && hz >= 1 && hz < 4_000)
    ? undefined
    : 'must be a list of 1 to 8 frequencies from 1 to 3999 Hz';

const STEP_MEMBERS: Readonly<Record<StepName, Readonly<Record<string, Member>>>> = {
  challenge: {},
  ignore: {},
  ring: { forMs: required(millisecondsOrForever) },
  progress: {
    status: required(wholeNumber(181, 199, 'a provisional status')),
    reason: optional(reasonPhrase),
  },
  earlyMedia: {},
  answer: {},
  reject: { status: required(wholeNumber(300, 699, 'a final status')), reason: optional(reasonPhrase) },
  say: { clip: required(oneOf(CLIP_NAMES)), repeat: optional(oneOf(['once', 'forever'])) },
  tones: { tones: required(nonEmptyList) },
  beep: {},
  awaitPromptEnd: {},
  press: { digits: required(digits), by: optional(oneOf(['rfc4733', 'info', 'inband'])) },
  hangUp: { afterAnswerMs: optional(milliseconds) },
  pause: { forMs: required(milliseconds) },
  repeat: { steps: required(nonEmptyList) },
};

const TONE_MEMBERS: Readonly<Record<string, Member>> = {
  frequenciesHz: required(frequencies),
  forMs: required(milliseconds),
  levelDbm0: optional(numberWithin(-60, 0, 'a level in dBm0')),
};

const STEP_NAMES = Object.keys(STEP_MEMBERS);

/**
 * How far a call has come, and what each step makes of it. A step without an entry for the present phase has no place there.
 *
 *   start ──▶ ringing ──▶ early ──▶ answered ──▶ over
 */
type Phase = 'start' | 'ringing' | 'early' | 'answered' | 'over';

const BEFORE_ANSWER = { start: 'ringing', ringing: 'ringing', early: 'early' } as const;
const ENDS_UNANSWERED = { start: 'over', ringing: 'over', early: 'over' } as const;
const WITH_MEDIA = { early: 'early', answered: 'answered' } as const;
const ALWAYS = { start: 'ringing', ringing: 'ringing', early: 'early', answered: 'answered' } as const;

const NEXT_PHASE: Readonly<Record<StepName, Partial<Record<Phase, Phase>>>> = {
  challenge: { start: 'ringing' },
  ignore: { start: 'over' },
  ring: BEFORE_ANSWER,
  progress: BEFORE_ANSWER,
  earlyMedia: { start: 'early', ringing: 'early' },
  answer: { start: 'answered', ringing: 'answered', early: 'answered' },
  reject: ENDS_UNANSWERED,
  say: WITH_MEDIA,
  tones: WITH_MEDIA,
  beep: WITH_MEDIA,
  awaitPromptEnd: WITH_MEDIA,
  press: WITH_MEDIA,
  hangUp: { answered: 'over' },
  pause: ALWAYS,
  repeat: ALWAYS,
};

const PHASE_IN_WORDS: Readonly<Record<Phase, string>> = {
  start: 'before anything was sent',
  ringing: 'before media flows',
  early: 'before the answer',
  answered: 'after the answer',
  over: 'after the call is over or a step that never ends',
};

/** Reads one scenario; a result is given only when there are no mistakes. Mistakes are added to `mistakes`. */
export function checkScenario(
  value: unknown,
  path: string,
  mistakes: ScenarioMistake[],
): PhoneScenario | undefined {
  const before = mistakes.length;
  checkSteps(value, path, 0, mistakes);
  if (mistakes.length > before) return undefined;
  const scenario = value as PhoneScenario;
  checkOrder(scenario, path, 'start', mistakes);
  return mistakes.length > before ? undefined : scenario;
}

function checkSteps(value: unknown, path: string, depth: number, mistakes: ScenarioMistake[]): void {
  const problem = nonEmptyList(value);
  if (problem !== undefined) {
    mistakes.push({ path, problem: `${problem} steps` });
    return;
  }
  for (const [index, step] of (value as readonly unknown[]).entries()) {
    checkStep(step, `${path}[${index}]`, depth, mistakes);
  }
}

function checkStep(value: unknown, path: string, depth: number, mistakes: ScenarioMistake[]): void {
  if (!isRecord(value)) {
    mistakes.push({ path, problem: 'must be an object with a member "step"' });
    return;
  }
  const name = value.step;
  if (typeof name !== 'string' || !Object.hasOwn(STEP_MEMBERS, name)) {
    mistakes.push({ path: `${path}.step`, problem: `must be one of ${STEP_NAMES.join(', ')}` });
    return;
  }
  const { step: _, ...members } = value;
  const before = mistakes.length;
  checkMembers(members, STEP_MEMBERS[name as StepName], path, mistakes);
  if (mistakes.length > before) return;
  if (name === 'tones') {
    for (const [index, tone] of (members.tones as readonly unknown[]).entries()) {
      checkMembers(tone, TONE_MEMBERS, `${path}.tones[${index}]`, mistakes);
    }
  }
  if (name === 'repeat') {
    if (depth >= DEEPEST_REPEAT)
      mistakes.push({ path, problem: `is nested deeper than ${DEEPEST_REPEAT} repeats` });
    else checkSteps(members.steps, `${path}.steps`, depth + 1, mistakes);
  }
}

function checkMembers(
  value: unknown,
  members: Readonly<Record<string, Member>>,
  path: string,
  mistakes: ScenarioMistake[],
): void {
  if (!isRecord(value)) {
    mistakes.push({ path, problem: 'must be an object' });
    return;
  }
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(members, name)) {
      const known = Object.keys(members).join(', ') || 'none';
      mistakes.push({ path: `${path}.${name}`, problem: `is not known here; members are: ${known}` });
    }
  }
  for (const [name, { check, isRequired }] of Object.entries(members)) {
    const member = value[name];
    if (member === undefined) {
      if (isRequired) mistakes.push({ path: `${path}.${name}`, problem: 'is missing' });
      continue;
    }
    const problem = check(member);
    if (problem !== undefined) mistakes.push({ path: `${path}.${name}`, problem });
  }
}

/** Follows the call through the steps; the first step without a place is reported, what comes after it means nothing. */
function checkOrder(
  steps: PhoneScenario,
  path: string,
  startsIn: Phase,
  mistakes: ScenarioMistake[],
): Phase | undefined {
  let phase = startsIn;
  for (const [index, step] of steps.entries()) {
    const here = `${path}[${index}]`;
    const next = NEXT_PHASE[step.step][phase];
    if (next === undefined) {
      mistakes.push({ path: here, problem: `"${step.step}" has no place ${PHASE_IN_WORDS[phase]}` });
      return undefined;
    }
    if (step.step === 'repeat') checkRepeat(step.steps, `${here}.steps`, next, mistakes);
    phase = neverEnds(step) ? 'over' : next;
  }
  return phase;
}

/** A repeat goes back to where it began, and takes time on the way round. */
function checkRepeat(steps: PhoneScenario, path: string, phase: Phase, mistakes: ScenarioMistake[]): void {
  const phaseAfter = checkOrder(steps, path, phase, mistakes);
  if (phaseAfter === undefined) return;
  if (phaseAfter === 'over') return;
  if (phaseAfter !== phase) {
    mistakes.push({ path, problem: 'may not answer or begin early media, which is possible only once' });
  } else if (!steps.some(takesTime)) {
    mistakes.push({ path, problem: 'must contain a step that takes time, or it would spin' });
  }
}

function neverEnds(step: PhoneStep): boolean {
  return (
    step.step === 'repeat' ||
    (step.step === 'say' && step.repeat === 'forever') ||
    (step.step === 'ring' && step.forMs === 'forever')
  );
}

function takesTime(step: PhoneStep): boolean {
  switch (step.step) {
    case 'say':
    case 'beep':
    case 'awaitPromptEnd':
    case 'press':
      return true;
    case 'pause':
      return step.forMs > 0;
    case 'ring':
      return step.forMs === 'forever' || step.forMs > 0;
    case 'tones':
      return step.tones.some(({ forMs }) => forMs > 0);
    default:
      return false;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
