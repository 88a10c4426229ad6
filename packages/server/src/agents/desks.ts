/** The agents at work on this node: one desk each, opened by a page's socket, found by the stories of contacts. */
import type { DeskIceServer, DeskQuickConnect, DeskRefusal } from '@ringback/connect-api';
import type { MediaEngine } from '@ringback/media';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { AgentSession, AgentSessions } from '../identity/agent-sessions.ts';
import { type AgentId, type ContactId, type InstanceId, newId } from '../ids.ts';
import type { Routing } from '../routing/routing.ts';
import type { AgentSetUp, RoutingDirectory } from '../routing/routing-directory.ts';
import { AgentDesk, type AgentDeskDeps } from './agent-desk.ts';
import { type AgentPage, type AgentSocket, openAgentPage } from './agent-socket.ts';
import { ContactCards } from './contact-card.ts';

export interface DesksDeps {
  readonly routing: Routing;
  readonly directory: RoutingDirectory;
  readonly sessions: AgentSessions;
  readonly media: Pick<MediaEngine, 'openWebRtcSession' | 'openSession'>;
  readonly quickConnects: (agent: AgentSetUp) => Promise<readonly DeskQuickConnect[]>;
  readonly permissions: (agent: AgentSetUp) => Promise<ReadonlySet<string>>;
  readonly iceServers: readonly DeskIceServer[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often a session with an open page is kept from ending, ms; also when an ended one closes its page. */
const sessionLookEveryMs = 60_000;

export class Desks {
  readonly cards: ContactCards;
  /** Set by whoever runs contacts: calls a number for an agent. */
  dial: AgentDeskDeps['dial'] = async () => cannotDial;
  readonly #deps: DesksDeps;
  readonly #desks = new Map<string, AgentDesk>();
  /** Open pages and the tokens of their sessions: a session that ends takes its pages with it. */
  readonly #pages = new Map<AgentPage, string>();
  #isClosing = false;

  constructor(deps: DesksDeps) {
    this.#deps = deps;
    this.cards = new ContactCards((contactId) => this.#changed(contactId));
    deps.sessions.onEnded((ended) => {
      for (const [page, token] of this.#pages) if (token === ended) page.close('signedOut');
    });
  }

  find(instanceId: InstanceId, agentId: AgentId): AgentDesk | undefined {
    return this.#desks.get(`${instanceId} ${agentId}`);
  }

  get size(): number {
    return this.#desks.size;
  }

  /** Takes a socket whose owner is known. */
  open(session: AgentSession, socket: AgentSocket): void {
    if (this.#isClosing) {
      socket.close(1001);
      return;
    }
    const { clock, logger } = this.#deps;
    const desk = this.#deskOf(session);
    const pageSession = newId<string>();
    let isGone = false;
    let look: unknown;
    const page = openAgentPage(
      socket,
      (opened) => {
        void this.#attach(desk, opened, pageSession);
        return {
          run: (command) => desk.run(command),
          gone: () => {
            isGone = true;
            clock.clearTimeout(look);
            this.#pages.delete(page);
            desk.detach(pageSession).catch((error: unknown) => {
              logger.error({ err: error }, 'an agent page could not be detached');
            });
          },
        };
      },
      { clock, logger },
    );
    const keep = async (): Promise<void> => {
      const found = await this.#deps.sessions.find(session.token).catch(() => session);
      if (!found) page.close('signedOut');
      else await this.#deps.sessions.touch(session.token).catch(() => undefined);
      if (!isGone) look = clock.setTimeout(() => void keep(), sessionLookEveryMs);
    };
    look = clock.setTimeout(() => void keep(), sessionLookEveryMs);
    this.#pages.set(page, session.token);
  }

  /** Closes all pages; conversations are the stories' business. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#desks.values()].map((desk) => desk.close('restarting')));
  }

  #deskOf({ instanceId, agentId }: AgentSession): AgentDesk {
    const key = `${instanceId} ${agentId}`;
    const known = this.#desks.get(key);
    if (known) return known;
    const { sessions: _sessions, ...deps } = this.#deps;
    const desk: AgentDesk = new AgentDesk(instanceId, agentId, {
      ...deps,
      cards: this.cards,
      dial: (dialling, phoneNumber) => this.dial(dialling, phoneNumber),
      closed: () => {
        if (this.#desks.get(key) === desk) this.#desks.delete(key);
      },
    });
    this.#desks.set(key, desk);
    return desk;
  }

  async #attach(
    desk: AgentDesk,
    page: Parameters<AgentDesk['attach']>[0],
    pageSession: string,
  ): Promise<void> {
    try {
      if (!(await desk.attach(page, pageSession))) page.close('signedOut');
    } catch (error) {
      this.#deps.logger.error({ err: error }, 'an agent page could not be attached');
      page.close('restarting');
    }
  }

  /** Only whoever has the contact sees it. */
  #changed(contactId: ContactId): void {
    for (const desk of this.#desks.values()) if (desk.holds(contactId)) desk.changed();
  }
}

const cannotDial: DeskRefusal = { code: 'NOT_NOW', message: 'Calls cannot be made at this moment.' };
