// The agents' door with nobody behind it: what it does with sockets, cookies, and names that nobody can have.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import type { AgentSession, AgentSessions } from '../identity/agent-sessions.ts';
import { type AgentId, newId } from '../ids.ts';
import type { Instance } from '../store/resource-store.ts';
import { capturedLogger } from '../test-support/captured-logger.ts';
import { sampleInstanceId } from '../test-support/sample-contact.ts';
import { type AgentDoorDeps, addAgentDoor, agentSocketPath, sessionPath } from './agent-door.ts';

const wellKnown = 'ringback';
const known: AgentSession = {
  instanceId: sampleInstanceId,
  agentId: newId<AgentId>(),
  token: 'known',
  csrfToken: 'csrf',
};

describe('agent door', () => {
  let server: FastifyInstance;
  let port: number;
  let signIns: number;
  let transport: AgentDoorDeps['transport'];

  beforeEach(async () => {
    signIns = 0;
    transport = 'plain';
    server = Fastify();
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    const sessions: Pick<AgentSessions, 'find' | 'signIn'> = {
      find: (token) => Promise.resolve(token === known.token ? known : undefined),
      signIn: ({ username }) => {
        signIns += 1;
        if (username === 'late') return Promise.resolve({ kind: 'busy', retryAfterSeconds: 5 });
        return Promise.resolve(
          username === 'known' ? { kind: 'signedIn', session: known } : { kind: 'refused' },
        );
      },
    };
    addAgentDoor(server, {
      sessions: sessions as AgentSessions,
      agents: { find: () => Promise.resolve(undefined) },
      instances: () => Promise.resolve([{ id: sampleInstanceId } as Instance]),
      openSocket: () => undefined,
      refusedPassword: wellKnown,
      get transport() {
        return transport;
      },
      logger: capturedLogger().logger,
    } satisfies AgentDoorDeps);
    await server.listen({ host: '127.0.0.1', port: 0 });
    ({ port } = server.server.address() as net.AddressInfo);
  });
  afterEach(() => server.close());

  it('leads browsers from the bare address to the page, and clients of the API to nothing', async () => {
    const at = (accept: string) =>
      fetch(`http://127.0.0.1:${port}/`, { headers: { accept }, redirect: 'manual' });
    const browser = await at('text/html,application/xhtml+xml,*/*;q=0.8');
    assert.deepEqual([browser.status, browser.headers.get('location')], [302, '/ccp/']);
    assert.equal((await at('*/*')).status, 404);
  });

  for (const [what, path, status] of [
    ['leads nowhere', '/elsewhere', 404],
    ['belongs to nobody', agentSocketPath, 401],
  ] as const) {
    it(`lets go of a socket that ${what}, though its client holds on to it`, async () => {
      const socket = upgrade(path);
      assert.match(await text(socket), new RegExp(`^HTTP/1.1 ${status} `));
      // The client has not closed its half. A server that waited for it could not stop.
      await server.close();
      socket.destroy();
    });
  }

  it('waits no longer than a moment for a page that takes no leave', async () => {
    const socket = upgrade(agentSocketPath, known.token);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString('latin1'), /^HTTP\/1.1 101 /);
    await server.close();
    socket.destroy();
  });

  it('gives the session in a cookie that no script reads, under HTTPS for HTTPS only', async () => {
    const cookie = async () => (await signIn('known', 'secret')).headers['set-cookie'];
    assert.equal(await cookie(), 'ringback_session=known; Path=/; HttpOnly; SameSite=Strict');
    transport = 'tls';
    assert.equal(await cookie(), 'ringback_session=known; Path=/; HttpOnly; SameSite=Strict; Secure');
  });

  it('gives a cookie for HTTPS only to a page that a proxy hands on from HTTPS', async () => {
    for (const [origin, expected] of [
      ['https://calls.example.com', true],
      ['http://calls.example.com', false],
    ] as const) {
      const answer = await signIn('known', 'secret', { origin, host: 'calls.example.com' });
      assert.equal(answer.statusCode, 200, answer.body);
      assert.equal(/; Secure/.test(String(answer.headers['set-cookie'])), expected, origin);
    }
  });

  it('asks nobody for a name that cannot be stored', async () => {
    for (const username of ['a\u0000b', 'a\ud800']) {
      const answer = await signIn(username, 'secret');
      assert.equal(answer.statusCode, 400, answer.body);
    }
    assert.equal(signIns, 0);
  });

  it('asks to come back where too many sign in at once', async () => {
    const answer = await signIn('late', 'secret');
    assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '5']);
  });

  it('opens to nobody with the password that everybody knows', async () => {
    const answer = await signIn('agent', wellKnown);
    assert.deepEqual([answer.statusCode, signIns], [401, 0]);
    assert.match(answer.body, /emulator.*CreateUser/);
    await signIn('agent', `${wellKnown}.`);
    assert.equal(signIns, 1);
  });

  /** Asks for the agent socket as a client that never closes its half. */
  function upgrade(path: string, token?: string): net.Socket {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        `Sec-WebSocket-Protocol: ringback.agent.v1\r\n${token ? `Cookie: ringback_session=${token}\r\n` : ''}\r\n`,
    );
    return socket;
  }

  const signIn = (username: string, password: string, headers: Readonly<Record<string, string>> = {}) =>
    server.inject({
      method: 'POST',
      url: sessionPath,
      payload: Buffer.from(JSON.stringify({ username, password })),
      headers: { 'content-type': 'application/json', ...headers },
    });
});
