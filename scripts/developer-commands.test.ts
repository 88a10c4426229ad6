/** The commands of developers tell how they are used, and refuse a mistake in one line before they do anything. */
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

const root = path.resolve(import.meta.dirname, '..');
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/** Each command as npm knows it, a mistake, and what the answer must say of it. */
const commands: readonly [name: string, mistake: readonly string[], answer: RegExp][] = [
  ['amd:set', ['directory', '--part', 'nonsense'], /'--part <name>' argument 'nonsense'.*train,dev,test/],
  ['amd:train', ['/nonexistent'], /\/nonexistent has no labels\.csv.*npm run amd:set/],
  ['generate', [], /missing required argument 'model'/],
  ['bench', ['--rounds', 'x'], /'--rounds <number>' argument 'x'.*a whole number from 1/],
  ['bench:routing', ['--only', 'Z'], /'--only <phases>' argument 'Z'.*Q,R,S,T,U/],
  ['bench:media', ['--calls', '1,x'], /'--calls <list>' argument '1,x'.*whole numbers from 1/],
  ['bench:amd', ['--gate', 'x'], /'--gate <percent>' argument 'x'.*a number above 0/],
  ['bench:sip', ['--rates', 'x'], /'--rates <list>' argument 'x'.*whole numbers from 1/],
  ['bench:flow', ['/nonexistent.json'], /\/nonexistent\.json cannot be read: ENOENT/],
  ['compatibility', ['--nonsense'], /unknown option '--nonsense'/],
  ['test', ['--nonsense'], /no option --nonsense/],
];

describe('developer commands', () => {
  for (const [name, mistake, answer] of commands) {
    it(`npm run ${name} › shows examples for --help`, () => {
      const { status, stdout, stderr } = run(name, ['--help']);
      assert.deepEqual([status, stderr], [0, '']);
      const examples = [...stdout.matchAll(/^ {2}npm (?:run )?(\S+)/gm)].map(([, example]) => example);
      assert.ok(examples.includes(name), `an example of ${name} in:\n${stdout}`);
    });

    it(`npm run ${name} › refuses ${mistake.join(' ') || 'nothing'} in one line, with exit code 2`, () => {
      const { status, stdout, stderr } = run(name, mistake);
      assert.match(stderr, answer);
      assert.deepEqual([status, stdout, stderr.trimEnd().split('\n').length], [2, '', 1]);
    });
  }
});

/** Runs the program that `npm run` would, without npm; one after the other, for processes are dear. */
function run(name: string, args: readonly string[]): SpawnSyncReturns<string> {
  const [node, ...words] = scripts[name]?.split(' ') ?? [];
  assert.equal(node, 'node');
  return spawnSync(process.execPath, [...words, ...args], { cwd: root, encoding: 'utf8' });
}
