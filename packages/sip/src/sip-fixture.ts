// Set-up shared by the protocol tests: user agents on a network in memory under a virtual clock, and a scripted peer that says
// exactly what a test tells it to.
import assert from 'node:assert/strict';
import {
  InMemoryNetwork,
  type InMemorySocket,
  type NetworkConditions,
  seededHex,
  VirtualClock,
} from '@ringback/testkit';
import type { OutgoingInviteRequest } from './dialog/invite-request.ts';
import type { SipFault } from './errors.ts';
import type { HeaderList } from './message/headers.ts';
import type { SipBody, SipMessage, SipRequest, SipResponse } from './message/message.ts';
import { parseMessage } from './message/parse.ts';
import { createResponse } from './message/response.ts';
import { serializeMessage } from './message/serialize.ts';
import { openUserAgent, type UserAgent, type UserAgentOptions } from './user-agent.ts';

export const CALLER_HOST = '10.0.0.1';
export const CALLEE_HOST = '10.0.0.2';

export interface World {
  clock: VirtualClock;
  network: InMemoryNetwork;
  faults: SipFault[];
  open(options: Partial<UserAgentOptions> & { host: string }): Promise<UserAgent>;
}

export function createWorld(conditions: Partial<NetworkConditions> = {}, seed = 1): World {
  const clock = new VirtualClock({ startMs: 0 });
  const network = new InMemoryNetwork({ clock, seed, conditions });
  const faults: SipFault[] = [];
  let agents = 0;
  return {
    clock,
    network,
    faults,
    open: (options) =>
      openUserAgent({
        port: 5060,
        // The networks of tests are not loopback, and their peers are the configured ones.
        acceptsFrom: () => true,
        clock,
        network,
        randomHex: seededHex(seed * 100 + agents++),
        onFault: (fault) => faults.push(fault),
        ...options,
      }),
  };
}

export function sdp(content: string): SipBody {
  return { contentType: 'application/sdp', content };
}

export function callTo(overrides: Partial<OutgoingInviteRequest> = {}): OutgoingInviteRequest {
  return {
    target: { host: CALLEE_HOST, port: 5060, transport: 'udp' },
    requestUri: 'sip:+12065550100@carrier.example',
    from: { uri: 'sip:+12065550199@carrier.example' },
    to: { uri: 'sip:+12065550100@carrier.example' },
    callId: 'call-1@test',
    body: sdp('offer'),
    ...overrides,
  };
}

/** What crossed the network, in order: `INVITE` or `200 INVITE`. */
export function sentBy(network: InMemoryNetwork, host: string): string[] {
  return network.log
    .filter((entry) => entry.from.host === host && !entry.isCopy)
    .map((entry) => summary(entry.text()));
}

/** When `host` sent messages with that summary, ms of virtual time. */
export function sentAt(network: InMemoryNetwork, host: string, wanted: string): number[] {
  return network.log
    .filter((entry) => entry.from.host === host && !entry.isCopy && summary(entry.text()) === wanted)
    .map((entry) => entry.atMs);
}

export function summary(text: string): string {
  const method = /^CSeq: *\d+ +(\S+)/im.exec(text)?.[1] ?? '?';
  const status = /^SIP\/2\.0 (\d+)/.exec(text)?.[1];
  return status === undefined ? method : `${status} ${method}`;
}

/** A bare socket that speaks only when told to. */
export class ScriptedPeer {
  readonly received: SipMessage[] = [];
  readonly host: string;
  readonly #socket: InMemorySocket;
  readonly #clock: VirtualClock;

  constructor(host: string, socket: InMemorySocket, clock: VirtualClock) {
    this.host = host;
    this.#socket = socket;
    this.#clock = clock;
  }

  static async open(world: World, host = CALLEE_HOST): Promise<ScriptedPeer> {
    let peer: ScriptedPeer | undefined;
    const socket = await world.network.bind({
      host,
      port: 5060,
      onDatagram: (data) => peer?.received.push(parseMessage(data)),
      onError: (error) => {
        throw error;
      },
    });
    peer = new ScriptedPeer(host, socket, world.clock);
    return peer;
  }

  /** Requests of that method, oldest first. */
  requests(method: string): SipRequest[] {
    return this.received.filter(
      (message): message is SipRequest => message.kind === 'request' && message.method === method,
    );
  }

  request(method: string): SipRequest {
    const request = this.requests(method).at(-1);
    if (request === undefined) throw new Error(`the peer has received no ${method}`);
    return request;
  }

  responses(): SipResponse[] {
    return this.received.filter((message) => message.kind === 'response');
  }

  statuses(): number[] {
    return this.responses().map(({ status }) => status);
  }

  async reply(
    request: SipRequest,
    status: number,
    options: {
      toTag?: string;
      headers?: HeaderList;
      body?: SipBody;
      to?: { host: string; port: number };
    } = {},
  ): Promise<void> {
    const contact: HeaderList = status < 300 ? [['Contact', `<sip:peer@${this.host}:5060>`]] : [];
    const response = createResponse(request, status, {
      toTag: status === 100 ? undefined : (options.toTag ?? 'peer'),
      createsDialog: status < 300,
      headers: [...contact, ...(options.headers ?? [])],
      body: options.body,
    });
    await this.send(serializeMessage(response), options.to);
  }

  async send(data: string | Uint8Array, to = { host: CALLER_HOST, port: 5060 }): Promise<void> {
    this.#socket.send(typeof data === 'string' ? new TextEncoder().encode(data) : data, to);
    await this.#clock.drain();
  }
}

/** A request as a foreign user agent at `CALLEE_HOST` would write it. */
export function foreignRequest(
  method: string,
  parts: {
    branch: string;
    callId?: string;
    fromTag?: string;
    toTag?: string;
    sequence?: number;
    cseqMethod?: string;
    requestUri?: string;
    headers?: HeaderList;
    body?: string;
  },
): string {
  const lines = [
    `${method} ${parts.requestUri ?? `sip:agent@${CALLER_HOST}`} SIP/2.0`,
    `Via: SIP/2.0/UDP ${CALLEE_HOST}:5060;branch=${parts.branch}`,
    'Max-Forwards: 70',
    `From: <sip:peer@${CALLEE_HOST}>;tag=${parts.fromTag ?? 'peer'}`,
    `To: <sip:agent@${CALLER_HOST}>${parts.toTag === undefined ? '' : `;tag=${parts.toTag}`}`,
    `Call-ID: ${parts.callId ?? 'foreign'}`,
    `CSeq: ${parts.sequence ?? 1} ${parts.cseqMethod ?? method}`,
    `Contact: <sip:peer@${CALLEE_HOST}:5060>`,
    ...(parts.headers ?? []).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(parts.body ?? '')}`,
    '',
    parts.body ?? '',
  ];
  return lines.join('\r\n');
}

/** Our user agent on CALLER_HOST, and a scripted peer on CALLEE_HOST. */
export async function calling(): Promise<{ world: World; agent: UserAgent; peer: ScriptedPeer }> {
  const world = createWorld();
  const agent = await world.open({ host: CALLER_HOST });
  const peer = await ScriptedPeer.open(world);
  return { world, agent, peer };
}

/** The activity of a user agent with nothing under way. */
export const IDLE = {
  clientTransactions: 0,
  serverTransactions: 0,
  dialogs: 0,
  pendingCalls: 0,
  lateAnswers: 0,
};

/** After any story and its aftermath: no transaction, no dialog, no timer. */
export async function assertIdleAtLast(world: World, ...agents: UserAgent[]): Promise<void> {
  await world.clock.advance(400_000);
  for (const agent of agents) assert.deepEqual(agent.activity, IDLE);
  assert.equal(world.clock.pendingTimers, 0);
}

/** The same, and no fault on the way. */
export async function assertNothingLeft(world: World, ...agents: UserAgent[]): Promise<void> {
  await assertIdleAtLast(world, ...agents);
  assert.deepEqual(world.faults, []);
}
