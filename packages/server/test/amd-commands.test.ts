import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { decodeMulaw, writeWav } from '@ringback/media';
import { amdCommand } from '../src/cli/amd.ts';
import { commandInProcess } from './support/command-in-process.ts';
import { sineOf } from './support/sine.ts';

describe('ringback amd', () => {
  let directory: string;
  let speech: Int16Array;
  const amd = (...args: string[]) => commandInProcess(amdCommand, args);
  const place = (name: string): string => path.join(directory, name);

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'ringback-amd-'));
    speech = decodeMulaw(await readFile(new URL('../../media/test/fixtures/speech.ulaw', import.meta.url)));
    await writeFile(
      place('Grüße vom Band, lang.wav'),
      writeWav({ sampleRate: 8_000, channels: [speech, speech] }),
    );
    await writeFile(
      place('silence.wav'),
      writeWav({ sampleRate: 44_100, channels: [new Int16Array(220_500)] }),
    );
    await writeFile(place('cut.wav'), 'RIFF');
    await writeFile(place('none.wav'), writeWav({ sampleRate: 8_000, channels: [new Int16Array(0)] }));
  });
  after(() => rm(directory, { recursive: true }));

  it('evaluate › reads labels as spreadsheets write them: quotes, semicolons, a byte-order mark, Windows line ends', async () => {
    const rows = [
      ['file', 'label', 'kind'],
      ['"Grüße vom Band, lang.wav"', '"Machine"', '"a ""long"" one"'],
      ['silence.wav', 'silence', ''],
    ];
    for (const separator of [',', ';', '\t']) {
      const lines = rows.map((cells) => cells.join(separator)).join('\r\n');
      await writeFile(place('labels.csv'), `\ufeff${lines}\r\n\r\n`);
      const { code, stdout, stderr } = await amd('evaluate', directory, '--json');
      assert.deepEqual([code, stderr], [0, '']);
      const { items, kinds } = JSON.parse(stdout) as { items: number; kinds: { kind: string }[] };
      assert.equal(items, 2);
      assert.deepEqual(
        kinds.map(({ kind }) => kind),
        ['a "long" one', 'unresolved'],
      );
    }
  });

  it('evaluate › names recordings that cannot be heard, and judges the others', async () => {
    await writeFile(
      place('labels.csv'),
      'file,label\ncut.wav,human\nmissing.wav,human\nsilence.wav,silence\nnone.wav,silence\n',
    );
    const { code, stdout, stderr } = await amd('evaluate', directory);
    assert.equal(code, 0);
    assert.match(stdout, /^2 recordings\. 2 more could not be heard/);
    assert.match(stderr, /cut\.wav cannot be heard: .*RIFF/);
    assert.match(stderr, /missing\.wav cannot be heard: it cannot be read \(ENOENT\)/);
    assert.doesNotMatch(stdout, /NaN/);
    const json = JSON.parse((await amd('evaluate', directory, '--json')).stdout) as {
      unusable: { file: string }[];
    };
    assert.deepEqual(
      json.unusable.map(({ file }) => file),
      ['cut.wav', 'missing.wav'],
    );
  });

  it('evaluate › cannot be used on a directory of nothing that can be heard', async () => {
    await writeFile(place('labels.csv'), 'file,label\ncut.wav,human\n');
    const { code, stderr } = await amd('evaluate', directory);
    assert.equal(code, 2);
    assert.match(stderr, /None of the recordings/);
  });

  it('evaluate › finds a beep that ends with the recording', async () => {
    const beep = sineOf(1_000, 0.4);
    const greeting = new Int16Array(speech.length + 2_400 + beep.length);
    greeting.set(speech);
    greeting.set(beep, speech.length + 2_400);
    await writeFile(place('beep.wav'), writeWav({ sampleRate: 8_000, channels: [greeting] }));
    const startMs = (speech.length + 2_400) / 8;
    await writeFile(
      place('labels.csv'),
      `file,label,beepStartMs,beepEndMs\nbeep.wav,machine,${startMs},${startMs + 400}\n`,
    );
    const { stdout } = await amd('evaluate', directory, '--json');
    const { beeps } = JSON.parse(stdout) as { beeps: { found: { count: number }; false: { count: number } } };
    assert.deepEqual([beeps.found.count, beeps.false.count], [1, 0]);
  });

  it('evaluate › takes only files of the directory', async () => {
    for (const file of ['../cut.wav', '/etc/hosts', 'sub\\..\\..\\cut.wav', '']) {
      await writeFile(place('labels.csv'), `file,label\n${file},human\n`);
      const { code, stderr } = await amd('evaluate', directory);
      assert.equal(code, 2);
      assert.match(stderr, /labels\.csv, line 2: .* is no file of the directory/);
    }
  });

  it('evaluate › refuses a document without marks, or none, before it judges', async () => {
    await writeFile(place('labels.csv'), 'file,label\nsilence.wav,silence\n');
    await writeFile(place('page.md'), '# Figures\n');
    const unmarked = await amd('evaluate', directory, '--document', place('page.md'));
    assert.deepEqual([unmarked.code, unmarked.stdout], [2, '']);
    assert.match(unmarked.stderr, /page\.md lacks the marks/);
    const missing = await amd('evaluate', directory, '--document', place('no.md'));
    assert.deepEqual([missing.code, missing.stdout], [1, '']);
    assert.match(missing.stderr, /no\.md cannot be read \(ENOENT\)/);
  });

  it('evaluate › says what of the labels is wrong, and where', async () => {
    const beeps = 'file,label,beepStartMs,beepEndMs';
    for (const [text, complaint] of [
      ['name,label\nsilence.wav,silence\n', /first line must name the columns.*it has "name,label"/],
      ['file,label\n', /labels\.csv has no row below the first line/],
      [
        'file,label\nsilence.wav,silence\nsilence.wav,human\n',
        /line 3: silence\.wav stands in line 2 already/,
      ],
      [`${beeps}\nsilence.wav,machine,500,\n`, /line 2: beepStartMs and beepEndMs are "500" and ""/],
      [`${beeps}\nsilence.wav,machine,500,100\n`, /line 2: beepStartMs and beepEndMs are "500" and "100"/],
      [`${beeps}\nsilence.wav,machine,-9,100\n`, /line 2: beepStartMs and beepEndMs are "-9" and "100"/],
      [`${beeps}\nsilence.wav,machine,x,100\n`, /line 2: beepStartMs and beepEndMs are "x" and "100"/],
    ] as const) {
      await writeFile(place('labels.csv'), text);
      const { code, stdout, stderr } = await amd('evaluate', directory);
      assert.deepEqual([code, stdout], [2, ''], text);
      assert.match(stderr, complaint);
    }
  });

  it('evaluate › takes names of columns in capitals, and a beep by its end', async () => {
    await writeFile(
      place('labels.csv'),
      'File,Label,BeepEndMs\nsilence.wav,Silence,\nnone.wav,machine,900\n',
    );
    const { code, stdout } = await amd('evaluate', directory, '--json');
    assert.equal(code, 0);
    const { beeps } = JSON.parse(stdout) as { beeps: { found: { of: number } } };
    assert.equal(beeps.found.of, 1);
  });

  it('evaluate › says which parts there are where none has the name that was asked for', async () => {
    await writeFile(place('labels.csv'), 'file,label,part\nsilence.wav,silence,dev\nnone.wav,silence,test\n');
    const { code, stderr } = await amd('evaluate', directory, '--part', 'tset');
    assert.equal(code, 2);
    assert.match(stderr, /no row of part "tset": its parts are dev, test\./);
    await writeFile(place('labels.csv'), 'file,label\nsilence.wav,silence\n');
    assert.match((await amd('evaluate', directory, '--part', 'dev')).stderr, /its rows have no part\./);
  });

  it('evaluate › refuses a picture that has no folder before it judges', async () => {
    await writeFile(place('labels.csv'), 'file,label\nsilence.wav,silence\n');
    const { code, stdout, stderr } = await amd('evaluate', directory, '--plot', place('no/such.svg'));
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /such\.svg cannot be written \(ENOENT\)/);
  });

  it('evaluate › keeps its tables whole where a kind has their mark in its name', async () => {
    await writeFile(place('labels.csv'), 'file,label,kind\nsilence.wav,silence,quiet|dead\n');
    assert.match((await amd('evaluate', directory)).stdout, /^\| quiet\\\|dead \| unresolved \|/m);
  });

  it('sends who mixes up recordings and directories to the other command', async () => {
    const evaluated = await amd('evaluate', place('silence.wav'));
    assert.match(
      evaluated.stderr,
      /silence\.wav is no directory; ringback amd explain takes a single recording\./,
    );
    const explained = await amd('explain', directory);
    assert.match(explained.stderr, /it is a directory; ringback amd evaluate takes directories\./);
  });

  it('explain › shows the verdict also where it comes after the recording’s end', async () => {
    await writeFile(
      place('word.wav'),
      writeWav({ sampleRate: 8_000, channels: [speech.subarray(0, 4_000)] }),
    );
    const { code, stdout } = await amd('explain', place('word.wav'), '--out', place('word.svg'));
    assert.equal(code, 0);
    assert.match(stdout, /verdict: /);
    const picture = await readFile(place('word.svg'), 'utf8');
    const width = Number(/viewBox="0 0 (\d+) /.exec(picture)?.[1]);
    const verdictAt = Number(/<text x="([\d.]+)" y="14" fill="#b3261e">verdict/.exec(picture)?.[1]);
    assert.ok(verdictAt + 150 < width, `verdict at ${verdictAt} of ${width}`);
  });

  it('explain › says which file it cannot read or write', async () => {
    const missing = await amd('explain', place('missing.wav'));
    assert.equal(missing.stderr, `${place('missing.wav')} cannot be heard: it cannot be read (ENOENT).`);
    const unwritable = await amd('explain', place('silence.wav'), '--out', place('no/such.svg'));
    assert.equal(unwritable.stderr, `${place('no/such.svg')} cannot be written (ENOENT).`);
  });
});
