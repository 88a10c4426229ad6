/**
 * A contact with an agent: whispers, the conversation with its holds and transfers, until somebody's leaving ends it. Called by
 * the story once an agent has accepted.
 */
import type { DeskParty, DeskRefusal } from '@ringback/connect-api';
import { type ContactFlowState, type FlowHost, runFlow } from '@ringback/flow';
import type { MediaEngine } from '@ringback/media';
import type { AgentDesk } from '../agents/agent-desk.ts';
import { type JoinedAudio, joinAudio } from '../calls/join-audio.ts';
import type { Leg } from '../calls/leg.ts';
import type { AgentSetUp } from '../routing/routing-directory.ts';
import type { Instance } from '../store/resource-store.ts';
import type { AgentPart } from './agent-part.ts';
import type { AgentOutcome } from './contact.ts';
import type { FlowHostDeps } from './contact-flow-host.ts';
import type { HeldByContact } from './end-contact.ts';
import { type Ending, endings } from './endings.ts';
import { type FlowHooks, flowOfHook } from './flow-hooks.ts';
import { agentOn } from './flow-participants.ts';
import type { OpenContact } from './open-contact.ts';
import { type CardControls, customerParty, notNow, type StoryCard } from './story-card.ts';
import { callThirdParty, endOf } from './third-party-transfer.ts';

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
}

/** How it went: over, or the agent's side failed before it began and the contact waits again. */
export type ConversationEnd =
  | { readonly kind: 'over'; readonly ending: Ending | undefined }
  | { readonly kind: 'agent failed' };

/**
 * Joins agent and customer and stays until one of them leaves. An ending of `undefined` means that `signal` was aborted: the
 * customer's leg, or whoever stopped the contact, knows why.
 *
 * @param whispers `none` where the agent has dialled himself or seen the contact before (Administrator Guide, preview).
 */
export async function converse(
  parts: ConversationParts,
  customer: Leg,
  whispers: 'before' | 'none',
  signal: AbortSignal,
): Promise<ConversationEnd> {
  const { desk, contact, deps, card } = parts;
  const setUp = await desk.setUp();
  if (!setUp || !desk.audio) return { kind: 'agent failed' };
  await desk.endEcho();
  card.enter(
    { phase: 'JOINING', parties: [customerParty(contact.current.request.destination, 'connecting')] },
    {},
  );
  if (whispers === 'before') {
    const heard = await whisper(parts, signal);
    if (heard === 'agent gone') return { kind: 'agent failed' };
    if (signal.aborted) return { kind: 'over', ending: undefined };
  }
  const talk = new Conversation(parts, customer, setUp.agent);
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

/** Agent whisper to the agent, then customer whisper to the customer (Administrator Guide, flow types). */
async function whisper(
  { hooks, instance, deps, host, flowState, desk, contact }: ConversationParts,
  signal: AbortSignal,
): Promise<'heard' | 'agent gone'> {
  const gone = new AbortController();
  void desk.gone.then(() => gone.abort());
  const either = AbortSignal.any([signal, gone.signal]);
  const agentFlow = await flowOfHook(hooks, 'AgentWhisper', instance, deps.flows);
  if (agentFlow && desk.audio) {
    const toAgent: FlowHost = { ...hostOf(host), participant: agentOn(desk.audio, instance, deps) };
    await runFlow(agentFlow, toAgent, { signal: either, state: flowState });
  }
  const customerFlow = await flowOfHook(hooks, 'CustomerWhisper', instance, deps.flows);
  if (customerFlow && !either.aborted) {
    await runFlow(customerFlow, hostOf(host), { signal: either, state: flowState });
  }
  if (gone.signal.aborted && !signal.aborted) {
    deps.logger.info({ contactId: contact.current.id }, 'the agent went away during the whisper');
    return 'agent gone';
  }
  return 'heard';
}

/** The host for a flow beside the contact's own: getters of the view stay live, what moves the contact is left out. */
function hostOf(host: FlowHost): FlowHost {
  const {
    transferToQueue: _queue,
    dequeueAndTransfer: _dequeue,
    transferToThirdParty: _third,
    ...rest
  } = host;
  return rest;
}

interface ThirdParty {
  readonly party: DeskParty;
  readonly leg: Leg;
}

class Conversation {
  readonly #parts: ConversationParts;
  readonly #customer: Leg;
  readonly #agent: AgentSetUp;
  readonly #over = Promise.withResolvers<Ending>();
  readonly #holds = { count: 0, totalMs: 0, longestMs: 0 };
  #outcome: AgentOutcome | undefined;
  #joined: JoinedAudio | undefined;
  #heldSinceMs: number | undefined;
  #holdFlow: AbortController | undefined;
  #third: ThirdParty | undefined;
  #calling: AbortController | undefined;
  #agentLeft = false;
  #stopListening: (() => void) | undefined;

  constructor(parts: ConversationParts, customer: Leg, agent: AgentSetUp) {
    this.#parts = parts;
    this.#customer = customer;
    this.#agent = agent;
  }

  async begin(): Promise<void> {
    const { contact, desk, part, held, deps } = this.#parts;
    this.#joined = this.#parts.joined;
    if (!this.#joined) await this.#join();
    const connectedAtMs = deps.clock.now();
    const { agent, profile } = this.#agent;
    this.#outcome = {
      ...contact.current.outcome.agent,
      agentId: agent.id,
      username: agent.username,
      routingProfile: { id: profile.id, name: profile.name },
      connectedAtMs,
    };
    contact.learned({ agentConnectionAttempts: part.attempts });
    await contact.connectedToAgent(this.#outcome, connectedAtMs);
    await part.connected();
    await held.recording?.conversation('begins');
    this.#stopListening = desk.onAudioReplaced(() => void this.#rejoin());
    this.#show();
  }

  /** Resolves with how it ended; undefined when the signal was aborted. */
  async untilOver(signal: AbortSignal): Promise<Ending | undefined> {
    const { desk } = this.#parts;
    const aborted = Promise.withResolvers<undefined>();
    const abort = (): void => aborted.resolve(undefined);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    void desk.gone.then(() => this.#leave(endings.agentLost));
    try {
      return await Promise.race([this.#over.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Parts everybody and keeps what the record wants to know. May be called after a `begin` that failed. */
  async end(): Promise<void> {
    const { held, desk } = this.#parts;
    this.#stopListening?.();
    this.#calling?.abort();
    this.#endHold();
    this.#keepOutcome();
    await held.recording?.conversation('ends');
    if (!this.#agentLeft) await this.#joined?.part();
    desk.audio?.unmute();
    await this.#third?.leg.close();
  }

  /** The agent leaves. With somebody else there, the customer stays in conversation with them. */
  async #leave(ending: Ending): Promise<void> {
    if (this.#agentLeft) return;
    this.#agentLeft = true;
    const third = this.#third;
    this.#resume();
    this.#keepOutcome();
    await this.#joined?.part();
    if (!third) {
      this.#over.resolve(ending);
      return;
    }
    await this.#parts.part.end();
    void third.leg.ended.then(() => this.#over.resolve(endings.thirdPartyHungUp));
  }

  async #join(): Promise<void> {
    const { desk, media } = this.#parts;
    if (!desk.audio) throw new Error('The softphone of the agent is not connected.');
    this.#joined = await joinAudio(media, this.#customer.media, desk.audio);
  }

  /** The page came back with another softphone. */
  async #rejoin(): Promise<void> {
    if (this.#agentLeft) return;
    try {
      await this.#joined?.part();
      await this.#join();
    } catch (error) {
      this.#parts.deps.logger.error({ err: error }, 'an agent could not be joined again');
    }
  }

  #keepOutcome(): void {
    if (!this.#outcome || this.#outcome.leftAtMs !== undefined) return;
    this.#outcome = { ...this.#outcome, holds: { ...this.#holds }, leftAtMs: this.#parts.deps.clock.now() };
    this.#parts.contact.learned({ agent: this.#outcome });
  }

  #show(): void {
    const { card, contact, held } = this.#parts;
    const isHeld = this.#heldSinceMs !== undefined;
    const parties: DeskParty[] = [
      customerParty(contact.current.request.destination, isHeld ? 'hold' : 'connected'),
      ...(this.#third ? [this.#third.party] : []),
      ...(this.#calling && !this.#third
        ? [{ id: 'third', kind: 'external', label: this.#callingTo, state: 'connecting' } as const]
        : []),
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
  #callingTo = '';

  #controls(): CardControls {
    return {
      hangUp: async () => {
        await this.#leave(endings.agentHungUp);
        return undefined;
      },
      hold: () => this.#hold(),
      resume: () => this.#unhold(),
      digits: async ({ digits }) => {
        const leg = this.#third && this.#heldSinceMs !== undefined ? this.#third.leg : this.#customer;
        await leg.media.sendDigits(digits);
        return undefined;
      },
      transfer: ({ kind, phoneNumber, quickConnectId }) => this.#transfer(kind, phoneNumber, quickConnectId),
      join: async () => {
        if (!this.#third) return notNow;
        return this.#unhold();
      },
      dropParty: ({ partyId }) => this.#drop(partyId),
      recording: async ({ state }) => {
        const { recording } = this.#parts.held;
        if (!recording || recording.state === 'off') return notNow;
        await recording.suspend(state === 'suspended' ? 'suspended' : 'recording');
        this.#show();
        return undefined;
      },
    };
  }

  async #hold(): Promise<DeskRefusal | undefined> {
    const { part, deps } = this.#parts;
    if (this.#heldSinceMs !== undefined) return notNow;
    this.#heldSinceMs = deps.clock.now();
    this.#holds.count += 1;
    this.#customer.media.hold([]);
    void this.#playHoldFlow();
    await part.held('hold');
    this.#show();
    return undefined;
  }

  async #playHoldFlow(): Promise<void> {
    const { hooks, instance, deps, host, flowState } = this.#parts;
    const stop = new AbortController();
    this.#holdFlow = stop;
    try {
      const flow = await flowOfHook(hooks, 'CustomerHold', instance, deps.flows);
      if (flow && !stop.signal.aborted)
        await runFlow(flow, hostOf(host), { signal: stop.signal, state: flowState });
    } catch (error) {
      deps.logger.warn({ err: error }, 'the hold flow failed; the customer waits in silence');
    }
  }

  async #unhold(): Promise<DeskRefusal | undefined> {
    if (this.#heldSinceMs === undefined) return this.#third ? undefined : notNow;
    this.#resume();
    await this.#parts.part.held('retrieve');
    this.#show();
    return undefined;
  }

  #resume(): void {
    if (this.#heldSinceMs === undefined) return;
    this.#endHold();
    this.#customer.media.resume();
  }

  #endHold(): void {
    this.#holdFlow?.abort();
    this.#holdFlow = undefined;
    if (this.#heldSinceMs === undefined) return;
    const heldMs = this.#parts.deps.clock.now() - this.#heldSinceMs;
    this.#heldSinceMs = undefined;
    this.#holds.totalMs += heldMs;
    this.#holds.longestMs = Math.max(this.#holds.longestMs, heldMs);
  }

  async #transfer(
    kind: 'cold' | 'warm',
    phoneNumber: string | undefined,
    quickConnectId: string | undefined,
  ): Promise<DeskRefusal | undefined> {
    if (this.#third || this.#calling)
      return { code: 'NOT_NOW', message: 'Somebody else is on the line already.' };
    const { deps, instance } = this.#parts;
    let number = phoneNumber;
    if (number === undefined && quickConnectId !== undefined) {
      const found = await deps.resources.quickConnects.find(instance.id, quickConnectId as never);
      number = found?.config.PhoneConfig?.PhoneNumber;
      if (!found) return { code: 'NOT_NOW', message: 'There is no such quick connect any more.' };
    }
    if (number === undefined)
      return { code: 'NOT_NOW', message: 'Transfers to agents and queues are not possible yet.' };
    if (this.#heldSinceMs === undefined) await this.#hold();
    const calling = new AbortController();
    this.#calling = calling;
    this.#callingTo = number;
    this.#show();
    void this.#call(kind, number, calling);
    return undefined;
  }

  /** Dials the third party; the customer waits on hold meanwhile. */
  async #call(kind: 'cold' | 'warm', number: string, calling: AbortController): Promise<void> {
    const { contact, instance, deps, card } = this.#parts;
    const outcome = await callThirdParty(number, this.#customer, contact, instance, deps, calling.signal);
    if (this.#calling === calling) this.#calling = undefined;
    if (outcome.kind === 'failed') {
      if (calling.signal.aborted) return;
      if (kind === 'cold') await this.#unhold();
      this.#show();
      card.show({
        failure: { reason: 'TRANSFER_FAILED', text: `${number} could not be reached: ${outcome.why}` },
      });
      return;
    }
    const { leg } = outcome;
    if (calling.signal.aborted || this.#agentLeft) {
      await leg.close();
      return;
    }
    this.#third = { party: { id: 'third', kind: 'external', label: number, state: 'connected' }, leg };
    contact.learned({ transferredTo: { number, atMs: leg.answeredAtMs } });
    await this.#customer.media.bridge(leg.media);
    this.#show();
    void endOf(leg, calling.signal).then(() => this.#thirdLeft(leg));
    if (kind === 'cold') await this.#leave(endings.agentHungUp);
  }

  async #thirdLeft(leg: Leg): Promise<void> {
    if (this.#third?.leg !== leg) return;
    if (this.#agentLeft) return;
    this.#third = undefined;
    await leg.close();
    if (this.#heldSinceMs !== undefined) await this.#unhold();
    else this.#show();
  }

  async #drop(partyId: string): Promise<DeskRefusal | undefined> {
    if (partyId === 'customer') {
      this.#over.resolve(endings.agentHungUp);
      return undefined;
    }
    if (this.#calling && !this.#third) {
      this.#calling.abort();
      this.#calling = undefined;
      await this.#unhold();
      return undefined;
    }
    const third = this.#third;
    if (!third) return notNow;
    await third.leg.close();
    await this.#thirdLeft(third.leg);
    return undefined;
  }
}
