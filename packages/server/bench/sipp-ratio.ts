/** Phase C: SIP calls per CPU second of our user agents, beside those of SIPp's own two scenarios, in the same run. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '@ringback/testkit';
import { endedChildrenSeconds } from './cpu-time.ts';
import type { PhaseResult } from './results.ts';
import { StartedProgram } from './started-program.ts';

const title = 'SIP alone: INVITE, 180, 200, ACK, BYE, 200 over UDP on loopback, both sides counted';
const sipCalls = fileURLToPath(new URL('./sip-calls.ts', import.meta.url));

/** Enough for our own code to be compiled, and for /proc, which counts hundredths of seconds. */
const ownCalls = 20_000;
const parallel = 50;
const sippCalls = 20_000;
/** SIPp grows dearer per call at low rates, so it is asked for a rate that it likes. */
const sippCallsPerSecond = 4_000;
/** As many as ours; without a limit SIPp goes on at its rate on a machine that is too busy for it, and drowns. */
const sippParallel = parallel;
const longestSippMs = 90_000;

export async function measureSippRatio({ directory }: { readonly directory: string }): Promise<PhaseResult> {
  const own = await cpuOf(async () => {
    const program = new StartedProgram({
      program: process.execPath,
      args: [sipCalls, String(ownCalls), String(parallel)],
      logFile: path.join(directory, 'sip-calls.log'),
    });
    return { code: await program.ended, printed: program.printed };
  });
  const ours = {
    name: 'our calls',
    value: ownCalls / own.cpuSeconds,
    unit: 'calls/CPU-s',
    note: 'one process, start-up included',
  };
  const ownCheck = {
    what: `all ${ownCalls} of our calls were completed`,
    ok: own.result.code === 0,
    detail: own.result.printed.trim().slice(-200),
  };
  if (!(await isInstalled('sipp'))) {
    return {
      phase: 'C',
      title,
      figures: [ours],
      checks: [ownCheck],
      skipped: 'sipp is not installed, so there is no ratio; apt-get install sip-tester',
    };
  }
  const sipp = await cpuOf(() => runSipp(directory));
  const theirs = sippCalls / sipp.cpuSeconds;
  return {
    phase: 'C',
    title,
    figures: [
      ours,
      {
        name: "SIPp's calls",
        value: theirs,
        unit: 'calls/CPU-s',
        note: 'two processes, no SDP logic, no dialogs',
      },
      { name: 'ours : SIPp', value: ours.value / theirs, unit: '×' },
    ],
    checks: [
      ownCheck,
      {
        what: `all ${sippCalls} calls of SIPp were completed`,
        ok: sipp.result.caller === 0 && sipp.result.callee === 0,
        detail: `exit codes ${sipp.result.caller} and ${sipp.result.callee}`,
      },
    ],
  };
}

async function runSipp(
  directory: string,
): Promise<{ caller: number | undefined; callee: number | undefined }> {
  const [calleePort, callerPort] = [await freePort(), await freePort()];
  const start = (name: string, args: readonly string[]): StartedProgram =>
    new StartedProgram({
      program: 'sipp',
      args: [...args, '-i', '127.0.0.1', '-m', String(sippCalls), '-nostdin', '-buff_size', '4000000'],
      logFile: path.join(directory, `sipp-${name}.log`),
    });
  const callee = start('callee', ['-sn', 'uas', '-p', String(calleePort)]);
  const caller = start('caller', [
    ...['-sn', 'uac', `127.0.0.1:${calleePort}`, '-p', String(callerPort)],
    ...['-d', '0', '-r', String(sippCallsPerSecond), '-l', String(sippParallel)],
  ]);
  const timer = setTimeout(() => {
    for (const program of [caller, callee]) program.signal('SIGKILL');
  }, longestSippMs);
  const exits = { caller: await caller.ended, callee: await callee.ended };
  clearTimeout(timer);
  return exits;
}

/** CPU of the programs that `work` started and that ended meanwhile. */
async function cpuOf<Result>(work: () => Promise<Result>): Promise<{ result: Result; cpuSeconds: number }> {
  const before = endedChildrenSeconds();
  const result = await work();
  return { result, cpuSeconds: endedChildrenSeconds() - before };
}

async function isInstalled(program: string): Promise<boolean> {
  try {
    await promisify(execFile)('sh', ['-c', `command -v ${program}`]);
    return true;
  } catch {
    // The shell's way of saying no.
    return false;
  }
}
