/** Story: a real call through two flows takes the same path and writes the same flow logs as `ringback flow run` in virtual time. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetContactAttributesCommand,
  ListHoursOfOperationsCommand,
  UpdateQueueStatusCommand,
} from '@aws-sdk/client-connect';
import type { FlowLogRecord, FlowStep } from '@ringback/flow';
import { hangUp, menu, say, setAttributes, transferToQueue, waitLong } from './support/flow-actions.ts';
import { ringback } from './support/ringback-command.ts';
import { linesOf, startTestService, type TestService, untilDefined } from './support/test-service.ts';

/** Presses a wrong key, says nothing the next time, then presses 1. */
const hesitant = '+12065550151';
const hesitantSteps = [
  { step: 'answer' },
  { step: 'awaitPromptEnd' },
  { step: 'press', digits: '7' },
  { step: 'awaitPromptEnd' },
  { step: 'awaitPromptEnd' },
  { step: 'press', digits: '1' },
];
/** Hangs up three seconds after the answer. */
const impatient = '+12065550130';

const lookupArn = 'arn:aws:lambda:us-east-1:000000000000:function:lookup';
const slowArn = 'arn:aws:lambda:us-east-1:000000000000:function:slow';
const answer = { name: 'Ann', tier: 'gold' };

describe('a flow on a telephone and in virtual time', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'ringback-flow-story-'));
  const events: { Name: string; Details: { Parameters: object; ContactData: { ContactId: string } } }[] = [];
  let functions: Server;
  /** Answers that the slow function holds back. */
  const held: (() => void)[] = [];
  let service: TestService;

  before(async () => {
    functions = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      events.push(JSON.parse(body));
      const send = (): void => {
        response.end(JSON.stringify(answer));
      };
      if (request.url === '/slow') held.push(send);
      else send();
    });
    await new Promise<void>((resolve) => functions.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(functions.address() as AddressInfo).port}`;
    const phones = path.join(directory, 'phones.json');
    writeFileSync(phones, JSON.stringify({ numbers: { [hesitant]: hesitantSteps } }));
    service = await startTestService(
      `simulatedCarrier: { scenarioFile: ${phones} }\n` +
        `lambda: { functions: { lookup: '${url}/lookup', slow: '${url}/slow' } }\n`,
    );
  });

  after(async () => {
    await service?.close();
    functions?.closeAllConnections();
    functions?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('shows attributes to everybody before the next action runs, and keeps them when the caller hangs up', async () => {
    const flow = await service.createFlow([
      setAttributes('set', { reached: 'the set' }, 'set again'),
      setAttributes('set again', { reached: 'the wait' }, 'wait'),
      { ...waitLong, Identifier: 'wait' },
      hangUp,
    ]);
    const contactId = await service.call(impatient, flow, { Attributes: { source: 'test' } });
    const during = await untilDefined(20_000, 'the attribute was not written', async () => {
      const { Attributes } = await service.client.send(
        new GetContactAttributesCommand({ InstanceId: service.instanceId, InitialContactId: contactId }),
      );
      return Attributes?.reached === 'the wait' ? Attributes : undefined;
    });
    assert.equal((await service.ended(contactId)).DisconnectReason, 'CUSTOMER_DISCONNECT');
    assert.deepEqual((await service.record(contactId)).Attributes, during);
    assert.equal(
      service.events(contactId).filter(({ eventType }) => eventType === 'CONTACT_DATA_UPDATED').length,
      2,
    );
  });

  it('records the tasks that a flow creates', async () => {
    const claims = await service.createFlow([hangUp]);
    const flow = await service.createFlow([
      {
        Identifier: 'task',
        Type: 'CreateTask',
        Parameters: {
          ContactFlowId: claims,
          Name: 'Call of $.CustomerEndpoint.Address',
          Attributes: { source: '$.Attributes.source' },
          DelaySeconds: '60',
        },
        Transitions: {
          NextAction: 'remember',
          Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'hang up' }],
        },
      },
      setAttributes('remember', { task: '$.Task.ContactId' }, 'hang up'),
      hangUp,
    ]);
    const contactId = await service.call('+12065550101', flow, { Attributes: { source: 'test' } });
    await service.ended(contactId);
    const { Attributes } = await service.record(contactId);
    const taskId = (Attributes as { readonly task: string }).task;
    const task = await service.record(taskId);
    assert.deepEqual(
      [task.Channel, task.Name, task.RelatedContactId, task.Attributes],
      ['TASK', 'Call of +12065550101', contactId, { source: 'test' }],
    );
    assert.deepEqual(
      service.events(taskId).map(({ eventType }) => eventType),
      ['INITIATED'],
    );
  });

  it('takes the same path, writes the same logs, sets the same attributes', async () => {
    const thanks = [
      say('thank', 'Thank you, $.Attributes.name. Your $.Attributes.tier card is on its way.', 'hang up'),
      hangUp,
    ];
    const thanksId = await service.createFlow(thanks);
    const main = mainActions(arnOf(thanksId));
    const mainId = await service.createFlow(main);
    const contactId = await service.call(hesitant, mainId, {
      Attributes: { source: 'test', hours: 'Basic Hours' },
    });
    const contact = await service.ended(contactId);
    assert.equal(contact.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');

    const simulated = await simulate([
      ['Test flow 5', arnOf(mainId), main],
      ['Test flow 4', arnOf(thanksId), thanks],
    ]);
    const real = stepsOf(contactId);
    assert.deepEqual(real, simulated.path.map(comparableStep));
    assert.deepEqual(
      real.map(({ actionIdentifier }) => actionIdentifier),
      'log,open,named hours,no hours,look up,ask,wrong,again,ask,silent,again,ask,remember,transfer,thank,hang up'.split(
        ',',
      ),
    );
    assert.deepEqual(
      real.filter(({ actionIdentifier }) => actionIdentifier === 'ask').map(({ via }) => via),
      ['Errors[NoMatchingCondition]', 'Errors[InputTimeLimitExceeded]', 'Conditions[0] Equals "1"'],
    );

    const logs = await untilDefined(20_000, 'the flow log was not written', async () => {
      const ofContact = logsOf(contactId);
      return ofContact.length >= simulated.logs.length ? ofContact : undefined;
    });
    assert.deepEqual(logs.map(comparableLog), simulated.logs.map(comparableLog));
    for (const [index, { Timestamp }] of logs.entries()) {
      assert.ok(
        index === 0 || Timestamp >= (logs[index - 1]?.Timestamp ?? ''),
        'logs are in the order of time',
      );
    }

    const record = await service.record(contactId);
    assert.deepEqual(record.Attributes, simulated.attributes);
    assert.deepEqual(record.Attributes, {
      source: 'test',
      hours: 'Basic Hours',
      name: 'Ann',
      tier: 'gold',
      choice: 'card',
    });
    assert.deepEqual(simulated.unmet, []);

    const [event] = events;
    assert.equal(event?.Name, 'ContactFlowEvent');
    assert.equal(event.Details.ContactData.ContactId, contactId);
    assert.deepEqual(event.Details.Parameters, { number: hesitant });
  });

  it('drops the answer of a function that comes after the hang-up', async () => {
    const flowId = await service.createFlow([
      logging('call slow'),
      invoke('call slow', slowArn, 'remember'),
      setAttributes('remember', { tier: '$.External.tier' }, 'hang up'),
      hangUp,
    ]);
    const contactId = await service.call(impatient, flowId);
    const contact = await service.ended(contactId);
    assert.equal(contact.DisconnectReason, 'CUSTOMER_DISCONNECT');
    assert.equal(held.length, 1, 'the function was called and has not answered');
    for (const send of held.splice(0)) send();
    const record = await service.record(contactId);
    assert.deepEqual(record.Attributes, {});
    assert.deepEqual(
      stepsOf(contactId).map(({ actionIdentifier }) => actionIdentifier),
      ['log'],
    );
    assert.deepEqual(
      logsOf(contactId).map(({ Identifier }) => Identifier),
      ['log'],
    );
  });

  it('takes the error branch where the target queue is gone, or disabled, by the time of the transfer', async () => {
    const { client, instanceId: InstanceId } = service;
    const { HoursOfOperationSummaryList } = await client.send(
      new ListHoursOfOperationsCommand({ InstanceId }),
    );
    const HoursOfOperationId = HoursOfOperationSummaryList?.[0]?.Id;
    const flowId = await service.createFlow([
      {
        Identifier: 'target',
        Type: 'UpdateContactTargetQueue',
        Parameters: { QueueId: '$.Attributes.queue' },
        Transitions: {
          NextAction: 'call slow',
          Errors: [{ NextAction: 'hang up', ErrorType: 'NoMatchingError' }],
        },
      },
      invoke('call slow', slowArn, 'queue'),
      ...transferToQueue,
    ]);
    for (const change of [
      (QueueId: string) => client.send(new DeleteQueueCommand({ InstanceId, QueueId })),
      (QueueId: string) =>
        client.send(new UpdateQueueStatusCommand({ InstanceId, QueueId, Status: 'DISABLED' })),
    ]) {
      const made = await client.send(
        new CreateQueueCommand({ InstanceId, Name: 'Short-lived', HoursOfOperationId }),
      );
      const queue = String(made.QueueId);
      const contactId = await service.call('+12065550103', flowId, { Attributes: { queue } });
      await untilDefined(20_000, 'the function was not called', async () => held[0]);
      await change(queue);
      for (const send of held.splice(0)) send();
      const contact = await service.ended(contactId);
      assert.equal(contact.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
    }
  });

  function mainActions(otherFlow: string): object[] {
    return [
      logging('open'),
      hours('open', undefined, 'named hours'),
      hours('named hours', '$.Attributes.hours', 'no hours'),
      hours('no hours', '$.Attributes.source', 'hang up', 'look up'),
      invoke('look up', lookupArn, 'ask'),
      menuWithBranches(),
      say('wrong', 'That is not a key of this menu.', 'again'),
      say('silent', 'We did not hear you.', 'again'),
      {
        Identifier: 'again',
        Type: 'Loop',
        Parameters: { LoopCount: '2' },
        Transitions: {
          NextAction: 'hang up',
          Errors: [],
          Conditions: [
            { NextAction: 'ask', Condition: { Operator: 'Equals', Operands: ['ContinueLooping'] } },
            { NextAction: 'hang up', Condition: { Operator: 'Equals', Operands: ['DoneLooping'] } },
          ],
        },
      },
      setAttributes(
        'remember',
        { choice: 'card', name: '$.External.name', tier: '$.External.tier' },
        'transfer',
      ),
      {
        Identifier: 'transfer',
        Type: 'TransferToFlow',
        Parameters: { ContactFlowId: otherFlow },
        Transitions: {
          NextAction: 'hang up',
          Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'hang up' }],
          Conditions: [],
        },
      },
      hangUp,
    ];
  }

  /** Runs flows with `ringback flow run --script`; the first one is the entry. */
  async function simulate(
    flows: readonly (readonly [name: string, arn: string, actions: readonly object[]])[],
  ) {
    const files = flows.map(([name, arn, actions]) => {
      const file = path.join(directory, `${name}.json`);
      const [first] = actions as readonly { readonly Identifier: string }[];
      const Metadata = { name };
      writeFileSync(
        file,
        JSON.stringify({ Version: '2019-10-30', StartAction: first?.Identifier, Metadata, Actions: actions }),
      );
      return `${arn}=${file}`;
    });
    const script = path.join(directory, 'hesitant.yaml');
    writeFileSync(
      script,
      [
        'attributes: { source: test, hours: Basic Hours }',
        'queue: BasicQueue',
        'hours: { Basic Hours: open }',
        `customerNumber: "${hesitant}"`,
        'caller: [{ press: "7" }, silence, { press: "1" }]',
        `lambdas: { lookup: { answer: ${JSON.stringify(answer)}, afterSeconds: 0.2 } }`,
        'expect:',
        '  outcome: disconnected',
        '  says: ["Hello Ann", "not a key", "Hello Ann", "did not hear", "Hello Ann", "gold card"]',
        '  lambdas: [lookup]',
      ].join('\n'),
    );
    const run = await ringback(['flow', 'run', ...files, '--script', script, '--json'], {});
    assert.equal(run.code, 0, run.stdout + run.stderr);
    return JSON.parse(run.stdout) as {
      path: (Omit<FlowStep, 'flow'> & { flow: string })[];
      logs: FlowLogRecord[];
      attributes: object;
      unmet: object[];
    };
  }

  function arnOf(flowId: string): string {
    return `arn:aws:connect:us-east-1:000000000000:instance/${service.instanceId}/contact-flow/${flowId}`;
  }

  function stepsOf(contactId: string) {
    return service.timeline.flatMap((entry) =>
      entry.kind === 'flow' && entry.contactId === contactId
        ? [comparableStep({ ...entry.step, flow: entry.step.flow.name })]
        : [],
    );
  }

  function logsOf(contactId: string): FlowLogRecord[] {
    const file = path.join(service.dataDir, 'flow-logs', `${service.instanceId}.jsonl`);
    return (linesOf(file) as unknown as FlowLogRecord[]).filter((record) => record.ContactId === contactId);
  }
});

function comparableStep({
  flow,
  actionIdentifier,
  actionType,
  result,
  via,
  nextAction,
}: Omit<FlowStep, 'flow'> & { readonly flow: string }) {
  return { flow, actionIdentifier, actionType, result, via, nextAction };
}

/** Everything but who and when. */
function comparableLog({ ContactId: _, Timestamp: __, ...record }: FlowLogRecord) {
  return record;
}

function logging(next: string): object {
  return {
    Identifier: 'log',
    Type: 'UpdateFlowLoggingBehavior',
    Parameters: { FlowLoggingBehavior: 'Enabled' },
    Transitions: { NextAction: next },
  };
}

/** Goes on to `open` when they are open; without hours of that name to `unknown`. */
function hours(identifier: string, name: string | undefined, open: string, unknown = 'hang up'): object {
  return {
    Identifier: identifier,
    Type: 'CheckHoursOfOperation',
    Parameters: name === undefined ? {} : { HoursOfOperationId: name },
    Transitions: {
      NextAction: unknown,
      Errors: [{ ErrorType: 'NoMatchingError', NextAction: unknown }],
      Conditions: [
        { NextAction: open, Condition: { Operator: 'Equals', Operands: ['True'] } },
        { NextAction: 'hang up', Condition: { Operator: 'Equals', Operands: ['False'] } },
      ],
    },
  };
}

function invoke(identifier: string, functionArn: string, next: string): object {
  return {
    Identifier: identifier,
    Type: 'InvokeLambdaFunction',
    Parameters: {
      LambdaFunctionARN: functionArn,
      InvocationTimeLimitSeconds: '8',
      LambdaInvocationAttributes: { number: '$.CustomerEndpoint.Address' },
    },
    Transitions: {
      NextAction: next,
      Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'hang up' }],
      Conditions: [],
    },
  };
}

/** The menu of one key, with branches of their own for wrong keys and for silence. */
function menuWithBranches(): object {
  const plain = menu(
    'ask',
    'Hello $.External.name. For a new card, press 1.',
    '1',
    'remember',
    'hang up',
  ) as {
    Parameters: object;
    Transitions: object;
  };
  return {
    ...plain,
    Parameters: { ...plain.Parameters, InputTimeLimitSeconds: '5' },
    Transitions: {
      ...plain.Transitions,
      Errors: [
        { ErrorType: 'InputTimeLimitExceeded', NextAction: 'silent' },
        { ErrorType: 'NoMatchingCondition', NextAction: 'wrong' },
        { ErrorType: 'NoMatchingError', NextAction: 'hang up' },
      ],
    },
  };
}
