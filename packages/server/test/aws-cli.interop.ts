/** Interoperation: Debian's AWS CLI against the service, the README's commands first, then every answer a script may have to tell apart. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readmeEndpoint, readmeExample, runDebianProgram } from './support/debian-program.ts';
import { hangUp, waitLong } from './support/flow-actions.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const nobody = '00000000-0000-4000-8000-000000000000';
const destination = 'destination-phone-number';
const anyKey = { AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any', AWS_DEFAULT_REGION: 'us-east-1' };

/** Runs `aws connect …`. */
const aws = (endpoint: string, command: readonly string[], env: Readonly<Record<string, string>> = anyKey) =>
  runDebianProgram('/usr/bin/aws', ['connect', ...command, '--endpoint-url', endpoint], { env });

describe('the AWS CLI', () => {
  let ringback: TestService;
  let flow: string;

  before(async () => {
    ringback = await startTestService();
    flow = await ringback.createFlow([waitLong, hangUp]);
  });

  after(() => ringback?.close());

  /** The answer of a command that must succeed. */
  async function answer(...command: readonly string[]) {
    const run = await aws(ringback.service.url, command);
    assert.equal(run.status, 0, run.complaint);
    return run.output === '' ? {} : JSON.parse(run.output);
  }

  /** Name and message of the error of a command that must fail. */
  async function refusal(...command: readonly string[]): Promise<readonly [name: string, message: string]> {
    const run = await aws(ringback.service.url, command);
    assert.equal(run.status, 254, `${run.output}${run.complaint}`);
    const [, name = '', message = ''] =
      /An error occurred \((\w+)\) when calling the \w+ operation(?: \(reached max retries: \d\))?: (.*)/s.exec(
        run.complaint,
      ) ?? [];
    return [name, message.trim()];
  }

  const start = (members: Readonly<Record<string, string>>): string[] => {
    const all = {
      'instance-id': ringback.instanceId,
      'queue-id': ringback.queueId,
      'contact-flow-id': flow,
      [destination]: '+12065550120',
      ...members,
    };
    return [
      'start-outbound-voice-contact',
      ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]),
    ];
  };

  it("runs the README's commands as they are › the phone presses 1, the choice can be read", async () => {
    const commands = readmeExample('sh', 'start-outbound-voice-contact').replaceAll(
      readmeEndpoint,
      ringback.service.url,
    );
    assert.ok(commands.includes(ringback.service.url), 'the README names the endpoint that the service has');
    const run = await runDebianProgram('/usr/bin/bash', ['-eu'], { env: {}, input: commands });
    assert.equal(run.status, 0, run.complaint);
    assert.equal(run.complaint, '');
    assert.deepEqual(JSON.parse(run.output), { Attributes: { choice: 'confirmed' } });
  });

  // boto3.interop.ts has the whole list; each start of this client costs a second of computing.
  describe('refusals', { concurrency: 2 }, () => {
    const refused = (
      title: string,
      name: string,
      message: RegExp,
      command: () => readonly string[],
    ): void => {
      it(`${title} › ${name}`, async () => {
        const [gotName, gotMessage] = await refusal(...command());
        assert.equal(gotName, name, gotMessage);
        assert.match(gotMessage, message);
      });
    };
    const call = (member: string, value: string) => () => start({ [member]: value });
    const brokenFlow = '{"Version":"2019-10-30","StartAction":"nowhere","Actions":[]}';
    const instance = () => ['--instance-id', ringback.instanceId];

    refused('a closed prefix', 'DestinationNotAllowedException', /\+447/, call(destination, '+447700900123'));
    refused(
      'a number without +',
      'InvalidParameterException',
      /match the pattern/,
      call(destination, '2065550120'),
    );
    refused('an unknown flow', 'ResourceNotFoundException', /ContactFlowId/, call('contact-flow-id', nobody));
    refused(
      'campaign traffic',
      'OutboundContactNotPermittedException',
      /quota/,
      call('traffic-type', 'CAMPAIGN'),
    );
    refused('a flow with a mistake', 'InvalidContactFlowException', /2 problems.*at least one action/, () => [
      ...['create-contact-flow', ...instance(), '--name', 'Broken', '--type', 'CONTACT_FLOW'],
      ...['--content', brokenFlow],
    ]);
    refused('an unknown contact', 'ResourceNotFoundException', /ContactId/, () => [
      ...['describe-contact', ...instance(), '--contact-id', nobody],
    ]);
    refused(
      'an operation that is missing',
      'OperationNotImplementedException',
      /ListApprovedOrigins.*compatibility/,
      () => ['list-approved-origins', ...instance()],
    );
  });

  describe('answers', { concurrency: 2 }, () => {
    it('describe-instance', async () => {
      const { Instance } = await answer('describe-instance', '--instance-id', ringback.instanceId);
      assert.equal(Instance.Id, ringback.instanceId);
      assert.equal(Instance.InstanceStatus, 'ACTIVE');
      assert.ok(Date.parse(Instance.CreatedTime) > 0, 'an epoch timestamp is read as a date');
    });

    it('list-phone-numbers-v2', async () => {
      const { ListPhoneNumbersSummaryList: numbers } = await answer('list-phone-numbers-v2');
      assert.deepEqual(
        numbers.map((one: { PhoneNumber: string }) => one.PhoneNumber),
        ['+12065550199'],
      );
    });

    it('list-contact-flows › pages with --max-items, --starting-token and --page-size', async () => {
      const list = ['list-contact-flows', '--instance-id', ringback.instanceId];
      const idsOf = (page: { ContactFlowSummaryList: { Id: string }[] }) =>
        page.ContactFlowSummaryList.map((flow) => flow.Id);
      const all = idsOf(await answer(...list, '--page-size', '1'));
      assert.ok(all.length >= 2, 'the emulator starts with two flows');
      const first = await answer(...list, '--max-items', '1');
      assert.deepEqual(idsOf(first), all.slice(0, 1));
      const second = await answer(...list, '--max-items', '1', '--starting-token', first.NextToken);
      assert.deepEqual(idsOf(second), all.slice(1, 2));
      const unpaged = await answer(...list, '--no-paginate');
      assert.deepEqual(idsOf(unpaged), all);
    });

    it('a call › described while it lasts and after stop-contact', async () => {
      const instance = ['--instance-id', ringback.instanceId];
      const members = {
        [destination]: '+12065550140',
        'client-token': 'one call only',
        attributes: 'first=Ada,last=Lovelace',
      };
      const { ContactId: contact } = await answer(...start(members));
      assert.equal((await answer(...start(members))).ContactId, contact, 'the token stands for the contact');
      const { Attributes } = await answer(
        'get-contact-attributes',
        ...instance,
        '--initial-contact-id',
        contact,
      );
      assert.deepEqual(Attributes, { first: 'Ada', last: 'Lovelace' });
      const { Contact: lasting } = await answer('describe-contact', ...instance, '--contact-id', contact);
      assert.equal(lasting.InitiationMethod, 'API');
      assert.equal(lasting.Channel, 'VOICE');
      assert.deepEqual(await answer('stop-contact', ...instance, '--contact-id', contact), {});
      const ended = await ringback.ended(contact);
      const { Contact: stopped } = await answer('describe-contact', ...instance, '--contact-id', contact);
      assert.equal(Date.parse(stopped.DisconnectTimestamp), ended.DisconnectTimestamp?.getTime());
    });
  });
});

describe('the AWS CLI with access keys configured', { concurrency: 2 }, () => {
  let ringback: TestService;
  const key = {
    AWS_ACCESS_KEY_ID: 'AKIDINTEROP',
    AWS_SECRET_ACCESS_KEY: 'not-a-secret/at+all',
    AWS_DEFAULT_REGION: 'us-east-1',
  };

  before(async () => {
    ringback = await startTestService(
      `accessKeys: [{ accessKeyId: ${key.AWS_ACCESS_KEY_ID}, secretAccessKey: ${key.AWS_SECRET_ACCESS_KEY} }]`,
    );
  });

  after(() => ringback?.close());

  const list = (env: Readonly<Record<string, string>>) =>
    aws(ringback.service.url, ['list-queues', '--instance-id', ringback.instanceId], env);

  it('the right key › is let in', async () => {
    const run = await list(key);
    assert.equal(run.status, 0, run.complaint);
    assert.equal(JSON.parse(run.output).QueueSummaryList[0].Id, ringback.queueId);
  });

  it('a wrong secret › InvalidSignatureException', async () => {
    const run = await list({ ...key, AWS_SECRET_ACCESS_KEY: 'a-guess' });
    assert.equal(run.status, 254);
    assert.match(run.complaint, /\(InvalidSignatureException\).*Check the secret access key/);
  });

  it('an unknown key › UnrecognizedClientException', async () => {
    const run = await list({ ...key, AWS_ACCESS_KEY_ID: 'AKIDSTRANGER' });
    assert.equal(run.status, 254);
    assert.match(run.complaint, /\(UnrecognizedClientException\)/);
  });

  it('a signature for another Region › InvalidSignatureException', async () => {
    const run = await list({ ...key, AWS_DEFAULT_REGION: 'eu-west-2' });
    assert.equal(run.status, 254);
    assert.match(run.complaint, /\(InvalidSignatureException\)/);
  });
});
