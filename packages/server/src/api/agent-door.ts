/** The agents' door beside the API: signing in, the agent socket, and the page under `/ccp`. docs/agent-socket.md tells what passes through it. */
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import { deskClose, deskProtocol, maxDeskMessageBytes } from '@ringback/connect-api';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';
import type { AgentSocket } from '../agents/agent-socket.ts';
import type { AgentSession, AgentSessions } from '../identity/agent-sessions.ts';
import { type InstanceId, isUuid } from '../ids.ts';
import { isStorable } from '../storable-text.ts';
import type { AgentStore } from '../store/agent-store.ts';
import type { Instance } from '../store/resource-store.ts';

export interface AgentDoorDeps {
  readonly sessions: AgentSessions;
  readonly agents: Pick<AgentStore, 'find'>;
  /** Every instance of this service, for pages that name none or name one by its alias. */
  readonly instances: () => Promise<readonly Instance[]>;
  /** The password that the emulator's user is seeded with: everybody knows it, so it opens nothing but an emulator. */
  readonly refusedPassword?: string;
  /** Takes a socket whose owner is known. */
  readonly openSocket: (session: AgentSession, socket: AgentSocket) => void;
  /** Whether the service itself listens by HTTPS; then all cookies are for HTTPS only. */
  readonly transport: 'tls' | 'plain';
  readonly logger: Logger;
}

export const sessionPath = '/_ringback/session';
export const agentSocketPath = '/_ringback/agent-socket';
const cookieName = 'ringback_session';
const csrfHeader = 'x-ringback-csrf';

/** A name, a password and an instance. */
const maxSignInBytes = 4096;
const maxPasswordLength = 256;

/** Time for pages to take leave when the service stops, ms. */
const goodbyeMs = 500;

/** Built by `npm run build:web`, which `npm ci` runs. */
const pageDirectory = fileURLToPath(new URL('../../../web/dist/ccp', import.meta.url));

/** The page is one document with scripts of its own; nothing else may run, frame it or be spoken to. */
const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
    "media-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'permissions-policy': 'microphone=(self), camera=(), geolocation=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
} as const;

export function addAgentDoor(server: FastifyInstance, deps: AgentDoorDeps): void {
  const { sessions } = deps;

  server.post(sessionPath, { bodyLimit: maxSignInBytes }, async (request, reply) => {
    if (!isOwnOrigin(request.raw)) return refuse(reply, 403, foreignOrigin);
    const wanted = readSignIn(request.body);
    if (!wanted) {
      return refuse(
        reply,
        400,
        'Send JSON with "username" and "password", and "instance" where there are several.',
      );
    }
    if (wanted.password === deps.refusedPassword) return refuse(reply, 401, knownToAll);
    const instance = await instanceOf(wanted.instance, deps);
    if (instance === 'ambiguous') {
      return refuse(reply, 400, 'There are several instances here; name one in "instance", by id or alias.');
    }
    const outcome = await sessions.signIn({
      // Of an instance that does not exist every password is wrong, after the same time.
      instanceId: instance?.id ?? noInstance,
      username: wanted.username,
      password: wanted.password,
      source: request.ip,
    });
    switch (outcome.kind) {
      case 'locked':
        void reply.header('retry-after', outcome.retryAfterSeconds);
        return refuse(reply, 429, 'Too many wrong passwords. Wait a quarter of an hour, then try again.');
      case 'busy':
        void reply.header('retry-after', outcome.retryAfterSeconds);
        return refuse(reply, 503, 'Too many people sign in at this moment. Try again in some seconds.');
      case 'refused':
        return refuse(reply, 401, 'The name or the password is wrong.');
      case 'signedIn':
        void reply.header('set-cookie', cookieOf(outcome.session.token, request.raw, deps));
        return reply.headers(noStore).send(await describe(outcome.session, deps));
    }
  });

  server.get(sessionPath, async (request, reply) => {
    const session = await sessionOf(request.raw, sessions);
    if (!session) return refuse(reply, 401, 'Nobody is signed in here.');
    return reply.headers(noStore).send(await describe(session, deps));
  });

  server.delete(sessionPath, { bodyLimit: maxSignInBytes }, async (request, reply) => {
    if (!isOwnOrigin(request.raw)) return refuse(reply, 403, foreignOrigin);
    const session = await sessionOf(request.raw, sessions);
    if (!session) return refuse(reply, 401, 'Nobody is signed in here.');
    const given = request.headers[csrfHeader];
    if (!sessions.isCsrfTokenOf(session, typeof given === 'string' ? given : undefined)) {
      return refuse(reply, 403, `The header ${csrfHeader} must repeat the session's csrfToken.`);
    }
    await sessions.end(session.token);
    return reply
      .code(204)
      .header('set-cookie', cookieOf('', request.raw, deps))
      .send();
  });

  void server.register(fastifyStatic, {
    root: pageDirectory,
    prefix: '/ccp/',
    // A service that was never built for browsers still serves the API.
    wildcard: true,
    cacheControl: false,
    setHeaders: (response, file) => {
      for (const [name, value] of Object.entries(pageHeaders)) void response.header(name, value);
      // File names of assets carry a hash of their content.
      const isAsset = file.includes(`${path.sep}assets${path.sep}`);
      void response.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  server.get('/ccp', (_request, reply) => reply.redirect('/ccp/'));
  // Who opens the bare address in a browser looks for a page; clients of the API never ask for HTML.
  server.get('/', (request, reply) =>
    request.headers.accept?.includes('text/html') ? reply.redirect('/ccp/') : reply.callNotFound(),
  );

  addSocket(server, deps);
}

function addSocket(server: FastifyInstance, deps: AgentDoorDeps): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxDeskMessageBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(deskProtocol) ? deskProtocol : false),
  });
  server.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refuseUpgrade = (status: string, why: string): void => {
      socket.end(
        `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(why)}\r\n\r\n${why}`,
        // The server no longer counts the socket among its own: a client that kept its half open would keep it from stopping.
        () => socket.destroy(),
      );
    };
    socket.on('error', (error) => deps.logger.debug({ err: error }, 'a socket broke while it was opened'));
    const [at] = (request.url ?? '').split('?', 1);
    if (at !== agentSocketPath) return refuseUpgrade('404 Not Found', `There is no socket at ${at}.`);
    if (!isOwnOrigin(request)) return refuseUpgrade('403 Forbidden', foreignOrigin);
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(deskProtocol)) {
      return refuseUpgrade('400 Bad Request', `The subprotocol must be ${deskProtocol}.`);
    }
    sessionOf(request, deps.sessions).then(
      (session) => {
        if (!session) return refuseUpgrade('401 Unauthorized', 'Nobody is signed in here.');
        sockets.handleUpgrade(request, socket, head, (opened) => deps.openSocket(session, opened));
      },
      (error: unknown) => {
        deps.logger.error({ err: error }, 'an agent socket could not be opened');
        refuseUpgrade('503 Service Unavailable', 'The session could not be looked up; try again.');
      },
    );
  });
  // Before the server waits for its connections to end: an upgraded one would never.
  server.addHook('preClose', async () => {
    for (const client of sockets.clients) {
      client.close(deskClose.restarting, 'restarting');
      // A page that does not answer is not waited for.
      setTimeout(() => client.terminate(), goodbyeMs).unref();
    }
    sockets.close();
  });
}

/** Nobody's instance. */
const noInstance = '00000000-0000-0000-0000-000000000000' as InstanceId;

const foreignOrigin = "Only this service's own pages may ask for that.";
const knownToAll =
  "This is the emulator's password, and this service is no emulator: make users with CreateUser, each with a password of its own.";
const noStore = { 'cache-control': 'no-store' } as const;

/** Browsers name the page's origin in every such request; what names none is no browser, and carries no victim's cookie. */
function isOwnOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
}

async function sessionOf(
  request: IncomingMessage,
  sessions: AgentSessions,
): Promise<AgentSession | undefined> {
  const token = cookiesOf(request.headers.cookie).get(cookieName);
  return token === undefined ? undefined : sessions.find(token);
}

/** Name and value pairs of a Cookie header (RFC 6265 §5.4); of two with one name the first counts. */
function cookiesOf(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (header ?? '').split(';')) {
    const [name = '', value = ''] = pair.split('=', 2).map((part) => part.trim());
    if (!cookies.has(name)) cookies.set(name, value);
  }
  return cookies;
}

/**
 * Behind a proxy that ends TLS only the page's origin tells how the browser came: it sends one with each such request, and a
 * client that makes one up changes nobody's cookie but its own.
 */
function cookieOf(
  token: string,
  { headers }: IncomingMessage,
  { transport }: Pick<AgentDoorDeps, 'transport'>,
): string {
  const life = token === '' ? '; Max-Age=0' : '';
  const isHttps = transport === 'tls' || headers.origin?.toLowerCase().startsWith('https:');
  return `${cookieName}=${token}; Path=/; HttpOnly; SameSite=Strict${isHttps ? '; Secure' : ''}${life}`;
}

interface WantedSignIn {
  readonly instance: string | undefined;
  readonly username: string;
  readonly password: string;
}

function readSignIn(body: unknown): WantedSignIn | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.isBuffer(body) ? body.toString('utf8') : '');
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { instance, username, password } = value as Readonly<Record<string, unknown>>;
  if (typeof username !== 'string' || username === '' || username.length > 100) return undefined;
  if (!isStorable(username)) return undefined;
  if (typeof password !== 'string' || password.length > maxPasswordLength) return undefined;
  if (instance !== undefined && typeof instance !== 'string') return undefined;
  return { instance: instance === '' ? undefined : instance, username, password };
}

async function instanceOf(
  wanted: string | undefined,
  { instances }: AgentDoorDeps,
): Promise<Instance | 'ambiguous' | undefined> {
  const all = await instances();
  if (wanted === undefined) return all.length > 1 ? 'ambiguous' : all[0];
  const id = isUuid(wanted) ? wanted.toLowerCase() : undefined;
  return all.find((instance) => instance.id === id || instance.alias === wanted);
}

async function describe(session: AgentSession, { agents }: AgentDoorDeps) {
  const agent = await agents.find(session.instanceId, session.agentId);
  return {
    csrfToken: session.csrfToken,
    agent: { id: session.agentId, instanceId: session.instanceId, username: agent?.username ?? '' },
  };
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).headers(noStore).send({ message });
}
