/** The `ringback flow` commands as an operator types them: lint, run with keys from a pipe, export and import over the API. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  CreateContactFlowModuleCommand,
  CreatePromptCommand,
  DescribeContactFlowCommand,
  DescribeContactFlowModuleCommand,
  ListContactFlowModulesCommand,
  ListContactFlowsCommand,
} from '@aws-sdk/client-connect';
import { writeWav } from '@ringback/media';
import { flowCommand } from '../src/cli/flow.ts';
import { hangUp, menu, playPrompt, say, setAttributes } from './support/flow-actions.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'ringback-flow-commands-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const key = { accessKeyId: 'AKIAFLOWS', secretAccessKey: 'secret-of-flows' };
const credentials = { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey };

const choice = write('choice.json', [
  menu('ask', 'Press 1.', '1', 'remember', 'hang up'),
  setAttributes('remember', { choice: 'one' }, 'hang up'),
  hangUp,
]);

describe('ringback flow lint', () => {
  it('counts problems of all files, in words and as JSON', async () => {
    const broken = write('broken.json', [{ ...hangUp, Type: 'MessageParticipant' }]);
    const words = await ringback(['lint', choice, broken], {});
    assert.equal(words.code, 1);
    assert.match(words.stdout, /choice\.json: no problems/);
    assert.match(words.stdout, /broken\.json: error /);
    assert.match(words.stdout, /^2 flows: [1-9]\d* errors?, \d+ warnings?$/m);
    const json = JSON.parse((await ringback(['lint', '--json', choice, broken], {})).stdout);
    assert.equal(json.files[0].errors, 0);
    assert.equal(json.files[1].errors, json.errors);
    assert.ok(json.errors > 0);
  });

  it('passes what is right, and fails on warnings when it is strict', async () => {
    assert.equal((await ringback(['lint', choice], {})).code, 0);
    const circle = write('circle.json', [setAttributes('round', { a: 'b' }, 'round')]);
    assert.equal((await ringback(['lint', circle], {})).code, 0);
    assert.equal((await ringback(['lint', '--strict', circle], {})).code, 1);
  });

  it('says which file cannot be read and which type is none', async () => {
    const missing = await ringback(['lint', '/nonexistent.json', choice], {});
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /\/nonexistent\.json cannot be read \(ENOENT\)/);
    assert.match(missing.stdout, /choice\.json: no problems/);
    assert.match((await ringback(['lint', '--type', 'MENU', choice], {})).stderr, /CONTACT_FLOW/);
  });
});

describe('ringback flow run', () => {
  it('takes keys from whoever types them', async () => {
    const run = await typing(['flow', 'run', choice], 'x\n1\n');
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /says {5}“Press 1\.”/);
    assert.match(run.stdout, /Keys are 0-9/);
    assert.match(run.stdout, /Conditions\[0\] Equals "1" → remember/);
    assert.match(run.stdout, /Attributes: choice = "one"/);
  });

  it('hangs up where the input ends', async () => {
    const run = await typing(['flow', 'run', choice], '');
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /the caller hung up/);
  });

  it('shows what came otherwise than expected', async () => {
    const script = path.join(directory, 'wrong.yaml');
    writeFileSync(script, 'flow: choice.json\ncaller: [{press: "2"}]\nexpect: {attributes: {choice: one}}');
    const run = await ringback(['run', '--script', script], {});
    assert.equal(run.code, 1);
    assert.match(run.stdout, /✗ attributes: attributes differ\n {4}- choice: "one"\n {4}\+ choice: \(none\)/);
  });

  it('finds other files by the names that the export keeps, also those of hooks, and follows the contact to an agent', async () => {
    const errors = ['QueueAtCapacity', 'NoMatchingError'].map((ErrorType) => ({
      ErrorType,
      NextAction: 'hang up',
    }));
    const arn =
      'arn:aws:connect:eu-west-1:123456789012:instance/i/contact-flow/88888888-8888-4888-8888-888888888888';
    const main = write(
      'to-agent.json',
      [
        {
          Identifier: 'hook',
          Type: 'UpdateContactEventHooks',
          Parameters: { EventHooks: { CustomerQueue: arn } },
          Transitions: { NextAction: 'queue', Errors: errors.slice(1) },
        },
        {
          Identifier: 'queue',
          Type: 'TransferContactToQueue',
          Parameters: {},
          Transitions: { NextAction: 'hang up', Errors: errors },
        },
        hangUp,
      ],
      {
        ActionMetadata: {
          hook: { parameters: { EventHooks: { CustomerQueue: [{ displayName: 'Jazz' }] } } },
        },
      },
    );
    const music = write(
      'music.json',
      [say('play', 'A tune.', 'end'), { ...endModule, Identifier: 'end', Type: 'EndFlowExecution' }],
      {
        name: 'Jazz',
        type: 'customerQueue',
      },
    );
    const script = path.join(directory, 'to-agent.yaml');
    writeFileSync(
      script,
      'queue: Sales\nagent: { acceptsAfterSeconds: 0.1 }\nexpect: { flows: [Jazz, Default agent whisper, Default customer whisper] }',
    );
    const run = await ringback(['run', main, music, '--script', script], {});
    assert.equal(run.code, 0, run.stdout + run.stderr);
    assert.match(run.stdout, /CustomerQueue: Jazz begins, for the customer/);
  });

  it('fails when the scenario forgets a function', async () => {
    const call = write('call.json', [
      {
        Identifier: 'call',
        Type: 'InvokeLambdaFunction',
        Parameters: {
          LambdaFunctionARN: 'arn:aws:lambda:us-east-1:000000000000:function:lookup',
          InvocationTimeLimitSeconds: '3',
        },
        Transitions: {
          NextAction: 'hang up',
          Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'hang up' }],
        },
      },
      hangUp,
    ]);
    const script = path.join(directory, 'empty.yaml');
    writeFileSync(script, '{}');
    const run = await ringback(['run', call, '--script', script], {});
    assert.equal(run.code, 1);
    assert.match(run.stdout, /lambdas: \{ lookup: \{ answer: \{\} \} \}/);
    const answerFile = path.join(directory, 'answer.json');
    writeFileSync(answerFile, '{"a":"b"}');
    const answered = await ringback(
      ['run', call, '--script', script, '--lambda', `lookup=${answerFile}`],
      {},
    );
    assert.equal(answered.code, 0, answered.stdout);
  });

  it('says what is wrong with files', async () => {
    const others = path.join(directory, 'others.yaml');
    writeFileSync(others, 'flows: { Choice: choice.json }');
    for (const [args, complaint] of [
      [['run'], /Name the file of a flow/],
      [['run', '--script', others], /Name the file of a flow/],
      [['run', '/nonexistent.json'], /cannot be read/],
      [['run', write('none.json', undefined)], /is no flow/],
      [['run', choice, '--script', choice], /The scenario has \d+ mistake/],
    ] as const) {
      const run = await ringback(args, {});
      assert.equal(run.code, 2);
      assert.match(run.stderr, complaint);
    }
  });

  it('says how options that name something are written', async () => {
    for (const [option, form] of [
      ['--attribute', 'name=value'],
      ['--lambda', 'name=file'],
    ] as const) {
      const { code, stderr } = await ringback(['run', choice, option, 'lookup'], {});
      assert.notEqual(code, 0);
      assert.ok(stderr.includes(`Write it as ${form}.`), stderr);
    }
  });
});

describe('ringback flow export and import', () => {
  let service: TestService;
  before(async () => {
    service = await startTestService(
      `accessKeys: [{ accessKeyId: ${key.accessKeyId}, secretAccessKey: ${key.secretAccessKey} }]`,
    );
  });
  after(() => service?.close());
  const command = (...args: string[]) => ringback([...args, '--endpoint', service.service.url], credentials);

  it('exports flows with the names of what they reference, and brings them back under other names', async () => {
    const target = await service.createFlow([say('say', 'There.', 'hang up'), hangUp]);
    const source = await service.createFlow([
      setQueue(
        `arn:aws:connect:us-east-1:000000000000:instance/${service.instanceId}/queue/${service.queueId}`,
      ),
      transfer(target),
      hangUp,
    ]);
    const out = path.join(directory, 'exported');
    const exported = await command('export', '--out', out);
    assert.equal(exported.code, 0, exported.stderr);
    assert.ok(readdirSync(out).includes('Default customer queue.json'));
    const file = path.join(out, 'Test flow 2.json');
    const document = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(document.Metadata.name, 'Test flow 2');
    assert.equal(document.Metadata.type, 'contactFlow');
    assert.equal(document.Metadata.ActionMetadata['set queue'].parameters.QueueId.displayName, 'BasicQueue');
    assert.equal(
      document.Metadata.ActionMetadata.transfer.parameters.ContactFlowId.displayName,
      'Test flow 1',
    );

    // As if it came from elsewhere: other ids, only the names are known here.
    const elsewhere = {
      queueId: '11111111-1111-4111-8111-111111111111',
      target: '22222222-2222-4222-8222-222222222222',
      instanceId: '33333333-3333-4333-8333-333333333333',
    };
    const foreign = readFileSync(file, 'utf8')
      .replaceAll(service.queueId, elsewhere.queueId)
      .replaceAll(target, elsewhere.target)
      .replaceAll(service.instanceId, elsewhere.instanceId)
      .replaceAll('"Test flow 2"', '"From elsewhere"');
    const foreignFile = path.join(directory, 'foreign.json');
    writeFileSync(foreignFile, foreign);
    const plan = await command('import', '--dry-run', foreignFile);
    assert.equal(plan.code, 0, plan.stdout + plan.stderr);
    assert.match(plan.stdout, /creates CONTACT_FLOW flow "From elsewhere"/);
    assert.match(plan.stdout, /queue BasicQueue → BasicQueue/);
    assert.equal(await idOfFlow('From elsewhere'), undefined, 'a dry run changes nothing');

    const imported = await command('import', foreignFile);
    assert.equal(imported.code, 0, imported.stdout + imported.stderr);
    const { ContactFlow: flow } = await service.client.send(
      new DescribeContactFlowCommand({
        InstanceId: service.instanceId,
        ContactFlowId: await idOfFlow('From elsewhere'),
      }),
    );
    assert.equal(flow?.Status, 'PUBLISHED');
    assert.match(flow?.Content ?? '', new RegExp(`queue/${service.queueId}"`));
    assert.match(flow?.Content ?? '', new RegExp(`contact-flow/${target}"`));
    // Whole ids: of three random ones, one in nine hundred times one has 1111, 2222 or 3333 in it.
    assert.doesNotMatch(
      JSON.stringify(JSON.parse(flow?.Content ?? '{}').Actions),
      new RegExp(Object.values(elsewhere).join('|')),
    );
    assert.notEqual(source, target);
  });

  it('imports flows that name each other in the order that works, and in a circle', async () => {
    const byName = (name: string) => ({
      ActionMetadata: { transfer: { parameters: { ContactFlowId: { displayName: name } } } },
    });
    const there = '44444444-4444-4444-8444-444444444444';
    const first = write('first.json', [transfer(there), hangUp], { name: 'First', ...byName('Second') });
    const second = write('second.json', [say('say', 'Second.', 'hang up'), hangUp], { name: 'Second' });
    const imported = await command('import', first, second);
    assert.equal(imported.code, 0, imported.stdout + imported.stderr);
    assert.ok(imported.stdout.indexOf('"Second"') < imported.stdout.indexOf('"First"'));
    assert.match(imported.stdout, /flow Second → Second/);
  });

  it('lists what it cannot map, imports it only when told, and follows a map', async () => {
    const lost = write('lost.json', [setQueue('55555555-5555-4555-8555-555555555555'), hangUp], {
      name: 'Lost',
    });
    const refused = await command('import', lost);
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /not mapped: queue 55555555/);
    assert.equal(await idOfFlow('Lost'), undefined);
    const map = path.join(directory, 'map.yaml');
    writeFileSync(map, '55555555-5555-4555-8555-555555555555: BasicQueue\n');
    const mapped = await command('import', '--map', map, lost);
    assert.equal(mapped.code, 0, mapped.stdout + mapped.stderr);
    assert.ok(await idOfFlow('Lost'));
  });

  it('tells what the service says against it', async () => {
    const wrongKey = await ringback(['export', '--endpoint', service.service.url], {
      ...credentials,
      AWS_SECRET_ACCESS_KEY: 'another-secret',
    });
    assert.equal(wrongKey.code, 1);
    assert.match(wrongKey.stderr, /ListInstances: InvalidSignatureException/);
    const noPlace = await command('export', '--out', path.join(choice, 'below-a-file'));
    assert.match(noPlace.stderr, /below-a-file cannot be written \(ENOTDIR\); --out names another directory/);
    const nobody = await ringback(['export', '--endpoint', 'http://127.0.0.1:9'], credentials);
    assert.match(nobody.stderr, /does not answer .*Is the service running\?/);
    const noAddress = await ringback(['export', '--endpoint', 'localhost:8642'], credentials);
    assert.match(noAddress.stderr, /^"localhost:8642" is not the address of a service, such as http:/);
    const broken = write('refused.json', [{ ...say('say', '', 'nowhere') }], { name: 'Refused' });
    const refused = await command('import', broken);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /InvalidContactFlowException.*\n? .*nowhere/s);
    const guess = /does not say its type, so CONTACT_FLOW is taken; --type/;
    const silent = write('silent.json', [hangUp], { name: 'Silent' });
    assert.match((await command('import', '--dry-run', silent)).stdout, guess);
    const said = await command('import', '--dry-run', '--type', 'CONTACT_FLOW', silent);
    assert.doesNotMatch(said.stdout, guess);
    const typed = write('typed.json', [hangUp], { name: 'Typed', type: 'contactFlow' });
    assert.doesNotMatch((await command('import', '--dry-run', typed)).stdout, guess);
  });

  async function idOfFlow(name: string): Promise<string | undefined> {
    const { ContactFlowSummaryList: flows } = await service.client.send(
      new ListContactFlowsCommand({ InstanceId: service.instanceId }),
    );
    return flows?.find((flow) => flow.Name === name)?.Id;
  }
});

describe('ringback flow import on a service that has what comes', () => {
  let service: TestService;
  const bucket = path.join(directory, 'bucket');
  before(async () => {
    mkdirSync(bucket);
    const tone = Int16Array.from({ length: 800 }, (_, n) => Math.round(8000 * Math.sin(n / 3)));
    writeFileSync(path.join(bucket, 'tone.wav'), writeWav({ sampleRate: 8000, channels: [tone] }));
    service = await startTestService(
      `accessKeys: [{ accessKeyId: ${key.accessKeyId}, secretAccessKey: ${key.secretAccessKey} }]\nprompts:\n  buckets:\n    bucket: ${bucket}\n`,
    );
  });
  after(() => service?.close());
  const command = (...args: string[]) => ringback([...args, '--endpoint', service.service.url], credentials);
  const to = (name: string) => ({
    ActionMetadata: { transfer: { parameters: { ContactFlowId: { displayName: name } } } },
  });
  const away = '66666666-6666-4666-8666-666666666666';

  it('updates flows that are there, and finishes circles of new ones', async () => {
    const present = write('present.json', [say('say', 'Old.', 'hang up'), hangUp], { name: 'Present' });
    assert.equal((await command('import', present)).code, 0);
    const before = await describeFlow('Present');
    const files = [
      write('present.json', [transfer(away), hangUp], { name: 'Present', ...to('One') }),
      write('one.json', [transfer(away), hangUp], { name: 'One', ...to('Two') }),
      write('two.json', [transfer(away), hangUp], { name: 'Two', ...to('One') }),
    ];
    const imported = await command('import', ...files);
    assert.equal(imported.code, 0, imported.stdout + imported.stderr);
    assert.match(imported.stdout, /present\.json: updates CONTACT_FLOW flow "Present"/);
    assert.match(imported.stdout, /one\.json: saves CONTACT_FLOW flow "One"/);
    const [after, one, two] = await Promise.all(['Present', 'One', 'Two'].map((name) => describeFlow(name)));
    assert.equal(after?.Id, before.Id);
    assert.deepEqual([after, one, two].map(targetOf), [one?.Arn, two?.Arn, one?.Arn]);
    assert.deepEqual([one?.Status, two?.Status], ['PUBLISHED', 'PUBLISHED']);
  });

  it('brings flows, modules, prompts and hours from one instance into another by their names', async () => {
    const { PromptId, PromptARN } = await service.client.send(
      new CreatePromptCommand({
        InstanceId: service.instanceId,
        Name: 'Tone',
        S3Uri: 's3://bucket/tone.wav',
      }),
    );
    assert.ok(PromptId && PromptARN);
    const { Id: moduleId, Arn: moduleArn } = await service.client.send(
      new CreateContactFlowModuleCommand({
        InstanceId: service.instanceId,
        Name: 'Greeting',
        Description: 'Says hello',
        Settings: '{"transitions":{"results":["Good"]}}',
        Content: JSON.stringify({
          Version: '2019-10-30',
          StartAction: 'play',
          Actions: [playPrompt('play', PromptARN, 'back'), endModule],
        }),
      }),
    );
    assert.ok(moduleId && moduleArn);
    const target = await service.createFlow([say('say', 'There.', 'hang up'), hangUp]);
    await service.createFlow([
      invoke(moduleArn),
      checkHours(),
      playPrompt('play', PromptId, 'hang up'),
      transfer(target),
      hangUp,
    ]);
    const out = path.join(directory, 'moved');
    const exported = await command('export', '--out', out, 'Greeting', 'Test flow 1', 'Test flow 2');
    assert.equal(exported.code, 0, exported.stdout + exported.stderr);
    assert.doesNotMatch(exported.stdout, /no name known/);

    const elsewhere = await startTestService(
      `accessKeys: [{ accessKeyId: ${key.accessKeyId}, secretAccessKey: ${key.secretAccessKey} }]\nprompts:\n  buckets:\n    bucket: ${bucket}\n`,
    );
    try {
      const bring = (...more: string[]) =>
        ringback(
          [
            'import',
            '--endpoint',
            elsewhere.service.url,
            ...more,
            ...['Test flow 2', 'Greeting', 'Test flow 1'].map((name) => path.join(out, `${name}.json`)),
          ],
          credentials,
        );
      const refused = await bring('--dry-run');
      assert.equal(refused.code, 1);
      assert.match(refused.stdout, /not mapped: prompt Tone \(arn:/);
      const made = await elsewhere.client.send(
        new CreatePromptCommand({
          InstanceId: elsewhere.instanceId,
          Name: 'Tone',
          S3Uri: 's3://bucket/tone.wav',
        }),
      );
      for (const verb of ['creates', 'updates']) {
        const imported = await bring();
        assert.equal(imported.code, 0, imported.stdout + imported.stderr);
        assert.match(imported.stdout, new RegExp(`${verb} module "Greeting"`));
        assert.match(imported.stdout, new RegExp(`${verb} CONTACT_FLOW flow "Test flow 2"`));
        assert.match(imported.stdout, /prompt Tone → Tone/);
        assert.match(imported.stdout, /module Greeting → Greeting/);
      }
      const InstanceId = elsewhere.instanceId;
      const { ContactFlowModulesSummaryList: modules } = await elsewhere.client.send(
        new ListContactFlowModulesCommand({ InstanceId }),
      );
      const [greeting] = modules?.filter(({ Name }) => Name === 'Greeting') ?? [];
      assert.equal(modules?.length, 1);
      const { ContactFlowModule: module } = await elsewhere.client.send(
        new DescribeContactFlowModuleCommand({ InstanceId, ContactFlowModuleId: greeting?.Id }),
      );
      assert.deepEqual(
        [module?.Settings, module?.Description],
        ['{"transitions":{"results":["Good"]}}', 'Says hello'],
      );
      assert.match(module?.Content ?? '', new RegExp(made.PromptARN ?? '-'));
      const flow = await describeFlow('Test flow 2', elsewhere);
      const actions = JSON.stringify(JSON.parse(flow.Content ?? '{}').Actions);
      assert.match(actions, new RegExp(`${module?.Arn}"`));
      assert.doesNotMatch(actions, new RegExp([service.instanceId, moduleId, PromptId, target].join('|')));
    } finally {
      await elsewhere.close();
    }
  });

  it('says when the service does not tell what it has of a kind', async () => {
    const stub = createServer((request, response) => {
      const { url = '' } = request;
      if (url === '/instance') response.end(JSON.stringify({ InstanceSummaryList: [{ Id: 'i', Arn: 'a' }] }));
      else if (/hours/.test(url)) {
        response.writeHead(501, { 'x-amzn-errortype': 'OperationNotImplementedException' }).end('{}');
      } else response.end('{}');
    });
    await new Promise<void>((resolve) => stub.listen(0, '127.0.0.1', resolve));
    try {
      const file = write(
        'hours.json',
        [checkHours('77777777-7777-4777-8777-777777777777'), transfer(away), hangUp],
        {},
      );
      const endpoint = `http://127.0.0.1:${(stub.address() as AddressInfo).port}`;
      const imported = await ringback(['import', '--dry-run', '--endpoint', endpoint, file], credentials);
      assert.equal(imported.code, 1);
      assert.match(imported.stdout, /not mapped: hours 77777777.* the service does not list its hours/);
    } finally {
      stub.closeAllConnections();
      stub.close();
    }
  });

  async function describeFlow(name: string, { client, instanceId: InstanceId } = service) {
    const { ContactFlowSummaryList: flows } = await client.send(new ListContactFlowsCommand({ InstanceId }));
    const ContactFlowId = flows?.find((flow) => flow.Name === name)?.Id;
    const { ContactFlow } = await client.send(new DescribeContactFlowCommand({ InstanceId, ContactFlowId }));
    assert.ok(ContactFlow, name);
    return ContactFlow;
  }
});

function targetOf(flow: { readonly Content?: string | undefined } | undefined): unknown {
  return JSON.parse(flow?.Content ?? '{}').Actions[0].Parameters.ContactFlowId;
}

const endModule = { Identifier: 'back', Type: 'EndFlowModuleExecution', Parameters: {}, Transitions: {} };

function invoke(moduleId: string): object {
  return {
    Identifier: 'invoke',
    Type: 'InvokeFlowModule',
    Parameters: { FlowModuleId: moduleId },
    Transitions: {
      NextAction: 'hours',
      Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'hang up' }],
      Conditions: [],
    },
  };
}

function checkHours(id?: string): object {
  return {
    Identifier: 'hours',
    Type: 'CheckHoursOfOperation',
    Parameters: id === undefined ? {} : { HoursOfOperationId: id },
    Transitions: {
      NextAction: 'transfer',
      Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'hang up' }],
      Conditions: ['True', 'False'].map((value) => ({
        NextAction: 'transfer',
        Condition: { Operator: 'Equals', Operands: [value] },
      })),
    },
  };
}

function write(name: string, actions: readonly object[] | undefined, Metadata: object = {}): string {
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, name);
  const [first] = (actions ?? []) as readonly { readonly Identifier: string }[];
  const document = { Version: '2019-10-30', StartAction: first?.Identifier, Metadata, Actions: actions };
  writeFileSync(file, actions ? JSON.stringify(document) : '{}');
  return file;
}

function setQueue(queueId: string): object {
  return {
    Identifier: 'set queue',
    Type: 'UpdateContactTargetQueue',
    Parameters: { QueueId: queueId },
    Transitions: {
      NextAction: 'hang up',
      Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'hang up' }],
      Conditions: [],
    },
  };
}

function transfer(flowId: string): object {
  return {
    Identifier: 'transfer',
    Type: 'TransferToFlow',
    Parameters: { ContactFlowId: flowId },
    Transitions: {
      NextAction: 'hang up',
      Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'hang up' }],
      Conditions: [],
    },
  };
}

/** Runs a subcommand in this process, as `ringback flow` would; a process of its own for each would take minutes. */
async function ringback(args: readonly string[], env: Readonly<Record<string, string>>) {
  let stdout = '';
  let stderr = '';
  let code = 0;
  const command = flowCommand({
    env,
    print: (line) => {
      stdout += `${line}\n`;
    },
    complain: (line) => {
      stderr += `${line}\n`;
    },
    style: (_style, plain) => plain,
    ask: () => Promise.reject(new Error('nobody is at the terminal')),
    exitWith: (status) => {
      code = Math.max(code, status);
    },
    close: () => undefined,
  });
  for (const each of [command, ...command.commands]) {
    each.exitOverride().configureOutput({
      writeErr: (complaint) => {
        stderr += complaint;
      },
    });
  }
  try {
    await command.parseAsync(args, { from: 'user' });
  } catch (error) {
    stderr += error instanceof Error ? error.message : String(error);
    code = 1;
  }
  return { code, stdout, stderr };
}

/** Runs the command with lines on its standard input. */
async function typing(args: readonly string[], lines: string) {
  const program = fileURLToPath(new URL('../src/cli/ringback.ts', import.meta.url));
  const child = spawn(process.execPath, [program, ...args], { stdio: 'pipe' });
  child.stdin.end(lines);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ]);
  return { code, stdout, stderr };
}
