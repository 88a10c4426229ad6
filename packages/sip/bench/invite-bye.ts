// Benchmark: whole calls (INVITE, 180, 200, ACK, BYE, 200) between two of our user agents in this process, over UDP on loopback.
// Prints calls per CPU second of both sides together, and messages sent by method, so that retransmissions show.
//
//   node packages/sip/bench/invite-bye.ts [calls=20000] [parallel=50]
import process from 'node:process';
import { openUserAgent, type SipBody, type UserAgent } from '../src/index.ts';

const calls = Number(process.argv[2] ?? 20_000);
const parallel = Number(process.argv[3] ?? 50);
const isCounting = process.argv.includes('--count');

const sdp = (port: number): SipBody => ({
  contentType: 'application/sdp',
  content: [
    'v=0',
    'o=- 20518 0 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${port} RTP/AVP 0 8 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-16',
    'a=ptime:20',
    'a=sendrecv',
    '',
  ].join('\r\n'),
});

const sent = new Map<string, number>();

function count(label: string): void {
  sent.set(label, (sent.get(label) ?? 0) + 1);
}

const callee = await openUserAgent({
  host: '127.0.0.1',
  port: 0,
  onInvite: (invite) => {
    invite.provisional(180);
    void invite.answer({ body: sdp(20_000) });
  },
  onFault: (fault) => console.error(fault),
  ...(isCounting && { onTrace: traceSent }),
});
const caller = await openUserAgent({
  host: '127.0.0.1',
  port: 0,
  onFault: (fault) => console.error(fault),
  ...(isCounting && { onTrace: traceSent }),
});

function traceSent(entry: { direction: string; text(): string }): void {
  if (entry.direction !== 'sent') return;
  const text = entry.text();
  const method = /\r\nCSeq: \d+ ([A-Z]+)/.exec(text)?.[1] ?? '?';
  const isResponse = text.startsWith('SIP/');
  count(isResponse ? `${text.slice(8, 11)} to ${method}` : method);
}

let next = 0;

async function placeCalls(agent: UserAgent): Promise<void> {
  while (next < calls) {
    const number = next++;
    const call = agent.invite({
      target: callee.endpoint,
      requestUri: `sip:+12065550100@127.0.0.1:${callee.endpoint.port}`,
      from: { uri: 'sip:+12065550199@127.0.0.1', displayName: 'Ringback' },
      to: { uri: 'sip:+12065550100@127.0.0.1' },
      callId: `bench-${number}@127.0.0.1`,
      body: sdp(30_000),
    });
    const dialog = await call.answered;
    await dialog.bye();
  }
}

const startedAt = performance.now();
const cpuBefore = process.cpuUsage();
await Promise.all(Array.from({ length: parallel }, () => placeCalls(caller)));
const cpu = process.cpuUsage(cpuBefore);
const wallSeconds = (performance.now() - startedAt) / 1_000;
const cpuSeconds = (cpu.user + cpu.system) / 1_000_000;

console.log(
  `${calls} calls, ${parallel} in parallel: ${Math.round(calls / cpuSeconds)} calls per CPU-s for both sides, ` +
    `${Math.round(calls / wallSeconds)} calls/s wall, user ${(cpu.user / 1e6).toFixed(2)} s, system ${(cpu.system / 1e6).toFixed(2)} s`,
);
console.log(
  'memory MB:',
  Math.round(process.memoryUsage().rss / 1e6),
  'lingering:',
  caller.activity,
  callee.activity,
);
if (isCounting) console.log('messages sent:', Object.fromEntries(sent));
await caller.close();
await callee.close();
