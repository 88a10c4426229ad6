/** `ringback flow run`: walks a flow in virtual time, with a person at the terminal or a scenario as the caller. */
import path from 'node:path';
import { type FlowType, validateFlow } from '@ringback/flow';
import { Command, InvalidArgumentError } from 'commander';
import { checkExpectations, type Unmet } from '../flows/simulation/check-expectations.ts';
import { readScenario, type Scenario } from '../flows/simulation/scenario-file.ts';
import { functionName, scriptedCaller, worldOf } from '../flows/simulation/scenario-world.ts';
import { type SimulatedRun, simulateFlow } from '../flows/simulation/simulate-flow.ts';
import type { CallerMind } from '../flows/simulation/simulated-caller.ts';
import type { LambdaReply } from '../flows/simulation/simulation-entry.ts';
import { type FlowFile, FlowFileUnusable, flowFinder, readFlowFile, readText } from './flow-files.ts';
import { describeEntry } from './flow-transcript.ts';
import { flowTypeArgument } from './flow-types.ts';
import type { Terminal } from './terminal.ts';

interface RunOptions {
  readonly script?: string;
  readonly type?: FlowType;
  readonly attribute: Readonly<Record<string, string>>;
  readonly lambda: Readonly<Record<string, string>>;
  readonly json: boolean;
}

const help = `
At the terminal:
  ringback flow run welcome.json
      type keys when the flow asks, Enter to say nothing, q to hang up; functions ask for their answer

  ringback flow run welcome.json claims.json 7bd5637b-01fd-4fe3-b1af-9a138606585f=menu.json
      other flows and modules, reached by their name, their file's name or the id in front

  ringback flow run welcome.json --attribute name=Ann --lambda lookup=answer.json
      contact attributes, and a function's answer from a file

From a scenario:
  ringback flow run welcome.json --script wrong-key.yaml
      exits with 1 when something comes otherwise than the scenario expects

  attributes: { name: Ann }
  caller:
    - press: "7"                       # at the first question: a wrong key
    - silence                          # at the second one
    - { press: "1", duringPromptSeconds: 1 }
    - { hangUp: true, hears: goodbye }
  lambdas:
    lookup: { answer: { tier: gold }, afterSeconds: 0.5 }
    audit: { error: out of order }
  hours: { Basic Hours: closed }
  queues: { Sales: { capacity: full } }
  agent: { acceptsAfterSeconds: 20 }   # runs queue, whisper, hold and disconnect flows, too
  expect:
    outcome: disconnected
    visits: [ask, wrong key, ask, thanks]
    says: ["press 1", "Thank you, Ann"]
    attributes: { choice: confirmed }

docs/flows.md lists everything a scenario may hold.

Exit status: 0 when all is as expected, 1 when not, 2 when a file cannot be used.`;

export function flowRunCommand(terminal: Terminal): Command {
  return new Command('run')
    .description('walk a flow without a telephone, in virtual time')
    .argument('[files...]', 'the flow, then flows and modules that it reaches, each as FILE or NAME=FILE')
    .option('--script <file>', 'a scenario, YAML or JSON, instead of a person at the terminal')
    .option('--attribute <name=value>', 'a contact attribute; may be repeated', pairsOf('name=value'), {})
    .option(
      '--lambda <name=file>',
      "a function's answer, a JSON file; may be repeated",
      pairsOf('name=file'),
      {},
    )
    .option('--type <type>', 'ContactFlowType, where the file does not say its own', flowTypeArgument)
    .option('--json', 'print the run as JSON', false)
    .addHelpText('after', help)
    .action(async (files: string[], options: RunOptions) => {
      try {
        await runFlowFile(files, options, terminal);
      } catch (error) {
        if (!(error instanceof Error) || !/Unusable$/.test(error.name)) throw error;
        terminal.complain(error.message);
        terminal.exitWith(2);
      } finally {
        terminal.close();
      }
    });
}

async function runFlowFile(given: readonly string[], options: RunOptions, terminal: Terminal): Promise<void> {
  const scenario = options.script === undefined ? {} : readScenario(options.script, readText(options.script));
  const files = readFiles(given, scenario, options);
  const [main] = files;
  if (!main) {
    throw new FlowFileUnusable(
      'Name the file of a flow: ringback flow run welcome.json, or flow: welcome.json in the scenario.',
    );
  }
  warnOfProblems(main, terminal);

  const isInteractive = options.script === undefined;
  const answers = readAnswers(options.lambda);
  const unanswered = new Set<string>();
  const world = worldOf(
    { ...scenario, attributes: { ...scenario.attributes, ...options.attribute } },
    {
      findFlow: flowFinder(files),
      async lambda(functionArn, parameters) {
        const known = answers.get(functionArn) ?? answers.get(functionName(functionArn));
        if (known) return known;
        if (isInteractive) return askForAnswer(functionArn, parameters, terminal);
        unanswered.add(functionName(functionArn));
        return undefined;
      },
    },
  );
  const run = await simulateFlow({
    flow: main.flow,
    world,
    mind: isInteractive ? personAt(terminal) : scriptedCaller(scenario.caller ?? []),
    startMs: Date.now(),
    ...(scenario.participant === undefined ? {} : { participant: scenario.participant }),
    ...(scenario.hangUpAtSeconds === undefined ? {} : { hangUpAtMs: 1000 * scenario.hangUpAtSeconds }),
    ...(options.json ? {} : { report: (entry) => terminal.print(describeEntry(entry, terminal)) }),
  });
  const unmet = [...missingAnswers(unanswered), ...checkExpectations(scenario.expect ?? {}, run)];
  if (options.json) terminal.print(JSON.stringify(runAsJson(run, unmet), null, 2));
  else printEnd(run, scenario, unmet, terminal);
  if (unmet.length > 0) terminal.exitWith(1);
}

/** The flow first: the scenario's own, or the command line's first file. What others reach by name is none that begins. */
function readFiles(given: readonly string[], scenario: Scenario, options: RunOptions): readonly FlowFile[] {
  const type = options.type ?? scenario.type;
  const beside = (file: string): string => path.resolve(path.dirname(options.script ?? '.'), file);
  const own = scenario.flow === undefined ? given : [beside(scenario.flow), ...given];
  if (own.length === 0) return [];
  return [
    ...own,
    ...Object.entries(scenario.flows ?? {}).map(([name, file]) => `${name}=${beside(file)}`),
  ].map((file) => readFlowFile(file, type));
}

function readAnswers(files: Readonly<Record<string, string>>): ReadonlyMap<string, LambdaReply> {
  return new Map(
    Object.entries(files).map(([name, file]): [string, LambdaReply] => {
      try {
        return [name, { kind: 'answer', payload: JSON.parse(readText(file)), afterMs: 0 }];
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        throw new FlowFileUnusable(`${file} is no JSON: ${error.message}`);
      }
    }),
  );
}

/** A flow that the service would refuse may still be walked; its author should know. */
function warnOfProblems({ file, flow }: FlowFile, terminal: Terminal): void {
  const errors = validateFlow(flow.document, { type: flow.type }).filter(
    ({ severity }) => severity === 'error',
  );
  if (errors.length > 0) {
    terminal.complain(
      `${file} has ${errors.length} error(s) that CreateContactFlow refuses; see ringback flow lint ${file}`,
    );
  }
}

/** A person presses keys when asked. */
function personAt(terminal: Terminal): CallerMind {
  return {
    hear: () => [],
    async answer() {
      for (;;) {
        const line = await terminal.ask(terminal.style('bold', '   keys? '));
        const typed = line?.replaceAll(/\s/gu, '');
        if (typed === undefined || typed === 'q') return { kind: 'hangUp', from: 'prompt end', afterMs: 0 };
        if (typed === '') return { kind: 'silence' };
        if (/^[0-9*#]{1,64}$/u.test(typed))
          return { kind: 'press', keys: typed, from: 'prompt end', afterMs: 0 };
        terminal.print('   Keys are 0-9, * and #; Enter says nothing, q hangs up.');
      }
    },
  };
}

async function askForAnswer(
  functionArn: string,
  parameters: object,
  terminal: Terminal,
): Promise<LambdaReply> {
  terminal.print(`   The flow calls ${functionArn} with ${JSON.stringify(parameters)}`);
  for (;;) {
    const line = await terminal.ask(terminal.style('bold', '   its answer, as JSON (Enter: it fails)? '));
    if (line === undefined || line.trim() === '')
      return { kind: 'error', message: 'failed at the terminal', afterMs: 0 };
    try {
      return { kind: 'answer', payload: JSON.parse(line), afterMs: 0 };
    } catch (error) {
      terminal.print(`   That is no JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** A scenario that forgets a function would test its error branch by accident. */
function missingAnswers(functions: ReadonlySet<string>): Unmet[] {
  if (functions.size === 0) return [];
  return [
    {
      expectation: 'lambda answers',
      summary: 'the scenario does not say what functions answer',
      lines: [...functions].map((name) => `+ lambdas: { ${name}: { answer: {} } }`),
    },
  ];
}

function printEnd(run: SimulatedRun, scenario: Scenario, unmet: readonly Unmet[], terminal: Terminal): void {
  terminal.print(`\nThe flow ended after ${run.elapsedMs / 1000} s: ${describeOutcome(run)}.`);
  const attributes = Object.entries(run.attributes);
  if (attributes.length > 0) {
    terminal.print(
      `Attributes: ${attributes.map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join(', ')}`,
    );
  }
  for (const { expectation, summary, lines } of unmet) {
    terminal.print(`\n${terminal.style('red', '✗')} ${expectation}: ${summary}`);
    for (const line of lines) terminal.print(`    ${coloured(line, terminal)}`);
  }
  const expected = Object.keys(scenario.expect ?? {}).length;
  if (expected > 0 && unmet.length === 0) {
    terminal.print(`${terminal.style('green', '✓')} all as expected`);
  }
}

function coloured(line: string, { style }: Terminal): string {
  if (line.startsWith('- ')) return style('red', line);
  return line.startsWith('+ ') ? style('green', line) : line;
}

function describeOutcome({ outcome }: SimulatedRun): string {
  switch (outcome.kind) {
    case 'disconnected':
      return 'it hung up';
    case 'ended':
      return `it came to its end (${outcome.reason})`;
    case 'queued':
      return 'the contact waits in a queue';
    case 'transferredToAgent':
      return 'the contact goes to the agent';
    case 'transferredToThirdParty':
      return 'the caller talks to the third party';
    case 'aborted':
      return 'the caller hung up';
    case 'moduleEnded':
      return `the module returned ${outcome.result ?? 'without a result'}`;
    case 'stepLimitReached':
      return `it goes round in circles without end, and was stopped at "${outcome.actionIdentifier}"`;
  }
}

function runAsJson(run: SimulatedRun, unmet: readonly Unmet[]): object {
  return {
    outcome: run.outcome,
    elapsedMs: run.elapsedMs,
    path: run.steps.map(({ flow, atMs, ...step }) => ({ flow: flow.name, ...step })),
    entries: run.entries.filter(({ kind }) => kind !== 'step'),
    attributes: run.attributes,
    queue: run.queue,
    logs: run.logs,
    unmet,
  };
}

/** Gathers an option that is given once for each name. */
function pairsOf(form: 'name=value' | 'name=file') {
  return (pair: string, before: Readonly<Record<string, string>>): Record<string, string> => {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new InvalidArgumentError(`Write it as ${form}.`);
    return { ...before, [pair.slice(0, equals)]: pair.slice(equals + 1) };
  };
}
