// What calls cost in memory, as a process of its own: both sides in this process, real UDP on loopback, time passed in so that half a minute
// of lingering transactions passes at once. Prints JSON. Needs --expose-gc.
//
//   node --expose-gc packages/sip/bench/heap.ts open 20000      bytes for each open dialog
//   node --expose-gc packages/sip/bench/heap.ts churn 100000    growth of the heap after so many calls
import process from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { VirtualClock } from '@ringback/testkit';
import { type InviteDialog, openUserAgent, type SipBody } from '../src/index.ts';

const mode = process.argv[2];
const calls = Number(process.argv[3]);
const parallel = 50;

const description: SipBody = {
  contentType: 'application/sdp',
  content:
    'v=0\r\no=- 20518 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0 101\r\n' +
    'a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n',
};

const clock = new VirtualClock();
const callee = await openUserAgent({
  host: '127.0.0.1',
  port: 0,
  clock,
  onInvite: (invite) => {
    invite.provisional(180);
    void invite.answer({ body: description });
  },
});
const caller = await openUserAgent({ host: '127.0.0.1', port: 0, clock });

let next = 0;

async function place(wanted: number, keep: InviteDialog[] | undefined): Promise<void> {
  const end = next + wanted;
  const one = async (): Promise<void> => {
    while (next < end) {
      const call = caller.invite({
        target: callee.endpoint,
        requestUri: `sip:+12065550100@127.0.0.1:${callee.endpoint.port}`,
        from: { uri: 'sip:+12065550199@127.0.0.1', displayName: 'Ringback' },
        to: { uri: 'sip:+12065550100@127.0.0.1' },
        callId: `${next++}-heap@127.0.0.1`,
        body: description,
      });
      const dialog = await call.answered;
      if (keep === undefined) await dialog.bye();
      else keep.push(dialog);
    }
  };
  await Promise.all(Array.from({ length: parallel }, one));
  // The last ACKs arrive, then every transaction has its time.
  for (let turn = 0; turn < 20; turn++) await nextTurn();
  await clock.advance(60_000);
}

/** Bytes in use after a thorough collection. */
async function heapBytes(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('start this with node --expose-gc');
  for (let round = 0; round < 4; round++) {
    globalThis.gc();
    await nextTurn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

// Compiled code and buffers of the first calls are no cost of the later ones.
await place(5_000, undefined);
const before = await heapBytes();
const kept: InviteDialog[] = [];
/** So many at a time linger as a busy service has. */
const batch = 5_000;
for (let placed = 0; placed < calls; placed += batch) {
  await place(Math.min(batch, calls - placed), mode === 'open' ? kept : undefined);
}
const grownBytes = (await heapBytes()) - before;
const openDialogs = caller.activity.dialogs + callee.activity.dialogs;
const lingering = caller.activity.clientTransactions + callee.activity.serverTransactions;
process.stdout.write(`${JSON.stringify({ calls, openDialogs, lingering, grownBytes, kept: kept.length })}\n`);
process.exit(0);
