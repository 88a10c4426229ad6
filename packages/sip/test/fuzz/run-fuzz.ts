// Throws generated and mutated messages at the parser, at the stream framer and at a whole user agent with calls under way, and
// watches what must not happen: another error than ParseFailure, a message that takes long, memory that grows.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seededRandom } from '@ringback/testkit';
import type { SipFault } from '../../src/errors.ts';
import { MalformedRequest } from '../../src/message/malformed-request.ts';
import type { SipMessage } from '../../src/message/message.ts';
import { parseNameAddress } from '../../src/message/name-address.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { ParseFailure } from '../../src/message/parse-failure.ts';
import { createResponse } from '../../src/message/response.ts';
import { formatMessage, serializeMessage } from '../../src/message/serialize.ts';
import { parseSipUri } from '../../src/message/uri.ts';
import { callTo, createWorld, sdp } from '../../src/sip-fixture.ts';
import { InMemoryStreams, rawConnection } from '../../src/stream-fixture.ts';
import { StreamFramer } from '../../src/transport/stream-framing.ts';
import { generateMessage, type Random } from './generate.ts';
import { mutate } from './mutate.ts';

export interface FuzzOutcome {
  readonly messages: number;
  /** Messages that were readable; a fuzzer that only makes noise tests nothing. */
  readonly accepted: number;
  readonly framed: number;
  readonly slowestMs: number;
  readonly heapGrowthBytes: number;
  /** What the user agent answered, by status. */
  readonly answers: Readonly<Record<number, number>>;
}

/** The largest CPU time one message may cost, ms. */
const LONGEST_MS = 50;
/** From here on it is worth finding out whether the message or the machine is slow, ms. */
const SUSPICIOUS_MS = 5;
/** Of a message, as UDP carries it. */
const LARGEST_BYTES = 65_535;
const BATCH = 50;
const AGENT = { host: '192.0.2.100', port: 5060 };
const PEER = { host: '192.0.2.200', port: 5060 };
/** What is alive in a steady state differs by this much from one moment to the next. */
const TOLERATED_GROWTH_BYTES = 4 * 1024 * 1024;

function readCorpus(): Buffer[] {
  const folder = new URL('../torture/', import.meta.url);
  return ['rfc4475', 'rfc5118'].flatMap((rfc) =>
    readdirSync(new URL(rfc, folder)).map((file) => readFileSync(new URL(`${rfc}/${file}`, folder))),
  );
}

/** Everything of a message that anybody reads; what is refused must be refused by ParseFailure. */
function readEverything(message: SipMessage): void {
  const { headers } = message;
  for (const read of [
    () => headers.topVia,
    () => headers.from.parameter('x'),
    () => headers.to.tag,
    () => headers.cseq,
    () => headers.contact?.parameter('q'),
    () => parseSipUri(message.kind === 'request' ? message.requestUri : headers.from.uri).parameter('lr'),
    () => headers.getAll('Record-Route').map((route) => parseNameAddress(route).uri),
    () => message.kind === 'request' && createResponse(message, 200, { toTag: 't', createsDialog: true }),
  ]) {
    refusing(read);
  }
}

function refusing(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof ParseFailure)) throw error;
    return false;
  }
}

/** True when the message was readable. */
function checkParser(bytes: Buffer): boolean {
  let message: SipMessage;
  try {
    message = parseMessage(bytes);
  } catch (error) {
    if (!(error instanceof ParseFailure)) throw error;
    if (error instanceof MalformedRequest) readEverything(error.request);
    return false;
  }
  readEverything(message);
  // What is accepted can be written, and is then read as the same. Bytes of a body that are no UTF-8 take three each when written.
  const written = serializeMessage(message);
  if (written.length > LARGEST_BYTES) {
    assert.throws(() => parseMessage(written), { code: 'tooLarge' });
    return true;
  }
  assert.equal(formatMessage(parseMessage(written)), formatMessage(message));
  return true;
}

function checkFraming(bytes: Buffer, random: Random): number {
  let framed = 0;
  let hasFailed = false;
  const framer = new StreamFramer(LARGEST_BYTES, {
    onMessage: (message) => {
      framed++;
      refusing(() => parseMessage(message));
    },
    onPing: () => {},
    onPong: () => {},
    onFailure: () => {
      assert.equal(hasFailed, false, 'a failed stream is read no further');
      hasFailed = true;
    },
  });
  for (let position = 0; position < bytes.length; ) {
    const size = 1 + Math.floor(random() * (random() < 0.5 ? 20 : 3_000));
    framer.push(bytes.subarray(position, position + size));
    position += size;
  }
  return framed;
}

/** Wall-clock time of the quickest of four runs: on a busy machine, being interrupted is no fault of the message. */
function costOf(run: () => void, firstMs: number): number {
  let quickest = firstMs;
  for (let attempt = 0; attempt < 3 && quickest > SUSPICIOUS_MS; attempt++) {
    const startedMs = performance.now();
    run();
    quickest = Math.min(quickest, performance.now() - startedMs);
  }
  return quickest;
}

/** Runs `messages` of them, all derived from `seed`. @throws what went wrong, with the message that did it in hex */
export async function runFuzz(messages: number, seed: number): Promise<FuzzOutcome> {
  const random = seededRandom(seed);
  const corpus = readCorpus();
  const outcome = { accepted: 0, framed: 0, slowestMs: 0 };
  const answers: Record<number, number> = {};
  const world = createWorld({}, seed);
  const streams = new InMemoryStreams(world.clock);
  const agent = await world.open({
    ...AGENT,
    streams,
    alsoListen: [{ transport: 'tcp', ...AGENT }],
    onInvite: (invite) => {
      const verdict = random();
      if (verdict < 0.3) invite.reject(486);
      else if (verdict < 0.6) void invite.answer({ body: sdp('v=0') }).then((dialog) => dialog.bye());
      else if (verdict < 0.9) invite.provisional(180);
      else invite.ignore();
      if (verdict >= 0.6 && verdict < 0.9) {
        world.clock.setTimeout(() => refuseIfPending(() => invite.reject(480)), 5_000);
      }
    },
  });
  const broken: SipFault[] = [];
  let heapAtStart = 0;
  for (let done = 0; done < messages; done += BATCH) {
    if (done >= messages * 0.2 && heapAtStart === 0) heapAtStart = heapUsed();
    const call = agent.invite(callTo({ callId: `call-${done}`, target: { ...PEER, transport: 'udp' } }));
    call.answered.then((dialog) => dialog.bye()).catch(() => {});
    await world.clock.drain();
    const invite = world.network.log.findLast(({ from }) => from.host === AGENT.host)?.text() ?? '';
    const raw = rawConnection(streams, AGENT, PEER.host);
    for (let index = 0; index < Math.min(BATCH, messages - done); index++) {
      const source = sourceOf(random, corpus, invite, `${done + index}`);
      const other = corpus[Math.floor(random() * corpus.length)] as Buffer;
      const bytes = random() < 0.1 ? source : mutate(source, random, other);
      try {
        const startedMs = performance.now();
        if (checkParser(bytes)) outcome.accepted++;
        outcome.framed += checkFraming(Buffer.concat([bytes, Buffer.from('\r\n\r\n'), bytes]), random);
        const spentMs = costOf(() => checkParser(bytes), performance.now() - startedMs);
        outcome.slowestMs = Math.max(outcome.slowestMs, spentMs);
        assert.ok(spentMs <= LONGEST_MS, `one message took ${spentMs} ms`);
      } catch (error) {
        throw new Error(`seed ${seed}, message ${done + index}: ${bytes.toString('hex')}`, { cause: error });
      }
      if (index % 5 === 0 && !raw.closed()) raw.socket.write(bytes);
      else world.network.inject(PEER, AGENT, bytes);
    }
    await world.clock.drain();
    raw.socket.destroy();
    call.cancel();
    await world.clock.advance(1_000);
    countAnswers(world.network.log, answers);
    // What the test itself keeps must not look like growth.
    broken.push(...world.faults.filter(({ kind }) => kind === 'callbackFailed'));
    world.faults.length = 0;
    world.network.log.length = 0;
    streams.connections.length = 0;
  }
  const heapAtEnd = heapUsed();
  assert.deepEqual(broken, []);
  // Every timer runs out: what is left then would stay for ever. Ringing calls end by their own timers above.
  await world.clock.advance(600_000);
  const { dialogs, ...others } = agent.activity;
  assert.deepEqual(
    Object.values(others).filter((count) => count > 0),
    [],
    JSON.stringify(agent.activity),
  );
  await agent.close();
  return {
    messages,
    ...outcome,
    answers,
    heapGrowthBytes: heapAtEnd - heapAtStart,
  };
}

export function assertHealthy(outcome: FuzzOutcome): void {
  const { messages, accepted, framed, answers, heapGrowthBytes } = outcome;
  const text = JSON.stringify(outcome);
  assert.ok(accepted > messages * 0.2 && accepted < messages * 0.95, `not the right mixture: ${text}`);
  assert.ok(framed > messages * 0.2, text);
  for (const status of [200, 400, 405, 481]) assert.ok((answers[status] ?? 0) > 0, `no ${status}: ${text}`);
  assert.ok(heapGrowthBytes < TOLERATED_GROWTH_BYTES, `memory grows: ${text}`);
}

function sourceOf(random: Random, corpus: readonly Buffer[], invite: string, identity: string): Buffer {
  const kind = random();
  if (kind < 0.4) return corpus[Math.floor(random() * corpus.length)] as Buffer;
  if (kind < 0.85) return Buffer.from(generateMessage(random, identity));
  return Buffer.from(responseTo(invite, random, identity));
}

/** A response that a transaction of ours really waits for. */
function responseTo(invite: string, random: Random, identity: string): string {
  const copied = invite.split('\r\n').filter((line) => /^(Via|From|Call-ID|CSeq):/.test(line));
  const status = [100, 180, 183, 200, 302, 401, 407, 486, 503, 600][Math.floor(random() * 10)];
  return [
    `SIP/2.0 ${status} X`,
    ...copied,
    `To: <sip:x@y>;tag=${identity}`,
    `Contact: <sip:x@${PEER.host}>`,
    'Require: 100rel',
    `RSeq: ${Math.floor(random() * 100)}`,
    'Proxy-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

function countAnswers(
  log: readonly { from: { host: string }; text(): string }[],
  answers: Record<number, number>,
) {
  for (const entry of log) {
    if (entry.from.host !== AGENT.host) continue;
    const status = /^SIP\/2\.0 (\d{3})/.exec(entry.text())?.[1];
    if (status !== undefined) answers[Number(status)] = (answers[Number(status)] ?? 0) + 1;
  }
}

function refuseIfPending(refuse: () => void): void {
  try {
    refuse();
  } catch (error) {
    // The mutated CANCEL or a second INVITE came first.
    if (!(error instanceof Error) || error.name !== 'InviteNotPending') throw error;
  }
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}
