/** Interoperation: SIPp's own caller against the simulated carrier as a program of its own, as other SIP software would use it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort, startSipp, untilDefined } from '@ringback/testkit';

/** A line that the carrier prints. */
interface CarrierLine {
  readonly ready?: true;
  readonly sip?: string;
  readonly kind?: string;
  readonly how?: string;
  readonly callId?: string;
}

/** Answers at once. */
const number = '+12065550140';
const carrierProgram = fileURLToPath(new URL('../../simulated-carrier/src/main.ts', import.meta.url));

describe('the simulated carrier alone, called by SIPp', () => {
  let carrier: ChildProcess;
  let address: string;
  const lines: CarrierLine[] = [];

  before(async () => {
    carrier = spawn(process.execPath, [carrierProgram, '--port', '0', '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    assert.ok(carrier.stdout);
    createInterface({ input: carrier.stdout }).on('line', (line) =>
      lines.push(JSON.parse(line) as CarrierLine),
    );
    const ready = await untilDefined(30_000, 'the carrier was not ready', async () =>
      lines.find((line) => line.ready),
    );
    address = ready.sip ?? '';
  });

  beforeEach(() => {
    lines.length = 0;
  });

  after(async () => {
    if (!carrier || carrier.exitCode !== null) return;
    carrier.kill('SIGTERM');
    await once(carrier, 'exit');
  });

  it('takes fifty calls, 25 a second › every one is answered and ends with BYE', async () => {
    await call(50, '-r', '25', '-d', '500');
    await allEnded(50);
  });

  it('takes thirty calls through a network that loses a tenth › none fails', async () => {
    await call(30, '-r', '15', '-d', '1000', '-lost', '10');
    await allEnded(30);
  });

  async function call(calls: number, ...more: readonly string[]): Promise<void> {
    const caller = await startSipp({
      scenario: 'uac',
      port: await freePort(),
      arguments: ['-s', number, '-m', String(calls), ...more, address],
    });
    try {
      await caller.finished;
    } finally {
      await caller.close();
    }
  }

  async function allEnded(calls: number): Promise<void> {
    const ends = await untilDefined(20_000, 'not every phone hung up', async () => {
      const found = lines.filter((line) => line.kind === 'ended');
      return found.length >= calls ? found : undefined;
    });
    assert.deepEqual(new Set(ends.map((line) => line.how)), new Set(['bye']));
    assert.equal(new Set(ends.map((line) => line.callId)).size, calls);
  }
});
