// Joins the socket, the softphone and what the page shows into one store that React can subscribe to.

import type { DeskCommand, DeskState } from '@ringback/connect-api';
import { note } from './desk-log.ts';
import { type ConnectionState, DeskSocket, Refused } from './desk-socket.ts';
import { notifyOfOffer, Ringer } from './ringer.ts';
import { type MicrophoneState, Softphone, type SoftphoneOffer, type SoftphoneQuality } from './softphone.ts';

export interface DeskView {
  readonly connection: ConnectionState;
  readonly state: DeskState | undefined;
  /** The service's clock minus this one's, ms. */
  readonly clockOffsetMs: number;
  readonly microphone: MicrophoneState;
  readonly quality: SoftphoneQuality | undefined;
  /** What went wrong last, until it is put away. */
  readonly notice: string | undefined;
}

/** States in which somebody may hear the agent. */
const talking = new Set(['PREVIEW', 'DIALLING', 'JOINING', 'CONNECTED', 'CONNECTED_ONHOLD']);

const lookEveryMs = 3000;

export class Desk {
  readonly softphone: Softphone;
  readonly #socket: DeskSocket;
  readonly #ringer = new Ringer();
  readonly #watchers = new Set<() => void>();
  readonly #looking: number;
  #softphoneAskedFor = false;
  #newestOffer: SoftphoneOffer | undefined;
  /** Code of the refusal that the notice tells of. */
  #noticeCode: string | undefined;
  /** The next snapshot is the first after the connection was broken. */
  #isBack = false;
  #view: DeskView = {
    connection: 'connecting',
    state: undefined,
    clockOffsetMs: 0,
    microphone: 'asking',
    quality: undefined,
    notice: undefined,
  };

  constructor() {
    this.softphone = new Softphone({
      microphone: (microphone) => this.#set({ microphone }),
      broken: (wanted) => void this.#askForSoftphone(wanted),
    });
    this.#socket = new DeskSocket({
      connection: (connection) => {
        this.#set({ connection });
        if (connection === 'broken') {
          this.#isBack = true;
          // Whether it still rings is told by the snapshot with which the connection comes back.
          this.#ringer.stop();
        }
        if (connection === 'open') {
          if (this.#noticeCode === 'OFFLINE') this.putNoticeAway();
          void this.#askForSoftphone();
        }
        // The microphone above all: a window without the agent hears and sends nothing.
        if (connection === 'replaced' || connection === 'signedOut') this.close();
      },
      state: (state, receivedAt) => this.#show(state, receivedAt),
      offer: (offer, answer) => void this.#takeOffer(offer, answer),
    });
    this.#looking = window.setInterval(() => void this.#look(), lookEveryMs);
    void this.softphone.openMicrophone();
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  readonly view = (): DeskView => this.#view;

  /** Runs a command; what the service says against it becomes the notice. Resolves with whether it was done. */
  async run(command: DeskCommand): Promise<boolean> {
    try {
      await this.#socket.run(command);
      // What was refused before is of no interest any more.
      if (this.#view.notice !== undefined) this.putNoticeAway();
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.tell(error.message, error.code);
      return false;
    }
  }

  putNoticeAway(): void {
    this.tell(undefined);
  }

  /** Shows what went wrong; with the code of a refusal, until that is out of date. */
  tell(notice: string | undefined, code?: string): void {
    this.#noticeCode = code;
    this.#set({ notice });
  }

  close(): void {
    clearInterval(this.#looking);
    this.#ringer.stop();
    this.#socket.close();
    this.softphone.close();
  }

  async #askForSoftphone(connection: 'new' | 'same' = 'same'): Promise<void> {
    this.#softphoneAskedFor = true;
    try {
      await this.#socket.run({ do: 'softphone', connection });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // The agent asked for nothing: of a break the banner tells, and after it this is asked again.
      if (error.code !== 'OFFLINE' && error.code !== 'UNANSWERED') this.tell(error.message);
    }
  }

  async #takeOffer(offer: SoftphoneOffer, answer: (sdp: string) => Promise<void>): Promise<void> {
    this.#newestOffer = offer;
    try {
      const sdp = await this.softphone.answer(offer);
      if (this.#newestOffer === offer) await answer(sdp);
    } catch (error) {
      // The offer after it has taken its place, or comes with the next socket.
      const isOver = error instanceof Refused && ['OFFLINE', 'UNANSWERED', 'NOT_NOW'].includes(error.code);
      if (isOver || this.#newestOffer !== offer) return;
      note('signalling_handshake_failure', { error: String(error) });
      this.tell('The softphone could not be connected. Load the page again.');
    }
  }

  #show(state: DeskState, receivedAt: number): void {
    const before = this.#view.state?.contact;
    const { contact } = state;
    this.#set({ state, clockOffsetMs: state.now - receivedAt });
    if (this.#isBack && before && talking.has(before.state) && contact?.contactId !== before.contactId) {
      this.tell('Your call ended while the connection was broken.');
    }
    this.#isBack = false;
    void this.softphone.talk(state.isEchoing || (contact !== undefined && talking.has(contact.state)));
    const isOffered = contact?.state === 'CONNECTING';
    const wasOffered = before?.state === 'CONNECTING' && before.contactId === contact?.contactId;
    if (isOffered) this.#ringer.start();
    else this.#ringer.stop();
    if (isOffered && !wasOffered) notifyOfOffer(contact);
  }

  async #look(): Promise<void> {
    this.#set({ quality: await this.softphone.quality() });
    const { connection, state } = this.#view;
    if (connection === 'open' && state?.softphone === 'disconnected' && this.#softphoneAskedFor) {
      await this.#askForSoftphone();
    }
  }

  #set(change: Partial<DeskView>): void {
    this.#view = { ...this.#view, ...change };
    for (const watcher of this.#watchers) watcher();
  }
}
