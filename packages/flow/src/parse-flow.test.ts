// Documents as they come: exports, API strings, and garbage.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { documentOf } from '../test/scripted-host.ts';
import { type ParsedFlow, parseFlow } from './parse-flow.ts';

const END = { Type: 'DisconnectParticipant' };
const MINIMAL = documentOf({ end: END });

function refusal(parsed: ParsedFlow): string {
  return parsed.ok
    ? 'accepted'
    : parsed.problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n');
}

test('parse › takes an object, its text, a byte-order mark and a doubly encoded text', () => {
  const text = JSON.stringify(MINIMAL);
  for (const content of [MINIMAL, text, `\ufeff${text}`, JSON.stringify(text)]) {
    const parsed = parseFlow(content);
    assert.ok(parsed.ok, refusal(parsed));
    assert.equal(parsed.flow.actions.get('end')?.type, 'DisconnectParticipant');
    assert.deepEqual(parsed.flow.actions.get('end')?.parameters, {});
  }
});

test('parse › takes a flow that has a member named Content beside its actions', () => {
  const parsed = parseFlow({ ...MINIMAL, Content: JSON.stringify(MINIMAL) });
  assert.ok(parsed.ok, refusal(parsed));
});

test('parse › reads the type from the metadata, whatever else is there', () => {
  const parsed = parseFlow({
    ...MINIMAL,
    Metadata: {
      type: 'contactFlow',
      ActionMetadata: { end: { parameters: { QueueId: { displayName: 'BasicQueue' } } } },
    },
  });
  assert.ok(parsed.ok);
  assert.equal(parsed.flow.metadataType, 'contactFlow');
});

const REFUSED: readonly (readonly [name: string, content: string | object, message: RegExp])[] = [
  ['broken JSON', '{"Version":', /not JSON/],
  ['nothing', '', /not JSON/],
  ['a list', [], /not a JSON object/],
  ['null', 'null', /not a JSON object/],
  ['the legacy format', { modules: [{ id: 'a' }], start: 'a', version: '1' }, /legacy flow format/],
  ['no actions', { Version: '2019-10-30', StartAction: 'a' }, /missing required property. Path: Actions/],
  [
    'an action that is none',
    { ...MINIMAL, Actions: ['x', null] },
    /Path: Actions\[0\][\s\S]*Path: Actions\[1\]/,
  ],
  ['an action without type', { ...MINIMAL, Actions: [{ Identifier: 'a' }] }, /Path: Actions\[0\]\.Type/],
  [
    'a malformed branch',
    {
      ...MINIMAL,
      Actions: [{ Identifier: 'a', Type: 'Compare', Transitions: { Errors: [{}], Conditions: [3] } }],
    },
    /Errors\[0\][\s\S]*Conditions\[0\]/,
  ],
  [
    'the answer of DescribeContactFlow',
    { ContactFlow: { Id: 'x', Content: JSON.stringify(MINIMAL) } },
    /the flow is the text in ContactFlow\.Content/,
  ],
  ['the request of CreateContactFlow', { Name: 'x', Content: MINIMAL }, /the flow is the text in Content/],
  ['too long a text', `"${'x'.repeat(256_000)}"`, /256002 characters; at most 256000/],
];

for (const [name, content, message] of REFUSED) {
  test(`parse › refuses ${name}`, () => assert.match(refusal(parseFlow(content)), message));
}

test('parse › refuses a document nested too deep, as text and as an object', () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  assert.match(
    refusal(parseFlow(`{"Version":"2019-10-30","StartAction":"a","Actions":[],"Metadata":${deep}}`)),
    /nested/,
  );
  const cyclic: { self?: object } = {};
  cyclic.self = cyclic;
  assert.match(refusal(parseFlow(cyclic)), /nested/);
});

test('parse › refuses ten megabytes at once', () => {
  const began = performance.now();
  assert.match(refusal(parseFlow('x'.repeat(10_000_000))), /at most 256000/);
  assert.ok(performance.now() - began < 10_000);
});

test('parse › an object that throws is refused, not thrown on', () => {
  const hostile = {
    get Version(): string {
      throw new Error('boo');
    },
  };
  assert.match(refusal(parseFlow(hostile)), /cannot be read/);
});

test('parse › identifiers and parameters with names of object members stay plain data', () => {
  const text =
    '{"Version":"2019-10-30","StartAction":"__proto__","Actions":[{"Identifier":"__proto__","Type":"UpdateContactAttributes","Parameters":{"__proto__":{"polluted":"yes"},"Attributes":{"constructor":"x"}},"Transitions":{"NextAction":"__proto__"}}]}';
  const parsed = parseFlow(text);
  assert.ok(parsed.ok);
  assert.equal(({} as { polluted?: string }).polluted, undefined);
  assert.equal(parsed.flow.actions.get('__proto__')?.nextAction, '__proto__');
});

test('parse › never throws', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.object({
          key: fc.constantFrom('Actions', 'Version', 'StartAction', 'Identifier', 'Type', 'Transitions'),
        }),
      ),
      (content) => {
        assert.equal(typeof parseFlow(content).ok, 'boolean');
      },
    ),
    { numRuns: 300 },
  );
});
