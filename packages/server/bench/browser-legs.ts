/** Phase U: agents' browsers by the dozen, each bridged with a customer, on one media worker. Measured by a program of the media package. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PhaseResult } from './results.ts';

export interface BrowserLegOptions {
  readonly browsers: number;
}

/** What the program prints. */
interface Measured {
  readonly cpuPercent: number;
  readonly cpuPercentPerPair: number;
  readonly tickP99Ms: number;
  readonly lost: number;
  /** Packets that far ends received, of those that the time allows. */
  readonly heardShare: number;
}

const program = fileURLToPath(new URL('../../media/bench/browser-legs.ts', import.meta.url));
const seconds = 10;

export async function measureBrowserLegs({ browsers }: BrowserLegOptions): Promise<PhaseResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    program,
    String(browsers),
    String(seconds),
  ]);
  const measured = JSON.parse(stdout) as Measured;
  return {
    phase: 'U',
    title: `browsers: ${browsers} of them, each bridged with a customer, on one media worker`,
    figures: [
      { name: 'CPU of the worker', value: measured.cpuPercent, unit: '% of a core' },
      { name: '… each browser and customer', value: measured.cpuPercentPerPair, unit: '% of a core' },
      {
        name: 'tick late, p99',
        value: measured.tickP99Ms,
        unit: 'ms',
        note: 'clean < 10',
      },
      { name: 'packets lost', value: measured.lost, unit: '', note: 'clean: none' },
    ],
    checks: [{ what: 'both sides of every pair were heard', ok: measured.heardShare > 0.8 }],
  };
}
