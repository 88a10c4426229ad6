/**
 * Builds the open set for answering machine detection: `npm run amd:set -- DIR`. Needs Debian's speech programs and sox,
 * no network; the same files on every machine that has the same packages (docs/amd.md).
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { developerCommand, namesAmong, shareOf } from '@ringback/testkit';
import { type Item, planPart } from './amd-set/item.ts';
import { type LabelRow, writeLabels } from './amd-set/labels-file.ts';
import { soundItem } from './amd-set/sound-item.ts';
import { helloOf, type Sentence, SpeechBank } from './amd-set/speech-bank.ts';
import { type Part, voices } from './amd-set/voices.ts';

/** Items of each part. */
const partSizes: Readonly<Record<Part, number>> = { train: 6_400, dev: 1_000, test: 1_600 };

const everyPart = ['train', 'dev', 'test'] as const;

interface AmdSetOptions {
  readonly share: number;
  readonly part?: readonly Part[];
  readonly keepSpeech: boolean;
}

const partsOf = namesAmong(everyPart);
const command = developerCommand('npm run amd:set --')
  .description(
    "Builds the open set for answering machine detection. Needs Debian's speech programs and sox (docs/amd.md).",
  )
  .argument('<directory>', 'where its files and labels.csv go')
  .option('--share <number>', 'share of the set, above 0 and up to 1', shareOf, 1)
  .option(
    '--part <name>',
    `part to build: ${everyPart.join(', ')}; may be given again (default: all)`,
    (text: string, before: readonly Part[] = []) => [...before, ...partsOf(text)],
  )
  .option('--keep-speech', 'keep the spoken sentences that the items are made from', false)
  .addHelpText(
    'after',
    `
Examples:
  npm run amd:set -- /tmp/amd                       all parts
  npm run amd:set -- /tmp/amd --part dev            one part; others that are there stay
  npm run amd:set -- /tmp/amd-try --share 0.01      a set to try with`,
  )
  .parse();
const [directory = ''] = command.args;
const { share, part: chosenParts = everyPart, keepSpeech } = command.opts<AmdSetOptions>();

const parts = everyPart.filter((part) => chosenParts.includes(part));
const items = parts.flatMap((part) => planPart(part, Math.round(partSizes[part] * share)));
const speech = join(directory, 'speech');
const bank = new SpeechBank(speech);
await mkdir(directory, { recursive: true });
await bank.render([...sentencesOf(items), ...hellosOf(items)], (done, all) => {
  if (done % 500 === 0 || done === all) tell(`${done} of ${all} sentences spoken`);
});

const babbles = Object.fromEntries(
  await Promise.all(parts.map(async (part) => [part, await babbleOf(part)] as const)),
) as Partial<Record<Part, Float32Array>>;

const rows: LabelRow[] = [];
for (const [n, item] of items.entries()) {
  const sounded = await soundItem(item, bank, babbles[item.part] ?? new Float32Array(1));
  const file = `${item.name}.wav`;
  await writeFile(join(directory, file), wavOf(sounded.bytes, item.line.codec));
  const ms = (value: number | undefined): string => (value === undefined ? '' : String(Math.round(value)));
  const { voice, greeting, background, line } = item;
  rows.push({
    file,
    label: item.label,
    part: item.part,
    fold: item.fold,
    kind: item.kind,
    greetingStartMs: ms(sounded.greetingStartMs),
    greetingEndMs: ms(sounded.greetingEndMs),
    beepStartMs: ms(sounded.beepStartMs),
    beepEndMs: ms(sounded.beepEndMs),
    engine: voice?.engine ?? '',
    voice: voice?.id ?? '',
    greeting: greeting?.id ?? '',
    noise: background?.kind ?? '',
    snrDb: background ? background.snrDb.toFixed(1) : '',
    codec: line.codec,
    gsm: line.gsm === 'gsm' ? 'yes' : '',
    loss: line.loss.toFixed(4),
    speechMs: sounded.speech.map(([start, end]) => `${Math.round(start)}-${Math.round(end)}`).join(' '),
  });
  if ((n + 1) % 500 === 0) tell(`${n + 1} of ${items.length} items`);
}
writeLabels(join(directory, 'labels.csv'), rows);
if (!keepSpeech) await rm(speech, { recursive: true });
tell(`${items.length} items in ${directory}`);

function sentencesOf(planned: readonly Item[]): Sentence[] {
  return planned.flatMap(({ voice, greeting }) =>
    voice && greeting ? greeting.sentences.map((text) => ({ voice, text })) : [],
  );
}

/** What the pace of people is told by. */
function hellosOf(planned: readonly Item[]): Sentence[] {
  return planned.flatMap(({ label, voice }) => {
    const hello = label === 'human' && voice ? helloOf(voice) : undefined;
    return hello ? [hello] : [];
  });
}

/** What people in the background say: greetings of the part's own plain voices. */
async function babbleOf(part: Part): Promise<Float32Array> {
  const spoken = sentencesOf(items.filter((item) => item.part === part && item.label === 'machine'));
  const plain = new Set(voices.filter(({ pitchCents }) => pitchCents === 0).map(({ id }) => id));
  const chosen = spoken.filter(({ voice }) => plain.has(voice.id)).slice(0, 40);
  const clips = await Promise.all(
    (chosen.length > 0 ? chosen : spoken.slice(0, 40)).map((each) => bank.read(each)),
  );
  return Float32Array.from(clips.flatMap((clip) => [...clip]));
}

function wavOf(bytes: Uint8Array, codec: 'PCMU' | 'PCMA'): Uint8Array {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + bytes.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(codec === 'PCMU' ? 7 : 6, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8_000, 24);
  header.writeUInt32LE(8_000, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(bytes.length, 40);
  return Buffer.concat([header, bytes]);
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
