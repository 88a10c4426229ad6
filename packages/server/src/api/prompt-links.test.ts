import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type InstanceId, newId, type PromptId } from '../ids.ts';
import { openPromptLinks } from './prompt-links.ts';

const instanceId = newId<InstanceId>();
const promptId = newId<PromptId>();
const nowMs = Date.UTC(2026, 10, 22);

const parts = (url: string, atMs: number) => {
  const { searchParams } = new URL(url);
  return {
    instanceId,
    promptId,
    expires: searchParams.get('expires') ?? '',
    signature: searchParams.get('signature') ?? '',
    nowMs: atMs,
  };
};

describe('prompt links', () => {
  it('hold for ten minutes', () => {
    const links = openPromptLinks(undefined, () => 'http://127.0.0.1:8642');
    const url = links.urlFor(instanceId, promptId, nowMs);
    assert.match(
      url,
      new RegExp(`^http://127\\.0\\.0\\.1:8642/_ringback/prompts/${instanceId}/${promptId}\\.wav\\?`),
    );
    assert.equal(links.isValid(parts(url, nowMs + 599_000)), true);
    assert.equal(links.isValid(parts(url, nowMs + 600_000)), false);
  });

  it('hold on every node that has the secret, and nowhere else', () => {
    const [first, second, other, own] = ['secret', 'secret', 'another', undefined].map((secret) =>
      openPromptLinks(secret, () => 'http://node'),
    );
    const url = first?.urlFor(instanceId, promptId, nowMs) ?? '';
    assert.equal(second?.isValid(parts(url, nowMs)), true);
    assert.equal(other?.isValid(parts(url, nowMs)), false);
    assert.equal(own?.isValid(parts(url, nowMs)), false);
    assert.equal(first?.isValid({ ...parts(url, nowMs), promptId: newId() }), false);
    assert.equal(first?.isValid({ ...parts(url, nowMs), expires: 'NaN' }), false);
  });
});
