/** Bad input at every door of a running service: each gets a clear answer, loses nothing, and disturbs nobody else. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateContactFlowCommand, InvalidContactFlowException } from '@aws-sdk/client-connect';
import { readWav, rms } from '@ringback/media';
import fc from 'fast-check';
import { loadConfig } from '../src/config.ts';
import { startService } from '../src/service.ts';
import { capturedLogger, levels } from '../src/test-support/captured-logger.ts';
import { hangUp, playPrompt, recordIvr } from './support/flow-actions.ts';
import { endAllProcesses, runService } from './support/processes.ts';
import { type RawAnswer, type RawRequest, sendRaw, signatureOf } from './support/raw-request.ts';
import { startTestService, type TestService, untilDefined } from './support/test-service.ts';

const key = { accessKeyId: 'AKIABADINPUT', secretAccessKey: 'the-secret-of-the-bad-input-test' };
const config = `
accessKeys: [{ accessKeyId: ${key.accessKeyId}, secretAccessKey: ${key.secretAccessKey} }]
speech: { kind: "off" }
`;
/** Answers at once, says nothing; the other is busy. */
const silentPhone = '+12065550103';
const busyPhone = '+12065550120';

const logged = capturedLogger();
let ringback: TestService;
let shortFlow: string;
/** 200 ms at 8 kHz. */
const beepSamples = 1600;
/** Lasts about five seconds. */
let longFlow: string;

before(async () => {
  ringback = await startTestService(config, logged.logger);
  shortFlow = await ringback.createFlow([playPrompt('beep', 'Beep.wav', 'hang up'), hangUp]);
  const beeps = Array.from({ length: 25 }, (_, n) =>
    playPrompt(`beep ${n}`, 'Beep.wav', n === 24 ? 'hang up' : `beep ${n + 1}`),
  );
  longFlow = await ringback.createFlow([recordIvr('record', 'Enabled', 'beep 0'), ...beeps, hangUp]);
});

after(async () => {
  await ringback?.close();
  await endAllProcesses();
});

/** What every part ends with: an ordinary call on the same service. */
async function anOrdinaryCallStillWorks(): Promise<void> {
  const contact = await ringback.ended(await ringback.call(silentPhone, shortFlow));
  assert.equal(contact.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
}

describe('bad requests', () => {
  const valid = (): Record<string, unknown> => ({
    InstanceId: ringback.instanceId,
    ContactFlowId: shortFlow,
    QueueId: ringback.queueId,
    DestinationPhoneNumber: busyPhone,
  });
  const start = (body: string | Uint8Array): RawRequest => ({
    method: 'PUT',
    path: '/contact/outbound-voice',
    body,
    headers: { 'content-type': 'application/json' },
  });
  const startWith = (members: Record<string, unknown>): RawRequest =>
    start(JSON.stringify({ ...valid(), ...members }));

  const refused: readonly {
    readonly what: string;
    readonly request: () => RawRequest;
    readonly status: number;
    readonly error: string;
    /** In the message. */
    readonly says?: RegExp;
  }[] = [
    bad('a body cut short', () => start('{"InstanceId":'), 400, 'SerializationException'),
    bad('a body that is an array', () => start('[1]'), 400, 'SerializationException'),
    bad(
      'invalid UTF-8',
      () => start(Buffer.concat([Buffer.from('{"Name":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}')])),
      400,
      'SerializationException',
    ),
    bad(
      'JSON nested 100,000 deep',
      () => start('['.repeat(100_000) + ']'.repeat(100_000)),
      400,
      'SerializationException',
    ),
    bad(
      'U+0000 in an attribute',
      () => startWith({ Attributes: { key: 'a\u0000b' } }),
      400,
      'InvalidParameterException',
      /U\+0000/,
    ),
    bad(
      'a lone surrogate in an attribute',
      () => start(JSON.stringify({ ...valid(), Attributes: { key: '%' } }).replace('%', '\\ud800')),
      400,
      'InvalidParameterException',
      /surrogate/,
    ),
    bad('U+0000 in a name', () => startWith({ Name: '\u0000' }), 400, 'InvalidParameterException'),
    bad('U+0000 in a token', () => startWith({ ClientToken: '\u0000' }), 400, 'InvalidParameterException'),
    bad(
      'a huge number',
      () => start(JSON.stringify({ ...valid(), RingTimeoutInSeconds: 0 }).replace(':0}', ':1e400}')),
      400,
      'SerializationException',
    ),
    bad(
      'a ring timeout of 61 s',
      () => startWith({ RingTimeoutInSeconds: 61 }),
      400,
      'InvalidParameterException',
    ),
    bad('a text where a map belongs', () => startWith({ Attributes: 'x' }), 400, 'SerializationException'),
    bad('a number where text belongs', () => startWith({ Name: 1 }), 400, 'SerializationException'),
    bad(
      'a null where a value is required',
      () => startWith({ ContactFlowId: null }),
      400,
      'InvalidRequestException',
      /contactFlowId/,
    ),
    bad(
      'a number that is none',
      () => startWith({ DestinationPhoneNumber: '+1' }),
      400,
      'InvalidParameterException',
    ),
    bad(
      'a number of a country that is not allowed',
      () => startWith({ DestinationPhoneNumber: '+8613912345678' }),
      403,
      'DestinationNotAllowedException',
    ),
    bad(
      'a flow that does not exist',
      () => startWith({ ContactFlowId: randomUUID() }),
      404,
      'ResourceNotFoundException',
    ),
    bad(
      'an instance that does not exist',
      () => startWith({ InstanceId: randomUUID() }),
      404,
      'ResourceNotFoundException',
    ),
    bad(
      'a body beyond 1 MiB',
      () => start(`"${'x'.repeat(1024 * 1024)}"`),
      413,
      'RequestEntityTooLargeException',
    ),
    bad('an unknown route', () => ({ method: 'GET', path: '/nowhere' }), 404, 'UnknownOperationException'),
    bad(
      'a path that cannot be decoded',
      () => ({ method: 'GET', path: '/contacts/%zz' }),
      400,
      'SerializationException',
    ),
    bad(
      'an operation that is not there yet',
      () => ({ method: 'POST', path: '/contact/chat/participant', body: '{}' }),
      404,
      'UnknownOperationException',
    ),
  ];

  for (const { what, request, status, error, says } of refused) {
    it(`${what} › ${status} ${error}`, async () => {
      const answer = await signed(request());
      assert.deepEqual({ status: answer.status, error: answer.error }, { status, error }, answer.body);
      const { Message: message } = JSON.parse(answer.body) as { Message: string };
      assert.ok(message.length > 10, 'it says what is wrong');
      if (says) assert.match(message, says);
      assert.ok(answer.requestId);
    });
  }

  it('ignores members that it does not know, and takes null for absent', async () => {
    const answer = await signed(startWith({ Surprise: { deep: [1] }, Name: null, Attributes: null }));
    assert.equal(answer.status, 200, answer.body);
  });

  const forged: readonly [what: string, forge: (request: RawRequest) => RawRequest, error: string][] = [
    ['no signature', (request) => request, 'MissingAuthenticationTokenException'],
    ['a wrong secret', (request) => sign(request, { secretAccessKey: 'wrong' }), 'InvalidSignatureException'],
    [
      'an unknown key',
      (request) => sign(request, { accessKeyId: 'AKIANOBODY' }),
      'UnrecognizedClientException',
    ],
    [
      'a changed body',
      (request) => ({ ...sign(request), body: `${request.body} ` }),
      'InvalidSignatureException',
    ],
    ['a clock an hour behind', (request) => sign(request, {}, -3_600_000), 'InvalidSignatureException'],
    ['a clock an hour ahead', (request) => sign(request, {}, 3_600_000), 'InvalidSignatureException'],
    ['a missing date', (request) => without(sign(request), 'x-amz-date'), 'IncompleteSignatureException'],
    [
      'half an Authorization header',
      (request) => ({
        ...request,
        headers: { ...request.headers, authorization: 'AWS4-HMAC-SHA256 Credential=' },
      }),
      'IncompleteSignatureException',
    ],
  ];
  for (const [what, forge, error] of forged) {
    it(`${what} › 403 ${error}`, async () => {
      const answer = await sendRaw(ringback.service.url, forge(startWith({})));
      assert.deepEqual({ status: answer.status, error: answer.error }, { status: 403, error }, answer.body);
    });
  }

  it('survives random requests, and serves others beside them', async () => {
    let valids = 0;
    await fc.assert(
      fc.asyncProperty(randomBody(valid), async (body) => {
        const beside = valids++ % 10 === 0 ? signed(startWith({ ClientToken: randomUUID() })) : undefined;
        const answer = await signed(start(body));
        assert.ok(answer.status < 500, `${answer.status} ${answer.body}`);
        if (answer.status >= 400) assert.ok(answer.error, 'an error has a type');
        const other = await beside;
        if (other) assert.equal(other.status, 200, other.body);
      }),
      { numRuns: 400 },
    );
  });

  it('waits for clients that send half a request without letting others wait', async () => {
    const { hostname, port } = new URL(ringback.service.url);
    const slow = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const socket = connect(Number(port), hostname);
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        const head = `PUT /contact/outbound-voice HTTP/1.1\r\nHost: ${hostname}\r\n`;
        socket.write(n % 2 === 0 ? head : `${head}Content-Length: 500\r\n\r\n{"InstanceId"`);
        return socket;
      }),
    );
    await anOrdinaryCallStillWorks();
    for (const socket of slow) socket.destroy();
  });

  it('answers what is no HTTP, and serves on', async () => {
    for (const bytes of [
      randomBytes(2000),
      Buffer.from('GET / HTTP/9.9\r\n\r\n'),
      Buffer.from('\0\r\n\r\n'),
    ]) {
      const socket = await connected(new URL(ringback.service.url));
      socket.end(bytes);
      await once(socket.resume(), 'close');
    }
    await anOrdinaryCallStillWorks();
  });

  function bad(
    what: string,
    request: () => RawRequest,
    status: number,
    error: string,
    says?: RegExp,
  ): (typeof refused)[number] {
    return { what, request, status, error, ...(says ? { says } : {}) };
  }
});

describe('bad flows', () => {
  it('are refused with all their problems, each with its action and parameter', async () => {
    const content = JSON.stringify({
      Version: '2019-10-30',
      StartAction: 'first',
      Metadata: {},
      Actions: [
        {
          Identifier: 'first',
          Type: 'MessageParticipant',
          Parameters: {},
          Transitions: { NextAction: 'second', Errors: [], Conditions: [] },
        },
        {
          Identifier: 'second',
          Type: 'Wait',
          Parameters: { TimeLimitSeconds: 'soon' },
          Transitions: { NextAction: 'nowhere', Errors: [], Conditions: [] },
        },
      ],
    });
    const error = await refusal(content);
    const problems = (error.problems ?? []).map(({ message }) => message ?? '');
    for (const expected of [
      /action first.*Actions\[0\]\.Parameters/,
      /action second.*TimeLimitSeconds|TimeLimitSeconds.*action second/,
      /nowhere.*action second/,
    ]) {
      assert.ok(
        problems.some((problem) => expected.test(problem)),
        `${expected} is not in\n${problems.join('\n')}`,
      );
    }
  });

  for (const [what, content] of [
    ['no JSON', '{'],
    ['no flow', '[]'],
    ['nothing', '{}'],
    ['deeper than anything', '['.repeat(50_000)],
    ['actions that are none', '{"Version":"2019-10-30","StartAction":"a","Actions":[null,1,"x",{}]}'],
  ] as const) {
    it(`are refused when they are ${what}`, async () => {
      assert.ok(((await refusal(content)).problems ?? []).length > 0);
    });
  }

  async function refusal(content: string): Promise<InvalidContactFlowException> {
    try {
      await ringback.client.send(
        new CreateContactFlowCommand({
          InstanceId: ringback.instanceId,
          Name: `Bad flow ${randomUUID()}`,
          Type: 'CONTACT_FLOW',
          Content: content,
        }),
      );
    } catch (error) {
      assert.ok(error instanceof InvalidContactFlowException, String(error));
      return error;
    }
    assert.fail('the flow was taken');
  }
});

describe('bad datagrams', () => {
  it('neither end nor disturb a call, on the SIP port and on its RTP port', async () => {
    const number = '+12065550103';
    const contactId = await ringback.call(number, longFlow);
    const invite = await untilDefined(30_000, 'no INVITE left', async () => sentInvite(number));
    await untilDefined(30_000, 'the phone did not answer', async () =>
      ringback.events(contactId).find(({ eventType }) => eventType === 'CONNECTED_TO_SYSTEM'),
    );
    const stranger = createSocket('udp4').bind(0, '127.0.0.1');
    await once(stranger, 'listening');
    const answers: string[] = [];
    stranger.on('message', (message) => answers.push(message.toString('latin1')));

    for (let round = 0; round < 20; round += 1) {
      for (const message of sipGarbage(invite)) send(stranger, message, ringback.service.sip.port);
      for (const packet of rtpGarbage(round)) send(stranger, packet, rtpPortOf(invite));
      await sleep(50);
    }
    const contact = await ringback.ended(contactId);
    stranger.close();
    assert.equal(contact.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
    assert.ok(contact.DisconnectTimestamp && contact.ConnectedToSystemTimestamp);
    const beeps = ringback.timeline.filter(
      (entry) => entry.kind === 'prompt' && entry.contactId === contactId,
    );
    assert.equal(beeps.length, 25, 'the flow was lived to its end');
    assert.ok(
      answers.some((answer) => answer.startsWith('SIP/2.0 481')),
      'a BYE for a dialog that is none is answered',
    );
    assert.ok(!answers.some((answer) => answer.startsWith('SIP/2.0 2')), answers.join('\n'));

    const [recording] = contact.Recordings ?? [];
    assert.ok(recording?.Location);
    const [heard, said] = readWav(readFileSync(recording.Location)).channels;
    assert.ok(heard && said);
    assert.ok(rms(heard) < 20, `nothing of the stranger was heard (RMS ${rms(heard)})`);
    assert.ok(rms(said) > 300, 'the prompts went on');
    assert.ok(said.length >= 25 * beepSamples, `each to its end: ${said.length} samples`);
    await anOrdinaryCallStillWorks();
  });

  function sentInvite(number: string): string | undefined {
    for (const entry of ringback.timeline) {
      if (entry.kind !== 'sip' || entry.trace.direction !== 'sent') continue;
      const text = entry.trace.text();
      // Other parts call the same phone; this call is the one that is not over.
      if (text.startsWith(`INVITE sip:${number}@`) && !hasEnded(headerOf(text, 'Call-ID'))) return text;
    }
    return undefined;
  }

  function hasEnded(callId: string): boolean {
    return ringback.timeline.some(
      (entry) =>
        entry.kind === 'sip' &&
        entry.trace.text().startsWith('BYE ') &&
        headerOf(entry.trace.text(), 'Call-ID') === callId,
    );
  }

  /** Things that belong to no transaction or dialog; the Call-ID and even the branch may be right, the tags are guessed. */
  function sipGarbage(invite: string): readonly (string | Uint8Array)[] {
    const header = (name: string) => headerOf(invite, name);
    const [contact = ''] = /sip:[^>;\s]+/.exec(header('Contact')) ?? [];
    const forged = (method: string, cseq: string) =>
      [
        `${method} ${contact} SIP/2.0`,
        `Via: ${header('Via')}`,
        'Max-Forwards: 70',
        `From: ${header('To')};tag=guessed`,
        `To: ${header('From')}`,
        `Call-ID: ${header('Call-ID')}`,
        `CSeq: ${cseq} ${method}`,
        'Content-Length: 0',
        '\r\n',
      ].join('\r\n');
    const [sequence = '1'] = header('CSeq').split(' ');
    return [
      randomBytes(800),
      invite.slice(0, 200),
      invite.slice(0, invite.indexOf('Call-ID')),
      `INVITE ${'x'.repeat(60_000)}`,
      randomBytes(60_000),
      '\r\n\r\n',
      '',
      forged('BYE', '1'),
      forged('BYE', '999999999999'),
      forged('CANCEL', sequence),
      `SIP/2.0 200 OK\r\nVia: ${header('Via')}x\r\nContent-Length: 99999\r\n\r\n`,
    ];
  }

  /** Random bytes, loud audio and key presses, from a stranger. */
  function rtpGarbage(round: number): readonly Uint8Array[] {
    const header = (payloadType: number) => {
      const bytes = Buffer.alloc(12);
      bytes[0] = 0x80;
      bytes[1] = payloadType;
      bytes.writeUInt16BE(round, 2);
      bytes.writeUInt32BE(round * 160, 4);
      bytes.writeUInt32BE(0xdeadbeef, 8);
      return bytes;
    };
    return [
      randomBytes(172),
      randomBytes(1),
      randomBytes(60_000),
      Buffer.concat([header(0), randomBytes(160)]),
      Buffer.concat([header(101), Buffer.of(1, 0x8a, 0x03, 0x20)]),
    ];
  }
});

describe('a disk that is full', () => {
  const isRoot = process.getuid?.() === 0;
  let recordings: string | undefined;

  after(() => {
    if (recordings) execFileSync('umount', ['--lazy', recordings]);
  });

  it('costs the recording, not the call; the record and the log say so', async (t) => {
    if (!isRoot) return t.skip('a small file system can be mounted by root only');
    const directory = path.join(ringback.dataDir, 'recordings');
    await mkdir(directory, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'pipe' });
    } catch (error) {
      return t.skip(`a small file system cannot be mounted here: ${String(error)}`);
    }
    recordings = directory;

    const contactId = await ringback.call(silentPhone, longFlow);
    const contact = await ringback.ended(contactId);
    assert.equal(contact.DisconnectReason, 'CONTACT_FLOW_DISCONNECT');
    const record = await ringback.record(contactId);
    const attributes = record.SegmentAttributes as Record<string, { ValueString: string } | undefined>;
    assert.match(attributes['ringback:RecordingFailure']?.ValueString ?? '', /ENOSPC/);
    const complaints = logged.lines.filter(
      (line) => line.level >= levels.error && line.contactId === contactId && line.msg.includes('recording'),
    );
    assert.equal(complaints.length, 1, 'the log says it once');
    await anOrdinaryCallStillWorks();
  });
});

describe('a start that cannot be', () => {
  let directory: string;
  const at = (name: string) => path.join(directory, name);

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'ringback-start-'));
    await chmod(directory, 0o711);
    await writeFile(at('file'), '');
    await mkdir(at('foreign/postgres'), { recursive: true });
    await writeFile(at('foreign/postgres/theirs'), '');
    await writeFile(at('open.yaml'), 'trunks: [{ name: a, address: 127.0.0.1 }]\n');
    await writeFile(at('typo.yaml'), 'trunks:\n  - name: a\n    adress: here\nspeech: { kind: loud }\n');
    const keys = 'accessKeys: [{ accessKeyId: AKIATEST, secretAccessKey: twelve-letters }]';
    await writeFile(at('trunk.yaml'), `${keys}\ntrunks: [{ name: carrier, address: nowhere.invalid }]\n`);
    await writeFile(
      at('sink.yaml'),
      `sinks: [{ kind: file, name: facts, directory: ${at('file')}/below }]\n`,
    );
  });

  after(() => rm(directory, { recursive: true, force: true }));

  function environment(env: Record<string, string>): Record<string, string> {
    return { RINGBACK_DATA_DIR: at('data'), RINGBACK_HTTP_PORT: '0', RINGBACK_SIP_PORT: '0', ...env };
  }

  /** Starts in a process of its own, and gives what it said on its way out. */
  async function exitOf(env: Record<string, string>): Promise<string> {
    const starting = runService(environment(env));
    assert.deepEqual(await starting.exited, { code: 1, signal: null }, starting.lines.join('\n'));
    const said = starting.lines.filter((line) => !line.startsWith('{')).join('\n');
    assert.match(said, /^Ringback cannot start\. /);
    assert.doesNotMatch(said, /^\s+at /m, 'a mistake of the operator is told without a stack');
    return said;
  }

  /** The same within this process, which is quicker. */
  async function refusalOf(env: Record<string, string>): Promise<string> {
    try {
      const config = loadConfig(environment(env));
      const service = await startService({ config, logger: capturedLogger().logger });
      await service.close({ patienceMs: 0 });
    } catch (error) {
      assert.ok(error instanceof Error);
      assert.notEqual(error.name, 'Error', `not an error with words of its own: ${error.stack}`);
      return error.message;
    }
    assert.fail('the service started');
  }

  it('exits with 1 and names an HTTP port that is taken, and what to do', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const said = await exitOf({ RINGBACK_HTTP_PORT: String(port) });
    server.close();
    assert.match(said, new RegExp(`127\\.0\\.0\\.1:${port} .*EADDRINUSE.*RINGBACK_HTTP_PORT`));
  });

  it('exits with 1 and names a SIP port that is taken, and what to do', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    const said = await exitOf({ RINGBACK_SIP_PORT: String(port) });
    socket.close();
    assert.match(said, new RegExp(`127\\.0\\.0\\.1:${port} .*EADDRINUSE.*RINGBACK_SIP_PORT`));
  });

  it('exits with 1 and lists every mistake of a configuration file with line and key', async () => {
    const said = await exitOf({ RINGBACK_CONFIG: at('typo.yaml') });
    assert.match(said, /typo\.yaml:3:\d+ trunks\.0\.adress/);
    assert.match(said, /typo\.yaml:4:\d+ speech\.kind/);
  });

  it('exits with 1 and leaves a data directory alone that is not its own', async () => {
    const said = await exitOf({ RINGBACK_DATA_DIR: at('foreign') });
    assert.match(said, /was not made by Ringback.*RINGBACK_DATA_DIR/s);
    assert.deepEqual(await readdir(at('foreign/postgres')), ['theirs']);
  });

  it('names a data directory that is a file, or below one', async () => {
    for (const place of ['file', 'file/below']) {
      const said = await refusalOf({ RINGBACK_DATA_DIR: at(place) });
      assert.ok(said.includes(at(place)) && said.includes('RINGBACK_DATA_DIR'), said);
    }
  });

  it('names a data directory that may not be written', async (t) => {
    if (process.getuid?.() === 0) return t.skip('root may write everywhere');
    await mkdir(at('locked'), { mode: 0o500 });
    const said = await refusalOf({ RINGBACK_DATA_DIR: at('locked/data') });
    assert.ok(said.includes(at('locked')) && said.includes('RINGBACK_DATA_DIR'), said);
  });

  it('names settings without a meaning, and combinations that are unsafe', async () => {
    const starts: [Record<string, string>, RegExp][] = [
      [{ RINGBACK_CONFIG: at('absent.yaml') }, /RINGBACK_CONFIG.*absent\.yaml/],
      [{ RINGBACK_HTTP_PORT: 'eighty' }, /RINGBACK_HTTP_PORT is "eighty"/],
      [{ RINGBACK_RTP_PORTS: '9-1' }, /RINGBACK_RTP_PORTS is "9-1"/],
      [{ RINGBACK_TLS_CERT: '/nowhere' }, /RINGBACK_TLS_KEY/],
      [{ RINGBACK_TLS_CERT: '/nowhere', RINGBACK_TLS_KEY: '/nowhere' }, /RINGBACK_TLS_CERT.*ENOENT/],
      [{ RINGBACK_CONFIG: at('open.yaml') }, /no access keys/],
      [{ RINGBACK_HOST: '0.0.0.0' }, /no access keys/],
      [{ RINGBACK_DATABASE_URL: 'postgres://127.0.0.1:1/x' }, /RINGBACK_DATABASE_URL/],
      [{ RINGBACK_CONFIG: at('trunk.yaml') }, /trunk "carrier".*nowhere\.invalid.*RINGBACK_CONFIG/],
      [{ RINGBACK_CONFIG: at('sink.yaml') }, /sink "facts".*file\/below.*ENOTDIR/],
    ];
    for (const [env, says] of starts) assert.match(await refusalOf(env), says);
  });
});

function sign(request: RawRequest, change: Partial<typeof key> = {}, shiftMs = 0): RawRequest {
  const signature = signatureOf(ringback.service.url, request, { ...key, ...change }, Date.now() + shiftMs);
  return { ...request, headers: { ...request.headers, ...signature } };
}

function signed(request: RawRequest): Promise<RawAnswer> {
  return sendRaw(ringback.service.url, sign(request));
}

function without(request: RawRequest, name: string): RawRequest {
  const { [name]: _, ...headers } = { ...request.headers };
  return { ...request, headers };
}

async function connected({ hostname, port }: URL): Promise<Socket> {
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Anything: bytes, JSON, and requests that are right but for a few members. */
function randomBody(valid: () => Record<string, unknown>): fc.Arbitrary<string | Uint8Array> {
  const members = [
    'InstanceId',
    'ContactFlowId',
    'DestinationPhoneNumber',
    'SourcePhoneNumber',
    'QueueId',
    'Attributes',
    'ClientToken',
    'TrafficType',
    'CampaignId',
    'Name',
    'Description',
    'References',
    'RelatedContactId',
    'OutboundStrategy',
    'RingTimeoutInSeconds',
    'AnswerMachineDetectionConfig',
  ];
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', '\u0000', '\ud800', 'x'.repeat(5000), 1e308, -1, {}, [], null),
    },
    { weight: 1, arbitrary: fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })) },
  );
  const mutated = fc
    .dictionary(fc.constantFrom(...members), value, { minKeys: 1, maxKeys: 3 })
    .map((changes) => JSON.stringify({ ...valid(), ...changes }));
  return fc.oneof(
    { weight: 6, arbitrary: mutated },
    { weight: 2, arbitrary: fc.json({ stringUnit: 'binary' }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 500 }) },
  );
}

function headerOf(message: string, name: string): string {
  const line = message.split('\r\n').find((text) => text.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim() ?? '';
}

function rtpPortOf(invite: string): number {
  return Number(/^m=audio (\d+)/m.exec(invite)?.[1]);
}

function send(socket: ReturnType<typeof createSocket>, data: string | Uint8Array, port: number): void {
  socket.send(data, port, '127.0.0.1');
}
