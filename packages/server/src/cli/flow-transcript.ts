/** A simulated flow in words, line by line: what a person at the terminal reads. */
import type { SimulationEntry } from '../flows/simulation/simulation-entry.ts';
import type { Terminal } from './terminal.ts';

type Entry<Kind extends SimulationEntry['kind']> = Extract<SimulationEntry, { kind: Kind }>;

/** The line of an entry. */
export function describeEntry(entry: SimulationEntry, { style }: Pick<Terminal, 'style'>): string {
  const at = style('dim', timeOf(entry.atMs));
  switch (entry.kind) {
    case 'says':
      return `${at}  ${style('cyan', 'says')}     ${says(entry)}${entry.to === 'agent' ? style('dim', ' (to the agent)') : ''}`;
    case 'presses':
      return `${at}  ${style('green', 'presses')}  ${style('bold', entry.keys)}`;
    case 'silence':
      return `${at}  ${style('dim', `… ${secondsOf(entry.forMs)} of silence`)}`;
    case 'hangs up':
      return `${at}  ${style('green', 'hangs up')}`;
    case 'lambda':
      return `${at}  ${style('magenta', 'lambda')}   ${entry.functionArn} ${JSON.stringify(entry.parameters)}\n${indent}${reply(entry)}`;
    case 'effect':
      return `${at}  ${style('blue', entry.what)}: ${entry.detail}`;
    case 'flow begins':
      return `${at}  ${style('blue', entry.hook)}: ${entry.flowName} begins, for the ${entry.hears}`;
    case 'step':
      return `${at}  ${style('dim', step(entry))}`;
    case 'note':
      return `${at}  ${style('yellow', entry.note.level)}: ${entry.note.message}`;
  }
}

const indent = ' '.repeat(20);

function says({ words, source }: Entry<'says'>): string {
  return source === 'text' || source === 'ssml' ? `“${words}”` : `♪ ${words}`;
}

function reply({ answer }: Entry<'lambda'>): string {
  const after = answer.afterMs > 0 ? ` after ${secondsOf(answer.afterMs)}` : '';
  return answer.kind === 'answer'
    ? `→ ${JSON.stringify(answer.payload)}${after}`
    : `→ fails: ${answer.message}${after}`;
}

/** The action, what came of it, and by which rule the next one was chosen. */
function step({
  step: { flow, actionIdentifier, actionType, result, via, nextAction },
}: Entry<'step'>): string {
  const next = nextAction === undefined ? via : `${via} → ${nextAction}`;
  return `${flow.name} / ${actionIdentifier} (${actionType}): ${result}; ${next}`;
}

/** `0:08.5`: minutes, seconds and tenths. */
function timeOf(ms: number): string {
  const tenths = Math.round(ms / 100);
  const seconds = String(Math.floor(tenths / 10) % 60).padStart(2, '0');
  return `${String(Math.floor(tenths / 600)).padStart(2)}:${seconds}.${tenths % 10}`;
}

function secondsOf(ms: number): string {
  return `${ms / 1000} s`;
}
