/** Signals reach what npm runs: a service manager, a container and a test know the process of `npm start` alone. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  ConnectClient,
  ListContactFlowsCommand,
  ListInstancesCommand,
  ListQueuesCommand,
  StartOutboundVoiceContactCommand,
} from '@aws-sdk/client-connect';
import { placePreparedDatabase } from '../src/test-support/prepared-database.ts';
import { isAlive, until } from './support/processes.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

let directory: string;
const started: ChildProcess[] = [];

before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'ringback-npm-'));
  // As root the database runs as another user, which must be able to reach its files.
  await chmod(directory, 0o711);
  await placePreparedDatabase(path.join(directory, 'data'));
});

after(async () => {
  for (const { pid = 0 } of started) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // All of its group have ended, as they should.
    }
  }
  await rm(directory, { recursive: true, force: true });
});

describe('npm start', () => {
  for (const to of ['npm alone', 'the whole process group'] as const) {
    it(`lives its calls to their end on a SIGTERM for ${to}, and exits with 0`, async () => {
      const npm = runNpm(['start'], {
        RINGBACK_DATA_DIR: path.join(directory, 'data'),
        RINGBACK_HTTP_PORT: '0',
        RINGBACK_SIP_PORT: '0',
      });
      const ready = await npm.json('"msg":"ready"');
      const contactId = await call(String(ready.url));
      const servicePid = Number(ready.pid);
      process.kill(to === 'npm alone' ? npm.pid : -npm.pid, 'SIGTERM');
      assert.deepEqual(await npm.exited, [0, null], npm.output());
      assert.ok(!isAlive(servicePid), 'the service ended with npm');
      assert.match(npm.output(), /"stopping"/);
      assert.equal(recordOf(contactId)?.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
    });
  }
});

describe('npm run carrier', () => {
  for (const to of ['npm alone', 'the whole process group'] as const) {
    it(`ends in order on a SIGTERM for ${to}`, async () => {
      const npm = runNpm(['run', 'carrier', '--', '--port', '0', '--json'], {});
      await npm.json('"ready":true');
      process.kill(to === 'npm alone' ? npm.pid : -npm.pid, 'SIGTERM');
      assert.deepEqual(await npm.exited, [0, null], npm.output());
    });
  }
});

function runNpm(args: readonly string[], env: Readonly<Record<string, string>>) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(RINGBACK_|npm_)/.test(name) && name !== 'NODE_TEST_CONTEXT',
  );
  const child = spawn('npm', args, {
    cwd: root,
    env: { ...Object.fromEntries(inherited), ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (some) => (output += some));
  return {
    pid: child.pid ?? 0,
    output: () => output,
    /** Code and signal, when npm and all that write to its output have ended. */
    exited: once(child, 'close'),
    /** The line of JSON that has this in it. */
    async json(part: string): Promise<Record<string, unknown>> {
      const line = () => output.split('\n').find((one) => one.startsWith('{') && one.includes(part));
      await until(() => line() !== undefined, `${part} in ${output}`);
      return JSON.parse(line() ?? '') as Record<string, unknown>;
    },
  };
}

/** Places a call that speaks; resolves when it was accepted. */
async function call(endpoint: string): Promise<string> {
  const client = new ConnectClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  try {
    const { InstanceSummaryList } = await client.send(new ListInstancesCommand({}));
    const InstanceId = InstanceSummaryList?.[0]?.Id;
    const { QueueSummaryList } = await client.send(
      new ListQueuesCommand({ InstanceId, QueueTypes: ['STANDARD'] }),
    );
    const { ContactFlowSummaryList } = await client.send(
      new ListContactFlowsCommand({ InstanceId, ContactFlowTypes: ['CONTACT_FLOW'] }),
    );
    const { ContactId } = await client.send(
      new StartOutboundVoiceContactCommand({
        InstanceId,
        QueueId: QueueSummaryList?.[0]?.Id,
        ContactFlowId: ContactFlowSummaryList?.find(({ Name }) => Name === 'Sample greeting')?.Id,
        DestinationPhoneNumber: '+12065550100',
      }),
    );
    return String(ContactId);
  } finally {
    client.destroy();
  }
}

function recordOf(contactId: string): { readonly DisconnectReason?: string } | undefined {
  return readFileSync(path.join(directory, 'data', 'events', 'contact-records.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { ContactId: string; DisconnectReason?: string })
    .find(({ ContactId }) => ContactId === contactId);
}
