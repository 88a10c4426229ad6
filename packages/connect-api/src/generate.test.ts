// The generator on a small model of its own: what it writes for each kind of shape, and what it refuses.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { groupOf } from '../scripts/operation-group.ts';
import { renderContract } from '../scripts/render-contract.ts';
import { repairPattern } from '../scripts/repair-pattern.ts';
import { parseServiceModel, type ServiceModel, type Shape } from '../scripts/service-model.ts';

const SHAPES: Readonly<Record<string, Shape>> = {
  DialRequest: {
    type: 'structure',
    required: ['LineId', 'Number'],
    members: {
      LineId: { shape: 'LineId', location: 'uri', locationName: 'LineId' },
      Number: { shape: 'Number' },
      Max: { shape: 'Count', location: 'querystring', locationName: 'max' },
      Token: { shape: 'Text', idempotencyToken: true },
      Rule: { shape: 'Rule' },
      Tags: { shape: 'TagMap' },
      At: { shape: 'When' },
    },
  },
  DialResponse: { type: 'structure', members: { Rules: { shape: 'Rules' } } },
  LineId: { type: 'string', min: 1, max: 100 },
  Number: { type: 'string', pattern: '\\\\+[1-9]\\\\d{1,14}$', sensitive: true },
  Count: { type: 'integer', min: 1, max: 10 },
  Text: { type: 'string' },
  When: { type: 'timestamp' },
  Rule: { type: 'structure', members: { And: { shape: 'Rules' }, Kind: { shape: 'Kind' } } },
  Rules: { type: 'list', member: { shape: 'Rule' }, min: 1, max: 5 },
  Kind: { type: 'string', enum: ['ALL', 'ANY'] },
  TagMap: { type: 'map', key: { shape: 'LineId' }, value: { shape: 'Text' }, max: 3 },
  BusyException: {
    type: 'structure',
    members: { Message: { shape: 'Text' } },
    exception: true,
    error: { httpStatusCode: 409 },
  },
};

function model(shapes: Readonly<Record<string, Shape>> = SHAPES, uri = '/lines/{LineId}/dial'): ServiceModel {
  const operation = {
    name: 'Dial',
    http: { method: 'POST', requestUri: uri },
    input: { shape: 'DialRequest' },
    output: { shape: 'DialResponse' },
    errors: [{ shape: 'BusyException' }],
  };
  return { operations: { Dial: operation }, shapes };
}

/** Layout is the formatter's business. */
function squeezed(text: string | undefined): string {
  return (text ?? '').replaceAll(/\s+/g, ' ').replaceAll(/,? ([})\]])/g, ' $1');
}

describe('renderContract', () => {
  test('writes an operation with its locations, types and errors', () => {
    const text = squeezed(renderContract(model(), []).get('operations/lines.ts'));
    assert.match(
      text,
      /const Dial = operation\(\{ name: 'Dial', method: 'POST', path: '\/lines\/\{LineId\}\/dial',/,
    );
    assert.match(
      text,
      /query: \{ Max: 'max' \}, idempotencyToken: 'Token', input: Type\.Object\(\{ LineId: LineId, Number: NumberShape,/,
    );
    assert.match(text, /Max: Type\.Optional\(Count\), Token: Type\.Optional\(Type\.String\(\)\)/);
    assert.match(text, /At: Type\.Optional\(Timestamp\)/);
    assert.match(text, /Rules: Type\.Optional\(Type\.Array\(Rule, \{ minItems: 1, maxItems: 5 \}\)\)/);
    assert.match(text, /errors: \['BusyException'\]/);
    assert.match(
      text,
      /import \{ Count, LineId, NumberShape, Rule, TagMap \} from '\.\.\/shapes\/lines\.ts';/,
    );
  });

  test('writes shapes with their limits, repaired patterns and recursion', () => {
    const text = squeezed(renderContract(model(), []).get('shapes/lines.ts'));
    assert.match(
      text,
      /NumberShape = Type\.String\(\{ pattern: '\^\\\\\+\[1-9\]\\\\d\{1,14\}\$', sensitive: true \}\)/,
    );
    assert.match(text, /Count = int32\(\{ minimum: 1, maximum: 10 \}\)/);
    assert.match(text, /Kind = Type\.Enum\(\['ALL', 'ANY'\]\)/);
    assert.match(text, /TagMap = mapOf\(LineId, Type\.String\(\), \{ maxProperties: 3 \}\)/);
    assert.match(
      text,
      /Rule = Type\.Cyclic\(\{ Rule: Type\.Object\(\{ And: Type\.Optional\(Type\.Array\(Type\.Ref\('Rule'\)/,
    );
    assert.ok(text.indexOf('Kind =') < text.indexOf('Rule ='), 'defined above its use');
  });

  test('lists errors, and routes that the model leaves out', () => {
    const others = [
      { name: 'Dial', method: 'POST', path: '/lines/{LineId}/dial' },
      { name: 'Hang', method: 'POST', path: '/lines/{LineId}/hang' },
    ];
    const files = renderContract(model(), others);
    assert.match(
      squeezed(files.get('modelled-errors.ts')),
      /BusyException: \{ httpStatus: 409, members: \['Message'\] \}/,
    );
    const routes = files.get('uncontracted-routes.ts') ?? '';
    assert.match(routes, /'Hang POST \/lines\/\{LineId\}\/hang'/);
    assert.doesNotMatch(routes, /Dial/);
  });

  test('writes the same for the same model, whatever its order', () => {
    const reversed = Object.fromEntries(Object.entries(SHAPES).toReversed());
    assert.deepEqual(
      [...renderContract(model(reversed), [])].toSorted(),
      [...renderContract(model(), [])].toSorted(),
    );
  });

  test('refuses what it does not know, naming it', () => {
    const withMember = (member: NonNullable<Shape['members']>[string], shape: Shape): ServiceModel =>
      model(
        { ...SHAPES, Odd: shape, DialRequest: { type: 'structure', members: { Odd: member } } },
        '/lines',
      );
    const text: Shape = { type: 'string' };
    assert.throws(
      () => renderContract(withMember({ shape: 'Odd' }, { type: 'blob' }), []),
      /Odd has type blob/,
    );
    assert.throws(
      () => renderContract(withMember({ shape: 'Odd', location: 'header', locationName: 'x' }, text), []),
      /Dial\.Odd: location header/,
    );
    assert.throws(
      () => renderContract(withMember({ shape: 'Gone' }, text), []),
      /Gone is used but not defined/,
    );
    assert.throws(() => parseServiceModel('{}'), /not a service model/);
  });
});

describe('repairPattern', () => {
  const cases: readonly (readonly [published: string, repaired: string, why: string])[] = [
    ['^[a-z]+$', '^[a-z]+$', 'a sound pattern stays'],
    ['\\\\+[1-9]\\\\d{1,14}$', '^\\+[1-9]\\d{1,14}$', 'doubled backslashes and a forgotten start'],
    ['\\+[1-9]\\d{1,14}$', '^\\+[1-9]\\d{1,14}$', 'a forgotten start'],
    ['\\\\+?[0-9]{1,11}', '^(?:\\+?[0-9]{1,11})$', 'doubled backslashes and no anchor'],
    ['/^(?=.*[a-z])\\S{8,64}$/', '^(?=.*[a-z])\\S{8,64}$', 'delimiters'],
    ['[a-z]{2}(-[a-z]+)', '[a-z]{2}(-[a-z]+)', 'no anchor, but nothing else wrong'],
    ['a$|^b', 'a$|^b', 'alternatives keep their anchors'],
    ['[|(]x$', '^[|(]x$', 'a bar in a class is no alternative'],
    ['(a|b)$', '^(a|b)$', 'a bar in a group neither'],
  ];
  for (const [published, repaired, why] of cases) {
    test(`${published} › ${why}`, () => assert.equal(repairPattern(published), repaired));
  }

  test('refuses what is no regular expression', () => {
    assert.throws(() => repairPattern('['), SyntaxError);
  });
});

describe('groupOf', () => {
  test('joins the paths of one kind of resource', () => {
    assert.equal(groupOf('/contact/outbound-voice'), 'contacts');
    assert.equal(groupOf('/search-contacts'), 'contacts');
    assert.equal(groupOf('/queues-summary/{InstanceId}'), 'queues');
    assert.equal(groupOf('/search-rules'), 'rules');
  });
});

describe('npm run generate', () => {
  const script = fileURLToPath(new URL('../scripts/generate.ts', import.meta.url));
  const run = (...args: string[]) =>
    new Promise<{ readonly code: unknown; readonly stderr: string }>((resolve) => {
      execFile(process.execPath, [script, ...args], (error, _stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stderr }),
      );
    });

  test('refuses a document that lacks what has a contract, and says what', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'ringback-generate-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'model.json');
    writeFileSync(file, JSON.stringify({ operations: {}, shapes: {} }));
    const { code, stderr } = await run(file);
    assert.equal(code, 1);
    assert.match(stderr, /lacks \d+ operations that have a contract here: .*\bStartOutboundVoiceContact\b/);
  });

  test('says which file cannot be read', async () => {
    const { code, stderr } = await run('/nonexistent.json');
    assert.equal(code, 1);
    assert.match(stderr, /^\/nonexistent\.json cannot be read: ENOENT/);
  });
});
