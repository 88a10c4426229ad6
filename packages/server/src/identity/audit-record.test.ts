// What never gets into the audit log: every input member that the service's model marks as sensitive, however deep.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type OperationDefinition, operations } from '@ringback/connect-api';
import { implementedOperations } from '../api/implemented-operations.ts';
import { sampleTenant } from '../test-support/sample-contact.ts';
import { type AuditedCall, auditRecords } from './audit-record.ts';
import { callerOf } from './caller.ts';

const auditRecord = (call: AuditedCall): string => auditRecords([call]).trimEnd();

const caller = callerOf({
  ...sampleTenant,
  accessKeyId: 'AKIA',
  userName: 'u',
  credentials: 'lasting',
  principal: undefined,
  policy: undefined,
});

describe('audit record', () => {
  it('hides every sensitive member of every implemented operation that changes something', () => {
    const shown: string[] = [];
    for (const name of Object.keys(implementedOperations) as (keyof typeof implementedOperations)[]) {
      if (/^(Describe|List|Search|Get)/.test(name)) continue;
      const { input }: OperationDefinition = operations[name];
      for (const [member, schema] of Object.entries(input.properties)) {
        if (isSensitive(schema) && recordOf(name, member).includes('secret')) shown.push(`${name}.${member}`);
      }
    }
    assert.deepEqual(shown, []);
  });

  it('shows the members that are not', () => {
    assert.match(recordOf('CreateUser', 'Username'), /"Username":"secret"/);
    assert.doesNotMatch(recordOf('CreateUser', 'Password'), /secret/);
  });
});

function recordOf(operation: string, member: string): string {
  return auditRecord({
    caller,
    service: 'connect',
    operation,
    atMs: 0,
    requestId: 'r',
    eventId: 'e',
    sourceAddress: '127.0.0.1',
    userAgent: undefined,
    input: { [member]: 'secret' },
    output: undefined,
    refusal: undefined,
  });
}

function isSensitive(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  if ('sensitive' in schema && schema.sensitive === true) return true;
  return Object.values(schema).some(isSensitive);
}
