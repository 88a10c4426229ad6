// Benchmark: one 984-byte 200 OK to an INVITE, parsed; parsed with its structured header fields; and serialized again. Prints
// operations per CPU second, median of five.
//
//   node packages/sip/bench/parse.ts
import process from 'node:process';
import { parseMessage, serializeMessage } from '../src/index.ts';

const HEAD = [
  'SIP/2.0 200 OK',
  'Via: SIP/2.0/UDP 192.0.2.10:5060;rport=5060;received=192.0.2.10;branch=z9hG4bK5f2a9c8b7d6e5f4a3b2c',
  'Record-Route: <sip:192.0.2.20:5060;lr;ftag=8a7b6c5d>',
  'From: "Ringback" <sip:+12065550199@192.0.2.10>;tag=8a7b6c5d4e3f2a1b',
  'To: <sip:+12065550100@192.0.2.20>;tag=as1f2e3d4c',
  'Call-ID: 0190b0b8-6d7e-7c3a-9f1e-2b4c6d8e0f12@192.0.2.10',
  'CSeq: 1 INVITE',
  'Contact: <sip:+12065550100@192.0.2.30:5060;transport=udp>',
  'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH',
  'Supported: replaces, timer',
  'Server: Carrier Gateway 4.2.1',
  'Content-Type: application/sdp',
];
const SDP = [
  'v=0',
  'o=gateway 1234567 1234567 IN IP4 192.0.2.30',
  's=session',
  'c=IN IP4 192.0.2.30',
  't=0 0',
  'm=audio 14002 RTP/AVP 0 101',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-16',
  'a=ptime:20',
  'a=sendrecv',
  '',
].join('\r\n');
const TARGET_BYTES = 984;
const bare = `${HEAD.join('\r\n')}\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`;
const padding = Math.max(0, TARGET_BYTES - bare.length - 'X-Pad: \r\n'.length);
const bytes = Buffer.from(bare.replace('Content-Type', `X-Pad: ${'p'.repeat(padding)}\r\nContent-Type`));

let sink = 0;

const steps: ReadonlyArray<readonly [name: string, run: () => void]> = [
  [
    'parse (lazy)',
    () => {
      sink += parseMessage(bytes).body.length;
    },
  ],
  ['parse + structured', () => parseStructured()],
  [
    'parse + structured + serialize',
    () => {
      sink += serializeMessage(parseStructured()).length;
    },
  ],
];

function parseStructured() {
  const message = parseMessage(bytes);
  const { topVia, from, to, cseq, contact, callId } = message.headers;
  sink += (topVia.branch?.length ?? 0) + (from.tag?.length ?? 0) + (to.tag?.length ?? 0);
  sink += cseq.sequence + (contact?.uri.length ?? 0) + callId.length;
  return message;
}

const ROUNDS = 100_000;
console.log(`message of ${bytes.length} bytes`);
for (const [name, run] of steps) {
  const rates: number[] = [];
  for (let repeat = 0; repeat < 5; repeat++) {
    const before = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round++) run();
    const { user, system } = process.cpuUsage(before);
    rates.push(Math.round(ROUNDS / ((user + system) / 1e6)));
  }
  rates.sort((one, other) => one - other);
  console.log(`${name}: ${rates[2]} per CPU-s (${rates.join(', ')})`);
}
if (sink === 0) throw new Error('nothing was measured');
