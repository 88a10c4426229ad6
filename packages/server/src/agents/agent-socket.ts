/** One WebSocket of an agent's page: reads commands within limits, answers them in order, pushes snapshots. Knows the protocol and no rule. */
import {
  type DeskCommand,
  type DeskIceServer,
  type DeskMessage,
  type DeskRefusal,
  type DeskState,
  deskClose,
  readDeskRequest,
} from '@ringback/connect-api';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import type { SoftphoneOffer } from './softphone.ts';

/** A WebSocket of the `ws` library; the door hands it over opened. */
export type AgentSocket = WebSocket;

/** What a page's commands are done by. */
export interface PageOwner {
  /** Resolves with why it was refused; undefined when it was done. Never rejects for what the agent did. */
  run(command: DeskCommand): Promise<DeskRefusal | undefined>;
  /** The socket is gone, for whatever reason. */
  gone(): void;
}

/** The page as its owner sees it. */
export interface AgentPage {
  show(state: DeskState): void;
  offer(offer: SoftphoneOffer, iceServers: readonly DeskIceServer[]): void;
  close(why: keyof typeof deskClose): void;
}

/** A page that types, dials and answers all at once sends a few messages a second; these are room for a burst, and per second. */
const messageBurst = 40;
const messagesPerSecond = 10;

/** Commands of one page under way; a page waits for its answers. */
const mostUnderWay = 20;

/** A page that takes nothing any more is cut off; a snapshot has some KB. */
const maxBufferedBytes = 1_048_576;

/** How often a sign of life is asked for; a page that gives none until the next time is gone. */
const pingEveryMs = 15_000;

export function openAgentPage(
  socket: AgentSocket,
  owner: (page: AgentPage) => PageOwner,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): AgentPage {
  let underWay = 0;
  let credit = messageBurst;
  let creditAtMs = clock.now();
  let isAlive = true;
  let pinger: unknown;

  function send(message: DeskMessage): void {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > maxBufferedBytes) {
      logger.warn('an agent page takes nothing any more and is cut off');
      socket.terminate();
      return;
    }
    socket.send(JSON.stringify(message));
  }

  function hasCredit(): boolean {
    const nowMs = clock.now();
    credit = Math.min(messageBurst, credit + ((nowMs - creditAtMs) / 1000) * messagesPerSecond);
    creditAtMs = nowMs;
    credit -= 1;
    return credit >= 0;
  }

  async function take(text: string): Promise<void> {
    const request = readDeskRequest(text);
    if (!request) {
      page.close('protocol');
      return;
    }
    if (!hasCredit() || underWay >= mostUnderWay) {
      send({
        re: request.id,
        error: { code: 'TOO_MANY_MESSAGES', message: 'Too much at once. Wait a moment.' },
      });
      return;
    }
    underWay += 1;
    try {
      const refusal = await running.run(request);
      send(refusal ? { re: request.id, error: refusal } : { re: request.id, ok: true });
    } catch (error) {
      logger.error({ err: error, command: request.do }, 'a command of an agent page failed');
      send({ re: request.id, error: { code: 'FAILED', message: 'That did not work. Try again.' } });
    } finally {
      underWay -= 1;
    }
  }

  function ping(): void {
    if (!isAlive) {
      socket.terminate();
      return;
    }
    isAlive = false;
    socket.ping();
    pinger = clock.setTimeout(ping, pingEveryMs);
  }

  const page: AgentPage = {
    show: (state) => send({ tell: 'state', state }),
    offer: (offer, iceServers) => send({ tell: 'offer', ...offer, iceServers }),
    close: (why) => socket.close(deskClose[why], why),
  };
  const running = owner(page);
  socket.on('message', (data, isBinary) => {
    // A page that was told to close may still send; it is not the agent's any more.
    if (socket.readyState !== socket.OPEN) return;
    if (isBinary) page.close('protocol');
    else void take(data.toString());
  });
  socket.on('pong', () => {
    isAlive = true;
  });
  socket.on('error', (error) => logger.debug({ err: error }, 'an agent socket broke'));
  socket.once('close', () => {
    clock.clearTimeout(pinger);
    running.gone();
  });
  pinger = clock.setTimeout(ping, pingEveryMs);
  return page;
}
