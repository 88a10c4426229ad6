/** Somebody whom an agent brings into a conversation beside the customer: a telephone number that is called, or an agent who takes over. Used by conversation.ts. */
import type { DeskParty, DeskRefusal } from '@ringback/connect-api';
import type { FlowParticipant } from '@ringback/flow';
import type { Leg } from '../calls/leg.ts';
import type { Instance } from '../store/resource-store.ts';
import { ContactTransfer, type TransferParts } from './contact-transfer.ts';
import { customerOn, type ParticipantDeps } from './flow-participants.ts';
import type { OpenContact } from './open-contact.ts';
import { callThirdParty, endOf, type ThirdPartyDeps } from './third-party-transfer.ts';
import { followTransfer, type TransferDeps, type TransferTarget } from './transfer-by-agent.ts';

/** What becomes of the customer when the agent leaves. */
export type GuestStays =
  /** Nobody is there yet. */
  | { readonly kind: 'nobody' }
  /** The contact goes on with the guest, until he is gone. */
  | { readonly kind: 'stays'; readonly untilGone: Promise<unknown> }
  /** Another contact has the customer; `wasThere`: its agent had joined already. */
  | { readonly kind: 'took over'; readonly wasThere: boolean };

/** How the guest tells of himself. */
export interface GuestEvents {
  changed(): void;
  /** He is there and heard. */
  joined(): void;
  /** He has left, or never came: then `failure` says why. */
  gone(failure?: string): void;
}

export interface Guest {
  readonly party: DeskParty;
  /** Undefined where there are no keys to be pressed for. */
  readonly leg: Leg | undefined;
  /** Hears neither customer nor agent; what he hears instead comes from `participant`, where the conversation plays it. */
  hold(): void;
  retrieve(): void;
  /** Whom a hold flow speaks to; undefined where somebody else sees to that. */
  participant(instance: Instance, contact: OpenContact, deps: ParticipantDeps): FlowParticipant | undefined;
  customerIs(state: 'connected' | 'hold'): void;
  /** The agent leaves; asked once. */
  stays(): GuestStays;
  /** Sends him away, whether he is there or still being called. May be called twice. */
  close(): Promise<void>;
}

interface CalledGuestParts {
  readonly number: string;
  /** As the page shows him. */
  readonly name: string;
  readonly customer: Leg;
  readonly contact: OpenContact;
  readonly instance: Instance;
  readonly deps: ThirdPartyDeps;
  readonly events: GuestEvents;
}

/** Calls a number and joins it with the customer's bridge when it answers. Returns at once. */
export function callGuest(parts: CalledGuestParts): Guest {
  const { number, name, customer, contact, instance, deps, events } = parts;
  const calling = new AbortController();
  let leg: Leg | undefined;
  let state: DeskParty['state'] = 'connecting';

  async function call(): Promise<void> {
    const outcome = await callThirdParty(number, customer, contact, instance, deps, calling.signal);
    if (outcome.kind === 'failed') {
      if (!calling.signal.aborted) events.gone(`${name} could not be reached: ${outcome.why}`);
      return;
    }
    if (calling.signal.aborted) {
      await outcome.leg.close();
      return;
    }
    const answered = outcome.leg;
    leg = answered;
    contact.learned({ transferredTo: { number, atMs: answered.answeredAtMs } });
    await customer.media.bridge(answered.media);
    state = 'connected';
    events.joined();
    await endOf(answered, calling.signal);
    if (calling.signal.aborted) return;
    await answered.close();
    events.gone();
  }

  void call().catch((error: unknown) => {
    deps.logger.error({ err: error, contactId: contact.current.id }, 'a number could not be brought in');
    hangUpOnGuest();
    events.gone(`${name} could not be reached.`);
  });

  /** Whoever answered and could not be joined would stay on the line, with nobody to talk to, for as long as he likes. */
  function hangUpOnGuest(): void {
    leg?.close().catch((error: unknown) => {
      deps.logger.error({ err: error, contactId: contact.current.id }, 'a guest could not be hung up on');
    });
  }

  return {
    get party() {
      return { id: 'third', kind: 'external', label: name, state } as const;
    },
    get leg() {
      return leg;
    },
    hold() {
      leg?.media.hold([]);
      state = 'hold';
    },
    retrieve() {
      leg?.media.resume();
      state = 'connected';
    },
    participant: (where, of, its) => leg && customerOn(leg, where, of, its),
    customerIs: () => undefined,
    stays() {
      if (!leg) return { kind: 'nobody' };
      leg.media.resume();
      return { kind: 'stays', untilGone: leg.ended };
    },
    async close() {
      calling.abort();
      await leg?.close();
    },
  };
}

interface TransferGuestParts extends Omit<TransferParts, 'progressed'> {
  readonly target: TransferTarget;
  readonly contact: OpenContact;
  readonly instance: Instance;
  readonly deps: TransferDeps;
  readonly events: GuestEvents;
}

/** Opens the contact that is to follow, for the agent or queue of a quick connect; resolves with why not. */
export async function transferGuest(parts: TransferGuestParts): Promise<Guest | DeskRefusal> {
  const { target, contact, instance, deps, events } = parts;
  const { name } = target;
  let state: DeskParty['state'] = 'connecting';
  let label = name;
  let isSentAway = false;
  const transfer: ContactTransfer = new ContactTransfer({
    customer: parts.customer,
    inherited: parts.inherited,
    byAgent: parts.byAgent,
    progressed(progress) {
      if (isSentAway) return;
      if (progress.state === 'over') {
        events.gone(state === 'connecting' ? `The transfer to ${name} did not succeed.` : undefined);
        return;
      }
      state = progress.state;
      if (progress.state === 'connected') {
        label = progress.agentName;
        events.joined();
      } else {
        events.changed();
      }
    },
  });
  const refusal = await followTransfer(transfer, target, contact, instance, deps);
  if (refusal) return refusal;

  return {
    get party() {
      return { id: 'third', kind: 'agent', label, state } as const;
    },
    leg: undefined,
    hold() {
      state = 'hold';
      transfer.holdAgent('agent held');
    },
    retrieve() {
      state = 'connected';
      transfer.holdAgent('agent retrieved');
    },
    // The contact that follows plays its own agent the hold flow.
    participant: () => undefined,
    customerIs: (customer) => transfer.customerIs(customer),
    stays() {
      isSentAway = true;
      return transfer.handOver()
        ? { kind: 'took over', wasThere: state !== 'connecting' }
        : { kind: 'nobody' };
    },
    async close() {
      isSentAway = true;
      transfer.cancel();
    },
  };
}
