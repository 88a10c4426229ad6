// What is kept of calls, and the forms it is given out in: ladder, capture file, HEP.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CALLEE_HOST, CALLER_HOST, callTo, createWorld, sdp } from '../sip-fixture.ts';
import type { SipEndpoint } from '../transport/sip-endpoint.ts';
import { WireTrace } from '../transport/wire-trace.ts';
import { CallTraces } from './call-traces.ts';
import { encodeHep, openHepExporter } from './hep.ts';
import { formatLadder } from './ladder.ts';
import { writePcap } from './pcap.ts';
import { callIdOf, keepMessage } from './traced-message.ts';

const LOCAL: SipEndpoint = { host: '192.0.2.1', port: 5060, transport: 'udp' };
const REMOTE: SipEndpoint = { host: '192.0.2.2', port: 5070, transport: 'udp' };

function entry(callId: string, options: { atMs?: number; padding?: number; wire?: string } = {}): WireTrace {
  const wire =
    options.wire ??
    `OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCall-ID: ${callId}\r\nX: ${'x'.repeat(options.padding ?? 0)}\r\n\r\n`;
  return new WireTrace(options.atMs ?? 0, 'sent', LOCAL, REMOTE, wire, undefined);
}

async function tracedCall() {
  const world = createWorld({ delayMs: 10 });
  const traces = new CallTraces();
  await world.open({
    host: CALLEE_HOST,
    onInvite: (invite) => {
      invite.provisional(180);
      void invite.answer({ body: sdp('v=0') });
    },
  });
  const caller = await world.open({ host: CALLER_HOST, onTrace: traces.record });
  const dialog = await world.clock.settle(caller.invite(callTo({ callId: 'traced@test' })).answered);
  await world.clock.settle(dialog.bye({ reason: 'Q.850;cause=16' }));
  const trace = traces.get('traced@test');
  assert.ok(trace !== undefined);
  return { traces, trace };
}

describe('call traces', () => {
  test('keep the messages of each call in order', async () => {
    const { trace, traces } = await tracedCall();
    assert.deepEqual(
      trace.messages.map(({ bytes }) =>
        Buffer.from(bytes).toString().split('\r\n', 1)[0]?.split(' ').slice(0, 2).join(' '),
      ),
      [
        'INVITE sip:+12065550100@carrier.example',
        'SIP/2.0 180',
        'SIP/2.0 200',
        `ACK sip:+12065550100@${CALLEE_HOST}:5060`,
        `BYE sip:+12065550100@${CALLEE_HOST}:5060`,
        'SIP/2.0 200',
      ],
    );
    assert.deepEqual(traces.callIds, ['traced@test']);
    traces.forget('traced@test');
    assert.equal(traces.get('traced@test'), undefined);
    assert.equal(traces.bytes, 0);
  });

  test('of a long call the beginning and the latest stay', () => {
    const traces = new CallTraces({ messagesPerCall: 20 });
    for (let atMs = 0; atMs < 100; atMs++) traces.record(entry('long', { atMs }));
    const trace = traces.get('long');
    assert.deepEqual(
      trace?.messages.map(({ atMs }) => atMs),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99],
    );
    assert.equal(trace?.leftOut, 80);
  });

  test('of many calls the latest stay, by number and by bytes', () => {
    const few = new CallTraces({ calls: 3 });
    for (let index = 0; index < 10; index++) few.record(entry(`call-${index}`));
    assert.deepEqual(few.callIds, ['call-7', 'call-8', 'call-9']);
    const small = new CallTraces({ bytes: 10_000 });
    for (let index = 0; index < 1_000; index++) small.record(entry(`call-${index % 50}`, { padding: 900 }));
    assert.ok(small.bytes <= 10_000 && small.bytes > 8_000, `${small.bytes}`);
    const kept = small.callIds.flatMap((callId) => small.get(callId)?.messages ?? []);
    assert.equal(
      kept.reduce((sum, { bytes }) => sum + bytes.length, 0),
      small.bytes,
    );
  });

  test('a Call-ID is found however it is written', () => {
    const start = 'BYE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n';
    assert.equal(callIdOf(entry('', { wire: `${start}Call-ID: a@b\r\n\r\n` })), 'a@b');
    assert.equal(callIdOf(entry('', { wire: `${start}i:a@b\r\n\r\n` })), 'a@b');
    assert.equal(callIdOf(entry('', { wire: `${start}call-id :\r\n a@b\r\n\r\n` })), 'a@b');
    assert.equal(callIdOf(entry('', { wire: `${start}\r\n` })), undefined);
  });
});

describe('ladder', () => {
  test('a call, line by line', async () => {
    const { trace } = await tracedCall();
    assert.equal(
      formatLadder(trace),
      [
        'traced@test',
        '     +0.000 s  ──▶  udp 10.0.0.2:5060  INVITE sip:+12065550100@carrier.example (application/sdp)',
        '     +0.020 s  ◀──  udp 10.0.0.2:5060  180 Ringing',
        '     +0.020 s  ◀──  udp 10.0.0.2:5060  200 OK (application/sdp)',
        '     +0.020 s  ──▶  udp 10.0.0.2:5060  ACK sip:+12065550100@10.0.0.2:5060',
        '     +0.020 s  ──▶  udp 10.0.0.2:5060  BYE sip:+12065550100@10.0.0.2:5060 (Q.850;cause=16)',
        '     +0.040 s  ◀──  udp 10.0.0.2:5060  200 OK',
        '',
      ].join('\n'),
    );
  });

  test('repetitions are marked, what was left out is told, nothing reaches the terminal as a command', () => {
    const wire = 'OPTIONS sip:\u001b[2J@b SIP/2.0\r\nCall-ID: a\r\n\r\n';
    const message = keepMessage(entry('a', { wire }));
    const text = formatLadder({ callId: 'a', messages: [message, message], leftOut: 3 });
    assert.match(text, /OPTIONS sip:·\[2J@b\n.*OPTIONS sip:·\[2J@b {2}again\n {2}\(3 messages left out/);
    assert.equal(text.includes('\u001b'), false);
  });
});

describe('capture file', () => {
  const message = keepMessage(entry('a', { atMs: 1_700_000_000_123, wire: 'odd' }));

  test('IPv4, byte by byte', () => {
    const file = writePcap([message]);
    assert.equal(
      file.toString('hex'),
      [
        'd4c3b2a1',
        '0200',
        '0400',
        '00000000',
        '00000000',
        '00000400',
        '65000000',
        '00f15365',
        '78e00100',
        '1f000000',
        '1f000000',
        '45',
        '00',
        '001f',
        '0000',
        '0000',
        '40',
        '11',
        'f6ca',
        'c0000201',
        'c0000202',
        '13c4',
        '13ce',
        '000b',
        '80dd',
        Buffer.from('odd').toString('hex'),
      ].join(''),
    );
  });

  test('checksums add up, also over IPv6 and for received messages', () => {
    const local = { ...LOCAL, host: '2001:db8::1' };
    const remote = { ...REMOTE, host: '2001:db8::2', transport: 'tls' as const };
    const file = writePcap([{ ...message, local, remote, direction: 'received' }]);
    const ip = file.subarray(24 + 16);
    assert.equal(ip[0], 0x60);
    assert.equal(ip.subarray(8, 24).toString('hex'), '20010db8000000000000000000000002');
    const udp = ip.subarray(40);
    assert.deepEqual([udp.readUInt16BE(0), udp.readUInt16BE(2)], [5_070, 5_060]);
    // Over addresses, length, protocol and the datagram with its checksum the sum is all ones (RFC 1071).
    const covered = Buffer.concat([
      ip.subarray(8, 40),
      Buffer.from([0, udp.length, 0, 17]),
      udp,
      Buffer.alloc(1),
    ]);
    let sum = 0;
    for (let index = 0; index < covered.length; index += 2) sum += covered.readUInt16BE(index);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    assert.equal(sum, 0xffff);
  });

  test('a name among the addresses becomes 0.0.0.0', () => {
    const file = writePcap([{ ...message, remote: { ...REMOTE, host: 'carrier.example' } }]);
    assert.equal(file.subarray(24 + 16 + 16, 24 + 16 + 20).toString('hex'), '00000000');
  });
});

describe('HEP', () => {
  const message = keepMessage(entry('a', { atMs: 1_700_000_000_123, wire: 'x' }));

  test('IPv4, byte by byte', () => {
    const packet = encodeHep(message, { captureId: 2_001, password: 'pw' }, 'call');
    assert.equal(
      packet?.toString('hex'),
      [
        '48455033',
        '0076',
        '0000',
        '0001',
        '0007',
        '02',
        '0000',
        '0002',
        '0007',
        '11',
        '0000',
        '0003',
        '000a',
        'c0000201',
        '0000',
        '0004',
        '000a',
        'c0000202',
        '0000',
        '0007',
        '0008',
        '13c4',
        '0000',
        '0008',
        '0008',
        '13ce',
        '0000',
        '0009',
        '000a',
        '6553f100',
        '0000',
        '000a',
        '000a',
        '0001e078',
        '0000',
        '000b',
        '0007',
        '01',
        '0000',
        '000c',
        '000a',
        '000007d1',
        '0000',
        '000e',
        '0008',
        '7077',
        '0000',
        '0011',
        '000a',
        '63616c6c',
        '0000',
        '000f',
        '0007',
        '78',
      ].join(''),
    );
  });

  test('IPv6 over TLS, received', () => {
    const packet = encodeHep(
      {
        ...message,
        direction: 'received',
        local: { ...LOCAL, host: '2001:db8::1' },
        remote: { ...REMOTE, host: '::ffff:192.0.2.9', transport: 'tls' },
      },
      { captureId: 1 },
    );
    const text = packet?.toString('hex') ?? '';
    assert.match(text, /^48455033....0000000100070a000000020007060000/);
    assert.ok(text.includes('00000005001600000000000000000000ffffc0000209'), 'source IPv6');
    assert.ok(text.includes('0000000600162001' + '0db8000000000000000000000001'), 'destination IPv6');
    assert.equal(packet?.readUInt16BE(4), packet?.length);
  });

  test('a message that fits no packet is none', () => {
    assert.equal(encodeHep({ ...message, bytes: new Uint8Array(65_500) }, { captureId: 1 }), undefined);
  });

  test('the exporter sends each message to its collector, and counts what it cannot', async () => {
    const world = createWorld();
    const received: Uint8Array[] = [];
    const collector = { host: '10.0.0.9', port: 9_060 };
    await world.network.bind({
      ...collector,
      onDatagram: (data) => received.push(data),
      onError: () => {},
    });
    const exporter = await openHepExporter({
      collector,
      localHost: '10.0.0.8',
      network: world.network,
      captureId: 7,
    });
    exporter.record(entry('a@b'));
    world.network.interceptor = () => 'fail';
    exporter.record(entry('a@b'));
    await world.clock.drain();
    assert.equal(received.length, 1);
    assert.equal(
      Buffer.from(received[0] ?? [])
        .subarray(0, 4)
        .toString(),
      'HEP3',
    );
    assert.ok(Buffer.from(received[0] ?? []).includes('a@b'));
    assert.deepEqual(exporter.counters, { sent: 2, failed: 1 });
    await exporter.close();
  });
});
