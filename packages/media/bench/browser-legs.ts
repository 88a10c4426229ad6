/**
 * Measures what browsers cost: pairs of a browser's leg (DTLS-SRTP) and a customer's (RTP), bridged, on one worker; the far
 * ends of both are a process of their own. Phase U of `npm run bench:routing` runs it.
 *
 *     node packages/media/bench/browser-legs.ts [pairs] [seconds]      default 40 10
 *
 * CPU is that of the worker alone. Prints one line of JSON. The pairs are clean when 99 of 100 ticks are late by less than
 * 10 ms and no packet is missing on either side.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type MediaSession, openMediaEngine, type WebRtcSession } from '../src/index.ts';
import type { FromFarEnds, ToFarEnds } from './browser-messages.ts';

const pairs = Number(process.argv[2] ?? 40);
const seconds = Number(process.argv[3] ?? 10);
/** Code is compiled, and connections settle. */
const WARM_UP_MS = 5_000;
const LONGEST_CONNECT_MS = 60_000;

const farEnds = fork(new URL('./browser-far-ends.ts', import.meta.url));
const engine = await openMediaEngine({
  host: '127.0.0.1',
  ports: { first: 20_000, last: 39_999 },
  workers: 1,
});
try {
  const calls: { customer: MediaSession; agent: WebRtcSession }[] = [];
  let connected = 0;
  // All are opened before the first handshake: agents sign in over a morning, and a worker that is busy takes no more calls.
  for (let n = 0; n < pairs; n += 1) {
    const customer = await engine.openSession();
    const agent = await engine.openWebRtcSession({
      beside: customer,
      onEvent: (event) => {
        if (event.kind === 'connection' && event.state === 'connected') connected += 1;
      },
    });
    calls.push({ customer, agent });
  }
  for (const [index, { customer, agent }] of calls.entries()) {
    const ask = { kind: 'join', browser: agent.offer, phone: customer.createOffer() } as const;
    const { browser, phone } = await tell<Extract<FromFarEnds, { kind: 'joined' }>>(ask);
    await agent.acceptAnswer(browser);
    await customer.acceptAnswer(phone);
    await customer.bridge(agent);
    const giveUpAtMs = performance.now() + LONGEST_CONNECT_MS;
    while (connected <= index) {
      if (performance.now() > giveUpAtMs) throw new Error(`${connected} of ${pairs} browsers connected`);
      await delay(20);
    }
  }
  await tell({ kind: 'speak' });
  await delay(WARM_UP_MS);

  const read = async () => {
    const far = await tell<Extract<FromFarEnds, { kind: 'counted' }>>({ kind: 'count' });
    const legs = await Promise.all(calls.flatMap(({ customer, agent }) => [customer.stats(), agent.stats()]));
    const stats = await engine.stats({ latenessMs: seconds * 1_000 });
    const lost = far.lost + legs.reduce((sum, leg) => sum + leg.lost, 0);
    return { atMs: performance.now(), stats, lost, heard: far.received };
  };
  const before = await read();
  await delay(seconds * 1_000);
  const after = await read();
  const elapsedMs = after.atMs - before.atMs;
  const cpuPercent = (after.stats.cpuMicros - before.stats.cpuMicros) / elapsedMs / 10;
  const skipped = after.stats.ticksSkipped - before.stats.ticksSkipped;
  const lost = after.lost - before.lost + 2 * pairs * skipped;
  const tickP99Ms = after.stats.tickLatenessMs.p99;
  const heardShare = (after.heard - before.heard) / (2 * pairs * (elapsedMs / 20));
  const isClean = tickP99Ms < 10 && lost === 0;
  console.log(
    JSON.stringify({
      pairs,
      cpuPercent,
      cpuPercentPerPair: cpuPercent / pairs,
      tickP99Ms,
      lost,
      heardShare,
      isClean,
    }),
  );
} finally {
  farEnds.send({ kind: 'stop' } satisfies ToFarEnds);
  await engine.close();
}

/** Each question has one answer. */
async function tell<Answer extends FromFarEnds>(message: ToFarEnds): Promise<Answer> {
  farEnds.send(message);
  const [answer] = await once(farEnds, 'message');
  return answer as Answer;
}
