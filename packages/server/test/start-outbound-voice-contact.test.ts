/** StartOutboundVoiceContact to the letter: every documented rule with the exception expected, through the official SDK against running services. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  ConnectClient,
  type Contact,
  CreateContactFlowCommand,
  DescribeContactCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstanceCommand,
  DescribePhoneNumberCommand,
  GetContactAttributesCommand,
  InstanceAttributeType,
  ListContactReferencesCommand,
  ListPhoneNumbersCommand,
  ListPhoneNumbersV2Command,
  type ListPhoneNumbersV2CommandInput,
  paginateListInstanceAttributes,
  paginateSearchContacts,
  StartOutboundVoiceContactCommand,
  type StartOutboundVoiceContactCommandInput,
  StopContactCommand,
  TagContactCommand,
  UntagContactCommand,
  UpdateContactAttributesCommand,
  UpdateContactCommand,
  type UpdateContactCommandInput,
  UpdateContactFlowMetadataCommand,
  UpdateInstanceAttributeCommand,
  UpdateQueueNameCommand,
} from '@aws-sdk/client-connect';
import { Client } from 'pg';
import { capturedLogger, levels } from '../src/test-support/captured-logger.ts';
import { hangUp } from './support/flow-actions.ts';
import { type RawRequest, sendRaw, signatureOf } from './support/raw-request.ts';
import { refusalOf } from './support/refusals.ts';
import { linesOf, startTestService, type TestService, untilDefined } from './support/test-service.ts';

const ordinaryKey = { accessKeyId: 'AKIASTARTORDINARY', secretAccessKey: 'secret-of-the-ordinary-key' };
const campaignsKey = { accessKeyId: 'AKIASTARTCAMPAIGN', secretAccessKey: 'secret-of-the-campaigns-key' };
const strangersKey = { accessKeyId: 'AKIASTARTSTRANGER', secretAccessKey: 'secret-of-the-strangers-key' };
const ownAccount = '000000000000';
const strangersAccount = '111111111111';

const queueNumber = '+12065550199';
const secondNumber = '+12065550198';
const tollFreeNumber = '+18005550197';
/** A universal international freephone number. */
const freephoneNumber = '+80055501970';
const anyPhone = '+12065550150';

/** Nothing is dialled: what is accepted waits. */
const withKeys = `
accessKeys:
  - { accessKeyId: ${ordinaryKey.accessKeyId}, secretAccessKey: ${ordinaryKey.secretAccessKey} }
  - { accessKeyId: ${campaignsKey.accessKeyId}, secretAccessKey: ${campaignsKey.secretAccessKey}, principal: connect-campaigns.amazonaws.com }
  - { accessKeyId: ${strangersKey.accessKeyId}, secretAccessKey: ${strangersKey.secretAccessKey}, accountId: "${strangersAccount}" }
phoneNumbers: ["${queueNumber}", "${secondNumber}", "${tollFreeNumber}", "${freephoneNumber}"]
quotas: { concurrentCampaignActiveCalls: 100 }
instances:
  open: { countries: [US, GB, JM, DE], openPrefixes: ["+447", "+8816", "+1900"] }
dialling: { paused: true, maxDialDelayMs: 600000 }
speech: { kind: "off" }
`;
const withoutKeys = `
preview: { allowedFor: everyone }
speech: { kind: "off" }
`;

type Input = Partial<StartOutboundVoiceContactCommandInput>;

/** An instance beside the seeded one, with a number, a queue of that number, a flow and call slots of its own. */
interface Neighbour {
  readonly id: string;
  readonly number: string;
  readonly queueId: string;
  readonly flowId: string;
}

/** Refuses and accepts; dials nothing. */
let paused: TestService;
let database: Client;
let ordinary: ConnectClient;
let campaigns: ConnectClient;
let stranger: ConnectClient;
/** Beside the seeded flow: what each test needs one of. */
const flows: Record<string, string> = {};
/** May dial more than others. */
let open: Neighbour;
/** Has one call slot of each kind. */
let narrow: Neighbour;
/** Outbound calls are switched off. */
let silent: Neighbour;
/** Belongs to the other account. */
let strangers: Neighbour;
let numberlessQueueId: string;
const logged = capturedLogger();
/** Dials the simulated carrier, lets anyone in, opens preview to everyone and no campaign traffic. */
let dialling: TestService;
let diallingFlow: string;
let impatient: ConnectClient;

before(async () => {
  [paused, dialling] = await Promise.all([
    startTestService(withKeys),
    startTestService(withoutKeys, logged.logger),
  ]);
  ordinary = clientOf(paused, ordinaryKey);
  campaigns = clientOf(paused, campaignsKey);
  stranger = clientOf(paused, strangersKey);
  impatient = clientOf(dialling, ordinaryKey);
  database = new Client({
    host: path.join(paused.dataDir, 'postgres', 'socket'),
    user: 'ringback',
    database: 'ringback',
  });
  await database.connect();
  open = await neighbour('open', '+12065550181');
  narrow = await neighbour('narrow', '+12065550182', { slots: 1 });
  silent = await neighbour('silent', '+12065550183', { outbound: false });
  strangers = await neighbour('strangers', '+12065550184', { account: strangersAccount });
  numberlessQueueId = randomUUID();
  await database.query('INSERT INTO queue (instance_id, id, name, updated_at) VALUES ($1, $2, $3, now())', [
    paused.instanceId,
    numberlessQueueId,
    'No number',
  ]);
  flows.published = await flow(paused.instanceId, 'published');
  flows.saved = await flow(paused.instanceId, 'saved', { Status: 'SAVED' });
  flows.campaign = await flow(paused.instanceId, 'campaign', { Type: 'CAMPAIGN' });
  flows.whisper = await flow(paused.instanceId, 'whisper', { Type: 'CUSTOMER_WHISPER' });
  flows.archived = await flow(paused.instanceId, 'archived');
  await ordinary.send(
    new UpdateContactFlowMetadataCommand({
      InstanceId: paused.instanceId,
      ContactFlowId: flows.archived,
      ContactFlowState: 'ARCHIVED',
    }),
  );
  diallingFlow = await dialling.createFlow([hangUp]);
});

after(async () => {
  await database?.end();
  for (const client of [ordinary, campaigns, stranger, impatient]) client?.destroy();
  await Promise.all([paused?.close(), dialling?.close()]);
});

/** What may be expected of a request: accepted, or one exception with its status. */
const expectations = {
  accepted: undefined,
  InvalidRequestException: 400,
  InvalidParameterException: 400,
  SerializationException: 400,
  ResourceNotFoundException: 404,
  InternalServiceException: 500,
  LimitExceededException: 429,
  DestinationNotAllowedException: 403,
  OutboundContactNotPermittedException: 403,
} as const;
type Expected = keyof typeof expectations;

interface Row {
  readonly what: string;
  readonly members: () => Input;
  readonly expected: Expected;
  /** In the message. */
  readonly says?: RegExp;
  readonly from?: () => ConnectClient;
  /** Looks at an accepted contact. */
  readonly check?: (contact: Contact) => void;
}

/** A line of a table; what `members` leaves out is what an ordinary request has, what it sets undefined is absent. */
function row(
  what: string,
  members: Input | (() => Input),
  expected: Expected,
  more: Omit<Row, 'what' | 'members' | 'expected'> = {},
): Row {
  return { what, members: typeof members === 'function' ? members : () => members, expected, ...more };
}

function table(title: string, rows: readonly Row[]): void {
  describe(title, () => {
    for (const { what, members, expected, says, from, check } of rows) {
      it(`${what} › ${expected}`, async () => {
        const request = start(members(), from?.() ?? ordinary);
        if (expected === 'accepted') {
          const contactId = await request;
          check?.(await contact(members().InstanceId ?? paused.instanceId, contactId));
          return;
        }
        const refusal = await refusalOf(request);
        assert.equal(refusal.name, expected, refusal.message);
        assert.equal(refusal.$metadata.httpStatusCode, expectations[expected]);
        assert.ok(refusal.message.length > 10, 'it says what is wrong');
        if (says) assert.match(refusal.message, says);
      });
    }
  });
}

const to = (number: string): Input => ({ DestinationPhoneNumber: number });
const fromOpen = (number: string) => (): Input => ({ ...at(open), DestinationPhoneNumber: number });

table('destinations', [
  row('a number of the United States', to(anyPhone), 'accepted'),
  row('a number of Canada', to('+14165550123'), 'accepted'),
  row('a London number', to('+442079460000'), 'accepted'),
  row('a British mobile, +447', to('+447700900123'), 'DestinationNotAllowedException', { says: /\+447/ }),
  row('a British mobile where +447 is opened', fromOpen('+447400123456'), 'accepted'),
  row('a British premium number', to('+449012345678'), 'DestinationNotAllowedException'),
  row('a Japanese mobile', to('+819012345678'), 'DestinationNotAllowedException'),
  row('a country that is not listed', to('+4930123456'), 'DestinationNotAllowedException', { says: /DE/ }),
  row('the same where it is listed', fromOpen('+4930123456'), 'accepted'),
  row(
    'a country that this instance’s list leaves out',
    fromOpen('+14165550123'),
    'DestinationNotAllowedException',
  ),
  row('premium rate of the listed United States', to('+19005550123'), 'DestinationNotAllowedException'),
  row('premium rate whose prefix is opened', fromOpen('+19005550123'), 'accepted'),
  row('premium rate of a listed country', fromOpen('+499001234567'), 'DestinationNotAllowedException'),
  row('Inmarsat', to('+870773111632'), 'DestinationNotAllowedException'),
  row('Iridium', to('+8816123456789'), 'DestinationNotAllowedException', { says: /\+881/ }),
  row('Iridium where its prefix is opened', fromOpen('+8816123456789'), 'accepted'),
  row(
    'another satellite network where only one is opened',
    fromOpen('+8818123456789'),
    'DestinationNotAllowedException',
  ),
  row('Jamaica behind +1', to('+18765550123'), 'DestinationNotAllowedException', { says: /JM/ }),
  row('Jamaica where it is listed', fromOpen('+18762345678'), 'accepted'),
  row('the Dominican Republic behind +1', to('+18092345678'), 'DestinationNotAllowedException'),
  row('911 behind +1', to('+1911'), 'DestinationNotAllowedException', { says: /[Ee]mergency/ }),
  row('112', to('+112'), 'DestinationNotAllowedException'),
  row('999 of Britain', to('+44999'), 'DestinationNotAllowedException'),
  row('112 of a listed country', fromOpen('+49112'), 'DestinationNotAllowedException', {
    says: /[Ee]mergency/,
  }),
  row('110 of a listed country', fromOpen('+49110'), 'DestinationNotAllowedException'),
  ...[2, 3, 4, 5, 6, 7, 8].map((n) =>
    row(`the service code ${n}11`, to(`+1${n}11`), 'DestinationNotAllowedException'),
  ),
  row('a digit too few', to('+1206555010'), 'InvalidParameterException', { says: /length/ }),
  row('a digit too many', to('+120655501000'), 'InvalidParameterException'),
  row('a calling code that nobody has', to('+9991234567'), 'InvalidParameterException'),
  row('no plus sign', to('12065550100'), 'InvalidParameterException'),
  row('a leading zero', to('+02065550100'), 'InvalidParameterException'),
  row('separators', to('+1 206 555 0100'), 'InvalidParameterException'),
  row('letters', to('+1206555O1OO'), 'InvalidParameterException'),
  row('sixteen digits', to('+1206555010012345'), 'InvalidParameterException'),
  row('no digits', to(''), 'InvalidParameterException'),
  row('a line break behind it', to(`${anyPhone}\n`), 'InvalidParameterException'),
  row('no destination at all', { DestinationPhoneNumber: undefined }, 'InvalidRequestException'),
]);

const shows = (number: string) => ({
  check: (contact: Contact) => assert.equal(contact.SystemEndpoint?.Address, number),
});

table('caller ID', [
  row('a queue alone: the number of the queue', {}, 'accepted', shows(queueNumber)),
  row('both: the number of the queue', { SourcePhoneNumber: secondNumber }, 'accepted', shows(queueNumber)),
  row(
    'a number alone: that number',
    { QueueId: undefined, SourcePhoneNumber: secondNumber },
    'accepted',
    shows(secondNumber),
  ),
  row(
    'a queue without a number, and a number: that number',
    () => ({ QueueId: numberlessQueueId, SourcePhoneNumber: secondNumber }),
    'accepted',
    shows(secondNumber),
  ),
  row(
    'a queue without a number, alone',
    () => ({ QueueId: numberlessQueueId }),
    'InvalidParameterException',
    {
      says: /caller ID/,
    },
  ),
  row('neither', { QueueId: undefined }, 'InvalidParameterException', {
    says: /SourcePhoneNumber or QueueId/,
  }),
  row(
    'a number that is not ours',
    { QueueId: undefined, SourcePhoneNumber: anyPhone },
    'InvalidParameterException',
  ),
  row(
    'a number that is not ours beside a queue',
    { SourcePhoneNumber: anyPhone },
    'InvalidParameterException',
  ),
  row(
    'a number of another instance',
    () => ({ QueueId: undefined, SourcePhoneNumber: open.number }),
    'InvalidParameterException',
  ),
  row('a number that is none', { SourcePhoneNumber: '0199' }, 'InvalidParameterException'),
  row(
    'a toll-free number at home',
    { QueueId: undefined, SourcePhoneNumber: tollFreeNumber },
    'accepted',
    shows(tollFreeNumber),
  ),
  row(
    'a toll-free number abroad',
    { QueueId: undefined, SourcePhoneNumber: tollFreeNumber, ...to('+442079460000') },
    'DestinationNotAllowedException',
    { says: /toll-free/ },
  ),
  row(
    'a toll-free number abroad, beside a queue with another',
    { SourcePhoneNumber: tollFreeNumber, ...to('+442079460000') },
    'accepted',
    shows(queueNumber),
  ),
  row(
    'an international freephone number',
    { QueueId: undefined, SourcePhoneNumber: freephoneNumber },
    'InvalidParameterException',
    { says: /caller ID/ },
  ),
  row(
    'a queue by its ARN',
    () => ({ QueueId: `${arnOf(paused.instanceId)}/queue/${paused.queueId}` }),
    'accepted',
    { check: (contact) => assert.equal(contact.QueueInfo?.Id, paused.queueId) },
  ),
  row('an unknown queue', { QueueId: randomUUID() }, 'ResourceNotFoundException', { says: /QueueId/ }),
  row('a queue that is no id', { QueueId: 'BasicQueue' }, 'ResourceNotFoundException'),
  row('a queue of another instance', () => ({ QueueId: open.queueId }), 'ResourceNotFoundException'),
  row(
    'a queue by an ARN that puts it in another account',
    () => ({ QueueId: `${arnOf(paused.instanceId, strangersAccount)}/queue/${paused.queueId}` }),
    'ResourceNotFoundException',
  ),
  row(
    'a queue by the ARN of another instance',
    () => ({ QueueId: `${arnOf(open.id)}/queue/${paused.queueId}` }),
    'ResourceNotFoundException',
  ),
]);

describe('attributes of an instance', () => {
  it('tell what it can do, all or one', async () => {
    const attributesOf = async (InstanceId: string): Promise<Record<string, string>> => {
      const values: Record<string, string> = {};
      for await (const { Attributes = [] } of paginateListInstanceAttributes(
        { client: ordinary },
        { InstanceId },
      )) {
        for (const { AttributeType = '', Value = '' } of Attributes) values[AttributeType] = Value;
      }
      return values;
    };
    const attributes = await attributesOf(arnOf(paused.instanceId));
    // The service knows one more than the SDK.
    const known = new Set([...Object.values(InstanceAttributeType), 'AUTO_MUTE_AGENT_ON_HOLD']);
    assert.deepEqual(new Set(Object.keys(attributes)), known);
    assert.equal(attributes.OUTBOUND_CALLS, 'true');
    assert.equal((await attributesOf(silent.id)).OUTBOUND_CALLS, 'false');
    const one = { InstanceId: silent.id, AttributeType: 'OUTBOUND_CALLS' } as const;
    assert.deepEqual((await ordinary.send(new DescribeInstanceAttributeCommand(one))).Attribute, {
      AttributeType: 'OUTBOUND_CALLS',
      Value: 'false',
    });
  });
});

describe('switches of an instance', () => {
  const turn = (AttributeType: string, Value: string, InstanceId = silent.id) =>
    ordinary.send(
      new UpdateInstanceAttributeCommand({
        InstanceId,
        AttributeType: AttributeType as InstanceAttributeType,
        Value,
      }),
    );

  it('let outbound calls be made, or refuse them, from the next request on', async () => {
    await turn('OUTBOUND_CALLS', 'True');
    await start(at(silent));
    await turn('OUTBOUND_CALLS', 'false');
    assert.equal((await refusalOf(start(at(silent)))).name, 'OutboundContactNotPermittedException');
  });

  it('stay as they were turned, and those that mean nothing here as they are', async () => {
    const answer = await turn('CONTACTFLOW_LOGS', 'false');
    assert.equal(answer.$metadata.httpStatusCode, 200);
    await turn('INBOUND_CALLS', 'false');
    const valueNow = async (AttributeType: InstanceAttributeType) => {
      const one = { InstanceId: silent.id, AttributeType };
      return (await ordinary.send(new DescribeInstanceAttributeCommand(one))).Attribute?.Value;
    };
    assert.equal(await valueNow('CONTACTFLOW_LOGS'), 'false');
    const { Instance } = await ordinary.send(new DescribeInstanceCommand({ InstanceId: silent.id }));
    assert.deepEqual([Instance?.InboundCallsEnabled, Instance?.OutboundCallsEnabled], [false, false]);
    await turn('CONTACT_LENS', 'false');
    await turn('ENHANCED_CONTACT_MONITORING', 'TRUE');
    for (const [type, value, name] of [
      ['CONTACT_LENS', 'true', 'InvalidRequestException'],
      ['ENHANCED_CONTACT_MONITORING', 'false', 'InvalidRequestException'],
      ['HIGH_VOLUME_OUTBOUND', 'false', 'InvalidRequestException'],
      ['OUTBOUND_CALLS', 'yes', 'InvalidParameterException'],
      ['NOTHING', 'true', 'InvalidParameterException'],
    ] as const) {
      assert.equal((await refusalOf(turn(type, value))).name, name, type);
    }
    const unknown = await refusalOf(turn('OUTBOUND_CALLS', 'true', strangers.id));
    assert.equal(unknown.name, 'ResourceNotFoundException');
  });
});

describe('own numbers', () => {
  const numbersOf = async (input: ListPhoneNumbersV2CommandInput): Promise<(string | undefined)[]> => {
    const answer = await ordinary.send(new ListPhoneNumbersV2Command(input));
    return (answer.ListPhoneNumbersSummaryList ?? []).map((number) => number.PhoneNumber).toSorted();
  };

  it('are listed by instance and type', async () => {
    const InstanceId = paused.instanceId;
    const all = [queueNumber, secondNumber, tollFreeNumber, freephoneNumber].toSorted();
    assert.deepEqual(await numbersOf({ InstanceId }), all);
    assert.deepEqual(await numbersOf({ TargetArn: arnOf(InstanceId) }), all);
    assert.deepEqual(await numbersOf({ InstanceId, PhoneNumberTypes: ['TOLL_FREE'] }), [tollFreeNumber]);
    assert.deepEqual(await numbersOf({ InstanceId, PhoneNumberTypes: ['UIFN'] }), [freephoneNumber]);
  });

  it('are listed in the older form, and described by id and ARN', async () => {
    const InstanceId = paused.instanceId;
    const { PhoneNumberSummaryList = [] } = await ordinary.send(
      new ListPhoneNumbersCommand({ InstanceId, PhoneNumberTypes: ['TOLL_FREE'] }),
    );
    assert.deepEqual(
      PhoneNumberSummaryList.map(({ PhoneNumber }) => PhoneNumber),
      [tollFreeNumber],
    );
    const { Id = '', Arn = '' } = PhoneNumberSummaryList[0] ?? {};
    for (const PhoneNumberId of [Id, Arn]) {
      const { ClaimedPhoneNumberSummary: own } = await ordinary.send(
        new DescribePhoneNumberCommand({ PhoneNumberId }),
      );
      assert.deepEqual(
        [own?.PhoneNumberId, own?.PhoneNumberArn, own?.PhoneNumber, own?.InstanceId, own?.PhoneNumberStatus],
        [Id, Arn, tollFreeNumber, InstanceId, { Status: 'CLAIMED' }],
      );
    }
    for (const PhoneNumberId of ['x', randomUUID(), Arn.replace('phone-number', 'instance')]) {
      await assert.rejects(ordinary.send(new DescribePhoneNumberCommand({ PhoneNumberId })), {
        name: 'ResourceNotFoundException',
      });
    }
  });

  it('are not listed for an ARN of elsewhere, whatever its last part', async () => {
    const TargetArn = arnOf(paused.instanceId, strangersAccount);
    await assert.rejects(numbersOf({ TargetArn }), { name: 'ResourceNotFoundException' });
  });
});

/** A text of so many UTF-8 bytes, two for most characters. */
const twoByteText = (bytes: number): string => 'é'.repeat(bytes >> 1) + 'x'.repeat(bytes & 1);
const attributeKeys = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

table('attributes', [
  row('32,768 bytes, most of them in pairs', { Attributes: { k: twoByteText(32_767) } }, 'accepted', {
    check: (contact) => assert.equal(contact.Attributes?.k, twoByteText(32_767)),
  }),
  row('one byte more', { Attributes: { kk: twoByteText(32_767) } }, 'InvalidParameterException', {
    says: /32769 bytes/,
  }),
  row('characters of four bytes, exactly', { Attributes: { four: '😀'.repeat(8191) } }, 'accepted'),
  row(
    'characters of four bytes, one more',
    { Attributes: { fives: '😀'.repeat(8191) } },
    'InvalidParameterException',
  ),
  row(
    '32,768 bytes over several pairs',
    { Attributes: { a: twoByteText(16_383), b: twoByteText(16_383) } },
    'accepted',
  ),
  row(
    'one byte more over several pairs',
    { Attributes: { a: twoByteText(16_383), b: twoByteText(16_384) } },
    'InvalidParameterException',
  ),
  row('32,768 bytes by the key', { Attributes: { ['k'.repeat(32_767)]: 'x' } }, 'accepted'),
  row(
    'a key of 32,768 characters',
    { Attributes: { ['k'.repeat(32_768)]: '' } },
    'InvalidParameterException',
  ),
  row('a value of 32,768 characters', { Attributes: { k: 'x'.repeat(32_768) } }, 'InvalidParameterException'),
  row('an empty value', { Attributes: { k: '' } }, 'accepted'),
  row('every letter, digit, - and _ in a key', { Attributes: { [attributeKeys]: 'x' } }, 'accepted', {
    check: (contact) => assert.deepEqual(contact.Attributes, { [attributeKeys]: 'x' }),
  }),
  row('names that objects have', { Attributes: { constructor: 'a', toString: 'b' } }, 'accepted', {
    check: (contact) => assert.deepEqual(contact.Attributes, { constructor: 'a', toString: 'b' }),
  }),
  ...['a b', 'a.b', 'a:b', '$', 'ä', 'a\n', ' ', '😀'].map((key) =>
    row(`the key ${JSON.stringify(key)}`, { Attributes: { [key]: 'x' } }, 'InvalidParameterException'),
  ),
  row('an empty key', { Attributes: { '': 'x' } }, 'InvalidParameterException'),
]);

const reference = (Value: string | undefined, Type = 'STRING') => ({ Value, Type }) as { Type: 'STRING' };

table('references', [
  ...['URL', 'NUMBER', 'STRING', 'DATE', 'EMAIL'].map((type) =>
    row(`a reference of type ${type}`, { References: { r: reference('1', type) } }, 'accepted'),
  ),
  ...[
    'ATTACHMENT',
    'CONTACT_ANALYSIS',
    'EMAIL_MESSAGE',
    'EMAIL_MESSAGE_PLAIN_TEXT',
    'EMAIL_MESSAGE_PLAIN_TEXT_REDACTED',
    'EMAIL_MESSAGE_REDACTED',
  ].map((type) =>
    row(
      `a reference of type ${type}`,
      { References: { r: reference('1', type) } },
      'InvalidParameterException',
      {
        says: new RegExp(type),
      },
    ),
  ),
  row(
    'a reference of no known type',
    { References: { r: reference('1', 'FAX') } },
    'InvalidParameterException',
  ),
  row(
    'a reference without a type',
    { References: { r: { Value: 'x' } as never } },
    'InvalidRequestException',
  ),
  row('a reference without a value', { References: { r: reference(undefined) } }, 'accepted'),
  row('4,096 bytes', { References: { r: reference(twoByteText(4095)) } }, 'accepted'),
  row('one byte more', { References: { rr: reference(twoByteText(4095)) } }, 'InvalidParameterException', {
    says: /4097 bytes/,
  }),
  row(
    '4,096 bytes over several references',
    { References: { a: reference(twoByteText(2047)), b: reference(twoByteText(2047)) } },
    'accepted',
  ),
  row(
    'one byte more over several references',
    { References: { a: reference(twoByteText(2047)), b: reference(twoByteText(2048)) } },
    'InvalidParameterException',
  ),
]);

const machineDetection = { EnableAnswerMachineDetection: true, AwaitAnswerMachinePrompt: true };

table('campaign traffic and answering machine detection', [
  row(
    'detection without a traffic type',
    { AnswerMachineDetectionConfig: machineDetection },
    'InvalidParameterException',
    {
      says: /CAMPAIGN/,
    },
  ),
  row(
    'detection with GENERAL',
    { AnswerMachineDetectionConfig: machineDetection, TrafficType: 'GENERAL' },
    'InvalidParameterException',
  ),
  row(
    'detection with CAMPAIGN',
    { AnswerMachineDetectionConfig: machineDetection, TrafficType: 'CAMPAIGN', CampaignId: 'autumn' },
    'accepted',
    { check: (contact) => assert.equal(contact.Campaign?.CampaignId, 'autumn') },
  ),
  row(
    'detection that is switched off, with GENERAL',
    { AnswerMachineDetectionConfig: { EnableAnswerMachineDetection: false } },
    'accepted',
  ),
  row('CAMPAIGN without detection', { TrafficType: 'CAMPAIGN' }, 'accepted'),
  row('an unknown traffic type', { TrafficType: 'BULK' as 'GENERAL' }, 'InvalidParameterException'),
  row('a campaign id of 100 characters', { CampaignId: 'c'.repeat(100) }, 'accepted'),
  row('a campaign id of 101 characters', { CampaignId: 'c'.repeat(101) }, 'InvalidParameterException'),
  row('an empty campaign id', { CampaignId: '' }, 'InvalidParameterException'),
]);

const rings = (RingTimeoutInSeconds: number | undefined): Input => ({ RingTimeoutInSeconds });

table('ring time', [
  row('14 s', rings(14), 'InvalidParameterException', { says: /15/ }),
  row('15 s', rings(15), 'accepted'),
  row('60 s', rings(60), 'accepted'),
  row('61 s', rings(61), 'InvalidParameterException', { says: /60/ }),
  row('nothing said', rings(undefined), 'accepted'),
  row('0 s', rings(0), 'InvalidParameterException'),
  row('-15 s', rings(-15), 'InvalidParameterException'),
  row('a fraction', rings(15.5), 'SerializationException'),
]);

const preview = {
  Type: 'AGENT_FIRST',
  Config: {
    AgentFirst: {
      Preview: {
        PostAcceptTimeoutConfig: { DurationInSeconds: 30 },
        AllowedUserActions: ['CALL', 'DISCARD'],
      },
    },
  },
} as const satisfies StartOutboundVoiceContactCommandInput['OutboundStrategy'];

table('preview dialling', [
  row('by any caller', { OutboundStrategy: preview }, 'OutboundContactNotPermittedException', {
    says: /OutboundStrategy/,
  }),
  row('by the campaigns service', { OutboundStrategy: preview }, 'accepted', {
    from: () => campaigns,
    check: (contact) => assert.deepEqual(contact.OutboundStrategy, preview),
  }),
  row(
    'without its configuration',
    { OutboundStrategy: { Type: 'AGENT_FIRST' } },
    'InvalidParameterException',
    {
      from: () => campaigns,
    },
  ),
  row(
    'of a type that is none',
    { OutboundStrategy: { ...preview, Type: 'CUSTOMER_FIRST' as 'AGENT_FIRST' } },
    'InvalidParameterException',
    { from: () => campaigns },
  ),
  row(
    'where the configuration opens it to everyone',
    () => ({ ...onDialling(), OutboundStrategy: preview, DestinationPhoneNumber: '+12065550120' }),
    'accepted',
    { from: () => impatient },
  ),
]);

table('flow', [
  row('by its id', () => ({ ContactFlowId: flows.published }), 'accepted'),
  row(
    'by its ARN',
    () => ({ ContactFlowId: `${arnOf(paused.instanceId)}/contact-flow/${flows.published}` }),
    'accepted',
  ),
  row('that is saved, not published', () => ({ ContactFlowId: flows.saved }), 'ResourceNotFoundException'),
  row('that is archived', () => ({ ContactFlowId: flows.archived }), 'ResourceNotFoundException'),
  row('that is unknown', { ContactFlowId: randomUUID() }, 'ResourceNotFoundException', {
    says: /ContactFlowId/,
  }),
  row('that is no id', { ContactFlowId: 'My flow' }, 'ResourceNotFoundException'),
  row('of another instance', () => ({ ContactFlowId: open.flowId }), 'ResourceNotFoundException'),
  row(
    'by the ARN of another instance',
    () => ({ ContactFlowId: `${arnOf(open.id)}/contact-flow/${flows.published}` }),
    'ResourceNotFoundException',
  ),
  row(
    'by an ARN that puts it in another account',
    () => ({
      ContactFlowId: `${arnOf(paused.instanceId, strangersAccount)}/contact-flow/${flows.published}`,
    }),
    'ResourceNotFoundException',
  ),
  row(
    'by the ARN of a queue',
    () => ({ ContactFlowId: `${arnOf(paused.instanceId)}/queue/${flows.published}` }),
    'ResourceNotFoundException',
  ),
  row('of the type CAMPAIGN', () => ({ ContactFlowId: flows.campaign }), 'accepted'),
  row(
    'of a type that cannot begin a call',
    () => ({ ContactFlowId: flows.whisper }),
    'InvalidParameterException',
    {
      says: /CUSTOMER_WHISPER/,
    },
  ),
  row('with an id of 501 characters', { ContactFlowId: 'f'.repeat(501) }, 'InvalidParameterException'),
  row('that is missing', { ContactFlowId: undefined }, 'InvalidRequestException', { says: /contactFlowId/ }),
]);

table('instance', [
  row('by its ARN', () => ({ InstanceId: arnOf(paused.instanceId) }), 'accepted', {}),
  row('that is unknown', { InstanceId: randomUUID() }, 'ResourceNotFoundException'),
  row('that is no id', { InstanceId: 'ringback' }, 'ResourceNotFoundException'),
  row('of another account', () => at(strangers), 'ResourceNotFoundException'),
  row('seen from another account', {}, 'ResourceNotFoundException', { from: () => stranger }),
  row('of another account, by that account', () => at(strangers), 'accepted', { from: () => stranger }),
  row(
    'by an ARN that puts it in another account',
    () => ({ InstanceId: arnOf(paused.instanceId, strangersAccount) }),
    'ResourceNotFoundException',
  ),
  row('whose outbound calls are switched off', () => at(silent), 'OutboundContactNotPermittedException', {
    says: /switched off/,
  }),
  row('with an id of 101 characters', { InstanceId: 'i'.repeat(101) }, 'InvalidParameterException'),
  row('that is missing', { InstanceId: undefined }, 'InvalidRequestException'),
]);

table('texts', [
  row('a name of 1,024 characters', { Name: 'n'.repeat(1024) }, 'accepted', {
    check: (contact) => assert.equal(contact.Name, 'n'.repeat(1024)),
  }),
  row('a name of 1,025 characters', { Name: 'n'.repeat(1025) }, 'InvalidParameterException'),
  row('a description of 4,096 characters', { Description: 'd'.repeat(4096) }, 'accepted'),
  row('a description of 4,097 characters', { Description: 'd'.repeat(4097) }, 'InvalidParameterException'),
  row('a token of 500 characters', () => ({ ClientToken: longToken(500) }), 'accepted'),
  row('a token of 501 characters', () => ({ ClientToken: longToken(501) }), 'InvalidParameterException'),
]);

describe('related contact', () => {
  it('gives the new contact its attributes; what the request says wins, and the old one keeps its own', async () => {
    const first = await start({ Attributes: { order: '17', language: 'de' } });
    const second = await start({ RelatedContactId: first, Attributes: { language: 'en', step: '2' } });
    const described = await contact(paused.instanceId, second);
    assert.equal(described.RelatedContactId, first);
    assert.deepEqual(described.Attributes, { order: '17', language: 'en', step: '2' });
    assert.deepEqual((await contact(paused.instanceId, first)).Attributes, { order: '17', language: 'de' });
    const third = await contact(paused.instanceId, await start({ RelatedContactId: second }));
    assert.deepEqual(third.Attributes, described.Attributes);
    assert.deepEqual(
      [described.ContactAssociationId, third.ContactAssociationId],
      [first, first],
      'the first is the root of all',
    );
  });

  it('is bound by the size of both together', async () => {
    const first = await start({ Attributes: { a: twoByteText(16_383) } });
    assert.ok(await start({ RelatedContactId: first, Attributes: { b: twoByteText(16_383) } }));
    assert.ok(await start({ RelatedContactId: first, Attributes: { a: twoByteText(32_767) } }));
    const refusal = await refusalOf(
      start({ RelatedContactId: first, Attributes: { b: twoByteText(16_384) } }),
    );
    assert.equal(refusal.name, 'InvalidParameterException');
  });

  it('is named by its ARN as well, here and wherever a contact is named', async () => {
    const first = await start({ Attributes: { order: '17' } });
    const firstArn = `${arnOf(paused.instanceId)}/contact/${first}`;
    const second = await start({ RelatedContactId: firstArn });
    const described = await contact(paused.instanceId, `${arnOf(paused.instanceId)}/contact/${second}`);
    assert.equal(described.Id, second);
    assert.equal(described.RelatedContactId, first);
    assert.deepEqual(described.Attributes, { order: '17' });
    await stop(paused.instanceId, firstArn);
  });

  it('gives attributes whose keys only a flow could set', async () => {
    const first = await start({});
    const attributes = { 'first name': 'Ada', Straße: 'Ring' };
    await database.query('UPDATE contact SET attributes = $2 WHERE id = $1', [first, attributes]);
    const second = await start({ RelatedContactId: first, Attributes: { order: '17' } });
    assert.deepEqual((await contact(paused.instanceId, second)).Attributes, { ...attributes, order: '17' });
    const refusal = await refusalOf(start({ RelatedContactId: first, Attributes: { 'last name': 'L' } }));
    assert.equal(refusal.name, 'InvalidParameterException');
  });

  it('must be one of the instance', async () => {
    const elsewhere = await start(at(open));
    const own = await start({});
    for (const id of [
      randomUUID(),
      'x',
      elsewhere,
      `${arnOf(paused.instanceId)}/contact/${elsewhere}`,
      `${arnOf(open.id)}/contact/${own}`,
      `${arnOf(paused.instanceId)}/queue/${own}`,
      `${arnOf(paused.instanceId, strangersAccount)}/contact/${own}`,
    ]) {
      const refusal = await refusalOf(start({ RelatedContactId: id }));
      assert.equal(refusal.name, 'ResourceNotFoundException', id);
    }
    for (const id of ['', 'x'.repeat(257)]) {
      const refusal = await refusalOf(start({ RelatedContactId: id }));
      assert.equal(refusal.name, 'InvalidParameterException', `${id.length} characters`);
    }
  });

  it('keeps an attribute named __proto__ as it is', async () => {
    const body = JSON.stringify({ ...onDialling(), DestinationPhoneNumber: '+12065550120', Attributes: {} });
    const send = async (request: RawRequest): Promise<string> => {
      const headers = {
        'content-type': 'application/json',
        ...signatureOf(dialling.service.url, request, ordinaryKey),
      };
      const answer = await sendRaw(dialling.service.url, { ...request, headers });
      assert.equal(answer.status, 200, answer.body);
      return answer.body;
    };
    const startWith = async (json: string): Promise<string> => {
      const answer = await send({ method: 'PUT', path: '/contact/outbound-voice', body: json });
      return (JSON.parse(answer) as { ContactId: string }).ContactId;
    };
    const first = await startWith(body.replace('{}', '{"__proto__":"odd"}'));
    const second = await startWith(
      body.replace('"Attributes":{}', `"RelatedContactId":"${first}","Attributes":{"even":"1"}`),
    );
    const answer = await send({
      method: 'GET',
      path: `/contact/attributes/${dialling.instanceId}/${second}`,
    });
    assert.match(answer, /"__proto__":"odd"/);
    assert.match(answer, /"even":"1"/);
  });
});

describe('data of a contact', () => {
  const update = (contactId: string, Attributes: Record<string, string>) =>
    ordinary.send(
      new UpdateContactAttributesCommand({
        InstanceId: paused.instanceId,
        InitialContactId: contactId,
        Attributes,
      }),
    );
  const tagsOf = async (contactId: string): Promise<Record<string, string>> =>
    Object.fromEntries(
      Object.entries((await contact(paused.instanceId, contactId)).Tags ?? {}).filter(
        ([key]) => !key.startsWith('aws:'),
      ),
    );

  it('changes while the contact lives and after its end', async () => {
    const contactId = await start({ Attributes: { order: '17', language: 'de' } });
    const place = { InstanceId: paused.instanceId, ContactId: contactId };
    await update(`${arnOf(paused.instanceId)}/contact/${contactId}`, { language: 'en' });
    await ordinary.send(new TagContactCommand({ ...place, Tags: { team: 'blue', shift: 'late' } }));
    assert.deepEqual((await contact(paused.instanceId, contactId)).Attributes, {
      order: '17',
      language: 'en',
    });
    assert.deepEqual(await tagsOf(contactId), { team: 'blue', shift: 'late' });
    await stop(paused.instanceId, contactId);
    await update(contactId, { result: 'stopped' });
    await ordinary.send(new UntagContactCommand({ ...place, TagKeys: ['shift', 'none'] }));
    assert.deepEqual((await contact(paused.instanceId, contactId)).Attributes, {
      order: '17',
      language: 'en',
      result: 'stopped',
    });
    assert.deepEqual(await tagsOf(contactId), { team: 'blue' });
  });

  it('is bound by the limits of attributes and tags, and by the instance', async () => {
    const contactId = await start({ Attributes: { a: twoByteText(16_383) } });
    const place = { InstanceId: paused.instanceId, ContactId: contactId };
    await update(contactId, { b: twoByteText(16_383) });
    await assert.rejects(update(contactId, { c: '' }), { name: 'InvalidParameterException' });
    await assert.rejects(update(contactId, { 'a b': '' }), { name: 'InvalidParameterException' });
    await assert.rejects(update(randomUUID(), { c: '' }), { name: 'ResourceNotFoundException' });
    const tags = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, '']));
    await ordinary.send(new TagContactCommand({ ...place, Tags: tags('a', 'b', 'c', 'd', 'e', 'f') }));
    await ordinary.send(new TagContactCommand({ ...place, Tags: tags('f') }));
    await assert.rejects(ordinary.send(new TagContactCommand({ ...place, Tags: tags('g') })), {
      name: 'InvalidParameterException',
    });
  });

  it('has its references listed by type', async () => {
    const contactId = await start({
      References: {
        order: { Type: 'URL', Value: 'https://example.com/17' },
        due: { Type: 'DATE', Value: '1767225600' },
        note: { Type: 'STRING', Value: 'call back' },
      },
    });
    const { ReferenceSummaryList = [] } = await ordinary.send(
      new ListContactReferencesCommand({
        InstanceId: paused.instanceId,
        ContactId: contactId,
        ReferenceTypes: ['URL', 'DATE', 'EMAIL'],
      }),
    );
    assert.deepEqual(
      ReferenceSummaryList.toSorted((a) => (a.Url ? -1 : 1)),
      [
        { Url: { Name: 'order', Value: 'https://example.com/17' } },
        { Date: { Name: 'due', Value: '1767225600' } },
      ],
    );
  });
});

describe('details of a contact', () => {
  const change = (contactId: string, members: Partial<UpdateContactCommandInput>) =>
    ordinary.send(
      new UpdateContactCommand({ InstanceId: paused.instanceId, ContactId: contactId, ...members }),
    );
  const urlsOf = async (contactId: string) => {
    const { ReferenceSummaryList = [] } = await ordinary.send(
      new ListContactReferencesCommand({
        InstanceId: paused.instanceId,
        ContactId: contactId,
        ReferenceTypes: ['URL'],
      }),
    );
    return ReferenceSummaryList.map(({ Url }) => `${Url?.Name}=${Url?.Value}`).toSorted();
  };

  it('change while the contact lives and after its end; references join those that are there', async () => {
    const url = (Value: string) => ({ Type: 'URL' as const, Value });
    const contactId = await start({ Name: 'Ada', References: { order: url('/17'), old: url('/1') } });
    await change(contactId, { Name: 'Ben', References: { order: url('/18') } });
    await stop(paused.instanceId, contactId);
    await change(`${arnOf(paused.instanceId)}/contact/${contactId}`, {
      Description: 'over',
      References: { more: url('/2') },
    });
    const described = await contact(paused.instanceId, contactId);
    assert.deepEqual([described.Name, described.Description], ['Ben', 'over']);
    assert.deepEqual(await urlsOf(contactId), ['more=/2', 'old=/1', 'order=/18']);
  });

  it('are refused where calls have none, or too much', async () => {
    const contactId = await start({ References: { long: { Type: 'STRING', Value: 'x'.repeat(4_000) } } });
    const table: [Partial<UpdateContactCommandInput>, string, RegExp][] = [
      [{}, 'InvalidParameterException', /One of Name, Description and References/],
      [{ References: {}, SegmentAttributes: {} }, 'InvalidParameterException', /One of/],
      [{ Name: 'x', QueueInfo: { Id: paused.queueId } }, 'InvalidRequestException', /^QueueInfo can be/],
      [{ Name: 'x', UserInfo: {} }, 'InvalidRequestException', /external audio/],
      [
        { CustomerEndpoint: { Type: 'TELEPHONE_NUMBER', Address: anyPhone } },
        'InvalidRequestException',
        /^CustomerEndpoint/,
      ],
      [
        { Name: 'x', SegmentAttributes: { 'connect:ContactExpiry': { ValueMap: {} } } },
        'InvalidParameterException',
        /expiry/,
      ],
      [{ References: { a: { Type: 'ATTACHMENT', Value: 'x' } } }, 'InvalidParameterException', /ATTACHMENT/],
      [{ References: { a: { Type: 'STRING', Value: 'x'.repeat(92) } } }, 'InvalidParameterException', /4097/],
      [{ ContactId: randomUUID(), Name: 'x' }, 'ResourceNotFoundException', /./],
    ];
    for (const [members, name, message] of table) {
      const refusal = await refusalOf(change(contactId, members));
      assert.equal(refusal.name, name, refusal.message);
      assert.match(refusal.message, message);
    }
    assert.equal((await contact(paused.instanceId, contactId)).Name, undefined);
  });
});

describe('a search for contacts', () => {
  it('finds by the official SDK what is over, page by page', async () => {
    const since = new Date();
    const mark = randomUUID();
    const ids: string[] = [];
    for (const n of [1, 2, 3]) ids.push(await start({ Name: `Found ${n}`, Attributes: { mark } }));
    await stop(paused.instanceId, ids[0] ?? '');
    await stop(paused.instanceId, ids[1] ?? '');
    // Waits for its turns: it may be called once in two seconds.
    const patient = new ConnectClient({
      endpoint: paused.service.url,
      region: 'us-east-1',
      credentials: ordinaryKey,
      maxAttempts: 10,
    });
    const found: [string | undefined, string | undefined][] = [];
    for await (const page of paginateSearchContacts(
      { client: patient, pageSize: 1 },
      {
        InstanceId: arnOf(paused.instanceId),
        TimeRange: { Type: 'INITIATION_TIMESTAMP', StartTime: since, EndTime: new Date(Date.now() + 1000) },
        SearchCriteria: { SearchableContactAttributes: { Criteria: [{ Key: 'mark', Values: [mark] }] } },
      },
    )) {
      assert.equal(page.TotalCount, 2);
      for (const { Id, Name } of page.Contacts ?? []) found.push([Id, Name]);
    }
    patient.destroy();
    assert.deepEqual(found, [
      [ids[1], 'Found 2'],
      [ids[0], 'Found 1'],
    ]);
  });
});

describe('call slots', () => {
  it('are counted apart for campaign calls, and a call that does not fit is refused', async () => {
    const general = await start(at(narrow));
    const refused = await refusalOf(start(at(narrow)));
    assert.deepEqual([refused.name, refused.$metadata.httpStatusCode], ['LimitExceededException', 429]);
    assert.match(refused.message, /All 1 concurrent calls/);

    const campaign = await start({ ...at(narrow), TrafficType: 'CAMPAIGN' });
    const campaignRefused = await refusalOf(start({ ...at(narrow), TrafficType: 'CAMPAIGN' }));
    assert.equal(campaignRefused.name, 'LimitExceededException');
    assert.match(campaignRefused.message, /All 1 concurrent campaign calls/);

    await stop(narrow.id, campaign);
    assert.equal((await refusalOf(start(at(narrow)))).name, 'LimitExceededException');
    await stop(narrow.id, await start({ ...at(narrow), TrafficType: 'CAMPAIGN' }));
    await stop(narrow.id, general);
    await stop(narrow.id, await start(at(narrow)));
  });

  it('of campaign calls are none by default', async () => {
    const refusal = await refusalOf(start({ ...onDialling(), TrafficType: 'CAMPAIGN' }, impatient));
    assert.deepEqual(
      [refusal.name, refusal.$metadata.httpStatusCode],
      ['OutboundContactNotPermittedException', 403],
    );
    assert.match(refusal.message, /campaign calls is 0/);
  });
});

describe('client token', () => {
  it('is answered with its contact when all slots are in use, and a refused one stays usable', async () => {
    const [taken, refused] = [randomUUID(), randomUUID()];
    const first = await start({ ...at(narrow), ClientToken: taken });
    const refusal = await refusalOf(start({ ...at(narrow), ClientToken: refused }));
    assert.equal(refusal.name, 'LimitExceededException');
    assert.equal(await start({ ...at(narrow), ClientToken: taken }), first);
    await stop(narrow.id, first);
    const second = await start({ ...at(narrow), ClientToken: refused });
    assert.notEqual(second, first);
    assert.equal(await start({ ...at(narrow), ClientToken: refused }), second);
    await stop(narrow.id, second);
  });

  for (const [what, wrong] of [
    ['a destination that is not allowed', to('+447700900123')],
    ['a destination that is none', to('+1206')],
    ['an unknown flow', { ContactFlowId: randomUUID() }],
    ['an unknown queue', { QueueId: randomUUID() }],
    ['too many attributes', { Attributes: { kk: twoByteText(32_767) } }],
    ['a ring time of 61 s', rings(61)],
  ] satisfies [string, Input][]) {
    it(`stays usable after ${what}`, async () => {
      const token = randomUUID();
      await refusalOf(start({ ...wrong, ClientToken: token }));
      const first = await start({ ClientToken: token });
      assert.equal(
        await start({ ...wrong, ClientToken: token }).catch((error: Error) => error.name),
        answerFor(wrong, first),
      );
    });
  }

  it('stays usable after a failure inside, which is InternalServiceException', async () => {
    const token = randomUUID();
    await database.query('ALTER TABLE client_token RENAME TO mislaid');
    const refusal = await refusalOf(start({ ClientToken: token })).finally(() =>
      database.query('ALTER TABLE mislaid RENAME TO client_token'),
    );
    assert.deepEqual([refusal.name, refusal.$metadata.httpStatusCode], ['InternalServiceException', 500]);
    assert.doesNotMatch(refusal.message, /client_token/);
    const first = await start({ ClientToken: token });
    assert.equal(await start({ ClientToken: token }), first);
  });

  it('is case-sensitive, and belongs to one instance', async () => {
    const token = `Token-${randomUUID()}`;
    const first = await start({ ClientToken: token });
    assert.notEqual(await start({ ClientToken: token.toUpperCase() }), first);
    assert.notEqual(await start({ ...at(open), ClientToken: token }), first);
    assert.equal(await start({ ClientToken: token }), first);
    assert.equal(await start({ InstanceId: arnOf(paused.instanceId), ClientToken: token }), first);
  });

  it('is made by the SDK where the caller has none, so two calls are two contacts', async () => {
    assert.notEqual(await start({}), await start({}));
  });

  it('is answered with its contact after that has ended; nobody is called again', async () => {
    const request = { ...onDialling(), DestinationPhoneNumber: '+12065557001', ClientToken: randomUUID() };
    const first = await start(request, impatient);
    await dialling.ended(first);
    assert.equal(await start(request, impatient), first);
    const probe = await start({ ...onDialling(), DestinationPhoneNumber: '+12065550120' }, impatient);
    await dialling.ended(probe);
    assert.equal(invitesTo('+12065557001').length, 1);
  });

  it('is answered with its contact when the parameters are others, and the log says so', async () => {
    const request = { ...onDialling(), DestinationPhoneNumber: '+12065557002', ClientToken: randomUUID() };
    const first = await start(request, impatient);
    const told = () =>
      logged.lines.filter((line) => line.level === levels.warn && line.contactId === first).length;
    assert.equal(await start(request, impatient), first);
    assert.equal(told(), 0, 'the same request is an ordinary repetition');
    const queue = { InstanceId: dialling.instanceId, QueueId: dialling.queueId };
    await impatient.send(new UpdateQueueNameCommand({ ...queue, Name: 'Renamed meanwhile' }));
    assert.equal(await start(request, impatient), first);
    assert.equal(told(), 0, 'so it is when its queue has another name by now');
    assert.equal(await start({ ...request, DestinationPhoneNumber: '+12065557003' }, impatient), first);
    assert.equal(told(), 1);
    assert.equal(await start({ ...request, RingTimeoutInSeconds: 20 }, impatient), first);
    assert.equal(told(), 2);
    await dialling.ended(first);
    assert.equal(invitesTo('+12065557003').length, 0);
    assert.equal(invitesTo('+12065557002').length, 1);
  });

  it('makes one contact and one INVITE of 500 duplicates at once', async () => {
    const request = { ...onDialling(), DestinationPhoneNumber: '+12065557004', ClientToken: randomUUID() };
    const ids = await Promise.all(Array.from({ length: 500 }, () => start(request, impatient)));
    assert.equal(new Set(ids).size, 1);
    await dialling.ended(ids[0] ?? '');
    assert.equal(invitesTo('+12065557004').length, 1);
  });

  // That it outlives SIGKILL is in kill.test.ts, that it expires after seven days in src/contacts/accept-contact.test.ts.
});

describe('ringing', () => {
  it('is cancelled after RingTimeoutInSeconds', async () => {
    const number = '+12065550121';
    const contactId = await start(
      { ...onDialling(), DestinationPhoneNumber: number, RingTimeoutInSeconds: 15 },
      impatient,
    );
    const { DisconnectReason: reason } = await dialling.ended(contactId);
    assert.equal(reason, 'TELECOM_TIMEOUT');
    const [invited, cancelled] = [sentAtMs('INVITE', number), sentAtMs('CANCEL', number)];
    assert.equal(cancelled.length, 1);
    const rangMs = (cancelled[0] ?? 0) - (invited[0] ?? 0);
    assert.ok(rangMs >= 14_000 && rangMs < 20_000, `the CANCEL left ${rangMs} ms after the INVITE`);
    assert.ok(
      carrierLog().some((line) => line.kind === 'cancel' && isAbout(line, number)),
      'the carrier got it',
    );
  });

  it('is cancelled at once by StopContact', async () => {
    const number = '+12065550149';
    const contactId = await start({ ...onDialling(), DestinationPhoneNumber: number }, impatient);
    await untilDefined(20_000, 'the phone did not ring', async () =>
      sentAtMs('INVITE', number).length > 0 && hasRung(number) ? true : undefined,
    );
    const stoppedAtMs = Date.now();
    await impatient.send(new StopContactCommand({ InstanceId: dialling.instanceId, ContactId: contactId }));
    const { DisconnectReason: reason } = await dialling.ended(contactId);
    assert.equal(reason, 'TELECOM_ORIGINATOR_CANCEL');
    const cancelled = sentAtMs('CANCEL', number);
    assert.equal(cancelled.length, 1);
    assert.ok((cancelled[0] ?? 0) - stoppedAtMs < 10_000, 'it did not wait');
    assert.equal(invitesTo(number).length, 1);
  });
});

/** Starts a contact with what an ordinary request has; `members` adds and replaces, undefined takes away. */
async function start(members: Input, client = ordinary): Promise<string> {
  const request = {
    InstanceId: paused.instanceId,
    ContactFlowId: flows.published,
    QueueId: paused.queueId,
    DestinationPhoneNumber: anyPhone,
    ...members,
  } as StartOutboundVoiceContactCommandInput;
  const { ContactId: contactId } = await client.send(new StartOutboundVoiceContactCommand(request));
  assert.ok(contactId);
  return contactId;
}

/** What a repetition gets whose parameters are wrong: a shape that is none is refused before the token is looked at. */
function answerFor(wrong: Input, contactId: string): string {
  return wrong.RingTimeoutInSeconds === 61 ? 'InvalidParameterException' : contactId;
}

async function contact(instanceIdOrArn: string, contactId: string): Promise<Contact> {
  const InstanceId = instanceIdOrArn.slice(instanceIdOrArn.lastIndexOf('/') + 1);
  const client =
    InstanceId === dialling.instanceId ? impatient : InstanceId === strangers.id ? stranger : ordinary;
  const { Contact: described } = await client.send(
    new DescribeContactCommand({ InstanceId, ContactId: contactId }),
  );
  assert.ok(described);
  const { Attributes: attributes } = await client.send(
    new GetContactAttributesCommand({ InstanceId, InitialContactId: contactId }),
  );
  return { ...described, Attributes: attributes };
}

/** Ends a contact and waits until its slot is free. */
async function stop(instanceId: string, contactId: string): Promise<void> {
  const place = { InstanceId: instanceId, ContactId: contactId };
  await ordinary.send(new StopContactCommand(place));
  await untilDefined(20_000, 'the contact did not end', async () => {
    const { Contact: described } = await ordinary.send(new DescribeContactCommand(place));
    return described?.DisconnectTimestamp;
  });
}

function clientOf(service: TestService, credentials: typeof ordinaryKey): ConnectClient {
  return new ConnectClient({
    endpoint: service.service.url,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
  });
}

async function neighbour(
  alias: string,
  number: string,
  { slots = 1000, outbound = true, account = ownAccount } = {},
): Promise<Neighbour> {
  const [id, numberId, queueId] = [randomUUID(), randomUUID(), randomUUID()];
  const now = new Date();
  await database.query(
    `INSERT INTO instance (id, account_id, region, alias, outbound_calls_enabled, created_at)
     VALUES ($1, $2, 'us-east-1', $3, $4, $5)`,
    [id, account, alias, outbound, now],
  );
  await database.query(
    `INSERT INTO phone_number (id, account_id, region, instance_id, e164, country_code, type)
     VALUES ($1, $2, 'us-east-1', $3, $4, 'US', 'DID')`,
    [numberId, account, id, number],
  );
  await database.query(
    `INSERT INTO queue (instance_id, id, name, outbound_caller_id_number_id, updated_at)
     VALUES ($1, $2, $3, $4, now())`,
    [id, queueId, 'Basic', numberId],
  );
  await database.query(
    `INSERT INTO call_slot_pool (instance_id, pool, capacity)
     VALUES ($1, 'active-calls', $2), ($1, 'campaign-calls', $2)`,
    [id, slots],
  );
  const flowId = await flow(id, 'first', {}, account === ownAccount ? ordinary : stranger);
  return { id, number, queueId, flowId };
}

async function flow(
  instanceId: string,
  name: string,
  more: { readonly Status?: 'SAVED'; readonly Type?: 'CAMPAIGN' | 'CUSTOMER_WHISPER' } = {},
  client = ordinary,
): Promise<string> {
  const end = more.Type === undefined ? hangUp : { ...hangUp, Type: 'EndFlowExecution' };
  const { ContactFlowId: id } = await client.send(
    new CreateContactFlowCommand({
      InstanceId: instanceId,
      Name: name,
      Type: 'CONTACT_FLOW',
      Content: JSON.stringify({
        Version: '2019-10-30',
        StartAction: 'hang up',
        Metadata: {},
        Actions: [end],
      }),
      ...more,
    }),
  );
  assert.ok(id);
  return id;
}

const at = ({ id, queueId, flowId }: Neighbour): Input => ({
  InstanceId: id,
  QueueId: queueId,
  ContactFlowId: flowId,
});

const onDialling = (): Input => ({
  InstanceId: dialling.instanceId,
  QueueId: dialling.queueId,
  ContactFlowId: diallingFlow,
});

const arnOf = (instanceId: string, account = ownAccount): string =>
  `arn:aws:connect:us-east-1:${account}:instance/${instanceId}`;

const longToken = (length: number): string => randomUUID().padEnd(length, 't');

const carrierLog = () => linesOf(path.join(dialling.dataDir, 'carrier', 'invites.jsonl'));

const isAbout = (line: Record<string, unknown>, number: string): boolean => {
  const callId = line.callId;
  return invitesTo(number).some((invite) => invite.callId === callId);
};

function invitesTo(number: string): readonly Record<string, unknown>[] {
  return carrierLog().filter((line) => line.kind === 'invite' && String(line.to).includes(number));
}

/** When requests of that method left for a number, by the service's own timeline. */
function sentAtMs(method: string, number: string): readonly number[] {
  return dialling.timeline.flatMap((entry) =>
    entry.kind === 'sip' &&
    entry.trace.direction === 'sent' &&
    entry.trace.text().startsWith(`${method} sip:${number}@`)
      ? [entry.atMs]
      : [],
  );
}

function hasRung(number: string): boolean {
  return dialling.timeline.some(
    (entry) =>
      entry.kind === 'sip' &&
      entry.trace.direction === 'received' &&
      /^SIP\/2\.0 18\d/.test(entry.trace.text()) &&
      entry.trace.text().includes(number),
  );
}
