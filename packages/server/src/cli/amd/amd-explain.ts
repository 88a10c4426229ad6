/** `ringback amd explain`: one recording as a picture and as a trace: waveform, voice, tones, and when what was decided. */
import { type AmdMoment, type AmdSettings, defaultAmdSettings, loadWebRtcVad } from '@ringback/media';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { explainPicture } from './explain-picture.ts';
import { hearTones, judgeAudio, readTelephoneAudio } from './judge-file.ts';
import { settingArgument } from './setting-argument.ts';
import { writeText } from './text-files.ts';

interface ExplainOptions {
  readonly set: Partial<AmdSettings>;
  readonly out?: string;
}

const help = `
Examples:
  ringback amd explain call.wav                    writes call.wav.svg beside it
  ringback amd explain call.wav --out call.svg --set humanLogOdds=3.5`;

export function amdExplainCommand(terminal: Terminal): Command {
  return new Command('explain')
    .description('show why a recording is judged as it is')
    .argument('<file>', 'a WAV file that begins at the answer')
    .option(
      '--set <name=value>',
      'a setting of answeringMachineDetection; may be repeated',
      settingArgument,
      {},
    )
    .option('--out <file>', 'where the SVG picture goes')
    .addHelpText('after', help)
    .action((file: string, options: ExplainOptions) => run(file, options, terminal));
}

async function run(file: string, options: ExplainOptions, terminal: Terminal): Promise<void> {
  const settings: AmdSettings = { ...defaultAmdSettings, ...options.set };
  const vad = await loadWebRtcVad();
  const pcm = readTelephoneAudio(file);
  const moments: AmdMoment[] = [];
  const judged = judgeAudio(pcm, vad, settings, (moment) => moments.push(moment));
  const signals = hearTones(pcm, vad, settings);
  const { verdict, promptEnd } = judged;

  for (const [from, to] of speechOf(moments)) terminal.print(`${at(from)} – ${at(to)}  speech`);
  for (const { signal, foundMs } of signals) {
    const hz = signal.kind === 'beep' ? ` of ${signal.frequenciesHz.map(Math.round).join(' and ')} Hz` : '';
    terminal.print(
      `${at(signal.startMs)} – ${at(signal.endMs)}  ${signal.kind}${hz}, told of at ${at(foundMs)}`,
    );
  }
  terminal.print(`${at(verdict.atMs)}  verdict: ${terminal.style('bold', verdict.answeredBy.kind)}`);
  for (const reason of verdict.reasons) terminal.print(`           ${reason}`);
  if (promptEnd) terminal.print(`${at(promptEnd.atMs)}  the prompt is over (${promptEnd.by})`);

  const out = options.out ?? `${file}.svg`;
  writeText(
    out,
    explainPicture({ pcm, moments, signals, verdict, settings, ...(promptEnd ? { promptEnd } : {}) }),
  );
  terminal.print(`Picture: ${out}`);
}

/** Stretches of speech, ms. */
function speechOf(moments: readonly AmdMoment[]): [number, number][] {
  const stretches: [number, number][] = [];
  for (const { atMs, isSpeech } of moments) {
    if (!isSpeech) continue;
    const last = stretches.at(-1);
    if (last && atMs - last[1] < 200) last[1] = atMs;
    else stretches.push([atMs - 20, atMs]);
  }
  return stretches;
}

const at = (ms: number): string => `${(ms / 1000).toFixed(2).padStart(6)} s`;
