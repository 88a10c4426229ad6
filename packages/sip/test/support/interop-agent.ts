// A user agent of ours on a real loopback socket, for calls with programs of others. A failing story shows the ladder of every call, and
// no story may leave anything half open.
import assert from 'node:assert/strict';
import { untilDefined } from '@ringback/testkit';
import {
  CallTraces,
  formatLadder,
  type OutgoingInviteRequest,
  openUserAgent,
  type SipBody,
  type SipEndpoint,
  type SipResponse,
  type UserAgent,
  type UserAgentOptions,
} from '../../src/index.ts';

/** Our side of one story. */
export interface InteropAgent {
  readonly agent: UserAgent;
  /** What crossed the wire so far, all calls in order: `> INVITE` sent, `< 200 INVITE` received. Copies are left out. */
  readonly messages: () => readonly string[];
  /** Times a message was seen, copies included. */
  readonly count: (message: string) => number;
}

/** A call that is over is forgotten within this, ms of real time. */
const patienceMs = 20_000;
/** Far more than any story takes on a busy machine, ms. */
const longestStoryMs = 60_000;

/** An audio description of ours. */
export const description = (direction = 'sendrecv', version = 1): SipBody => ({
  contentType: 'application/sdp',
  content: [
    'v=0',
    `o=ringback 1 ${version} IN IP4 127.0.0.1`,
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    'm=audio 40000 RTP/AVP 0 101',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000',
    `a=${direction}`,
    '',
  ].join('\r\n'),
});

let calls = 0;

/** An INVITE to a program on loopback. */
export function callTo(
  port: number,
  overrides: Partial<OutgoingInviteRequest> = {},
): OutgoingInviteRequest & { target: SipEndpoint } {
  const uri = `sip:callee@127.0.0.1:${port}`;
  calls += 1;
  return {
    target: { host: '127.0.0.1', port, transport: 'udp' },
    requestUri: uri,
    from: { uri: 'sip:ringback@127.0.0.1' },
    to: { uri },
    callId: `${calls}-${process.pid}@interop`,
    body: description(),
    ...overrides,
  };
}

/** The same without an offer: the far end makes it. */
export function lateOfferTo(port: number, overrides: Partial<OutgoingInviteRequest>): OutgoingInviteRequest {
  const { body: _, ...rest } = callTo(port, overrides);
  return rest;
}

/**
 * Opens a user agent, tells the story, and closes it. All calls must be over by then, on their own.
 *
 * @throws what the story throws, with the ladders of its calls
 */
export async function withAgent(
  options: Partial<UserAgentOptions>,
  story: (ours: InteropAgent) => Promise<void>,
): Promise<void> {
  const traces = new CallTraces();
  const agent = await openUserAgent({ host: '127.0.0.1', port: 0, onTrace: traces.record, ...options });
  try {
    await inTime(story(interopAgent(agent, traces)));
    await untilDefined(patienceMs, 'a call is not over', () => {
      const { dialogs, pendingCalls } = agent.activity;
      return dialogs + pendingCalls === 0 || undefined;
    });
  } catch (error) {
    const ladders = traces.callIds.map((callId) => {
      const trace = traces.get(callId);
      return trace === undefined ? '' : formatLadder(trace);
    });
    throw new Error([(error as Error).message, ...ladders].join('\n\n'), { cause: error });
  } finally {
    await agent.close();
  }
}

async function inTime(story: Promise<void>): Promise<void> {
  const tooLate = Promise.withResolvers<never>();
  const timer = setTimeout(() => tooLate.reject(new Error('the story hangs')), longestStoryMs);
  try {
    await Promise.race([story, tooLate.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function interopAgent(agent: UserAgent, traces: CallTraces): InteropAgent {
  const all = (): string[] =>
    traces.callIds
      .flatMap((callId) => traces.get(callId)?.messages ?? [])
      .map(({ direction, bytes }) => {
        const text = Buffer.from(bytes).toString('latin1');
        const status = /^SIP\/2\.0 (\d{3})/.exec(text)?.[1];
        const method = /^CSeq: *\d+ +(\w+)/im.exec(text)?.[1] ?? '?';
        return `${direction === 'sent' ? '>' : '<'} ${status === undefined ? '' : `${status} `}${method}`;
      });
  return {
    agent,
    messages: () => all().filter((message, index, each) => each.indexOf(message) === index),
    count: (message) => all().filter((each) => each === message).length,
  };
}

/** The direction of the media that a body describes. */
export const directionOf = (body: SipBody | undefined): string =>
  /^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(body?.content ?? '')?.[1] ?? 'sendrecv';

/** Rejects when the call is answered, for calls that must not be. */
export async function refusal<Failure extends Error>(
  answered: Promise<unknown>,
  kind: new (...all: never[]) => Failure,
): Promise<Failure> {
  try {
    await answered;
  } catch (error) {
    assert.ok(error instanceof kind, `expected ${kind.name}, not ${String(error)}`);
    return error;
  }
  throw new Error(`expected ${kind.name}, but the call was answered`);
}

/** Remembers provisional responses. */
export function provisionals(): { readonly seen: number[]; readonly take: (response: SipResponse) => void } {
  const seen: number[] = [];
  return { seen, take: ({ status }) => void seen.push(status) };
}
