// The default flows: the service would take each of them, and each does what its name says.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Flow, parseFlow, validateFlow } from '@ringback/flow';
import { decodeMulaw } from '@ringback/media';
import { defaultFlows } from './default-flows.ts';
import { seedFlows, seedPrompts } from './seed-flows.ts';
import { readScenario } from './simulation/scenario-file.ts';
import { scriptedCaller, worldOf } from './simulation/scenario-world.ts';
import { type SimulatedRun, simulateFlow } from './simulation/simulate-flow.ts';

describe('flows of a new instance', () => {
  for (const { name, type, content } of seedFlows) {
    it(`${name} has no problem as ${type}`, () => {
      const parsed = parseFlow(content);
      assert.ok(parsed.ok);
      assert.deepEqual(validateFlow(parsed.flow, { type }), []);
    });
  }

  it('name only prompts that there are', () => {
    const prompts = new Set(seedPrompts().map(({ name }) => name));
    for (const { content } of seedFlows) {
      for (const [, prompt = ''] of content.matchAll(/"PromptId":"([^"]+)"/g))
        assert.ok(prompts.has(prompt), prompt);
    }
  });
});

describe('default flows', () => {
  it('customer queue › thanks, then plays music, again and again', async () => {
    const run = await simulate('Default customer queue', 'hangUpAtSeconds: 60');
    const said = saidIn(run);
    assert.match(said[0] ?? '', /patience/);
    assert.equal(said[1], 'CustomerQueue.wav');
    assert.deepEqual(said.slice(2, 4), said.slice(0, 2));
    assert.equal(run.outcome.kind, 'aborted');
  });

  it('agent whisper › says the queue to the agent and ends', async () => {
    const run = await simulate('Default agent whisper', 'queue: Sales');
    assert.deepEqual(saidIn(run), ['Sales']);
    assert.equal(run.outcome.kind, 'ended');
  });

  it('customer whisper › beeps and ends', async () => {
    const run = await simulate('Default customer whisper', '');
    assert.deepEqual(saidIn(run), ['Beep.wav']);
    assert.equal(run.outcome.kind, 'ended');
  });

  it('agent hold › says so over and over', async () => {
    const run = await simulate('Default agent hold', 'hangUpAtSeconds: 35');
    assert.ok(saidIn(run).length > 1);
    assert.ok(saidIn(run).every((words) => words === 'You are on hold.'));
  });

  it('outbound › records nothing and ends', async () => {
    const run = await simulate('Default outbound', '');
    assert.equal(run.outcome.kind, 'ended');
    assert.equal(run.elapsedMs, 0);
  });

  const transfers: readonly (readonly [what: string, scenario: string, said: RegExp, outcome: string])[] = [
    ['an open, staffed queue', '', /being transferred/, 'queued'],
    ['a closed queue', 'hours: closed', /closed/, 'disconnected'],
    ['a queue without agents', 'queues: {Sales: {agentsStaffed: 0}}', /Nobody works/, 'disconnected'],
    ['a full queue', 'queues: {Sales: {capacity: full}}', /full/, 'disconnected'],
    ['a queue that is gone', 'queues: {}', /did not succeed/, 'disconnected'],
  ];
  for (const [what, scenario, said, outcome] of transfers) {
    it(`queue transfer › to ${what}`, async () => {
      const run = await simulate('Default queue transfer', `queue: Sales\n${scenario}`);
      assert.match(saidIn(run).at(-1) ?? '', said);
      assert.equal(run.outcome.kind, outcome);
    });
  }

  it('agent transfer › hands over', async () => {
    const run = await simulate('Default agent transfer', '');
    assert.equal(run.outcome.kind, 'transferredToAgent');
  });

  it('the music is heard, does not clip, and ends in silence', () => {
    const music = decodeMulaw(
      seedPrompts().find(({ name }) => name === 'CustomerHold.wav')?.mulaw ?? new Uint8Array(),
    );
    assert.equal(music.length, 16 * 8000);
    const loudest = music.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    assert.ok(loudest > 3000 && loudest < 20_000, String(loudest));
    assert.ok(Math.abs(music.at(-1) ?? 1000) < 50);
  });
});

function simulate(name: string, scenario: string): Promise<SimulatedRun> {
  const found = defaultFlows.find((flow) => flow.name === name);
  assert.ok(found);
  const parsed = parseFlow(found.content);
  assert.ok(parsed.ok);
  const flow: Flow = { document: parsed.flow, id: name, arn: name, name, type: found.type };
  const read = readScenario('scenario.yaml', scenario);
  return simulateFlow({
    flow,
    world: worldOf(read, { findFlow: () => undefined }),
    mind: scriptedCaller([]),
    startMs: 0,
    ...(read.hangUpAtSeconds === undefined ? {} : { hangUpAtMs: 1000 * read.hangUpAtSeconds }),
  });
}

function saidIn(run: SimulatedRun): string[] {
  return run.entries.flatMap((entry) => (entry.kind === 'says' ? [entry.words] : []));
}
