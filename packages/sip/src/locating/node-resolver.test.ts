// The adapter to node:dns against a name server of our own on loopback.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { describe, test } from 'node:test';
import { LookupFailed } from './dns-resolver.ts';
import { nodeResolver } from './node-resolver.ts';

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 28: 'AAAA', 33: 'SRV', 35: 'NAPTR' };
const NXDOMAIN = 3;
const SERVFAIL = 2;

function nameBytes(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function short(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.from([value.length, ...Buffer.from(value)]);
}

const RECORDS: Readonly<Record<string, Buffer>> = {
  'A one.example': Buffer.from([192, 0, 2, 1]),
  'AAAA one.example': Buffer.from('20010db8000000000000000000000001', 'hex'),
  'SRV _sip._udp.example': Buffer.concat([short(10, 20, 5_070), nameBytes('one.example')]),
  'NAPTR example': Buffer.concat([
    short(50, 60),
    text('s'),
    text('SIP+D2U'),
    text(''),
    nameBytes('_sip._udp.example'),
  ]),
};

/** Answers from `RECORDS` with a life of 17 s; `broken.example` makes it fail, all other names do not exist. */
async function openNameServer(): Promise<{ address: string; socket: Socket }> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    let end = 12;
    const labels: string[] = [];
    for (let length = query[end] ?? 0; length > 0; length = query[end] ?? 0) {
      labels.push(query.toString('latin1', end + 1, end + 1 + length));
      end += 1 + length;
    }
    const name = labels.join('.').toLowerCase();
    const question = query.subarray(12, end + 5);
    const type = query.readUInt16BE(end + 1);
    const found = RECORDS[`${TYPES[type]} ${name}`];
    const code = name === 'broken.example' ? SERVFAIL : found === undefined ? NXDOMAIN : 0;
    const header = Buffer.concat([
      query.subarray(0, 2),
      short(0x8180 | code, 1, found === undefined ? 0 : 1, 0, 0),
    ]);
    const answer =
      found === undefined
        ? Buffer.alloc(0)
        : Buffer.concat([short(0xc00c, type, 1, 0, 17, found.length), found]);
    socket.send(Buffer.concat([header, question, answer]), from.port, from.address);
  });
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
  return { address: `127.0.0.1:${socket.address().port}`, socket };
}

describe('node resolver', () => {
  test('reads every kind of record, with its life where node:dns tells it', async () => {
    const { address, socket } = await openNameServer();
    const resolver = nodeResolver([address]);
    assert.deepEqual(await resolver.addresses('one.example', 4), { records: ['192.0.2.1'], ttlSeconds: 17 });
    assert.deepEqual(await resolver.addresses('one.example', 6), {
      records: ['2001:db8::1'],
      ttlSeconds: 17,
    });
    const { records, ttlSeconds } = await resolver.srv('_sip._udp.example');
    assert.equal(ttlSeconds, 60);
    assert.deepEqual(
      records.map(({ priority, weight, port, target }) => [priority, weight, port, target]),
      [[10, 20, 5_070, 'one.example']],
    );
    const [rule] = (await resolver.naptr('example')).records;
    assert.deepEqual(
      [rule?.order, rule?.preference, rule?.flags, rule?.service, rule?.replacement],
      [50, 60, 's', 'SIP+D2U', '_sip._udp.example'],
    );
    socket.close();
  });

  test('absence is an answer, failure is not', async () => {
    const { address, socket } = await openNameServer();
    const resolver = nodeResolver([address]);
    assert.deepEqual(await resolver.srv('_sip._tcp.example'), { records: [], ttlSeconds: 30 });
    await assert.rejects(resolver.srv('broken.example'), (error) => {
      assert.ok(error instanceof LookupFailed);
      assert.deepEqual([error.asked, error.code], ['broken.example', 'ESERVFAIL']);
      return true;
    });
    socket.close();
  });

  test('names of the hosts file are found', async () => {
    const { address, socket } = await openNameServer();
    assert.deepEqual((await nodeResolver([address]).addresses('localhost', 4)).records, ['127.0.0.1']);
    socket.close();
  });
});
