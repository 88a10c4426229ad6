/** Prompts through the official SDK and the upload: audio from buckets, refusals in bounded time, links, what a call hears. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  CreatePromptCommand,
  DeletePromptCommand,
  DescribePromptCommand,
  GetPromptFileCommand,
  ListPromptsCommand,
  ListTagsForResourceCommand,
  SearchPromptsCommand,
  TagResourceCommand,
  UpdatePromptCommand,
} from '@aws-sdk/client-connect';
import { readWav, toneLevel, writeWav } from '@ringback/media';
import { request as httpRequest } from 'undici';
import { hangUp, playPrompt } from './support/flow-actions.ts';
import { refused, unknownId } from './support/refusals.ts';
import { startTestService, type TestService } from './support/test-service.ts';

let test: TestService;
let InstanceId: string;
let directory: string;
let bucketServer: Server;
const asked: string[] = [];

/** A tone as a file of an unusual kind: two channels, 44.1 kHz. */
const toneHz = 1000;
const tone = (seconds: number, hz = toneHz): Uint8Array => {
  const sampleRate = 44_100;
  const pcm = Int16Array.from({ length: sampleRate * seconds }, (_, n) =>
    Math.round(8000 * Math.sin((2 * Math.PI * hz * n) / sampleRate)),
  );
  return writeWav({ sampleRate, channels: [pcm, pcm] });
};

before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'ringback-bucket-'));
  await writeFile(path.join(directory, 'tone.wav'), tone(1));
  await writeFile(path.join(directory, 'low.wav'), tone(1, 440));
  await writeFile(path.join(directory, 'song.mp3'), Buffer.from('ID3\u0004 this is no WAV file'));
  await writeFile(path.join(directory, 'long.wav'), silence(301));
  await writeFile(path.join(directory, 'huge.wav'), '');
  // Sparse: it takes no room on the disk.
  await truncate(path.join(directory, 'huge.wav'), 100 * 1024 * 1024);
  await symlink('/etc/passwd', path.join(directory, 'link.wav'));
  bucketServer = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/base/a%20tone.wav') response.end(tone(1));
    else if (request.url === '/base/elsewhere.wav') {
      response.writeHead(302, { location: '/base/a%20tone.wav' }).end();
    } else if (request.url === '/base/huge.wav') {
      response.writeHead(200, { 'content-length': 100 * 1024 * 1024 });
      response.write('RIFF');
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => bucketServer.listen(0, '127.0.0.1', resolve));
  const { port } = bucketServer.address() as AddressInfo;
  test = await startTestService(
    `prompts:\n  buckets:\n    local-bucket: ${directory}\n    remote-bucket: http://127.0.0.1:${port}/base\n`,
  );
  InstanceId = test.instanceId;
});
after(async () => {
  await test?.close();
  bucketServer?.closeAllConnections();
  bucketServer?.close();
  await rm(directory, { recursive: true, force: true });
});

function silence(seconds: number): Uint8Array {
  return writeWav({ sampleRate: 8000, channels: [new Int16Array(8000 * seconds)] }, { encoding: 'mulaw' });
}

let names = 0;
async function create(S3Uri: string, more: Partial<CreatePromptCommand['input']> = {}): Promise<string> {
  names += 1;
  const { PromptId } = await test.client.send(
    new CreatePromptCommand({ InstanceId, Name: `Prompt ${names}`, S3Uri, ...more }),
  );
  assert.ok(PromptId);
  return PromptId;
}

async function download(PromptId: string) {
  const { PromptPresignedUrl } = await test.client.send(new GetPromptFileCommand({ InstanceId, PromptId }));
  assert.ok(PromptPresignedUrl);
  return { url: PromptPresignedUrl, answer: await fetch(PromptPresignedUrl) };
}

describe('prompts › from buckets', () => {
  it('reads a directory and a server, by every spelling of an S3 URI', async () => {
    for (const uri of [
      's3://local-bucket/tone.wav',
      'https://local-bucket.s3.us-east-1.amazonaws.com/tone.wav',
      's3://remote-bucket/a tone.wav',
      'https://remote-bucket.s3.eu-west-1.amazonaws.com/a%20tone.wav',
    ]) {
      const { answer } = await download(await create(uri));
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), 'audio/wav');
      const { sampleRate, channels } = readWav(new Uint8Array(await answer.arrayBuffer()));
      const [pcm] = channels;
      assert.equal(sampleRate, 8000);
      assert.ok(pcm && Math.abs(pcm.length - 8000) < 80, String(pcm?.length));
      assert.ok(toneLevel(pcm, 8000, toneHz) > 0.9, uri);
    }
  });

  it('reads nothing else', async () => {
    asked.length = 0;
    const table: [string, RegExp][] = [
      ['s3://unknown-bucket/tone.wav', /"unknown-bucket" is not configured.*prompts\.buckets/],
      ['https://127.0.0.1.s3.us-east-1.amazonaws.com/tone.wav', /not configured/],
      ['s3://local-bucket/none.wav', /no object/],
      ['s3://local-bucket/../secret.wav', /dot part/],
      ['s3://local-bucket/a//b.wav', /empty part/],
      ['https://local-bucket.s3.us-east-1.amazonaws.com/%2e%2e%2ftone.wav', /dot part/],
      ['s3://local-bucket/link.wav', /no object/],
      ['s3://remote-bucket/none.wav', /no object/],
      ['s3://remote-bucket/elsewhere.wav', /answered 302/],
    ];
    for (const [uri, message] of table) await refused(create(uri), 'InvalidParameterException', message);
    assert.deepEqual(asked, ['/base/none.wav', '/base/elsewhere.wav']);
    // Not of the shape that the API takes.
    for (const uri of ['file:///etc/passwd', 'http://127.0.0.1/x.wav']) {
      await refused(create(uri), 'InvalidParameterException', /s3Uri/);
    }
  });

  it('says what is wrong with audio that it does not take, and says so soon', async () => {
    const startedAtMs = performance.now();
    await refused(create('s3://local-bucket/song.mp3'), 'InvalidParameterException', /RIFF.*PCM/);
    await refused(create('s3://local-bucket/long.wav'), 'InvalidParameterException', /lasts 301 s.*300 s/);
    await refused(create('s3://local-bucket/huge.wav'), 'InvalidParameterException', /50 MB/);
    await refused(create('s3://remote-bucket/huge.wav'), 'InvalidParameterException', /50 MB/);
    assert.ok(performance.now() - startedAtMs < 10_000);
  });
});

describe('prompts › upload', () => {
  const put = (name: string, body: Uint8Array, headers: Record<string, string> = signed) =>
    httpRequest(`${test.service.url}/_ringback/prompts/${InstanceId}/${name}`, {
      method: 'PUT',
      body,
      headers,
    });

  it('makes a prompt, and gives a known name new audio', async () => {
    const made = await put('welcome', tone(1));
    const { PromptId, PromptARN } = (await made.body.json()) as Record<string, string>;
    assert.equal(made.statusCode, 200);
    assert.match(PromptARN ?? '', /instance\/.*\/prompt\//);
    const again = await put('welcome', tone(2));
    assert.equal(((await again.body.json()) as Record<string, string>).PromptId, PromptId);
    const { answer } = await download(String(PromptId));
    const [pcm] = readWav(new Uint8Array(await answer.arrayBuffer())).channels;
    assert.ok(pcm && Math.abs(pcm.length - 16_000) < 160, String(pcm?.length));
  });

  it('refuses a file that is too large before it is sent', async () => {
    const told = await rawPut(`/_ringback/prompts/${InstanceId}/large`, 100 * 1024 * 1024);
    assert.match(told, /^HTTP\/1\.1 413 /);
    assert.match(told, /RequestEntityTooLargeException/i);
  });

  it('refuses what is no WAV file, no name, no signature and no instance', async () => {
    const table: [string, Uint8Array, Record<string, string>, number, RegExp][] = [
      ['bad', Buffer.from('nonsense'), signed, 400, /RIFF/],
      ['empty', new Uint8Array(0), signed, 400, /no body/],
      ['n'.repeat(128), tone(1), signed, 400, /127/],
      ['unsigned', tone(1), {}, 403, /./],
    ];
    for (const [name, body, headers, status, message] of table) {
      const answer = await put(name, body, headers);
      assert.equal(answer.statusCode, status, name);
      assert.match(await answer.body.text(), message);
    }
    const elsewhere = await httpRequest(`${test.service.url}/_ringback/prompts/${unknownId}/x`, {
      method: 'PUT',
      headers: signed,
      body: tone(1),
    });
    assert.equal(elsewhere.statusCode, 404);
    await elsewhere.body.dump();
  });

  it('lets no more than four in at once', async () => {
    const slow = await Promise.all([1, 2, 3, 4].map(() => heldPut(`/_ringback/prompts/${InstanceId}/slow`)));
    const fifth = await put('fifth', tone(1));
    assert.equal(fifth.statusCode, 503);
    await fifth.body.dump();
    for (const socket of slow) socket.destroy();
    let status = 503;
    for (let attempt = 0; attempt < 100 && status === 503; attempt += 1) {
      const answer = await put('fifth', tone(1));
      status = answer.statusCode;
      await answer.body.dump();
    }
    assert.equal(status, 200);
  });
});

describe('prompts › links', () => {
  it('ends a link that was changed', async () => {
    const { url, answer } = await download(await create('s3://local-bucket/tone.wav'));
    await answer.arrayBuffer();
    const other = await create('s3://local-bucket/low.wav');
    const changed = new URL(url);
    const changes: ((url: URL) => void)[] = [
      (link) => link.searchParams.set('expires', '99999999999'),
      (link) => link.searchParams.set('signature', 'AAAA'),
      (link) => link.searchParams.delete('signature'),
      (link) => {
        link.pathname = link.pathname.replace(/[^/]+\.wav$/, `${other}.wav`);
      },
    ];
    for (const change of changes) {
      const link = new URL(changed);
      change(link);
      const refusal = await fetch(link);
      assert.equal(refusal.status, 403, link.href);
      assert.equal(refusal.headers.get('x-amzn-errortype'), 'AccessDeniedException');
      await refusal.arrayBuffer();
    }
  });
});

describe('prompts › kept', () => {
  it('describes, lists, searches, tags, renames and deletes', async () => {
    const id = await create('s3://local-bucket/tone.wav', {
      Name: 'Kept',
      Description: 'A tone',
      Tags: { kind: 'tone' },
    });
    const describePrompt = async (PromptId: string) =>
      (await test.client.send(new DescribePromptCommand({ InstanceId, PromptId }))).Prompt;
    const prompt = await describePrompt(id);
    assert.deepEqual([prompt?.Name, prompt?.Description, prompt?.Tags], ['Kept', 'A tone', { kind: 'tone' }]);
    assert.ok(prompt?.LastModifiedTime instanceof Date);
    assert.equal((await describePrompt(prompt?.PromptARN ?? ''))?.PromptId, id);

    const resourceArn = prompt?.PromptARN ?? '';
    await test.client.send(new TagResourceCommand({ resourceArn, tags: { more: 'yes' } }));
    const { tags } = await test.client.send(new ListTagsForResourceCommand({ resourceArn }));
    assert.deepEqual(tags, { kind: 'tone', more: 'yes' });

    const search = async (more: object) =>
      (await test.client.send(new SearchPromptsCommand({ InstanceId, ...more }))).Prompts?.map(
        ({ Name }) => Name,
      );
    const starting = { FieldName: 'name', Value: 'kep', ComparisonType: 'STARTS_WITH' };
    assert.deepEqual(await search({ SearchCriteria: { StringCondition: starting } }), ['Kept']);
    assert.deepEqual(
      await search({ SearchFilter: { TagFilter: { TagCondition: { TagKey: 'more', TagValue: 'yes' } } } }),
      ['Kept'],
    );
    const { PromptSummaryList } = await test.client.send(new ListPromptsCommand({ InstanceId }));
    assert.ok(PromptSummaryList?.some(({ Id, Name }) => Id === id && Name === 'Kept'));

    const update = (more: object) =>
      test.client.send(new UpdatePromptCommand({ InstanceId, PromptId: id, ...more }));
    await update({ Name: 'Kept on' });
    assert.equal((await describePrompt(id))?.Name, 'Kept on');
    await refused(update({}), 'InvalidRequestException');
    await refused(update({ Name: 'Beep.wav' }), 'InvalidParameterException', /Beep\.wav/);
    await refused(
      create('s3://local-bucket/tone.wav', { Name: 'Kept on' }),
      'DuplicateResourceException',
      /Kept on/,
    );

    await test.client.send(new DeletePromptCommand({ InstanceId, PromptId: id }));
    await refused(describePrompt(id), 'ResourceNotFoundException');
    for (const PromptId of [id, unknownId, 'nonsense']) {
      await refused(update({ PromptId, Name: 'x' }), 'ResourceNotFoundException');
      await refused(
        test.client.send(new DeletePromptCommand({ InstanceId, PromptId })),
        'ResourceNotFoundException',
      );
      await refused(
        test.client.send(new GetPromptFileCommand({ InstanceId, PromptId })),
        'ResourceNotFoundException',
      );
    }
  });
});

describe('prompts › heard', () => {
  const heardTone = async (number: string, flowId: string): Promise<number> => {
    await test.ended(await test.call(number, flowId));
    const [heard] = (await test.phoneHeard(number)) ?? [];
    assert.ok(heard, `${number} was not answered`);
    const at = (hz: number) => toneLevel(heard, 8000, hz);
    return at(toneHz) > at(440) ? toneHz : 440;
  };

  it('plays new audio of a prompt in the next call', async () => {
    const id = await create('s3://local-bucket/tone.wav');
    const flow = await test.createFlow([playPrompt('play', id, 'hang up'), hangUp]);
    assert.equal(await heardTone('+12065550171', flow), toneHz);
    await test.client.send(
      new UpdatePromptCommand({ InstanceId, PromptId: id, S3Uri: 's3://local-bucket/low.wav' }),
    );
    assert.equal(await heardTone('+12065550172', flow), 440);
  });

  it('plays audio that a message names in a bucket', async () => {
    const flow = await test.createFlow([
      {
        Identifier: 'play',
        Type: 'MessageParticipant',
        Parameters: { Media: { Uri: 's3://local-bucket/low.wav', SourceType: 'S3', MediaType: 'Audio' } },
        Transitions: {
          NextAction: 'hang up',
          Errors: [{ NextAction: 'hang up', ErrorType: 'NoMatchingError' }],
          Conditions: [],
        },
      },
      hangUp,
    ]);
    assert.equal(await heardTone('+12065550173', flow), 440);
  });
});

/** Without keys the signature is read, not checked. */
const signed = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/connect/aws4_request, SignedHeaders=host;x-amz-date, ' +
    `Signature=${'0'.repeat(64)}`,
  'x-amz-date': '20261122T000000Z',
};

/** Sends the head of an upload and no body. */
async function heldPut(target: string, contentLength = 1000): Promise<Socket> {
  const { hostname, port } = new URL(test.service.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const headers = Object.entries({ host: hostname, ...signed, 'content-length': String(contentLength) });
  socket.write(
    `PUT ${target} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  );
  // The head has arrived when another request is answered on a connection that was opened later.
  await new Promise((resolve) => socket.once('connect', resolve));
  await (await fetch(`${test.service.url}/health`)).arrayBuffer();
  return socket;
}

/** The same, and what is answered to it. */
async function rawPut(target: string, contentLength: number): Promise<string> {
  const socket = await heldPut(target, contentLength);
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.includes('\r\n\r\n') && text.includes('}')) break;
  }
  socket.destroy();
  return text;
}
