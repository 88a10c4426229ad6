// One step of the benchmark, as a process of its own: our user agent places calls at a steady rate against a UAS on loopback, hangs each
// up at once, and prints what became of them, as JSON. Before that it places some as fast as they are answered, a few at a time, and some at
// that rate: a service runs for weeks, and its first seconds, when nothing is compiled yet, say little about it. CPU time is told with and
// without that part.
//
//   node packages/sip/bench/paced-uac.ts UAS_PORT CALLS_PER_SECOND CALLS
import process from 'node:process';
import { openUserAgent, type SipBody } from '../src/index.ts';

const uasPort = Number(process.argv[2]);
const callsPerSecond = Number(process.argv[3]);
const calls = Number(process.argv[4]);

/** As large as the description that SIPp's own scenario carries. */
const description: SipBody = {
  contentType: 'application/sdp',
  content: [
    'v=0',
    'o=user1 53655765 2353687637 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    'm=audio 6000 RTP/AVP 0',
    'a=rtpmap:0 PCMU/8000',
    '',
  ].join('\r\n'),
};

const target = { host: '127.0.0.1', port: uasPort, transport: 'udp' } as const;
const requestUri = `sip:service@127.0.0.1:${uasPort}`;
let faults = 0;
const agent = await openUserAgent({
  host: '127.0.0.1',
  port: 0,
  onFault: () => {
    faults++;
  },
});

/** What became of the calls of one part of the run. */
interface Tally {
  completed: number;
  failed: number;
}

/** A call that rings for so long has lost its 200 in a socket buffer, ms. */
const ringTimeoutMs = 10_000;

async function placeCall(number: number, tally: Tally): Promise<void> {
  let giveUp: NodeJS.Timeout | undefined;
  try {
    const call = agent.invite({
      target,
      requestUri,
      from: { uri: 'sip:ringback@127.0.0.1' },
      to: { uri: requestUri },
      callId: `${number}-${process.pid}@127.0.0.1`,
      body: description,
    });
    giveUp = setTimeout(() => call.cancel(), ringTimeoutMs);
    const dialog = await call.answered;
    clearTimeout(giveUp);
    await dialog.bye();
    const { by } = await dialog.ended;
    if (by === 'local') tally.completed++;
    else tally.failed++;
  } catch {
    clearTimeout(giveUp);
    tally.failed++;
  }
}

/** Calls due are begun each millisecond, as SIPp does. Waits for the last of them to be over, or for `patienceMs` after its begin. */
function pace(wanted: number, firstNumber: number, patienceMs: number): Promise<Tally> {
  const tally: Tally = { completed: 0, failed: 0 };
  const startedAtMs = performance.now();
  const longestMs = (1_000 * wanted) / callsPerSecond + patienceMs;
  let begun = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(wanted, Math.floor(((performance.now() - startedAtMs) * callsPerSecond) / 1_000));
      while (begun < due) void placeCall(firstNumber + begun++, tally);
      const isOver = tally.completed + tally.failed === wanted;
      if (begun < wanted || !(isOver || performance.now() - startedAtMs > longestMs)) return;
      clearInterval(timer);
      resolve(tally);
    }, 1);
  });
}

/** Enough for V8 to compile what matters. */
const warmUpCalls = 6_000;
const warmUpParallel = 10;
/** V8 compiles once more what was compiled for calls that come without pause: Node's timers, for one. */
const pacedWarmUpSeconds = 2;
/** A call of the warm-up whose message was lost is not waited for longer, ms; one that counts is, to its timer B or F. */
const warmUpPatienceMs = 2_000;
const patienceMs = 60_000;

async function warmUp(): Promise<void> {
  let begun = 0;
  const one = async (): Promise<void> => {
    while (begun < warmUpCalls) await placeCall(calls + begun++, { completed: 0, failed: 0 });
  };
  await Promise.all(Array.from({ length: warmUpParallel }, one));
  await pace(callsPerSecond * pacedWarmUpSeconds, calls + warmUpCalls, warmUpPatienceMs);
}

await warmUp();
const sentBefore = agent.counters.sent.udp;
const cpuBefore = process.cpuUsage();
const startedAtMs = performance.now();
const { completed, failed } = await pace(calls, 0, patienceMs);
const wallSeconds = (performance.now() - startedAtMs) / 1_000;
const { user, system } = process.cpuUsage(cpuBefore);
const whole = process.cpuUsage();
/** INVITE, ACK and BYE. */
const messagesPerCall = 3;
const step = {
  completed,
  failed,
  faults,
  retransmissions: agent.counters.sent.udp - sentBefore - messagesPerCall * calls,
  wallSeconds,
  cpuSeconds: (user + system) / 1_000_000,
  cpuSecondsWithStart: (whole.user + whole.system) / 1_000_000,
};
process.stdout.write(`${JSON.stringify(step)}\n`);
// Transactions linger for 32 s (timers M and K); the calls are over.
process.exit(0);
