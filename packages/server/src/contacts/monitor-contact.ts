/** A supervisor on a conversation of somebody else (MonitorContact): how it is asked for, and the story of the contact that it is, from listening to its end. */
import type { DeskRefusal } from '@ringback/connect-api';
import type { AgentDesk } from '../agents/agent-desk.ts';
import { type JoinedAudio, joinAudio } from '../calls/join-audio.ts';
import type { AgentId, ContactId } from '../ids.ts';
import { noCaps } from '../policy/toll-fraud.ts';
import type { Instance } from '../store/resource-store.ts';
import { type AcceptDeps, acceptContact } from './accept-contact.ts';
import { agentOutcomeOf } from './agent-outcome.ts';
import { AgentPart } from './agent-part.ts';
import {
  type AgentOutcome,
  associationIdOf,
  type Contact,
  type ContactRequest,
  detailsOf,
  type MonitorCapability,
} from './contact.ts';
import type { HeldByContact } from './end-contact.ts';
import { type Ending, endings } from './endings.ts';
import type { OpenContact } from './open-contact.ts';
import type { OutboundContactDeps } from './outbound-contact.ts';
import { type CardControls, customerParty, notNow, StoryCard } from './story-card.ts';
import type { Watch, WatchedConversation } from './watched-conversations.ts';

/** What MonitorContact asks for, checked and permitted. */
export interface MonitorOrder {
  readonly contact: Contact;
  readonly agentId: AgentId;
  readonly capabilities: readonly MonitorCapability[];
  readonly clientToken: string | undefined;
}

export type MonitorOutcome =
  | { readonly kind: 'accepted' | 'replayed'; readonly contactId: ContactId }
  | {
      readonly kind: 'refused';
      readonly why:
        | 'nobody talks'
        | 'watched already'
        | 'own conversation'
        | 'no softphone'
        | 'busy'
        | 'no call slot';
    };

export type MonitorContact = (order: MonitorOrder, instance: Instance) => Promise<MonitorOutcome>;

/** Accepts the supervisor's contact; its story begins at once. Conversation and softphone must both be at this node. */
export async function monitorContact(
  { contact, agentId, capabilities, clientToken }: MonitorOrder,
  instance: Instance,
  { agents, clock }: OutboundContactDeps,
  accepting: AcceptDeps,
): Promise<MonitorOutcome> {
  const known =
    clientToken === undefined
      ? undefined
      : await accepting.store.findByToken({
          accountId: instance.tenant.accountId,
          region: instance.tenant.region,
          instanceId: instance.id,
          token: clientToken,
          nowMs: clock.now(),
        });
  if (known) return { kind: 'replayed', contactId: known };
  const conversation = agents?.conversations.find(contact.id);
  if (!agents || !conversation) return refused('nobody talks');
  if (conversation.agentId === agentId) return refused('own conversation');
  const desk = agents.desks.find(instance.id, agentId);
  if (!desk?.audio) return refused('no softphone');
  if (desk.isBusy) return refused('busy');
  if (!conversation.hasRoom) return refused('watched already');
  const { destination, source, initialContactId } = contact.request;
  const request: ContactRequest = {
    destination,
    source,
    initiationMethod: 'MONITOR',
    initialContactId: initialContactId ?? contact.id,
    previousContactId: contact.id,
    associationId: associationIdOf(contact),
    monitor: { agentId, capabilities },
    contactFlowId: contact.request.contactFlowId,
    references: detailsOf(contact).references,
    trafficType: 'GENERAL',
    ringTimeoutMs: 0,
  };
  const outcome = await acceptContact(
    {
      tenant: instance.tenant,
      instanceId: instance.id,
      request,
      attributes: contact.attributes,
      clientToken,
      country: '',
      caps: noCaps,
    },
    accepting,
  );
  return outcome.kind === 'accepted' || outcome.kind === 'replayed' ? outcome : refused('no call slot');
}

function refused(why: Extract<MonitorOutcome, { kind: 'refused' }>['why']): MonitorOutcome {
  return { kind: 'refused', why };
}

/** Lives it: the supervisor hears both, and is heard where he barges in. The conversation does not notice its end. */
export async function liveMonitor(
  contact: OpenContact,
  held: HeldByContact,
  deps: OutboundContactDeps,
  signal: AbortSignal,
): Promise<Ending> {
  const { request, instanceId } = contact.current;
  const { monitor, previousContactId } = request;
  const { agents } = deps;
  const conversation = previousContactId && agents?.conversations.find(previousContactId);
  const desk = monitor && agents?.desks.find(instanceId, monitor.agentId);
  if (!agents || !monitor || !conversation) return endings.watchedContactEnded;
  if (!desk) return endings.agentLost;
  const watch = conversation.watch(await nameOf(desk));
  if (!watch) return endings.watchedContactEnded;
  const card = new StoryCard(contact, (contactId) => agents.desks.cards.changed(contactId));
  held.card = card;
  held.hideCard = agents.desks.cards.show(card);
  const part = new AgentPart(() => contact.current, agents.routing, deps.clock);
  held.agentPart = part;
  try {
    if ((await part.begin(monitor.agentId)).kind === 'refused') return endings.agentBusy;
    const supervisor = new Supervisor({
      contact,
      conversation,
      desk,
      card,
      watch,
      agentName: await nameOf(agents.desks.find(instanceId, conversation.agentId)),
      deps,
      capabilities: monitor.capabilities,
    });
    return await supervisor.listen(part, agents.media, signal);
  } finally {
    watch.leave();
    // Whoever only listened has no work after it.
    await part.end('none');
  }
}

async function nameOf(desk: AgentDesk | undefined): Promise<string> {
  return (await desk?.setUp())?.agent.agent.username ?? '';
}

interface SupervisorParts {
  readonly contact: OpenContact;
  readonly conversation: WatchedConversation;
  readonly desk: AgentDesk;
  readonly card: StoryCard;
  readonly watch: Watch;
  /** Whose conversation it is, as the page names him. */
  readonly agentName: string;
  readonly deps: OutboundContactDeps;
  readonly capabilities: readonly MonitorCapability[];
}

class Supervisor {
  readonly #parts: SupervisorParts;
  /** Resolves to nothing when the contact is stopped: a rejection before it is awaited would end the process. */
  readonly #left = Promise.withResolvers<Ending | undefined>();
  #mode: MonitorCapability = 'SILENT_MONITOR';
  #joined: JoinedAudio | undefined;
  #outcome: AgentOutcome | undefined;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
  }

  async listen(
    part: AgentPart,
    media: Parameters<typeof joinAudio>[0],
    signal: AbortSignal,
  ): Promise<Ending> {
    const { contact, conversation, desk, deps } = this.#parts;
    const setUp = await desk.setUp();
    if (!setUp) return endings.agentLost;
    await desk.endEcho();
    const join = async (): Promise<void> => {
      await this.#joined?.part();
      if (!desk.audio) return;
      this.#joined = await joinAudio(media, conversation.customer.media, desk.audio, this.#role);
    };
    await join();
    const stopListening = desk.onAudioReplaced(() => {
      join().catch((error: unknown) => {
        deps.logger.error({ err: error }, 'a supervisor could not be joined again');
      });
    });
    const stop = (): void => this.#left.resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      const nowMs = deps.clock.now();
      this.#outcome = {
        ...agentOutcomeOf(setUp.agent),
        connectedAtMs: nowMs,
        stateTransitions: [{ state: this.#mode, startedAtMs: nowMs }],
      };
      await contact.connectedToAgent(this.#outcome, nowMs);
      await part.connected();
      this.#show();
      void desk.gone.then(() => this.#left.resolve(endings.agentLost));
      void conversation.ended.then(() => this.#left.resolve(endings.watchedContactEnded));
      const left = await this.#left.promise;
      if (left) return left;
      throw signal.reason;
    } finally {
      signal.removeEventListener('abort', stop);
      stopListening();
      await this.#joined?.part();
      desk.audio?.unmute();
      this.#keep(undefined);
    }
  }

  get #role(): 'monitor' | 'party' {
    return this.#mode === 'BARGE' ? 'party' : 'monitor';
  }

  #show(): void {
    const { card, contact, capabilities, agentName } = this.#parts;
    const { destination, previousContactId } = contact.current.request;
    const controls: CardControls = {
      hangUp: async () => {
        this.#left.resolve(endings.agentHungUp);
        return undefined;
      },
      monitor: ({ mode }) => this.#become(mode),
    };
    card.enter(
      {
        parties: [
          customerParty(destination, 'connected'),
          { id: 'agent', kind: 'agent', label: agentName, state: 'connected' },
        ],
        monitor: {
          mode: this.#mode,
          allowed: capabilities,
          ...(previousContactId ? { contactId: previousContactId } : {}),
        },
      },
      controls,
    );
  }

  async #become(mode: MonitorCapability): Promise<DeskRefusal | undefined> {
    const { capabilities, watch } = this.#parts;
    if (mode === this.#mode) return undefined;
    if (mode === 'BARGE' && !capabilities.includes('BARGE'))
      return { code: 'NOT_PERMITTED', message: 'You may listen to this conversation, not take part in it.' };
    if (!this.#joined) return notNow;
    if (mode === 'BARGE' && watch.barge() !== 'heard')
      return { code: 'NOT_NOW', message: 'Another supervisor takes part in this conversation.' };
    this.#mode = mode;
    await this.#joined.become(this.#role);
    this.#keep(mode);
    if (mode === 'SILENT_MONITOR') watch.listens();
    this.#show();
    return undefined;
  }

  /** Ends the state that stands, and begins the next one, where there is one. */
  #keep(next: MonitorCapability | undefined): void {
    if (!this.#outcome) return;
    const nowMs = this.#parts.deps.clock.now();
    const past = (this.#outcome.stateTransitions ?? []).map((one) => ({ endedAtMs: nowMs, ...one }));
    this.#outcome = {
      ...this.#outcome,
      stateTransitions: next ? [...past, { state: next, startedAtMs: nowMs }] : past,
      ...(next ? {} : { leftAtMs: nowMs }),
    };
    this.#parts.contact.learned({ agent: this.#outcome });
  }
}
