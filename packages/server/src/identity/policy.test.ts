import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type AccessRequest, type Decision, decide, readPolicy } from './policy.ts';
import { matcherOf } from './wildcard.ts';

const instance = 'arn:aws:connect:us-east-1:000000000000:instance/11111111-1111-4111-8111-111111111111';
const other = 'arn:aws:connect:us-east-1:000000000000:instance/22222222-2222-4222-8222-222222222222';

const allow = { Effect: 'Allow', Action: 'connect:*', Resource: '*' };

function outcome(
  statements: object | readonly object[],
  request: Partial<AccessRequest> = {},
): Decision['kind'] {
  const reading = readPolicy({ Version: '2012-10-17', Statement: statements });
  assert.ok(reading.ok, JSON.stringify(reading));
  return decide(reading.policy, {
    action: 'connect:DescribeQueue',
    resources: [[`${instance}/queue/q`]],
    context: new Map([['connect:instanceid', ['11111111-1111-4111-8111-111111111111', instance]]]),
    ...request,
  }).kind;
}

describe('policy', () => {
  const cases: readonly [name: string, statements: object | object[], expected: Decision['kind']][] = [
    ['allows what a statement covers', allow, 'allowed'],
    ['refuses what no statement covers', [], 'no statement allows it'],
    [
      'lets a deny win over an allow, whatever their order',
      [{ ...allow, Effect: 'Deny' }, allow],
      'explicit deny',
    ],
    ['takes the letter case of actions as equal', { ...allow, Action: 'CONNECT:describe*' }, 'allowed'],
    ['matches ? with one character', { ...allow, Action: 'connect:DescribeQueu?' }, 'allowed'],
    [
      'takes a list of actions',
      { ...allow, Action: ['connect:StopContact', 'connect:DescribeQueue'] },
      'allowed',
    ],
    ['keeps to another service out', { ...allow, Action: 's3:*' }, 'no statement allows it'],
    [
      'keeps the letter case of resources apart',
      { ...allow, Resource: instance.toUpperCase().replace(/^ARN/, 'arn') },
      'no statement allows it',
    ],
    ['covers everything below an instance with /*', { ...allow, Resource: `${instance}/*` }, 'allowed'],
    [
      'does not take an instance for what is below it',
      { ...allow, Resource: instance },
      'no statement allows it',
    ],
    [
      'lets NotAction cover all other actions',
      { Effect: 'Allow', NotAction: 'connect:Stop*', Resource: '*' },
      'allowed',
    ],
    [
      'leaves out what NotAction names',
      { Effect: 'Allow', NotAction: 'connect:Describe*', Resource: '*' },
      'no statement allows it',
    ],
    [
      'denies all but what NotResource names',
      [allow, { Effect: 'Deny', Action: '*', NotResource: `${other}/*` }],
      'explicit deny',
    ],
    [
      'spares what NotResource names',
      [allow, { Effect: 'Deny', Action: '*', NotResource: `${instance}/*` }],
      'allowed',
    ],
  ];
  for (const [name, statements, expected] of cases) {
    it(name, () => assert.equal(outcome(statements), expected));
  }

  it('takes a single statement without a list', () => assert.equal(outcome(allow), 'allowed'));

  it('asks for every resource of a request', () => {
    const statements = { ...allow, Resource: `${instance}/queue/*` };
    const both = { resources: [[`${instance}/queue/q`], [`${instance}/agent/a`]] } as const;
    assert.equal(outcome(statements, both), 'no statement allows it');
    assert.equal(
      outcome({ ...allow, Resource: [`${instance}/queue/*`, `${instance}/agent/*`] }, both),
      'allowed',
    );
  });

  it('knows a resource by each of its names, for allowing and for denying', () => {
    const named = { resources: [[`${instance}/contact/*`, instance]] } as const;
    assert.equal(outcome({ ...allow, Resource: instance }, named), 'allowed');
    assert.equal(outcome({ ...allow, Resource: `${instance}/contact/*` }, named), 'allowed');
    assert.equal(outcome([allow, { ...allow, Effect: 'Deny', Resource: instance }], named), 'explicit deny');
  });

  const conditions: readonly [name: string, condition: object, expected: boolean][] = [
    [
      'StringEquals on the id',
      { StringEquals: { 'connect:InstanceId': '11111111-1111-4111-8111-111111111111' } },
      true,
    ],
    ['StringEquals on the ARN', { StringEquals: { 'connect:InstanceId': instance } }, true],
    ['StringEquals on another', { StringEquals: { 'connect:InstanceId': other } }, false],
    ['StringEquals with a list', { StringEquals: { 'connect:InstanceId': [other, instance] } }, true],
    ['a key in other letters', { StringEquals: { 'CONNECT:instanceid': instance } }, true],
    ['StringNotEquals', { StringNotEquals: { 'connect:InstanceId': other } }, true],
    ['StringNotEquals on one of the names', { StringNotEquals: { 'connect:InstanceId': instance } }, false],
    ['StringNotEquals for an absent key', { StringNotEquals: { 'aws:PrincipalServiceName': 'x' } }, true],
    ['StringEquals for an absent key', { StringEquals: { 'aws:PrincipalServiceName': 'x' } }, false],
    [
      'StringEqualsIfExists for an absent key',
      { StringEqualsIfExists: { 'aws:PrincipalServiceName': 'x' } },
      true,
    ],
    ['StringLike', { StringLike: { 'connect:InstanceId': '1111*' } }, true],
    ['StringNotLike', { StringNotLike: { 'connect:InstanceId': '1111*' } }, false],
    ['StringEqualsIgnoreCase', { StringEqualsIgnoreCase: { 'aws:username': 'CRM' } }, true],
    ['ArnLike', { ArnLike: { 'connect:InstanceId': 'arn:aws:connect:*:*:instance/1*' } }, true],
    ['Bool', { Bool: { 'aws:SecureTransport': false } }, true],
    ['Null on an absent key', { Null: { 'aws:PrincipalServiceName': 'true' } }, true],
    ['Null on a present key', { Null: { 'aws:username': 'true' } }, false],
    ['IpAddress in the range', { IpAddress: { 'aws:SourceIp': ['192.0.2.0/24'] } }, true],
    ['IpAddress of a range in IPv6 form', { IpAddress: { 'aws:SourceIp': '2001:db8::/32' } }, false],
    ['NotIpAddress', { NotIpAddress: { 'aws:SourceIp': '192.0.2.7/32' } }, false],
    ['DateLessThan', { DateLessThan: { 'aws:CurrentTime': '2026-12-01T00:00:00Z' } }, true],
    ['DateGreaterThan', { DateGreaterThan: { 'aws:CurrentTime': '2026-12-01T00:00:00Z' } }, false],
    [
      'all of several operators',
      { StringLike: { 'aws:username': 'c*' }, Bool: { 'aws:SecureTransport': 'true' } },
      false,
    ],
  ];
  for (const [name, Condition, holds] of conditions) {
    it(`condition › ${name} ${holds ? 'holds' : 'does not hold'}`, () => {
      const context = new Map([
        ['connect:instanceid', ['11111111-1111-4111-8111-111111111111', instance]],
        ['aws:username', ['crm']],
        ['aws:securetransport', ['false']],
        ['aws:sourceip', ['::ffff:192.0.2.7']],
        ['aws:currenttime', ['2026-11-25T00:00:00.000Z']],
      ]);
      assert.equal(
        outcome({ ...allow, Condition }, { context }),
        holds ? 'allowed' : 'no statement allows it',
      );
    });
  }

  const mistakes: readonly [document: unknown, path: string, message: RegExp][] = [
    [null, '', /object/],
    [[], '', /object/],
    [{}, 'Statement', /missing/],
    [{ Version: '2013', Statement: allow }, 'Version', /2012-10-17/],
    [{ Statement: allow, Statements: [] }, 'Statements', /unknown key/],
    [{ Statement: 'x' }, 'Statement', /object/],
    [{ Statement: [{ ...allow, Effect: 'allow' }] }, 'Statement.0.Effect', /"Allow" or "Deny"/],
    [{ Statement: [allow, { Effect: 'Allow', Resource: '*' }] }, 'Statement.1.Action', /missing/],
    [{ Statement: [{ ...allow, NotAction: '*' }] }, 'Statement.0.NotAction', /exclude/],
    [{ Statement: [{ ...allow, Action: ['connect:*', 7] }] }, 'Statement.0.Action.1', /string/],
    [{ Statement: [{ ...allow, Action: 'StopContact' }] }, 'Statement.0.Action', /connect:/],
    [{ Statement: [{ ...allow, Action: [] }] }, 'Statement.0.Action', /1 to/],
    [{ Statement: [{ ...allow, Resource: 'instance/1' }] }, 'Statement.0.Resource', /ARN/],
    [{ Statement: [{ ...allow, Principal: '*' }] }, 'Statement.0.Principal', /belongs/],
    [{ Statement: [{ ...allow, Actions: '*' }] }, 'Statement.0.Actions', /unknown key/],
    [
      { Statement: [{ ...allow, Resource: 'arn:aws:connect:*:*:\u0024{aws:username}' }] },
      'Statement.0.Resource',
      /variables/,
    ],
    [
      { Statement: [{ ...allow, Condition: { Equals: { 'aws:username': 'x' } } }] },
      'Statement.0.Condition.Equals',
      /operator/,
    ],
    [
      { Statement: [{ ...allow, Condition: { constructor: { 'aws:username': 'x' } } }] },
      'Statement.0.Condition.constructor',
      /operator/,
    ],
    [
      { Statement: [{ ...allow, Condition: { StringLike: { 'aws:nothing': 'x' } } }] },
      'Statement.0.Condition.StringLike.aws:nothing',
      /not known/,
    ],
    [
      { Statement: [{ ...allow, Condition: { StringLike: 'x' } }] },
      'Statement.0.Condition.StringLike',
      /object/,
    ],
    [
      { Statement: [{ ...allow, Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/40' } } }] },
      'Statement.0.Condition.IpAddress.aws:SourceIp',
      /range/,
    ],
    [
      { Statement: [{ ...allow, Condition: { Bool: { 'aws:SecureTransport': 'yes' } } }] },
      'Statement.0.Condition.Bool.aws:SecureTransport',
      /true/,
    ],
  ];
  for (const [document, path, message] of mistakes) {
    it(`mistake › ${path || 'the document'} › ${message.source}`, () => {
      const reading = readPolicy(document);
      assert.ok(!reading.ok);
      const [first] = reading.problems;
      assert.equal(first?.path.join('.'), path);
      assert.match(first?.message ?? '', message);
    });
  }

  it('reads whatever it is given without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        readPolicy(value);
        readPolicy({ Statement: value });
        readPolicy({ Statement: { ...allow, Condition: value } });
      }),
    );
  });
});

describe('wildcard', () => {
  it('agrees with a regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', ':'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (pattern, subject) => {
        const source = pattern.replaceAll('*', '[^]*').replaceAll('?', '[^]');
        assert.equal(matcherOf(pattern, 'kept')(subject), new RegExp(`^${source}$`).test(subject));
      }),
      { numRuns: 2000 },
    );
  });

  it('stays quick on a pattern made to be slow', () => {
    const startedAtMs = performance.now();
    assert.equal(matcherOf(`${'*a'.repeat(500)}b`, 'kept')('a'.repeat(2000)), false);
    assert.ok(performance.now() - startedAtMs < 10_000);
  });
});
