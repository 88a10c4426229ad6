import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import { RTCPeerConnection, usePCMU } from 'werift';
import { type WebSocket, WebSocketServer } from 'ws';
import { type AgentSnapshot, CommandRefused, ScriptedAgent } from './scripted-agent.ts';

type Command = { readonly id: number; readonly do: string; readonly [member: string]: unknown };

const snapshot: AgentSnapshot = {
  version: 1,
  agent: { id: 'a', permissions: [] },
  status: { id: 's', name: 'Available' },
  statuses: [],
  quickConnects: [],
  softphone: 'connected',
  isEchoing: false,
};

/** A service as far as an agent's page sees one; what it answers is the test's. */
class StubService {
  /** Commands by the socket that they came on, in order. */
  readonly commands: Command[][] = [];
  onOpen: (socket: WebSocket, nth: number) => void = (socket) =>
    tell(socket, { tell: 'state', state: snapshot });
  onCommand: (socket: WebSocket, command: Command) => void = (socket, { id }) =>
    tell(socket, { re: id, ok: true });
  readonly #http: Server = createServer((_request, response) => {
    response.setHeader('set-cookie', 'ringback_session=1').end('{}');
  });
  readonly #sockets = new WebSocketServer({ server: this.#http });

  constructor() {
    this.#sockets.on('connection', (socket) => {
      const taken: Command[] = [];
      const nth = this.commands.push(taken);
      socket.on('message', (data) => {
        const command = JSON.parse(String(data)) as Command;
        taken.push(command);
        this.onCommand(socket, command);
      });
      this.onOpen(socket, nth);
    });
  }

  async open(): Promise<string> {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    this.#http.close();
  }
}

function tell(socket: WebSocket, message: object): void {
  socket.send(JSON.stringify(message));
}

describe('scripted agent', () => {
  let service: StubService;
  let url: string;
  let sdp: string;

  before(async () => {
    const connection = new RTCPeerConnection({
      codecs: { audio: [usePCMU()] },
      iceUseIpv4: false,
      iceUseIpv6: false,
    });
    connection.addTransceiver('audio', { direction: 'sendrecv' });
    await connection.setLocalDescription(await connection.createOffer());
    sdp = connection.localDescription?.sdp ?? '';
    await connection.close();
  });

  beforeEach(async () => {
    service = new StubService();
    url = await service.open();
  });

  afterEach(() => service.close());

  const signIn = (): Promise<ScriptedAgent> => ScriptedAgent.signIn({ url, username: 'ada', password: 'p' });
  const offer = (offerId: number) => ({ tell: 'offer', offerId, sdp, connection: 'new', iceServers: [] });
  const isOffline = (error: unknown): boolean => error instanceof CommandRefused && error.code === 'OFFLINE';

  it('refuses a command on a socket that is not open yet, or not any more, as OFFLINE', async () => {
    const agent = await signIn();
    const opening = agent.open();
    await assert.rejects(agent.do({ do: 'echo', on: true }), isOffline);
    await opening;
    agent.breakSocket();
    await assert.rejects(agent.do({ do: 'echo', on: true }), isOffline);
    await agent.close();
  });

  it('refuses a command as OFFLINE when its socket closes before the answer', async () => {
    const agent = await signIn();
    service.onCommand = (socket) => socket.terminate();
    await assert.rejects(agent.do({ do: 'echo', on: true }), isOffline);
    await agent.close();
  });

  it('answers an offer on the socket that it came on, and drops it with that socket', async () => {
    service.onCommand = (socket, { id, do: what }) => {
      if (what === 'softphone') {
        const nth = service.commands.length;
        tell(socket, offer(nth));
        if (nth === 1) socket.terminate();
      }
      tell(socket, { re: id, ok: true });
      if (what === 'answer') tell(socket, { tell: 'state', state: { ...snapshot, version: 2 } });
    };
    const agent = await signIn();
    agent.comeBackByItself();
    await assert.rejects(agent.do({ do: 'softphone' }), isOffline);
    const answers = () => service.commands.map((taken) => taken.filter(({ do: what }) => what === 'answer'));
    await agent.until('the state after the second offer is answered', ({ version }) => version === 2);
    assert.deepEqual(
      answers().map((taken) => taken.map(({ offerId }) => offerId)),
      [[], [2]],
    );
    await agent.close();
  });

  it('takes it as it is when its answer comes after a newer offer', async () => {
    const agent = await signIn();
    service.onCommand = (socket, { id, do: what }) => {
      if (what === 'softphone') tell(socket, offer(1));
      if (what === 'answer')
        tell(socket, { re: id, error: { code: 'NOT_NOW', message: 'That answers an older offer.' } });
      else tell(socket, { re: id, ok: true });
      if (what === 'answer') tell(socket, { tell: 'state', state: { ...snapshot, version: 2 } });
    };
    await agent.do({ do: 'softphone' });
    await agent.until('what comes after the refusal', ({ version }) => version === 2);
    await agent.close();
  });

  it('fails the next wait with the text of what befell it meanwhile', async () => {
    const agent = await signIn();
    service.onCommand = (socket, { id, do: what }) => {
      if (what === 'softphone') tell(socket, offer(1));
      if (what === 'answer') tell(socket, { re: id, error: { code: 'INVALID_MESSAGE', message: 'No SDP.' } });
      else tell(socket, { re: id, ok: true });
    };
    await agent.do({ do: 'softphone' });
    await assert.rejects(
      agent.until('never', () => false),
      /INVALID_MESSAGE: No SDP\./,
    );
    await agent.close();
  });

  it('fails at its close with what no wait has told', async () => {
    const agent = await signIn();
    service.onCommand = (socket, { id }) => {
      socket.send('no JSON');
      tell(socket, { re: id, ok: true });
    };
    await agent.do({ do: 'echo', on: true });
    await assert.rejects(agent.close(), SyntaxError);
  });
});
