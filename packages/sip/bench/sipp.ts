// Benchmark `npm run bench:sip`: our UAC beside SIPp's, in turn against the same SIPp UAS, the rate stepped up; then the memory of open
// dialogs and the heap after many calls. Exit code 1 when a gate is missed. Needs SIPp (apt-get install sip-tester) and Linux.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  amountOf,
  countOf,
  countsOf,
  describeStolen,
  developerCommand,
  freePort,
  watchStolenTime,
} from '@ringback/testkit';

interface SippBenchOptions {
  readonly rates: readonly number[];
  readonly best: number;
  readonly seconds: number;
  readonly skipMemory: boolean;
  readonly json: boolean;
}

const values = developerCommand('npm run bench:sip --')
  .description(
    "Measures our SIP caller beside SIPp's against the same SIPp callee, then the memory of dialogs. Needs SIPp and Linux.",
  )
  .option('--rates <list>', 'calls per second of each step', countsOf, [1000, 2000, 3000, 4000, 5000, 6000])
  .option('--best <number>', 'rounds of each step; the best of each side counts', countOf, 5)
  .option('--seconds <number>', 'time of a round, s', amountOf, 3)
  .option('--skip-memory', 'leave the memory of dialogs out', false)
  .option('--json', 'print the results as JSON', false)
  .addHelpText(
    'after',
    `
Exit code 1: a gate is missed.

Examples:
  npm run bench:sip
  npm run bench:sip -- --rates 3000 --best 2 --skip-memory      one rate, quickly`,
  )
  .parse()
  .opts<SippBenchOptions>();
const { rates, best, seconds } = values;

/** The bars: a rate that must be clean, and our calls per CPU second against SIPp's. */
const gate = { rate: 3_000, ratio: 0.4 };
const goal = { rate: 6_000, ratio: 0.5 };
const openDialogLimitBytes = 6 * 1_024;
/** What V8 may keep for itself after 100,000 calls, bytes: 10 for each. */
const heapGrowthLimitBytes = 1_000_000;
/** /proc counts CPU in hundredths of a second. */
const ticksPerSecond = 100;
const longestRunMs = 90_000;
/** As `npm start` runs the service: with room for the young objects of many calls, they die young instead of being copied. */
const serviceOptions = ['--max-semi-space-size=64'];

interface Run {
  readonly isClean: boolean;
  readonly completed: number;
  readonly failed: number;
  readonly retransmissions: number;
  readonly callsPerCpuSecond: number;
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const directory = mkdtempSync(path.join(tmpdir(), 'bench-sip-'));
/** Both callers on one core, the callee on another, where there are two. */
const pinned = spawnSync('sh', ['-c', 'command -v taskset && test "$(nproc)" -ge 2']).status === 0;
const onCore = (core: number, command: string[]): string[] =>
  pinned ? ['taskset', '-c', String(core), ...command] : command;

function start(command: string[], stdout: 'ignore' | 'pipe'): ChildProcess {
  const [program = '', ...args] = command;
  return spawn(program, args, { stdio: ['ignore', stdout, 'ignore'], cwd: directory });
}

/** Runs to its end, or for as long as a run may take. */
async function run(command: string[]): Promise<{ code: number | null; printed: string; cpuSeconds: number }> {
  const before = endedChildrenSeconds();
  const child = start(command, 'pipe');
  let printed = '';
  child.stdout?.on('data', (data) => {
    printed += String(data);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), longestRunMs);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code, printed, cpuSeconds: endedChildrenSeconds() - before };
}

/** CPU seconds of children that have ended and were waited for (proc(5), fields 16 and 17). */
function endedChildrenSeconds(): number {
  const text = readFileSync('/proc/self/stat', 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
}

async function runOurs(uasPort: number, rate: number, calls: number): Promise<Run> {
  const uac = [here('./paced-uac.ts'), String(uasPort), String(rate), String(calls)];
  const command = [process.execPath, ...serviceOptions, ...uac];
  const { printed } = await run(onCore(1, command));
  const none = { completed: 0, failed: calls, retransmissions: 0, faults: 0, cpuSeconds: 1 };
  const result = (printed === '' ? none : JSON.parse(printed)) as typeof none;
  const { completed, failed, retransmissions, faults, cpuSeconds } = result;
  return {
    isClean: completed === calls && failed + retransmissions + faults === 0,
    completed,
    failed,
    retransmissions,
    callsPerCpuSecond: completed / cpuSeconds,
  };
}

async function runSipp(uasPort: number, rate: number, calls: number): Promise<Run> {
  const statistics = path.join(directory, `uac-${rate}-${calls}.csv`);
  rmSync(statistics, { force: true });
  const command = ['sipp', '-sn', 'uac', `127.0.0.1:${uasPort}`, '-i', '127.0.0.1'];
  command.push('-p', String(await freePort()), '-d', '0', '-r', String(rate), '-rp', '1000');
  command.push('-m', String(calls), '-l', '20000', '-nostdin', '-buff_size', '4000000');
  command.push('-timeout', '60', '-trace_stat', '-stf', statistics, '-fd', '1');
  const { cpuSeconds } = await run(onCore(1, command));
  const [names = '', ...rows] = readFileSync(statistics, 'utf8').trim().split('\n');
  const last = (rows.at(-1) ?? '').split(';');
  const figure = (name: string): number => Number(last[names.split(';').indexOf(name)] ?? 0);
  const completed = figure('SuccessfulCall(C)');
  const failed = figure('FailedCall(C)');
  const retransmissions = figure('Retransmissions(C)');
  return {
    isClean: completed === calls && failed + retransmissions === 0,
    completed,
    failed,
    retransmissions,
    callsPerCpuSecond: completed / cpuSeconds,
  };
}

/** A clean run beats an unclean one; among equals the cheaper. */
function better(one: Run | undefined, other: Run): Run {
  if (one === undefined || (other.isClean && !one.isClean)) return other;
  if (one.isClean && !other.isClean) return one;
  return other.callsPerCpuSecond > one.callsPerCpuSecond ? other : one;
}

/** Ours and SIPp's in turn, so that both meet the same machine; a callee of its own for each pair, so that none inherits a backlog. */
async function step(
  rate: number,
): Promise<{ rate: number; ours: Run; sipp: Run; stolen: number | undefined }> {
  const stolen = watchStolenTime();
  // SIPp takes whole calls, and 0 for no end.
  const calls = Math.max(1, Math.round(rate * seconds));
  let ours: Run | undefined;
  let sipp: Run | undefined;
  for (let round = 0; round < best; round++) {
    const uasPort = await freePort();
    const uas = start(
      onCore(0, [
        ...['sipp', '-sn', 'uas', '-i', '127.0.0.1', '-p', String(uasPort)],
        ...['-nostdin', '-buff_size', '4000000'],
      ]),
      'ignore',
    );
    const ended = new Promise((resolve) => uas.once('close', resolve));
    await pause(500);
    sipp = better(sipp, await runSipp(uasPort, rate, calls));
    ours = better(ours, await runOurs(uasPort, rate, calls));
    uas.kill('SIGKILL');
    await ended;
  }
  if (ours === undefined || sipp === undefined) throw new Error('no round was measured');
  return { rate, ours, sipp, stolen: stolen() };
}

async function heap(
  mode: 'open' | 'churn',
  calls: number,
): Promise<{ grownBytes: number; openDialogs: number }> {
  const { printed, code } = await run([
    process.execPath,
    '--expose-gc',
    here('./heap.ts'),
    mode,
    String(calls),
  ]);
  if (code !== 0) throw new Error(`the memory measurement ended with code ${code}`);
  return JSON.parse(printed) as { grownBytes: number; openDialogs: number };
}

if (spawnSync('sh', ['-c', 'command -v sipp']).status !== 0) {
  process.stderr.write('sipp is not installed: apt-get install sip-tester\n');
  process.exit(2);
}
const say = (line: string): void => {
  if (!values.json) process.stdout.write(`${line}\n`);
};
say(
  `load ${loadavg()[0]?.toFixed(1)}, best of ${best}, ${seconds} s a step${pinned ? ', callers on one core' : ''}`,
);
say('rate     ours calls/CPU-s            SIPp calls/CPU-s            ratio load  taken by the host');
const shown = (outcome: Run): string => {
  const note = outcome.isClean ? 'clean' : `${outcome.failed} failed, ${outcome.retransmissions} repeated`;
  return `${Math.round(outcome.callsPerCpuSecond)} ${note}`.padEnd(28);
};
const machine = (stolen: number | undefined): string =>
  `${(loadavg()[0] ?? 0).toFixed(1).padEnd(6)}${describeStolen(stolen)}`;
const steps: Array<Awaited<ReturnType<typeof step>>> = [];
for (const rate of rates) {
  const result = await step(rate);
  steps.push(result);
  const ratio = result.ours.callsPerCpuSecond / result.sipp.callsPerCpuSecond;
  say(
    `${String(rate).padEnd(8)} ${shown(result.ours)}${shown(result.sipp)}${ratio.toFixed(2)}  ${machine(result.stolen)}`,
  );
}
const cleanUpTo = Math.max(0, ...steps.filter(({ ours }) => ours.isClean).map(({ rate }) => rate));
/** At the gate's rate where it was run, else at the highest. */
const judged = steps.find(({ rate }) => rate === gate.rate) ?? steps.at(-1);
const ratio = judged === undefined ? 0 : judged.ours.callsPerCpuSecond / judged.sipp.callsPerCpuSecond;
const checks = [
  {
    what: `clean up to ${cleanUpTo} calls/s (gate ${gate.rate}, goal ${goal.rate})`,
    ok: cleanUpTo >= gate.rate,
  },
  {
    what: `${ratio.toFixed(2)} of SIPp's calls per CPU second at ${judged?.rate}/s (gate ${gate.ratio}, goal ${goal.ratio})`,
    ok: ratio >= gate.ratio,
  },
];
if (!values.skipMemory) {
  const open = await heap('open', 20_000);
  const bytes = Math.round(open.grownBytes / open.openDialogs);
  checks.push({
    what: `${bytes} bytes for each open dialog (gate ${openDialogLimitBytes})`,
    ok: bytes < openDialogLimitBytes,
  });
  const churn = await heap('churn', 100_000);
  checks.push({
    what: `100,000 calls left the heap ${Math.round(churn.grownBytes / 1_024)} KiB from where it began (gate ${heapGrowthLimitBytes / 1_000} kB)`,
    ok: churn.grownBytes < heapGrowthLimitBytes,
  });
}
for (const { what, ok } of checks) say(`${ok ? 'ok    ' : 'MISSED'} ${what}`);
if (values.json) process.stdout.write(`${JSON.stringify({ steps, checks })}\n`);
rmSync(directory, { recursive: true, force: true });
process.exitCode = checks.every(({ ok }) => ok) ? 0 : 1;
