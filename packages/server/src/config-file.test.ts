// The configuration file: every mistake is named with its line and key, and says what would be right.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import Type from 'typebox';
import { ConfigFile, ConfigFileUnusable, readConfigFile } from './config-file.ts';

describe('config file', () => {
  it('may be empty, or say everything', () => {
    assert.deepEqual(readConfigFile('f.yaml', ''), {});
    assert.deepEqual(readConfigFile('f.yaml', '# nothing yet\n'), {});
    const everything = `
accessKeys:
  - accessKeyId: AKIDEXAMPLE
    secretAccessKey: not-so-secret
    accountId: "123456789012"
    principal: connect-campaigns.amazonaws.com
trunks:
  - {name: carrier, address: "sip.example.com:5080", username: u, password: p, domain: example.com}
countries: [US, GB]
openPrefixes: ["+447"]
quotas: {concurrentActiveCalls: 5, concurrentCampaignActiveCalls: 0}
preview: {allowedFor: everyone}
dialling: {paused: true, maxDialDelayMs: 1000}
sinks:
  - {kind: webhook, name: hook, url: "https://example.com/hook", authorization: Bearer x}
  - {kind: file, name: files, directory: /var/lib/ringback}
speech: {kind: http, url: "http://127.0.0.1:5000", format: piper}
lambda: {endpoint: "http://127.0.0.1:3001", functions: {"arn:aws:lambda:us-east-1:1:function:f": "http://127.0.0.1:1"}}
simulatedCarrier: {scenarioFile: s.yaml, rtpPorts: 30000-30100}
logLevel: debug
`;
    const read = readConfigFile('f.yaml', everything);
    assert.equal(read.trunks?.[0]?.address, 'sip.example.com:5080');
    assert.deepEqual(
      read.sinks?.map(({ kind }) => kind),
      ['webhook', 'file'],
    );
    assert.equal(read.accessKeys?.[0]?.accountId, '123456789012');
  });

  it('may use anchors', () => {
    const read = readConfigFile(
      'f.yaml',
      'sinks:\n  - {kind: webhook, name: a, url: &url "http://a/"}\n  - {kind: webhook, name: b, url: *url}\n',
    );
    assert.deepEqual(
      read.sinks?.map((sink) => sink.kind === 'webhook' && sink.url),
      ['http://a/', 'http://a/'],
    );
  });

  // Text of the file, then the line, key and words of each mistake in it.
  const cases: [what: string, text: string, ...mistakes: string[]][] = [
    ['an unknown key', '# comment\nsinkz: []\n', '2 sinkz unknown key "sinkz"'],
    [
      'a key of the wrong form',
      'caps: { spend: { perDay: 9, pricesPerMinute: { "1": 0.01 } } }\n',
      '1 caps.spend.pricesPerMinute.1 the key "1" must be a prefix such as "+44", in quotes, or "+" for all numbers',
    ],
    [
      'a bucket whose name is none',
      'prompts: { buckets: { Bad_Bucket: /x } }\n',
      '1 prompts.buckets.Bad_Bucket the key "Bad_Bucket" must be a bucket: 2 to 63 small letters, digits, "." and "-"',
    ],
    ['a list instead of a map', 'instances: [{ countries: [GB] }]\n', '1 instances must be object'],
    ['an unknown key further in', 'quotas:\n  nope: 1\n', '2 quotas.nope unknown key "nope"'],
    [
      'a value of the wrong type',
      'quotas:\n  concurrentActiveCalls: many\n',
      '2 quotas.concurrentActiveCalls must be integer',
    ],
    [
      'a value out of range',
      'dialling:\n  paused: false\n  maxDialDelayMs: 999\n',
      '3 dialling.maxDialDelayMs must be >= 1000',
    ],
    [
      'half of the keys of a store',
      'recordings:\n  s3: {bucket: abc, accessKeyId: x}\n',
      '2 recordings.s3 accessKeyId and secretAccessKey go together; write both or neither',
    ],
    [
      'ports that are no range',
      'agents: {ports: 40000-39000}\nsimulatedCarrier: {rtpPorts: 80-90}\n',
      '1 agents.ports write a range such as 40000-40999, from 1024 to 65535',
      '2 simulatedCarrier.rtpPorts write a range such as 40000-40999, from 1024 to 65535',
    ],
    ['a missing key', 'trunks:\n  - name: a\n', '2 trunks.0 must have required properties address'],
    [
      'a word that is none of those there are',
      'preview:\n  allowedFor: nobody\n',
      '2 preview.allowedFor must be "campaigns" or "everyone"',
    ],
    [
      'a kind of sink that there is not',
      'sinks:\n  - name: a\n    kind: kafka\n',
      '3 sinks.0.kind must be "webhook" or "file"',
    ],
    [
      'a mistake in one kind of sink, without a word of the other kind',
      'sinks:\n  - kind: file\n    name: a\n    directory: /x\n  - kind: webhook\n    name: b\n    url: ftp://x\n    extra: 1\n',
      '7 sinks.1.url must be a URL that begins with http:// or https://',
      '8 sinks.1.extra unknown key "extra"',
    ],
    ['something else than a sink', 'sinks: [x]\n', '1 sinks.0 must be object'],
    [
      'several mistakes at once, in their order',
      'sinkz: 1\nquotas:\n  concurrentActiveCalls: -1\ntrunks:\n  - address: a b\n    name: "-"\n',
      '1 sinkz unknown key "sinkz"',
      '3 quotas.concurrentActiveCalls must be >= 0',
      '5 trunks.0.address must be host, host:port or [IPv6]:port, without "sip:"',
      '6 trunks.0.name must be a name of at most 64 letters, digits, ".", "_" and "-" that begins with a letter or digit',
    ],
    [
      'a dozen mistakes',
      Array.from({ length: 12 }, (_, n) => `wrong${n}: 1\n`).join(''),
      ...Array.from({ length: 12 }, (_, n) => `${n + 1} wrong${n} unknown key "wrong${n}"`),
    ],
    [
      'mistakes in many places',
      `trunks:\n${'  - {name: a b, address: x}\n'.repeat(12)}`,
      ...Array.from(
        { length: 12 },
        (_, n) => `${n + 2} trunks.${n}.name must be a name of at most 64 letters`,
      ),
    ],
    [
      'a key with a slash',
      'lambda:\n  functions:\n    a/b~c: ftp://x\n',
      '3 lambda.functions.a/b~c must be a URL that begins with http:// or https://',
    ],
    [
      'a number that YAML reads as one',
      'phoneNumbers: [+12065550100]\n',
      '1 phoneNumbers.0 must be a number in E.164, in quotes, such as "+12065550100"',
    ],
    [
      'a name that is used twice',
      'trunks:\n  - {name: a, address: x}\n  - {name: a, address: y}\n',
      '3 trunks.1.name "a" is used twice',
    ],
    [
      'an access key that stands there twice',
      'accessKeys:\n  - {accessKeyId: AKID, secretAccessKey: 1234567a}\n  - {accessKeyId: AKID, secretAccessKey: 1234567b}\n',
      '3 accessKeys.1.accessKeyId "AKID" is used twice',
    ],
    [
      'a port that there is not',
      'trunks:\n  - {name: a, address: "host:0"}\n  - {name: b, address: "host:65536"}\n',
      '2 trunks.0.address a port is from 1 to 65535',
      '3 trunks.1.address a port is from 1 to 65535',
    ],
    [
      'a country that there is not',
      'countries: [US, UK]\ncaps:\n  countries: {US: {perDay: 1}, ZZ: {perDay: 1}}\n' +
        'instances:\n  a:\n    countries: [XX]\n    caps: {countries: {EN: {perDay: 1}}}\n' +
        'trunks:\n  - {name: a, address: x, countries: [US, QQ]}\n  - {name: b, address: y}\n',
      '1 countries.1 no numbering plan of "UK" is known; write an ISO 3166-1 code, such as GB',
      '3 caps.countries.ZZ no numbering plan of "ZZ"',
      '6 instances.a.countries.0 no numbering plan of "XX"',
      '7 instances.a.caps.countries.EN no numbering plan of "EN"',
      '9 trunks.0.countries.1 no numbering plan of "QQ"',
    ],
    ['a voice over HTTP without a URL', 'speech:\n  kind: http\n', '1 speech kind "http" needs a url'],
    [
      'a key that stands there twice',
      'countries: [US]\ncountries: [GB]\n',
      '2 (document) Map keys must be unique',
    ],
    ['YAML that is none', 'quotas: {a: 1\ncountries: [US]\n', '2 (document) Flow map'],
    [
      'two documents',
      'countries: [US]\n---\ncountries: [GB]\n',
      '2 (document) Source contains multiple documents',
    ],
    ['a list', '- a\n', '1 (document) must be object'],
    ['a text', 'hello\n', '1 (document) must be object'],
    ['an alias without an anchor', 'logLevel: info\ncountries: *nope\n', '2 (document) Unresolved alias'],
    [
      'aliases that would fill the memory',
      `${['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcd'.split('').map((name, n) => `${name}: &${name} [${Array(9).fill(`*${'abc'[n]}`)}]`)].join('\n')}\n`,
      '4 (document) Excessive alias count',
    ],
  ];
  for (const [what, text, ...expected] of cases) {
    it(`names ${what}`, () => {
      const mistakes = mistakesIn(text);
      assert.equal(mistakes.length, expected.length, mistakes.join('\n'));
      for (const [n, start] of expected.entries()) assert.ok(mistakes[n]?.startsWith(start), mistakes[n]);
    });
  }

  it('has words for the form of every text', () => {
    const anyText = Object.keys(Type.Record(Type.String(), Type.String()).patternProperties)[0];
    const wordless: string[] = [];
    const visit = (part: unknown): void => {
      if (typeof part !== 'object' || part === null) return;
      const { pattern, patternProperties, description } = part as {
        readonly pattern?: unknown;
        readonly patternProperties?: object;
        readonly description?: unknown;
      };
      const patterns = [pattern, ...Object.keys(patternProperties ?? {})];
      if (typeof description !== 'string')
        wordless.push(...patterns.filter((one) => typeof one === 'string').filter((one) => one !== anyText));
      for (const inner of Object.values(part)) visit(inner);
    };
    visit(ConfigFile);
    assert.deepEqual(wordless, []);
  });

  it('shows file, line, column and key of each in its message, and no secret', () => {
    const text = 'accessKeys:\n  - accessKeyId: AKID\n    secretAccessKey: s3cret\n';
    assert.throws(
      () => readConfigFile('/etc/ringback.yaml', text),
      (error: Error) => {
        assert.match(error.message, /1 mistake/);
        assert.match(
          error.message,
          /\/etc\/ringback\.yaml:3:5 accessKeys\.0\.secretAccessKey: must not have fewer/,
        );
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      },
    );
  });
});

function mistakesIn(text: string): string[] {
  try {
    readConfigFile('f.yaml', text);
  } catch (error) {
    assert.ok(error instanceof ConfigFileUnusable, String(error));
    return error.mistakes.map(({ line, key, message }) => `${line} ${key || '(document)'} ${message}`);
  }
  return [];
}

describe('docs/configuration.md', () => {
  const document = (name: string) =>
    readFileSync(path.join(import.meta.dirname, '../../../docs', name), 'utf8');
  const text = document('configuration.md');

  it('shows files without mistakes, but for the files that they name', () => {
    const examples = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, example = '']) => example);
    assert.ok(examples.length >= 2);
    for (const example of examples) {
      const mistakes = mistakesIn(example).filter((mistake) => !mistake.includes('ENOENT'));
      assert.deepEqual(mistakes, []);
    }
  });

  it('has every key that the file may have', () => {
    const words = new Set(`${text}${document('amd.md')}`.match(/[\w]+/g));
    assert.deepEqual(
      [...keysOf(ConfigFile)].filter((key) => !words.has(key)),
      [],
    );
  });
});

/** Names of all properties of a schema, and of those within it. */
function* keysOf(schema: unknown): Generator<string> {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'properties') yield* Object.keys(value);
    yield* keysOf(value);
  }
}
