import assert from 'node:assert/strict';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { VirtualClock } from '@ringback/testkit';
import { sampleTenant } from '../test-support/sample-contact.ts';
import { type AuditLog, openAuditLog } from './audit-log.ts';
import { type AuditedCall, auditRecords } from './audit-record.ts';
import { callerOf } from './caller.ts';

const auditRecord = (call: AuditedCall): string => auditRecords([call]).trimEnd();

const caller = callerOf({
  ...sampleTenant,
  accessKeyId: 'AKIAEXAMPLE',
  userName: 'crm',
  credentials: 'lasting',
  principal: undefined,
  policy: undefined,
});

const call: AuditedCall = {
  caller,
  service: 'connect',
  operation: 'StopContact',
  atMs: Date.UTC(2026, 10, 25, 12, 0, 0, 250),
  requestId: 'r-1',
  eventId: 'e-1',
  sourceAddress: '127.0.0.1',
  userAgent: 'aws-cli/2',
  input: { InstanceId: 'i', ContactId: 'c' },
  output: {},
  refusal: undefined,
};

describe('audit record', () => {
  it('tells each call by its own second, also among others', () => {
    const atMs = [250, 900, 1_000, 999, 61_000].map((ms) => Date.UTC(2026, 10, 25, 12) + ms);
    const lines = auditRecords(atMs.map((ms) => ({ ...call, atMs: ms })));
    assert.deepEqual(
      lines
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).eventTime.slice(14)),
      ['00:00Z', '00:00Z', '00:01Z', '00:00Z', '01:01Z'],
    );
  });

  it('has the members of a CloudTrail record', () => {
    assert.deepEqual(JSON.parse(auditRecord(call)), {
      eventVersion: '1.11',
      userIdentity: {
        type: 'IAMUser',
        principalId: 'AKIAEXAMPLE',
        arn: 'arn:aws:iam::000000000000:user/crm',
        accountId: '000000000000',
        accessKeyId: 'AKIAEXAMPLE',
        userName: 'crm',
      },
      eventTime: '2026-11-25T12:00:00Z',
      eventSource: 'connect.amazonaws.com',
      eventName: 'StopContact',
      awsRegion: 'us-east-1',
      sourceIPAddress: '127.0.0.1',
      userAgent: 'aws-cli/2',
      requestID: 'r-1',
      eventID: 'e-1',
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: '000000000000',
      eventCategory: 'Management',
      requestParameters: { InstanceId: 'i', ContactId: 'c' },
      responseElements: null,
    });
  });

  it('hides what may tell about a person, and nothing else', () => {
    const record = JSON.parse(
      auditRecord({
        ...call,
        input: {
          Name: 'Ada',
          Description: 'd',
          Attributes: { card: '4111' },
          ContactFlowId: 'f',
          QueueId: undefined,
        },
        output: { ContactId: 'c' },
      }),
    );
    const hidden = 'HIDDEN_DUE_TO_SECURITY_REASONS';
    assert.deepEqual(record.requestParameters, {
      Name: hidden,
      Description: hidden,
      Attributes: hidden,
      ContactFlowId: 'f',
    });
    assert.deepEqual(record.responseElements, { ContactId: 'c' });
  });

  it('tells of a refusal, of a session and of a service', () => {
    const record = JSON.parse(
      auditRecord({
        ...call,
        caller: callerOf({
          ...sampleTenant,
          accessKeyId: 'ASIAEXAMPLE',
          userName: 'ci',
          credentials: 'temporary',
          principal: 'connect-campaigns.amazonaws.com',
          policy: undefined,
        }),
        input: undefined,
        output: undefined,
        refusal: { name: 'AccessDeniedException', message: 'no' },
      }),
    );
    assert.equal(record.errorCode, 'AccessDeniedException');
    assert.equal(record.errorMessage, 'no');
    assert.equal(record.requestParameters, null);
    assert.equal(record.userIdentity.type, 'FederatedUser');
    assert.equal(record.userIdentity.arn, 'arn:aws:sts::000000000000:federated-user/ci');
    assert.equal(record.userIdentity.invokedBy, 'connect-campaigns.amazonaws.com');
  });

  it('stays one line, and leaves out what is too large', () => {
    const line = auditRecord({ ...call, userAgent: 'a\nb"}', input: { Content: 'x'.repeat(200_000) } });
    assert.ok(!line.includes('\n'));
    const record = JSON.parse(line);
    assert.equal(record.userAgent, 'a\nb"}');
    assert.equal(record.requestParameters.omitted, true);
    assert.ok(line.length < 2000);
  });
});

describe('audit log', () => {
  let directory: string;
  let errors: object[];
  let log: AuditLog;
  let clock: VirtualClock;
  let deleted: object[];
  const logger = {
    error: (fields: object) => errors.push(fields),
    warn: (fields: object) => deleted.push(fields),
  };
  const open = (bounds = { fileMegabytes: 100, keepFiles: 400 }) =>
    openAuditLog({ directory: path.join(directory, 'audit'), bounds, logger: logger as never, clock });

  beforeEach(async () => {
    errors = [];
    directory = await mkdtemp(path.join(tmpdir(), 'ringback-audit-'));
    clock = new VirtualClock();
    deleted = [];
    log = await open();
  });
  afterEach(async () => {
    await log.close();
    await rm(directory, { recursive: true });
  });

  const linesOf = async (file: string) =>
    (await readFile(path.join(directory, 'audit', file), 'utf8')).split('\n').filter((line) => line !== '');

  it('fails at once where its directory cannot be made', async () => {
    const nowhere = openAuditLog({
      directory: path.join('/proc', 'nowhere', 'audit'),
      ...{ bounds: { fileMegabytes: 1, keepFiles: 1 }, logger: logger as never, clock },
    });
    await assert.rejects(nowhere, { code: 'ENOENT', path: '/proc/nowhere' });
  });

  it('has the line in the file when it says so, of the first call and of those that come meanwhile', async () => {
    const names = async () =>
      (await linesOf('audit-2026-11-25.jsonl')).map((line) => JSON.parse(line).requestID);
    const first = log.record(call);
    const second = log.record({ ...call, requestId: 'r-2' });
    await first;
    const third = log.record({ ...call, requestId: 'r-3' });
    await second;
    assert.deepEqual((await names()).slice(0, 2), ['r-1', 'r-2']);
    await third;
    assert.deepEqual(await names(), ['r-1', 'r-2', 'r-3']);
  });

  it('leaves a file that was moved away within a second', async () => {
    await log.record({ ...call, requestId: 'before' });
    await rename(
      path.join(directory, 'audit', 'audit-2026-11-25.jsonl'),
      path.join(directory, 'audit', 'moved'),
    );
    await clock.advance(1000);
    await log.record({ ...call, requestId: 'after' });
    assert.match((await linesOf('moved')).join(), /"before"/);
    assert.match((await linesOf('audit-2026-11-25.jsonl')).join(), /"after"/);
  });

  it('keeps no file open once it is closed', async () => {
    await log.record(call);
    await log.record({ ...call, atMs: Date.UTC(2026, 10, 26) });
    await log.close();
    const open = await readdir('/proc/self/fd');
    const targets = await Promise.all(
      open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => 'closed meanwhile')),
    );
    assert.deepEqual(
      targets.filter((target) => target.startsWith(directory)),
      [],
    );
  });

  it('writes every record, in order, to the file of its day, for its owner alone', async () => {
    for (let n = 0; n < 500; n += 1) void log.record({ ...call, requestId: `r-${n}` });
    void log.record({ ...call, atMs: Date.UTC(2026, 10, 26) });
    await log.close();
    const lines = await linesOf('audit-2026-11-25.jsonl');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).requestID),
      Array.from({ length: 500 }, (_, n) => `r-${n}`),
    );
    assert.equal((await linesOf('audit-2026-11-26.jsonl')).length, 1);
    const { mode } = await stat(path.join(directory, 'audit', 'audit-2026-11-25.jsonl'));
    assert.equal(mode & 0o777, 0o600);
    assert.equal(log.lost, 0);
  });

  it('begins another file where one is full, keeps as many as it is told, and says what it deletes', async () => {
    const bounded = await open({ fileMegabytes: 0.001, keepFiles: 3 });
    await writeFile(path.join(directory, 'audit', 'audit-of-the-operator.jsonl'), '');
    for (let day = 0; day < 4; day += 1) {
      for (const half of [0, 1]) {
        const requestId = `${day}.${half}`;
        await bounded.record({
          ...call,
          atMs: call.atMs + day * 86_400_000,
          requestId,
          userAgent: 'x'.repeat(1000),
        });
        await clock.advance(1000);
      }
    }
    const files = (await readdir(path.join(directory, 'audit'))).toSorted();
    assert.deepEqual(
      files.map((name) => name.replace(/\.\d{8}T\d{9}Z/u, '.TIME')),
      [
        'audit-2026-11-27.TIME.jsonl',
        'audit-2026-11-27.jsonl',
        'audit-2026-11-28.TIME.jsonl',
        'audit-2026-11-28.jsonl',
        'audit-of-the-operator.jsonl',
      ],
    );
    assert.equal(JSON.parse((await linesOf(files[0] ?? ''))[0] ?? '').requestID, '2.0');
    assert.equal(bounded.filesDeleted, 4);
    assert.equal(deleted.length, 4);
    await bounded.close();
  });

  it('counts and logs what cannot be written, and goes on when it can again', async () => {
    await rmdir(path.join(directory, 'audit'));
    await Promise.all([log.record(call), log.record(call)]);
    assert.equal(log.lost, 2);
    assert.equal(errors.length, 1);
    await mkdir(path.join(directory, 'audit'));
    await log.record(call);
    assert.equal(log.lost, 2);
    const [file = ''] = await readdir(path.join(directory, 'audit'));
    const text = await readFile(path.join(directory, 'audit', file), 'utf8');
    // The write that failed might have left half a line; the next one begins on its own.
    assert.ok(text.startsWith('\n'));
    assert.equal(JSON.parse(text.trim()).requestID, 'r-1');
  });

  it('loses records rather than memory when the disk cannot follow', async () => {
    for (let n = 0; n < 20_100; n += 1) void log.record(call);
    assert.equal(log.lost, 100);
    assert.equal(errors.length, 1);
    await log.close();
    assert.equal((await linesOf('audit-2026-11-25.jsonl')).length, 20_000);
  });
});
