/**
 * A contact with an agent: the customer whisper, the conversation with its holds and transfers, until somebody's leaving ends it. Called by
 * the story once an agent has accepted.
 */
import type { DeskParty, DeskRefusal } from '@ringback/connect-api';
import type { ContactFlowState, FlowHost } from '@ringback/flow';
import type { MediaEngine } from '@ringback/media';
import type { AgentDesk } from '../agents/agent-desk.ts';
import type { CardCommand } from '../agents/contact-card.ts';
import { type JoinedAudio, joinAudio } from '../calls/join-audio.ts';
import type { Leg } from '../calls/leg.ts';
import type { AgentSetUp } from '../routing/routing-directory.ts';
import type { Instance } from '../store/resource-store.ts';
import { AgentAudioMeter, agentOutcomeOf, agentViewOf } from './agent-outcome.ts';
import type { AgentPart } from './agent-part.ts';
import type { AgentOutcome } from './contact.ts';
import type { FlowHostDeps } from './contact-flow-host.ts';
import type { ContactTransfer, TransferNews } from './contact-transfer.ts';
import { callGuest, type Guest, type GuestEvents, transferGuest } from './conversation-guest.ts';
import { CustomerHold } from './customer-hold.ts';
import { type HeldByContact, rtpOutcomeOf } from './end-contact.ts';
import { type Ending, endings } from './endings.ts';
import type { FlowHooks } from './flow-hooks.ts';
import { agentOn } from './flow-participants.ts';
import { HoldFlow } from './hold-flow.ts';
import type { OpenContact } from './open-contact.ts';
import { type CardControls, customerParty, notNow, type StoryCard, transferringParty } from './story-card.ts';
import { targetOfQuickConnect } from './transfer-by-agent.ts';
import { WatchedConversation } from './watched-conversations.ts';
import { whisperToCustomer } from './whispers.ts';

export interface ConversationParts {
  readonly contact: OpenContact;
  readonly instance: Instance;
  readonly held: HeldByContact;
  readonly host: FlowHost;
  readonly flowState: ContactFlowState;
  readonly hooks: FlowHooks;
  readonly part: AgentPart;
  readonly card: StoryCard;
  readonly desk: AgentDesk;
  readonly media: MediaEngine;
  readonly deps: FlowHostDeps;
  /** Agent and customer hear each other already, since it rang. */
  readonly joined?: JoinedAudio;
  /** The customer comes, or came, from another contact. */
  readonly transfer?: ContactTransfer;
}

/** How it went: over, or the agent's side failed before it began and the contact waits again. */
export type ConversationEnd =
  | { readonly kind: 'over'; readonly ending: Ending | undefined }
  | { readonly kind: 'agent failed' };

/**
 * Gets the agent who has accepted ready: flows know him from now on, and his page shows that he is being joined. Undefined: he
 * is gone.
 */
export async function prepareAgent({
  desk,
  contact,
  instance,
  held,
  card,
}: Pick<ConversationParts, 'desk' | 'contact' | 'instance' | 'held' | 'card'>): Promise<
  AgentSetUp | undefined
> {
  const setUp = await desk.setUp();
  if (!setUp || !desk.audio) return undefined;
  held.agent = agentViewOf(setUp.agent, instance);
  await desk.endEcho();
  card.enter(
    { phase: 'JOINING', parties: [customerParty(contact.current.request.destination, 'connecting')] },
    {},
  );
  return setUp.agent;
}

/**
 * Joins agent and customer and stays until one of them leaves. An ending of `undefined` means that `signal` was aborted: the
 * customer's leg, or whoever stopped the contact, knows why.
 *
 * @param whisper `none` where the agent was there before the customer.
 */
export async function converse(
  parts: ConversationParts,
  customer: Leg,
  whisper: 'to the customer' | 'none',
  signal: AbortSignal,
): Promise<ConversationEnd> {
  const { desk, contact, deps } = parts;
  const agent = await prepareAgent(parts);
  if (!agent) return { kind: 'agent failed' };
  if (whisper === 'to the customer') {
    const gone = new AbortController();
    void desk.gone.then(() => gone.abort());
    const heard = await whisperToCustomer(parts, AbortSignal.any([signal, gone.signal]));
    if (signal.aborted) return { kind: 'over', ending: undefined };
    if (gone.signal.aborted) return { kind: 'agent failed' };
    if (heard === 'too long') return { kind: 'over', ending: endings.flowDisconnected };
  }
  const talk = new Conversation(parts, customer, agent);
  try {
    await talk.begin();
  } catch (error) {
    if (signal.aborted) return { kind: 'over', ending: undefined };
    deps.logger.error(
      { err: error, contactId: contact.current.id },
      'agent and customer could not be joined',
    );
    await talk.end();
    return { kind: 'agent failed' };
  }
  try {
    return { kind: 'over', ending: await talk.untilOver(signal) };
  } finally {
    await talk.end();
  }
}

class Conversation {
  readonly #parts: ConversationParts;
  readonly #customer: Leg;
  readonly #agent: AgentSetUp;
  readonly #over = Promise.withResolvers<Ending>();
  readonly #meter = new AgentAudioMeter();
  #outcome: AgentOutcome | undefined;
  #joined: JoinedAudio | undefined;
  #rejoining: Promise<void> = Promise.resolve();
  readonly #customerHold: CustomerHold;
  #guest: Guest | undefined;
  readonly #guestHoldFlow: HoldFlow;
  /** A transfer is on its way to having a guest. */
  #isBringingIn = false;
  /** Plays to this agent while the one who transfers has him on hold. */
  readonly #selfHoldFlow: HoldFlow;
  #isSelfHeld = false;
  #watched: WatchedConversation | undefined;
  #agentLeft = false;
  #stopListening: (() => void)[] = [];

  constructor(parts: ConversationParts, customer: Leg, agent: AgentSetUp) {
    this.#parts = parts;
    this.#customer = customer;
    this.#agent = agent;
    this.#customerHold = new CustomerHold(customer, new HoldFlow(parts), parts.deps.clock);
    this.#guestHoldFlow = new HoldFlow(parts);
    this.#selfHoldFlow = new HoldFlow(parts);
  }

  async begin(): Promise<void> {
    const { contact, desk, part, held, deps, transfer } = this.#parts;
    this.#joined = this.#parts.joined;
    this.#stopListening.push(desk.onAudioReplaced(() => void this.#rejoin()));
    if (!this.#joined) await this.#join();
    // The page may have been loaded again while it rang.
    await this.#rejoin();
    const connectedAtMs = deps.clock.now();
    const { agent } = this.#agent;
    await this.#meter.begin(desk.audio);
    this.#outcome = { ...contact.current.outcome.agent, ...agentOutcomeOf(this.#agent), connectedAtMs };
    contact.learned({ agentConnectionAttempts: part.attempts });
    await contact.connectedToAgent(this.#outcome, connectedAtMs);
    await part.connected();
    await held.recording?.conversation('begins');
    if (held.recording) this.#stopListening.push(held.recording.onChanged(() => this.#show()));
    if (deps.agents) {
      this.#watched = new WatchedConversation(this.#customer, agent.id, () => this.#show());
      this.#stopListening.push(deps.agents.conversations.open(contact.current.id, this.#watched));
    }
    if (transfer) this.#stopListening.push(transfer.listen((news) => this.#hear(news)));
    transfer?.tellProgress({ state: 'connected', agentName: agent.username });
    this.#show();
  }

  /** Resolves with how it ended; undefined when the signal was aborted. */
  async untilOver(signal: AbortSignal): Promise<Ending | undefined> {
    const { desk } = this.#parts;
    const aborted = Promise.withResolvers<undefined>();
    const abort = (): void => aborted.resolve(undefined);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    desk.gone.then(() => this.#leave(endings.agentLost)).catch((error: unknown) => this.#over.reject(error));
    try {
      return await Promise.race([this.#over.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Parts everybody and keeps what the record wants to know. May be called after a `begin` that failed. */
  async end(): Promise<void> {
    const { held, desk, card } = this.#parts;
    const isAgentHere = !this.#agentLeft;
    // The agent talks on to nobody until the end is written: his buttons are dead, and it is too late for him to go.
    this.#agentLeft = true;
    if (isAgentHere) card.enter({}, {});
    for (const stop of this.#stopListening) stop();
    this.#customerHold.leave();
    this.#endSelfHold();
    await this.#keepOutcome();
    await held.recording?.conversation('ends');
    if (isAgentHere) await this.#joined?.part();
    desk.audio?.unmute();
    await this.#dismiss();
  }

  /** The agent leaves. With somebody else there, the customer stays in conversation with them. */
  async #leave(ending: Ending): Promise<void> {
    if (this.#agentLeft) return;
    this.#agentLeft = true;
    const { contact, card, held, part, deps } = this.#parts;
    // What failed on the way is over with the conversation.
    card.enter({}, {});
    const guest = this.#guest;
    // Ended before the customer can be anybody else's: one recording at a time.
    if (guest && !guest.leg) {
      await held.recording?.finish();
      contact.learned({ rtp: rtpOutcomeOf(await this.#customer.media.stats()) });
    }
    const stays = guest?.stays() ?? { kind: 'nobody' };
    if (stays.kind === 'took over') {
      delete held.leg;
      if (!stays.wasThere) contact.learned({ transferCompletedAtMs: deps.clock.now() });
    }
    this.#customerHold.end();
    this.#guestHoldFlow.stop();
    this.#endSelfHold();
    await this.#keepOutcome();
    await this.#joined?.part();
    switch (stays.kind) {
      case 'nobody':
        this.#over.resolve(ending);
        return;
      case 'took over':
        this.#guest = undefined;
        this.#over.resolve(endings.transferred);
        return;
      case 'stays':
        await part.end();
        void stays.untilGone.then(() => this.#over.resolve(endings.thirdPartyHungUp));
    }
  }

  async #join(): Promise<void> {
    const { desk, media } = this.#parts;
    if (!desk.audio) throw new Error('The softphone of the agent is not connected.');
    this.#joined = await joinAudio(media, this.#customer.media, desk.audio);
  }

  /** The page came back with another softphone. One after the other: joined twice at once, he would hear himself. */
  #rejoin(): Promise<void> {
    this.#rejoining = this.#rejoining.then(async () => {
      const { audio } = this.#parts.desk;
      // Where there is none, the next one will be told of.
      if (this.#agentLeft || !audio || this.#joined?.other === audio) return;
      try {
        await this.#joined?.part();
        await this.#join();
        if (this.#isSelfHeld) this.#parts.desk.audio?.hold([]);
        await this.#meter.begin(this.#parts.desk.audio);
      } catch (error) {
        this.#parts.deps.logger.error({ err: error }, 'an agent could not be joined again');
      }
    });
    return this.#rejoining;
  }

  async #keepOutcome(): Promise<void> {
    if (!this.#outcome || this.#outcome.leftAtMs !== undefined) return;
    this.#outcome = {
      ...this.#outcome,
      holds: this.#customerHold.account,
      leftAtMs: this.#parts.deps.clock.now(),
    };
    const rtp = await this.#meter.outcome();
    if (rtp) this.#outcome = { ...this.#outcome, rtp };
    this.#parts.contact.learned({ agent: this.#outcome });
  }

  /** The transfer that this contact follows, as long as the agent who transfers has the customer. */
  get #consultation(): ContactTransfer | undefined {
    const { transfer } = this.#parts;
    return transfer && !transfer.handedOver.aborted ? transfer : undefined;
  }

  /** What the agent who transfers does with this one. */
  #hear(news: TransferNews): void {
    switch (news) {
      case 'agent held':
        this.#holdSelf();
        break;
      case 'agent retrieved':
        this.#endSelfHold();
        break;
      case 'handed over':
        this.#endSelfHold();
        this.#follow(
          this.#parts.held.recording?.conversation('begins'),
          'the recording could not begin as the customer was handed over',
        );
        break;
      case 'customer changed':
        break;
    }
    this.#show();
  }

  #holdSelf(): void {
    const { desk, instance, deps } = this.#parts;
    const { audio } = desk;
    if (this.#isSelfHeld || !audio) return;
    this.#isSelfHeld = true;
    audio.hold([]);
    this.#selfHoldFlow.play('AgentHold', agentOn(audio, instance, deps));
  }

  #endSelfHold(): void {
    if (!this.#isSelfHeld) return;
    this.#isSelfHeld = false;
    this.#selfHoldFlow.stop();
    this.#parts.desk.audio?.resume();
  }

  #show(): void {
    if (this.#agentLeft) return;
    const { card, contact, held } = this.#parts;
    const isHeld = this.#customerHold.isOn;
    const { destination } = contact.current.request;
    const consultation = this.#consultation;
    if (consultation) {
      const parties: DeskParty[] = [
        customerParty(destination, consultation.customerState),
        transferringParty(consultation.byAgent.name, this.#isSelfHeld ? 'hold' : 'connected'),
      ];
      card.enter({ parties }, { hangUp: this.#hangUp });
      return;
    }
    this.#guest?.customerIs(isHeld ? 'hold' : 'connected');
    const parties: DeskParty[] = [
      customerParty(destination, isHeld ? 'hold' : 'connected'),
      ...(this.#guest ? [this.#guest.party] : []),
      ...(this.#watched?.heard ? [this.#watched.heard] : []),
    ];
    card.enter(
      {
        parties,
        ...(held.recording?.state === 'off'
          ? {}
          : { recording: held.recording?.state === 'on' ? 'on' : 'suspended' }),
      },
      this.#controls(),
    );
  }

  readonly #hangUp = async (): Promise<undefined> => {
    await this.#leave(endings.agentHungUp);
    return undefined;
  };

  #controls(): CardControls {
    return {
      hangUp: this.#hangUp,
      hold: () => this.#hold(),
      resume: () => this.#unhold(),
      digits: async ({ digits }) => {
        const leg = (this.#customerHold.isOn && this.#guest?.leg) || this.#customer;
        await leg.sendDigits(digits);
        return undefined;
      },
      transfer: (command) => this.#transfer(command),
      join: async () => {
        if (this.#guest?.party.state === 'hold') {
          this.#retrieveGuest();
          this.#show();
          return undefined;
        }
        return this.#guest ? this.#unhold() : notNow;
      },
      swap: () => this.#swap(),
      dropParty: ({ partyId }) => this.#drop(partyId),
      recording: async ({ state }) => {
        const { recording } = this.#parts.held;
        if (!recording || recording.state === 'off') return notNow;
        await recording.suspend(state === 'suspended' ? 'suspended' : 'recording');
        return undefined;
      },
    };
  }

  async #hold(): Promise<DeskRefusal | undefined> {
    const { part, host } = this.#parts;
    if (this.#agentLeft || this.#customerHold.isOn) return notNow;
    this.#customerHold.begin(host.participant);
    this.#retrieveGuest();
    await part.held('hold');
    this.#show();
    return undefined;
  }

  async #unhold(): Promise<DeskRefusal | undefined> {
    if (!this.#customerHold.isOn) return this.#guest ? undefined : notNow;
    // While the guest is still to come, the agent may hear his flow: two at once would be heard by nobody.
    if (this.#guest?.party.state === 'connecting' && !this.#guest.leg && this.#guest.party.kind === 'agent')
      return { code: 'NOT_NOW', message: 'Wait for an answer, or end the transfer first.' };
    this.#customerHold.end();
    await this.#parts.part.held('retrieve');
    this.#show();
    return undefined;
  }

  /** Speaks to the other of the two, and puts the one before on hold. */
  async #swap(): Promise<DeskRefusal | undefined> {
    const guest = this.#guest;
    if (!guest || guest.party.state === 'connecting') return notNow;
    if (!this.#customerHold.isOn) return this.#hold();
    const { instance, contact, deps } = this.#parts;
    guest.hold();
    const listener = guest.participant(instance, contact, deps);
    if (listener) this.#guestHoldFlow.play('CustomerHold', listener);
    return this.#unhold();
  }

  #retrieveGuest(): void {
    this.#guestHoldFlow.stop();
    if (this.#guest?.party.state === 'hold') this.#guest.retrieve();
  }

  async #transfer(command: CommandOf<'transfer'>): Promise<DeskRefusal | undefined> {
    if (this.#guest || this.#isBringingIn)
      return { code: 'NOT_NOW', message: 'Somebody else is on the line already.' };
    this.#isBringingIn = true;
    try {
      return await this.#bringIn(command);
    } finally {
      this.#isBringingIn = false;
    }
  }

  async #bringIn({
    kind,
    phoneNumber,
    quickConnectId,
  }: CommandOf<'transfer'>): Promise<DeskRefusal | undefined> {
    const { deps, instance, contact, desk } = this.#parts;
    const target = await this.#targetOf(phoneNumber, quickConnectId);
    if ('code' in target) return target;
    if (this.#agentLeft) return notNow;
    const isCall = 'phoneNumber' in target;
    const wasHeld = this.#customerHold.isOn;
    // Whoever is handed over at once hears the flow of the transfer next.
    if (!wasHeld && (isCall || kind === 'warm')) await this.#hold();
    const events: GuestEvents = {
      changed: () => {
        this.#show();
      },
      joined: () => this.#follow(this.#guestJoined(isCall ? kind : 'warm'), guestFailure),
      gone: (failure) => this.#follow(this.#guestGone(failure, kind), guestFailure),
    };
    const customer = this.#customer;
    const guest = isCall
      ? callGuest({
          number: target.phoneNumber,
          name: target.name,
          customer,
          contact,
          instance,
          deps,
          events,
        })
      : await transferGuest({
          customer,
          inherited: { hooks: this.#parts.hooks, flowState: this.#parts.flowState },
          byAgent: { name: this.#agent.agent.username, audio: () => desk.audio },
          target,
          contact,
          instance,
          deps,
          events,
        });
    if ('code' in guest) {
      if (!wasHeld && this.#customerHold.isOn) await this.#unhold();
      return guest;
    }
    if (this.#agentLeft) {
      await guest.close();
      return notNow;
    }
    this.#guest = guest;
    if (!isCall && kind === 'cold') await this.#leave(endings.agentHungUp);
    else this.#show();
    return undefined;
  }

  async #targetOf(phoneNumber: string | undefined, quickConnectId: string | undefined) {
    if (phoneNumber !== undefined) return { phoneNumber, name: phoneNumber };
    const { desk, instance, deps } = this.#parts;
    const setUp = await desk.setUp();
    if (quickConnectId === undefined || !setUp)
      return { code: 'NOT_NOW', message: 'Name a quick connect or a number.' } as const;
    return targetOfQuickConnect(quickConnectId, setUp.agent, instance, deps);
  }

  /** For work that whoever tells of its cause does not wait for: what fails must not be lost, and must not end the process. */
  #follow(work: Promise<void> | undefined, failure: string): void {
    const { deps, contact } = this.#parts;
    work?.catch((error: unknown) => {
      deps.logger.error({ err: error, contactId: contact.current.id }, failure);
    });
  }

  async #guestJoined(kind: 'cold' | 'warm'): Promise<void> {
    if (this.#agentLeft) return;
    this.#show();
    if (kind === 'cold') await this.#leave(endings.agentHungUp);
  }

  /** The guest has left, or never came. Who was to be handed over at once is taken back; who was being asked about waits. */
  async #guestGone(failure: string | undefined, kind: 'cold' | 'warm'): Promise<void> {
    if (this.#agentLeft) return;
    this.#guestHoldFlow.stop();
    this.#guest = undefined;
    if (this.#customerHold.isOn && (failure === undefined || kind === 'cold')) await this.#unhold();
    else this.#show();
    if (failure !== undefined)
      this.#parts.card.show({ failure: { reason: 'TRANSFER_FAILED', text: failure } });
  }

  /** Sends the guest away who is there, or on his way. */
  async #dismiss(): Promise<void> {
    const guest = this.#guest;
    this.#guest = undefined;
    this.#guestHoldFlow.stop();
    await guest?.close();
  }

  async #drop(partyId: string): Promise<DeskRefusal | undefined> {
    if (partyId === 'customer') {
      this.#over.resolve(endings.agentHungUp);
      return undefined;
    }
    if (!this.#guest) return notNow;
    await this.#dismiss();
    if (this.#customerHold.isOn) await this.#unhold();
    else this.#show();
    return undefined;
  }
}

const guestFailure = 'a conversation could not go on as it should when a guest came or went';

type CommandOf<Name extends CardCommand['do']> = Extract<CardCommand, { readonly do: Name }>;
