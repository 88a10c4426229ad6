/** One agent at work on this node: the page, the softphone, and the contact in hand. Routing has the last word on every state; the desk shows it and passes on what the agent does. */
import type {
  DeskCommand,
  DeskIceServer,
  DeskQuickConnect,
  DeskRefusal,
  DeskState,
} from '@ringback/connect-api';
import { type MediaEngine, SdpUnusable, type WebRtcSession } from '@ringback/media';
import type { Logger } from 'pino';
import { type Echo, openEcho } from '../calls/echo.ts';
import type { Clock } from '../clock.ts';
import { type AgentId, type AgentStatusId, type ContactId, type InstanceId, isUuid } from '../ids.ts';
import { type HeldContact, slotsInUse } from '../routing/agent-state.ts';
import type { Desk as RoutedDesk, Routing } from '../routing/routing.ts';
import type { AgentView, RoutingOutcome, RoutingRefusal } from '../routing/routing-change.ts';
import {
  type AgentSetUp,
  acceptsByItself,
  type RoutingDirectory,
  type RoutingSetUp,
} from '../routing/routing-directory.ts';
import type { AgentPage } from './agent-socket.ts';
import type { ContactCards } from './contact-card.ts';
import { deskStateOf, permissionsOf } from './desk-state.ts';
import { openSoftphone, type Softphone } from './softphone.ts';

export interface AgentDeskDeps {
  readonly routing: Routing;
  readonly directory: RoutingDirectory;
  readonly cards: ContactCards;
  readonly media: Pick<MediaEngine, 'openWebRtcSession' | 'openSession'>;
  /** What the agent may transfer to. */
  readonly quickConnects: (agent: AgentSetUp) => Promise<readonly DeskQuickConnect[]>;
  readonly permissions: (agent: AgentSetUp) => Promise<ReadonlySet<string>>;
  /** Calls a number for an agent; resolves with why not. */
  readonly dial: (desk: AgentDesk, phoneNumber: string) => Promise<DeskRefusal | undefined>;
  /** The desk is over; the next page of its agent opens another. */
  readonly closed: (desk: AgentDesk) => void;
  readonly iceServers: readonly DeskIceServer[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A page that breaks has so long to come back before its agent counts as gone, ms (docs/agent-socket.md). */
export const pageAbsenceMs = 30_000;

export class AgentDesk {
  readonly instanceId: InstanceId;
  readonly agentId: AgentId;
  readonly #deps: AgentDeskDeps;
  readonly #softphone: Softphone;
  readonly #audioListeners = new Set<(audio: WebRtcSession) => void>();
  readonly #gone = Promise.withResolvers<void>();
  #page: { readonly page: AgentPage; readonly session: string } | undefined;
  #routed: RoutedDesk | undefined;
  #absence: unknown;
  #version = 0;
  /** The contact in which the agent is muted; the next one begins unmuted. */
  #mutedIn: ContactId | undefined;
  #echoing: Echo | undefined;
  #offeredTo: string | undefined;
  #isAccepting = false;
  #isShowing = false;
  #mustShowAgain = false;

  constructor(instanceId: InstanceId, agentId: AgentId, deps: AgentDeskDeps) {
    this.instanceId = instanceId;
    this.agentId = agentId;
    this.#deps = deps;
    this.#softphone = openSoftphone(
      deps.media,
      {
        changed: () => {
          this.changed();
          void this.#acceptByItself();
        },
        replaced: (audio) => {
          if (this.#mutedIn !== undefined && this.#mutedIn === this.#talkingIn()) audio.mute();
          for (const listener of this.#audioListeners) listener(audio);
        },
      },
      deps.logger,
    );
  }

  /** What calls are joined to; undefined while the softphone is not connected. */
  get audio(): WebRtcSession | undefined {
    return this.#softphone.state === 'connected' ? this.#softphone.audio : undefined;
  }

  /** Resolves when the page has been away for too long, or the agent signed out. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Told when the page came back with another softphone; returns how to stop listening. */
  onAudioReplaced(listener: (audio: WebRtcSession) => void): () => void {
    this.#audioListeners.add(listener);
    return () => this.#audioListeners.delete(listener);
  }

  /** The agent as set up; undefined when he was deleted meanwhile. */
  async setUp(): Promise<{ readonly agent: AgentSetUp; readonly instance: RoutingSetUp } | undefined> {
    const instance = await this.#deps.directory.of(this.instanceId);
    const agent = instance?.agents.get(this.agentId);
    return instance && agent && { agent, instance };
  }

  /** Takes a page in place of the one there is. Resolves false where there is no such agent any more. */
  async attach(page: AgentPage, session: string): Promise<boolean> {
    this.#deps.clock.clearTimeout(this.#absence);
    this.#page?.page.close('replaced');
    this.#page = { page, session };
    const routed = await this.#deps.routing.attach(this.#key, session, () => {
      this.changed();
      void this.#acceptByItself();
    });
    if (!routed) return false;
    if (this.#page?.session !== session) {
      // Another page came, or this one went, while it was being attached.
      await routed.detach();
      return true;
    }
    this.#routed = routed;
    this.changed();
    return true;
  }

  /** The page with that session is gone. */
  async detach(session: string): Promise<void> {
    if (this.#page?.session !== session) return;
    this.#page = undefined;
    const routed = this.#routed;
    this.#absence = this.#deps.clock.setTimeout(() => this.#giveUpWaiting(), pageAbsenceMs);
    await routed?.detach();
  }

  /** The page does not come back. */
  #giveUpWaiting(): void {
    this.close().catch((error: unknown) => {
      this.#deps.logger.error(
        { err: error, agentId: this.agentId },
        'the softphone of an agent who is gone could not be closed',
      );
    });
  }

  /** Ends the desk: softphone closed, conversations told. May be called twice. */
  async close(why?: 'signedOut' | 'restarting'): Promise<void> {
    this.#deps.clock.clearTimeout(this.#absence);
    if (why) this.#page?.page.close(why);
    this.#page = undefined;
    this.#gone.resolve();
    // First of all, so that a page that comes back at this moment gets a desk that lives.
    this.#deps.closed(this);
    await this.endEcho();
    await this.#softphone.close();
  }

  /** Shows the newest state; several changes at once are shown once. */
  changed(): void {
    if (this.#isShowing) {
      this.#mustShowAgain = true;
      return;
    }
    this.#isShowing = true;
    void this.#showAll();
  }

  /** Whether the agent is offered something, talks, or has work after it. */
  get isBusy(): boolean {
    return slotsInUse(this.#view()?.state ?? { contacts: [] }, 'VOICE') > 0;
  }

  /** Whether the contact is one that the agent has in hand. */
  holds(contactId: ContactId): boolean {
    return this.#held(contactId) !== undefined;
  }

  async run(command: DeskCommand): Promise<DeskRefusal | undefined> {
    const { routing } = this.#deps;
    switch (command.do) {
      case 'setStatus':
        return this.#setStatus(command.statusId as AgentStatusId);
      case 'accept':
        if (!this.audio) return this.#noSoftphone();
        return refusalOf(await routing.accept(this.#key, command.contactId as ContactId));
      case 'reject':
        return refusalOf(await routing.reject(this.#key, command.contactId as ContactId));
      case 'clear':
        return refusalOf(await routing.clear(this.#key, command.contactId as ContactId));
      case 'mute':
        return this.#mute(command.on);
      case 'echo':
        return this.#echo(command.on);
      case 'softphone':
        return this.#offerSoftphone(command.connection);
      case 'answer':
        return this.#takeAnswer(command.offerId, command.sdp);
      case 'dial':
        return this.#dial(command.phoneNumber);
      case 'ping':
        return undefined;
      case 'signOut':
        await routing.signOut(this.#key);
        await this.close('signedOut');
        return undefined;
      default:
        return this.#onContact(command);
    }
  }

  get #key() {
    return { instanceId: this.instanceId, agentId: this.agentId };
  }

  #view(): AgentView | undefined {
    return this.#routed?.view;
  }

  #held(contactId: string): HeldContact | undefined {
    return this.#view()?.state.contacts.find((held) => held.contactId === contactId);
  }

  #talkingIn(): ContactId | undefined {
    return this.#view()?.state.contacts.find(isTalking)?.contactId;
  }

  async #onContact(
    command: Exclude<
      DeskCommand,
      {
        do:
          | 'setStatus'
          | 'accept'
          | 'reject'
          | 'clear'
          | 'mute'
          | 'echo'
          | 'softphone'
          | 'answer'
          | 'dial'
          | 'ping'
          | 'signOut';
      }
    >,
  ): Promise<DeskRefusal | undefined> {
    const contactId = 'contactId' in command ? command.contactId : this.#talkingIn();
    const held = contactId === undefined ? undefined : this.#held(contactId);
    // Whom it was offered to before still has it on his page, but the buttons are those of whoever talks.
    if (contactId === undefined || !held || !isTalking(held)) return noSuchContact;
    const card = this.#deps.cards.find(contactId as ContactId);
    if (!card || card.instanceId !== this.instanceId) return noSuchContact;
    if (command.do === 'recording' && !(await this.#may('RecordingControl'))) return notPermitted;
    if (command.do === 'monitor' && command.mode === 'BARGE' && !(await this.#may('Barge')))
      return notPermitted;
    if (
      command.do === 'transfer' &&
      command.phoneNumber !== undefined &&
      !(await this.#may('TransferToExternal'))
    ) {
      return notPermitted;
    }
    if (
      command.do === 'transfer' &&
      command.quickConnectId !== undefined &&
      !isUuid(command.quickConnectId)
    ) {
      return { code: 'NOT_NOW', message: 'There is no such quick connect any more.' };
    }
    return card.run(command, this.agentId);
  }

  /** For agents with auto-accept, what is offered while they can be heard (API reference, AutoAcceptConfig). */
  async #acceptByItself(): Promise<void> {
    const offered = this.#view()?.state.contacts.find(({ state }) => state === 'offered');
    // Callbacks have a setting of their own (`AgentFirstCallbackAutoAccept`), which is refused.
    if (!offered || offered.initiationMethod === 'CALLBACK' || this.#isAccepting) return;
    this.#isAccepting = true;
    try {
      const found = await this.setUp();
      if (found && acceptsByItself(found.agent) && this.audio)
        await this.#deps.routing.accept(this.#key, offered.contactId);
    } catch (error) {
      this.#deps.logger.error(
        { err: error, contactId: offered.contactId },
        'auto-accept failed; it goes on ringing',
      );
    } finally {
      this.#isAccepting = false;
    }
  }

  async #setStatus(id: AgentStatusId): Promise<DeskRefusal | undefined> {
    const found = await this.setUp();
    const status = found?.instance.statuses.get(id);
    if (status?.state !== 'ENABLED') return { code: 'NOT_NOW', message: 'There is no such status any more.' };
    return refusalOf(
      await this.#deps.routing.setStatus(this.#key, { id: status.id, name: status.name, type: status.type }),
    );
  }

  #noSoftphone(): DeskRefusal {
    return {
      code: 'SOFTPHONE_NOT_CONNECTED',
      message:
        this.#softphone.state === 'connecting'
          ? 'Your softphone is still connecting. Try again in a moment.'
          : 'Your softphone is not connected. Load the page again.',
    };
  }

  #mute(on: boolean): DeskRefusal | undefined {
    const { audio } = this;
    if (!audio) return this.#noSoftphone();
    const contactId = this.#talkingIn();
    if (contactId === undefined) return { code: 'NOT_NOW', message: 'You are talking to nobody.' };
    if (on) audio.mute();
    else audio.unmute();
    this.#mutedIn = on ? contactId : undefined;
    this.changed();
    return undefined;
  }

  async #echo(on: boolean): Promise<DeskRefusal | undefined> {
    const { audio } = this;
    if (!audio) return this.#noSoftphone();
    if (on && this.#view()?.state.contacts.some(isTalking)) {
      return { code: 'NOT_NOW', message: 'End the conversation first, then test the softphone.' };
    }
    await this.endEcho();
    if (on) this.#echoing = await openEcho(this.#deps.media, audio);
    this.changed();
    return undefined;
  }

  /** Before a contact is joined to the softphone. */
  async endEcho(): Promise<void> {
    const echo = this.#echoing;
    this.#echoing = undefined;
    await echo?.end();
  }

  async #offerSoftphone(wanted: 'new' | 'same' = 'same'): Promise<DeskRefusal | undefined> {
    const page = this.#page;
    if (!page) return undefined;
    const isSamePage = this.#offeredTo === page.session;
    this.#offeredTo = page.session;
    const offer = await this.#softphone.offer(isSamePage ? wanted : 'new');
    if (offer) page.page.offer(offer, this.#deps.iceServers);
    return undefined;
  }

  async #takeAnswer(offerId: number, sdp: string): Promise<DeskRefusal | undefined> {
    try {
      return (await this.#softphone.answer(offerId, sdp))
        ? undefined
        : { code: 'NOT_NOW', message: 'That answers an older offer.' };
    } catch (error) {
      if (!(error instanceof SdpUnusable)) throw error;
      return { code: 'INVALID_MESSAGE', message: `The answer cannot be used: ${error.message}` };
    }
  }

  async #dial(phoneNumber: string): Promise<DeskRefusal | undefined> {
    if (!this.audio) return this.#noSoftphone();
    if (!(await this.#may('OutboundCall'))) return notPermitted;
    return this.#deps.dial(this, phoneNumber);
  }

  async #may(permission: string): Promise<boolean> {
    const found = await this.setUp();
    if (!found) return false;
    return permissionsOf(await this.#deps.permissions(found.agent)).some((one) => one === permission);
  }

  async #showAll(): Promise<void> {
    try {
      do {
        this.#mustShowAgain = false;
        const state = await this.#state();
        if (state) this.#page?.page.show(state);
      } while (this.#mustShowAgain);
    } catch (error) {
      this.#deps.logger.error(
        { err: error, agentId: this.agentId },
        'the state of an agent could not be shown',
      );
    } finally {
      this.#isShowing = false;
    }
  }

  async #state(): Promise<DeskState | undefined> {
    const found = await this.setUp();
    const view = this.#view();
    if (!found || !view || !this.#page) return undefined;
    const [permissions, quickConnects] = await Promise.all([
      this.#deps.permissions(found.agent),
      this.#deps.quickConnects(found.agent),
    ]);
    this.#version += 1;
    return deskStateOf({
      version: this.#version,
      nowMs: this.#deps.clock.now(),
      setUp: found.instance,
      agent: found.agent,
      state: view.state,
      permissions,
      quickConnects,
      softphone: this.#softphone.state,
      mutedIn: this.#mutedIn,
      isEchoing: this.#echoing !== undefined,
      cardOf: (contactId) => this.#deps.cards.find(contactId),
    });
  }
}

const noSuchContact: DeskRefusal = { code: 'NO_SUCH_CONTACT', message: 'That contact is over.' };
const notPermitted: DeskRefusal = {
  code: 'NOT_PERMITTED',
  message: 'Your security profile does not allow that. Ask your administrator.',
};

function isTalking({ state }: HeldContact): boolean {
  return state === 'connecting' || state === 'connected' || state === 'onHold';
}

function refusalOf(outcome: RoutingOutcome): DeskRefusal | undefined {
  return outcome.kind === 'done' ? undefined : refusals[outcome.why];
}

const refusals: Readonly<Record<RoutingRefusal, DeskRefusal>> = {
  'not in hand': { code: 'NO_SUCH_CONTACT', message: 'That contact is over, or somebody else has it.' },
  'not free': { code: 'NOT_NOW', message: 'Finish what you have in hand first.' },
  busy: { code: 'NOT_NOW', message: 'You have a contact in hand already.' },
  'no such agent': { code: 'NOT_PERMITTED', message: 'Your user is not there any more.' },
  'no such contact': noSuchContact,
  'queued already': { code: 'NOT_NOW', message: 'The contact waits or is with somebody already.' },
  'queue full': { code: 'NOT_NOW', message: 'The queue is full.' },
  'not the owner': {
    code: 'NOT_NOW',
    message: 'The contact moves to another server at this moment. Try again.',
  },
};
