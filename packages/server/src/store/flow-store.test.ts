// Flows, modules, versions, prompts and tags against a real PostgreSQL, started once for this file.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ContactFlowId, type InstanceId, newId, type PromptId } from '../ids.ts';
import { sampleTimeMs } from '../test-support/sample-contact.ts';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.ts';
import { type FlowStore, openFlowStore, type StoredFlow } from './flow-store.ts';
import { openPromptStore, type StoredPrompt } from './prompt-store.ts';
import { ClientTokenTaken, NameTaken, TooMany } from './resource-refusals.ts';
import { openResourceTags } from './resource-tags.ts';

let server: TestDatabase;
let store: FlowStore;
let instanceId: InstanceId;

before(async () => {
  server = await openTestDatabase();
  ({ instanceId } = server);
  store = openFlowStore(server.database);
});
after(() => server.close());

let made = 0;
function sampleFlow(more: Partial<StoredFlow> = {}): StoredFlow {
  made += 1;
  return {
    id: newId<ContactFlowId>(),
    instanceId,
    name: `A flow “with” quotes ${made}`,
    type: 'CONTACT_FLOW',
    description: undefined,
    content: '{"Version":"2019-10-30"}',
    status: 'PUBLISHED',
    state: 'ACTIVE',
    tags: { team: 'blue' },
    createdAtMs: sampleTimeMs,
    updatedAtMs: sampleTimeMs + 1,
    draft: undefined,
    module: undefined,
    ...more,
  };
}

async function kept(more: Partial<StoredFlow> = {}): Promise<StoredFlow> {
  const flow = sampleFlow(more);
  await store.createFlow(flow, 1000);
  return flow;
}

const sampleModule = (more: Partial<StoredFlow> = {}): StoredFlow =>
  sampleFlow({ type: 'MODULE', module: { settings: '{}', isExternallyInvocable: true }, ...more });

const nowMs = sampleTimeMs + 1000;

describe('flow store', () => {
  it('keeps a flow as it was given, and its name once in an instance', async () => {
    const flow = await kept();
    assert.deepEqual(await store.findFlow(instanceId, flow.id, 'flow'), flow);
    assert.equal(
      await store.findFlow(newId<InstanceId>(), flow.id, 'flow'),
      undefined,
      'another instance has it not',
    );
    await assert.rejects(store.createFlow({ ...flow, id: newId<ContactFlowId>() }, 1000), NameTaken);
    const listed = (await store.listFlows(instanceId, 'flow')).find(({ id }) => id === flow.id);
    const { content: _, draft: __, module: ___, ...summary } = flow;
    assert.deepEqual(listed, summary);
  });

  it('tells modules and flows apart, also where they have one name', async () => {
    const module = sampleModule();
    await store.createFlow(module, 1000);
    const flow = await kept({ name: module.name });
    assert.deepEqual(await store.findFlow(instanceId, module.id, 'module'), module);
    assert.equal(await store.findFlow(instanceId, module.id, 'flow'), undefined);
    assert.equal(await store.findFlow(instanceId, flow.id, 'module'), undefined);
    assert.deepEqual(
      (await store.listFlows(instanceId, 'module')).map(({ id }) => id),
      [module.id],
    );
    await assert.rejects(store.createFlow({ ...module, id: newId<ContactFlowId>() }, 1000), NameTaken);
  });

  it('stops at the most of each kind', async () => {
    const flows = (await store.listFlows(instanceId, 'flow')).length;
    await assert.rejects(store.createFlow(sampleFlow(), flows), TooMany);
    await assert.rejects(store.createFlow(sampleModule(), 1), TooMany);
    await store.createFlow(sampleModule(), 2);
  });

  it('knows the request that made a module by its token', async () => {
    const module = sampleModule();
    await store.createFlow(module, 1000, { clientToken: 'token', hash: 'hash' });
    assert.deepEqual(await store.findModuleRequest(instanceId, 'token'), { id: module.id, hash: 'hash' });
    await assert.rejects(
      store.createFlow(sampleModule(), 1000, { clientToken: 'token', hash: 'other' }),
      ClientTokenTaken,
    );
  });

  it('keeps a draft beside what is published, and drops it when something is published', async () => {
    const flow = await kept();
    assert.equal(await store.saveDraft(flow, 'draft', nowMs), true);
    const drafted = await store.findFlow(instanceId, flow.id, 'flow');
    assert.deepEqual(
      [drafted?.content, drafted?.draft, drafted?.updatedAtMs],
      [flow.content, 'draft', nowMs],
    );
    await store.publish(flow, 'published', nowMs);
    const published = await store.findFlow(instanceId, flow.id, 'flow');
    assert.deepEqual([published?.content, published?.draft], ['published', undefined]);
  });

  it('replaces the content of a flow that was never published', async () => {
    const flow = await kept({ status: 'SAVED' });
    await store.saveDraft(flow, 'draft', nowMs);
    const drafted = await store.findFlow(instanceId, flow.id, 'flow');
    assert.deepEqual([drafted?.content, drafted?.draft, drafted?.status], ['draft', undefined, 'SAVED']);
  });

  it('says that what is not there was not changed', async () => {
    const none = { instanceId, id: newId<ContactFlowId>() };
    const elsewhere = { instanceId: newId<InstanceId>(), id: (await kept()).id };
    for (const place of [none, elsewhere]) {
      assert.equal(await store.saveDraft(place, 'x', nowMs), false);
      assert.equal(await store.publish(place, 'x', nowMs), false);
      assert.equal(await store.setModuleSettings(place, '{}', nowMs), false);
      assert.equal(await store.updateFlow(place, { description: 'x' }, nowMs), false);
      assert.equal(
        await store.addVersion(place, { content: 'x', description: undefined }, 9, nowMs),
        undefined,
      );
      assert.equal(await store.deleteVersion(place, 1), false);
      assert.equal(await store.deleteFlow(place), false);
    }
  });

  it('makes a version only of the content that is published', async () => {
    const flow = await kept();
    const version = (content: string) => store.addVersion(flow, { content, description: 'd' }, 2, nowMs);
    assert.equal(await version('another'), undefined);
    assert.equal(await version(flow.content), 1);
    assert.equal(await version(flow.content), 2);
    await assert.rejects(version(flow.content), TooMany);
    await store.deleteVersion(flow, 2);
    assert.equal(await version(flow.content), 3);
    assert.deepEqual(
      (await store.listVersions(flow)).map((each) => each.version),
      [3, 1],
    );
    assert.deepEqual(await store.findVersion(flow, 1), {
      version: 1,
      settings: undefined,
      description: 'd',
      content: flow.content,
      createdAtMs: nowMs,
    });
    await store.deleteFlow(flow);
    assert.deepEqual(await store.listVersions(flow), []);
  });
});

describe('module aliases', () => {
  it('are no more than there may be, also when they are made at once', async () => {
    const flow = await kept({ type: 'MODULE' });
    await store.addVersion(flow, { content: flow.content, description: undefined }, 1, nowMs);
    const most = 3;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) =>
        store.createAlias(
          flow,
          { id: newId<string>(), name: `alias ${n}`, version: 1, description: undefined, updatedAtMs: nowMs },
          most,
        ),
      ),
    );
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    assert.ok(refused.every((reason) => reason instanceof TooMany));
    assert.deepEqual([refused.length, (await store.listAliases(flow)).length], [8 - most, most]);
  });
});

describe('prompt store', () => {
  const sample = (more: Partial<StoredPrompt> = {}): StoredPrompt => ({
    id: newId<PromptId>(),
    instanceId,
    name: 'Welcome',
    description: undefined,
    tags: {},
    mulaw: Buffer.from([1, 2, 3]),
    createdAtMs: sampleTimeMs,
    updatedAtMs: sampleTimeMs,
    ...more,
  });

  it('keeps, changes and deletes', async () => {
    const prompts = openPromptStore(server.database);
    const prompt = sample();
    await prompts.createPrompt(prompt, 1);
    assert.deepEqual(await prompts.findPrompt(instanceId, prompt.id), prompt);
    await assert.rejects(prompts.createPrompt(sample(), 10), NameTaken);
    await assert.rejects(prompts.createPrompt(sample({ name: 'Other' }), 1), TooMany);
    await prompts.updatePrompt(instanceId, prompt.id, { mulaw: Buffer.from([4]) }, nowMs);
    const changed = await prompts.findPrompt(instanceId, prompt.id);
    assert.deepEqual(changed, { ...prompt, mulaw: Buffer.from([4]), updatedAtMs: nowMs });
    const elsewhere = newId<InstanceId>();
    assert.equal(await prompts.updatePrompt(elsewhere, prompt.id, { name: 'x' }, nowMs), false);
    assert.equal(await prompts.deletePrompt(elsewhere, prompt.id), false);
    assert.equal(await prompts.deletePrompt(instanceId, prompt.id), true);
    assert.deepEqual(await prompts.listPrompts(instanceId), []);
  });
});

describe('tags of resources', () => {
  it('changes them up to the most, in the instance and kind that is named', async () => {
    const tags = openResourceTags(server.database);
    const { id } = await kept({ tags: { a: '1' } });
    const flow = { instanceId, kind: 'contact-flow', id } as const;
    assert.equal(await tags.addTags(flow, { a: '2', b: '3' }, 2), 'changed');
    assert.equal(await tags.addTags(flow, { c: '4' }, 2), 'too many');
    assert.deepEqual(await tags.tagsOf(flow), { a: '2', b: '3' });
    assert.equal(await tags.removeTags(flow, ['a', 'z']), true);
    assert.deepEqual(await tags.tagsOf(flow), { b: '3' });
    for (const wrong of [
      { ...flow, kind: 'flow-module' as const },
      { ...flow, kind: 'prompt' as const },
      { ...flow, instanceId: newId<InstanceId>() },
    ]) {
      assert.equal(await tags.tagsOf(wrong), undefined);
      assert.equal(await tags.addTags(wrong, { a: '1' }, 2), 'missing');
      assert.equal(await tags.removeTags(wrong, ['a']), false);
    }
  });
});
