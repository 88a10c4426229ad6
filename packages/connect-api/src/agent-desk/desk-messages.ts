// Messages of the agent socket (`/_ringback/agent-socket`, WebSocket, JSON text frames), in both directions. docs/agent-socket.md
// tells the order of things.

import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { DeskState } from './desk-state.ts';

/** WebSocket subprotocol. A change that an older page would not understand gets a new number. */
export const deskProtocol = 'ringback.agent.v1';

/** Longest message that is read from a page, bytes. An SDP answer is the longest. */
export const maxDeskMessageBytes = 32_768;

const Id = Type.String({ minLength: 1, maxLength: 256 });
const Sdp = Type.String({ minLength: 1, maxLength: 20_000 });

const Command = Type.Union([
  /** Sets the status; while a contact is in hand, the next status. */
  Type.Object({ do: Type.Literal('setStatus'), statusId: Id }),
  Type.Object({ do: Type.Literal('accept'), contactId: Id }),
  Type.Object({ do: Type.Literal('reject'), contactId: Id }),
  /** Preview: dial now, or give the contact up. */
  Type.Object({ do: Type.Literal('call'), contactId: Id }),
  Type.Object({ do: Type.Literal('discard'), contactId: Id }),
  /** Leaves the conversation; with nobody else left to talk to, it ends. */
  Type.Object({ do: Type.Literal('hangUp'), contactId: Id }),
  Type.Object({ do: Type.Literal('mute'), on: Type.Boolean() }),
  Type.Object({ do: Type.Literal('hold'), contactId: Id }),
  Type.Object({ do: Type.Literal('resume'), contactId: Id }),
  Type.Object({ do: Type.Literal('digits'), digits: Type.String({ pattern: '^[0-9*#]{1,50}$' }) }),
  /**
   * Transfers by quick connect or to a number. `cold`: the customer is handed over at once. `warm`: the customer is
   * held while the agent speaks to the other party, until `join`, `leave` or `dropParty`.
   */
  Type.Object({
    do: Type.Literal('transfer'),
    contactId: Id,
    kind: Type.Enum(['cold', 'warm']),
    quickConnectId: Type.Optional(Id),
    phoneNumber: Type.Optional(Type.String({ pattern: '^\\+[1-9][0-9]{1,14}$' })),
  }),
  /** Speaks to the other of customer and third party, and puts the one before on hold. */
  Type.Object({ do: Type.Literal('swap'), contactId: Id }),
  /** Makes a conference of all parties. */
  Type.Object({ do: Type.Literal('join'), contactId: Id }),
  Type.Object({ do: Type.Literal('dropParty'), contactId: Id, partyId: Id }),
  /** Ends after-contact work, or puts a missed or failed contact away. */
  Type.Object({ do: Type.Literal('clear'), contactId: Id }),
  /** Calls a number for the agent's default outbound queue. */
  Type.Object({ do: Type.Literal('dial'), phoneNumber: Type.String({ pattern: '^\\+[1-9][0-9]{1,14}$' }) }),
  Type.Object({ do: Type.Literal('recording'), contactId: Id, state: Type.Enum(['on', 'suspended']) }),
  /** Supervising: only listens from now on, or takes part. */
  Type.Object({ do: Type.Literal('monitor'), contactId: Id, mode: Type.Enum(['SILENT_MONITOR', 'BARGE']) }),
  Type.Object({ do: Type.Literal('echo'), on: Type.Boolean() }),
  /**
   * Asks for a fresh offer of the softphone: at the start, and after the network broke. `new`: the connection that was is
   * beyond mending, as after a failed handshake; default `same`.
   */
  Type.Object({
    do: Type.Literal('softphone'),
    connection: Type.Optional(Type.Enum(['new', 'same'])),
  }),
  Type.Object({ do: Type.Literal('answer'), offerId: Type.Integer(), sdp: Sdp }),
  /** Asks for nothing but the answer: where none comes, the connection is dead, which a browser may take minutes to notice. */
  Type.Object({ do: Type.Literal('ping') }),
  Type.Object({ do: Type.Literal('signOut') }),
]);

const Request = Type.Intersect([
  Type.Object({ id: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }) }),
  Command,
]);

const request = Compile(Request);

/** What the page asks for. */
export type DeskCommand = Type.Static<typeof Command>;
/** A command with the number that its answer repeats. */
export type DeskRequest = { readonly id: number } & DeskCommand;

/** Reads one message of a page; undefined when it is none. */
export function readDeskRequest(text: string): DeskRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return request.Check(value) ? (value as DeskRequest) : undefined;
}

/** Why a command was refused; `message` is for the agent to read. */
export interface DeskRefusal {
  readonly code:
    | 'INVALID_MESSAGE'
    | 'NOT_NOW'
    | 'NO_SUCH_CONTACT'
    | 'NOT_PERMITTED'
    | 'NOT_DIALABLE'
    | 'SOFTPHONE_NOT_CONNECTED'
    | 'TOO_MANY_MESSAGES'
    | 'FAILED';
  readonly message: string;
}

/** ICE servers for the page's RTCPeerConnection. */
export interface DeskIceServer {
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

/** What the service tells the page. */
export type DeskMessage =
  | { readonly re: number; readonly ok: true }
  | { readonly re: number; readonly error: DeskRefusal }
  | { readonly tell: 'state'; readonly state: DeskState }
  /** The page answers with `answer`; on another connection than the one it has where the offer is of a `new` one. */
  | {
      readonly tell: 'offer';
      readonly offerId: number;
      readonly sdp: string;
      readonly connection: 'new' | 'same';
      readonly iceServers: readonly DeskIceServer[];
    };

/** Close codes of the socket besides those of RFC 6455. */
export const deskClose = {
  /** Signed out, or the session expired: sign in again. */
  signedOut: 4001,
  /** Another window of the same agent took over; this one must not reconnect by itself. */
  replaced: 4002,
  /** The service is stopping: reconnect after a moment. */
  restarting: 4003,
  /** Too many or too long messages, or not one of the protocol's. */
  protocol: 4004,
} as const;
