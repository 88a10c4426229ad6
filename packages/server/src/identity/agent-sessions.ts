/** Signing in of agents to their page: password, lock-out, session. The session layer asks nothing of passwords, so that another way of signing in can stand beside it. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { AgentId, InstanceId } from '../ids.ts';
import type { AgentSessionStore } from '../store/agent-session-store.ts';
import type { AgentStore } from '../store/agent-store.ts';
import { PasswordsBusy } from './passwords.ts';

/** Who a page belongs to. */
export interface AgentSession {
  readonly instanceId: InstanceId;
  readonly agentId: AgentId;
  /** What the cookie carries. */
  readonly token: string;
  /** What requests that change something must repeat in a header; a page of another site cannot read it. */
  readonly csrfToken: string;
}

export type SignIn =
  | { readonly kind: 'signedIn'; readonly session: AgentSession }
  | { readonly kind: 'refused' }
  | { readonly kind: 'locked'; readonly retryAfterSeconds: number }
  /** Too many sign in at once; the password was not looked at. */
  | { readonly kind: 'busy'; readonly retryAfterSeconds: number };

export interface SignInRequest {
  readonly instanceId: InstanceId;
  readonly username: string;
  readonly password: string;
  /** Address that the request came from. */
  readonly source: string;
}

export interface AgentSessions {
  /** Wrong name and wrong password look and last the same. */
  signIn(request: SignInRequest): Promise<SignIn>;
  /** Begins a session for somebody who has proved who they are in another way. */
  begin(instanceId: InstanceId, agentId: AgentId): Promise<AgentSession>;
  /** The session of a cookie's value; undefined when it ended or never was. */
  find(token: string): Promise<AgentSession | undefined>;
  /** Keeps a session from ending for lack of use. */
  touch(token: string): Promise<void>;
  end(token: string): Promise<void>;
  /** Tells of every session that was ended here, by its token; not of those that ended by their age. */
  onEnded(listener: (token: string) => void): void;
  isCsrfTokenOf(session: AgentSession, given: string | undefined): boolean;
  /** Removes what has ended. */
  removeOld(): Promise<void>;
}

export interface AgentSessionsDeps {
  readonly store: AgentSessionStore;
  readonly agents: Pick<AgentStore, 'findByUsername'>;
  /**
   * Whether a password matches a hash. Called with a hash that nothing matches when there is no user.
   *
   * @throws {PasswordsBusy}
   */
  readonly verifyPassword: (password: string, hash: string | undefined) => Promise<boolean>;
  readonly clock: Clock;
}

const hourMs = 3_600_000;
export const sessionLifetimeMs = 12 * hourMs;
const idleLifetimeMs = hourMs;
/** How often `touch` writes, ms. */
const touchEveryMs = 5 * 60_000;

/** Wrong passwords in a row, none more than the window apart, before a subject must wait for the window to pass. */
const failureWindowMs = 15 * 60_000;
const mostFailures = { nameAndSource: 5, name: 50, source: 50 };

const tokenBytes = 32;
const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

export function openAgentSessions(deps: AgentSessionsDeps): AgentSessions {
  const { store, agents, clock } = deps;
  const touchedAtMs = new Map<string, number>();
  const endListeners: ((token: string) => void)[] = [];

  async function begin(instanceId: InstanceId, agentId: AgentId): Promise<AgentSession> {
    const token = randomBytes(tokenBytes).toString('base64url');
    const nowMs = clock.now();
    await store.add({ tokenHash: hash(token), instanceId, agentId, createdAtMs: nowMs, lastUsedAtMs: nowMs });
    return { instanceId, agentId, token, csrfToken: csrfTokenOf(token) };
  }

  return {
    async signIn({ instanceId, username, password, source }) {
      const name = `${instanceId} ${username.toLowerCase()}`;
      const ofName = [
        { hash: hash(`name and source ${name} ${source}`), most: mostFailures.nameAndSource },
        { hash: hash(`name ${name}`), most: mostFailures.name },
      ];
      const ofSource = { hash: hash(`source ${source}`), most: mostFailures.source };
      const subjects = [...ofName, ofSource];
      if ((await store.countFailures(subjects, clock.now(), failureWindowMs)) === 'over') {
        return { kind: 'locked', retryAfterSeconds: failureWindowMs / 1000 };
      }
      const agent = await agents.findByUsername(instanceId, username);
      let isRight: boolean;
      try {
        isRight = await deps.verifyPassword(password, agent?.passwordHash);
      } catch (error) {
        if (!(error instanceof PasswordsBusy)) throw error;
        // Nothing was guessed: whoever signs in during somebody else's flood must not be locked out by it.
        for (const subject of subjects) await store.takeBackFailure(subject.hash);
        return { kind: 'busy', retryAfterSeconds: error.retryAfterSeconds };
      }
      if (!agent || !isRight) return { kind: 'refused' };
      await store.forgetFailures(ofName.map((subject) => subject.hash));
      // Who knows one password has not thereby guessed the others of this address well.
      await store.takeBackFailure(ofSource.hash);
      return { kind: 'signedIn', session: await begin(instanceId, agent.id) };
    },
    begin,
    async find(token) {
      if (!tokenPattern.test(token)) return undefined;
      const stored = await store.find(hash(token));
      const nowMs = clock.now();
      if (!stored || stored.createdAtMs + sessionLifetimeMs <= nowMs) return undefined;
      if (stored.lastUsedAtMs + idleLifetimeMs <= nowMs) return undefined;
      const { instanceId, agentId } = stored;
      return { instanceId, agentId, token, csrfToken: csrfTokenOf(token) };
    },
    async touch(token) {
      const nowMs = clock.now();
      if ((touchedAtMs.get(token) ?? Number.NEGATIVE_INFINITY) + touchEveryMs > nowMs) return;
      touchedAtMs.set(token, nowMs);
      await store.touch(hash(token), nowMs);
    },
    async end(token) {
      touchedAtMs.delete(token);
      await store.remove(hash(token));
      for (const listener of endListeners) listener(token);
    },
    onEnded(listener) {
      endListeners.push(listener);
    },
    isCsrfTokenOf(session, given) {
      const expected = Buffer.from(session.csrfToken);
      const actual = Buffer.from(given ?? '');
      return expected.length === actual.length && timingSafeEqual(expected, actual);
    },
    async removeOld() {
      const nowMs = clock.now();
      for (const [token, atMs] of touchedAtMs) {
        if (atMs + idleLifetimeMs <= nowMs) touchedAtMs.delete(token);
      }
      await store.removeOld({
        usedBeforeMs: nowMs - idleLifetimeMs,
        createdBeforeMs: nowMs - sessionLifetimeMs,
        failuresBeforeMs: nowMs - failureWindowMs,
      });
    },
  };
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Follows from the token, so that nothing more need be stored; the token does not follow from it. */
function csrfTokenOf(token: string): string {
  return createHmac('sha256', token).update('csrf').digest('base64url');
}
