/** Packages as users get them: packed, installed from the tarball into an empty project, and used as plain JavaScript. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

const root = path.resolve(import.meta.dirname, '..');

describe('packed tarball', () => {
  let work: string;
  let project: string;

  before(() => {
    // Packing changes the manifest for a moment, so it is done on a copy: other tests read the original.
    work = mkdtempSync(path.join(tmpdir(), 'ringback-pack-'));
    for (const name of ['sip', 'flow']) {
      const copy = path.join(work, 'packages', name);
      cpSync(path.join(root, 'packages', name), copy, {
        recursive: true,
        filter: (file) => !/\/(node_modules|dist)(\/|$)/.test(file),
      });
    }
    mkdirSync(path.join(work, 'scripts'));
    cpSync(path.join(root, 'scripts', 'prepack.ts'), path.join(work, 'scripts', 'prepack.ts'));
    cpSync(path.join(root, 'tsconfig.json'), path.join(work, 'tsconfig.json'));
    symlinkSync(path.join(root, 'node_modules'), path.join(work, 'node_modules'));
    project = path.join(work, 'project');
    mkdirSync(project);
    writeFileSync(path.join(project, 'package.json'), '{"type":"module"}');
    for (const name of ['sip', 'flow']) {
      run('npm', ['pack', '--silent', '--pack-destination', project], path.join(work, 'packages', name));
    }
    const tarballs = readdirSync(project)
      .filter((file) => file.endsWith('.tgz'))
      .map((file) => `./${file}`);
    run(
      'npm',
      ['install', '--offline', '--no-audit', '--no-fund', '--engine-strict=false', ...tarballs],
      project,
    );
  });

  after(() => rmSync(work, { recursive: true, force: true }));

  it('@ringback/sip › parses a message', () => {
    const script = `import { parseSipUri } from '@ringback/sip';
      console.log(parseSipUri('sip:ada@example.org:5070').host);`;
    assert.equal(runScript(script), 'example.org');
  });

  it('@ringback/flow › tells what is wrong with a flow', () => {
    const script = `import { parseFlow } from '@ringback/flow';
      console.log(parseFlow('{').ok);`;
    assert.equal(runScript(script), 'false');
  });

  it('brings declarations and no TypeScript sources or tests', () => {
    const files = readdirSync(path.join(project, 'node_modules', '@ringback', 'sip', 'dist'));
    assert.ok(files.includes('index.js') && files.includes('index.d.ts'));
    assert.deepEqual(
      files.filter((file) => /\.test\.|fixture/.test(file)),
      [],
    );
  });

  function runScript(script: string): string {
    return run(process.execPath, ['--input-type=module', '--eval', script], project).trim();
  }
});

function run(command: string, args: readonly string[], cwd: string): string {
  // npm puts the repository's own Node first for its scripts; a bare shell would find the host's.
  const env = { ...process.env, PATH: `${path.join(root, 'node_modules', '.bin')}:${process.env.PATH}` };
  return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
