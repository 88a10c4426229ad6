// SIPp (Debian's sip-tester) as one side of a call, by a scenario of steps or by one that it brings along.
import { type ForeignProgram, isPortOpen, startForeignProgram } from './foreign-program.ts';
import { freePort } from './free-port.ts';
import { type SippStep, scenarioXml } from './sipp-scenario.ts';

export interface SippOptions {
  /** Its story for one call, or the name of a scenario that SIPp brings along. */
  readonly scenario: readonly SippStep[] | 'uac' | 'uas';
  /** SIP port that was found free. */
  readonly port: number;
  /** Default udp. TCP is for called ones. */
  readonly transport?: 'udp' | 'tcp';
  /** Calls after which a scenario of steps is done. Default 1. */
  readonly calls?: number;
  /** Files by name for `play`. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** More arguments of the program; the target comes last. */
  readonly arguments?: readonly string[];
}

/** SIPp gives up after this long, s; far more than any scenario takes on a busy machine. */
const patienceSeconds = 60;

/**
 * Starts SIPp and resolves when its SIP port is open. `finished` resolves when every call went as the scenario says; it rejects with
 * SIPp's own complaint and its messages.
 */
export async function startSipp(options: SippOptions): Promise<ForeignProgram> {
  const { scenario, transport = 'udp', calls = 1 } = options;
  const isOwn = typeof scenario !== 'string';
  return startForeignProgram({
    program: '/usr/bin/sipp',
    arguments: [
      ...(isOwn ? ['-sf', 'scenario.xml', '-m', String(calls)] : ['-sn', scenario]),
      ...['-i', '127.0.0.1', '-p', String(options.port), '-t', transport === 'udp' ? 'u1' : 't1'],
      ...['-mi', '127.0.0.1', '-mp', String(await freePort())],
      ...['-timeout', `${patienceSeconds}s`, '-timeout_error', '-nostdin'],
      ...['-trace_err', '-error_file', 'errors.log', '-trace_msg', '-message_file', 'messages.log'],
      ...(options.arguments ?? []),
    ],
    files: { ...options.files, ...(isOwn && { 'scenario.xml': scenarioXml(scenario) }) },
    isReady: () => isPortOpen(transport, options.port),
    logs: ['errors.log', 'messages.log'],
  });
}

/** Calls `target` by that scenario and resolves when every step went as it says; rejects as `finished` does. */
export async function callBySipp(
  scenario: readonly SippStep[],
  target: { readonly port: number },
): Promise<void> {
  const caller = await startSipp({
    scenario,
    port: await freePort(),
    arguments: [`127.0.0.1:${target.port}`],
  });
  try {
    await caller.finished;
  } finally {
    await caller.close();
  }
}
