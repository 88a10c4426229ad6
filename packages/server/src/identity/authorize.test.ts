import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sampleInstanceId, sampleTenant } from '../test-support/sample-contact.ts';
import { authorize, type RequestSurroundings } from './authorize.ts';
import { callerOf } from './caller.ts';
import { readPolicy } from './policy.ts';
import { conditionKeys } from './policy-condition.ts';

const surroundings: RequestSurroundings = {
  nowMs: Date.UTC(2026, 10, 25),
  sourceAddress: '192.0.2.7',
  userAgent: 'aws-cli/2',
  transport: 'tls',
};

const instanceArn = `arn:aws:connect:us-east-1:000000000000:instance/${sampleInstanceId}`;

/** What a request offers under each key; every key that policies may name has its line. */
const offered: Readonly<Record<(typeof conditionKeys)[number], string>> = {
  'connect:InstanceId': instanceArn,
  'aws:username': 'crm',
  'aws:userid': 'AKIAEXAMPLE',
  'aws:PrincipalArn': 'arn:aws:iam::000000000000:user/crm',
  'aws:PrincipalAccount': '000000000000',
  'aws:PrincipalServiceName': 'connect-campaigns.amazonaws.com',
  'aws:SourceIp': '192.0.2.7',
  'aws:SecureTransport': 'true',
  'aws:CurrentTime': '2026-11-25T00:00:00.000Z',
  'aws:RequestedRegion': 'us-east-1',
  'aws:UserAgent': 'aws-cli/2',
};

function attempt(
  statement: object | undefined,
  input: Readonly<Record<string, unknown>>,
  operation = 'DescribeInstance',
): void {
  const reading = readPolicy({ Statement: statement ?? [] });
  assert.ok(reading.ok);
  const caller = callerOf({
    ...sampleTenant,
    accessKeyId: 'AKIAEXAMPLE',
    userName: 'crm',
    credentials: 'lasting',
    principal: 'connect-campaigns.amazonaws.com',
    policy: statement ? reading.policy : undefined,
  });
  authorize(caller, 'connect', operation, input, surroundings);
}

describe('authorize', () => {
  const input = { InstanceId: sampleInstanceId };

  it('lets a key without a policy do everything', () => attempt(undefined, input));

  it('asks those who search contacts by attributes whether they may read attributes', () => {
    const allow = (...Action: string[]) => ({ Effect: 'Allow', Action, Resource: `${instanceArn}*` });
    const byAttributes = { ...input, SearchCriteria: { SearchableContactAttributes: { Criteria: [] } } };
    attempt(allow('connect:SearchContacts'), { ...input, SearchCriteria: {} }, 'SearchContacts');
    attempt(allow('connect:SearchContacts', 'connect:GetContactAttributes'), byAttributes, 'SearchContacts');
    assert.throws(() => attempt(allow('connect:SearchContacts'), byAttributes, 'SearchContacts'), {
      name: 'AccessDeniedException',
      message: /perform: connect:GetContactAttributes on resource: .*contact\/\*/,
    });
  });

  for (const key of conditionKeys) {
    it(`offers ${key} to conditions`, () => {
      const allow = (value: string) => ({
        Effect: 'Allow',
        Action: '*',
        Resource: '*',
        Condition: { StringEquals: { [key]: value } },
      });
      attempt(allow(offered[key]), input);
      assert.throws(() => attempt(allow('something else'), input), {
        name: 'AccessDeniedException',
        message:
          'User: arn:aws:iam::000000000000:user/crm is not authorized to perform: connect:DescribeInstance on ' +
          `resource: ${instanceArn} because no identity-based policy allows the connect:DescribeInstance action`,
      });
    });
  }

  it('offers the instance in which a tagged resource lies', () => {
    const deny = {
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { StringEquals: { 'connect:InstanceId': sampleInstanceId } },
    };
    const resourceArn = `${instanceArn.replace(sampleInstanceId, sampleInstanceId.toUpperCase())}/queue/1`;
    assert.throws(() => attempt(deny, { resourceArn }), /with an explicit deny/);
  });

  it('offers no instance where the request names none', () => {
    const allow = {
      Effect: 'Allow',
      Action: '*',
      Resource: '*',
      Condition: { Null: { 'connect:InstanceId': 'true' } },
    };
    attempt(allow, {});
    assert.throws(() => attempt(allow, input), { name: 'AccessDeniedException' });
  });
});
