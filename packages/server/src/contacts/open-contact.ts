/** A contact that this node owns and that has not ended: its state, and the only way it changes. Every change is committed with its facts. */

import { type Clock, sharedDelay } from '../clock.ts';
import type { ContactRouting } from '../routing/queue-entry.ts';
import type { OutboxFact } from '../store/accept-contacts.ts';
import type { ContactAdvance, DialAttempt } from '../store/advance-contacts.ts';
import { BatchFailed } from '../store/micro-batch.ts';
import type { AgentOutcome, Contact, ContactAttributes, ContactOutcome, QueueOutcome } from './contact.ts';
import { type ContactEventType, contactEvent, type UpdatedProperty } from './contact-events.ts';
import { contactRecord } from './contact-record.ts';
import { type DataChange, updatedProperties, withDataChange } from './data-change.ts';
import { ContactEnded, type Ending, endings } from './endings.ts';

/** What writing contacts stands on. */
export interface ContactWriting {
  readonly advance: (advance: ContactAdvance) => Promise<void>;
  readonly clock: Clock;
  readonly newEventId: () => string;
  /** Told after each commit that wrote facts, so that sinks need not wait for their next look. */
  readonly factsWritten: () => void;
  /** Aborted when this node must not or cannot write any more; then no write is tried again. */
  readonly lost: AbortSignal;
  /** Resolves when what failed may be tried again; rejects when `lost` is aborted. */
  readonly nextTry: () => Promise<void>;
}

/** How long a write is tried again while the database is away, ms: a moment for a step, longer for the end. */
const stepPatienceMs = 5_000;
const endPatienceMs = 60_000;
const retryDelayMs = 250;

/** What contacts of a node share in writing, until `lost` is aborted. */
export function contactWriting(
  writing: Omit<ContactWriting, 'lost' | 'nextTry'>,
  lost: AbortSignal,
): ContactWriting {
  return { ...writing, lost, nextTry: sharedDelay(writing.clock, retryDelayMs, lost) };
}

/** What an INVITE is about to be sent to. */
export type DialTarget = Pick<DialAttempt, 'target' | 'callId'>;

export class OpenContact {
  #contact: Contact;
  readonly #writing: ContactWriting;
  #lastWrite: Promise<void> = Promise.resolve();
  /** Dial attempts so far, of all legs. */
  #attempts = 0;
  /** Learned and not yet committed. */
  #learned: Partial<ContactOutcome> = {};
  /** The routing that was told of last, committed or not. */
  #toldRouting: ContactRouting | undefined;

  constructor(contact: Contact, writing: ContactWriting) {
    this.#contact = contact;
    this.#toldRouting = contact.outcome.routing;
    this.#writing = writing;
  }

  /** The contact as last committed, with what was learned since. */
  get current(): Contact {
    return { ...this.#contact, outcome: { ...this.#contact.outcome, ...this.#learned } };
  }

  /**
   * Commits an intention to dial; only then may the INVITE leave. Tried again for as long as the contact may be dialled.
   *
   * @throws {ContactEnded} with `dialDelayExceeded` when the database was away until `dialByMs`, or took until then to commit it:
   *   a disk may hang for minutes.
   */
  async dialAttempted(attempt: DialTarget, dialByMs: number): Promise<void> {
    const { clock } = this.#writing;
    const dialled = (contact: Contact): Contact => ({
      ...contact,
      state: 'DIALLING',
      outcome: { ...contact.outcome, callId: attempt.callId, dialledAt: attempt.target },
    });
    try {
      await this.#attempted(attempt, dialled, dialByMs - clock.now());
    } catch (error) {
      const isTooLate = error instanceof BatchFailed && clock.now() >= dialByMs;
      throw isTooLate ? new ContactEnded(endings.dialDelayExceeded) : error;
    }
    if (clock.now() > dialByMs) throw new ContactEnded(endings.dialDelayExceeded);
  }

  /** The same for somebody besides the customer, who is on the line and stays what the contact is about. */
  thirdPartyAttempted(attempt: DialTarget): Promise<void> {
    return this.#attempted(attempt, (contact) => contact);
  }

  #attempted(
    { target, callId }: DialTarget,
    change: (contact: Contact) => Contact,
    patienceMs?: number,
  ): Promise<void> {
    const attemptedAtMs = this.#writing.clock.now();
    return this.#change((contact) => {
      this.#attempts += 1;
      return {
        contact: change(contact),
        facts: [],
        attempt: { n: this.#attempts, target, callId, attemptedAtMs },
      };
    }, patienceMs);
  }

  /** The customer's endpoint answered, and who that is will be told with `connectedToSystem`. */
  answered(atMs: number): Promise<void> {
    return this.#change((contact) => ({
      contact: { ...contact, state: 'CONNECTED', connectedAtMs: atMs },
      facts: [],
    }));
  }

  /** The customer's endpoint answered at `atMs`; with detection on, `outcome` says who, and the event is of the moment at which that is known. */
  connectedToSystem(atMs: number, outcome: Partial<ContactOutcome> = {}): Promise<void> {
    const toldAtMs = outcome.answeringMachineDetectionStatus ? this.#writing.clock.now() : atMs;
    return this.#change((contact) => {
      const next: Contact = {
        ...contact,
        state: 'CONNECTED',
        connectedAtMs: atMs,
        outcome: { ...contact.outcome, ...outcome },
      };
      return { contact: next, facts: [this.#event(next, 'CONNECTED_TO_SYSTEM', toldAtMs, 1)] };
    });
  }

  /**
   * User-defined attributes were set; the others stay, whoever sets them meanwhile.
   *
   * @throws {DataChangeRefused} as `dataChanged`.
   */
  attributesChanged(changed: ContactAttributes): Promise<void> {
    return this.dataChanged({ kind: 'attributes', set: changed });
  }

  /** Waits for an agent. */
  queued(queue: QueueOutcome): Promise<void> {
    return this.#change((contact) => {
      const next: Contact = { ...contact, outcome: { ...contact.outcome, queue } };
      return { contact: next, facts: [this.#event(next, 'QUEUED', queue.enqueuedAtMs, 1)] };
    });
  }

  /** It is routed in another way than before. An event tells of it where its criteria, or their step, are others. */
  async routed(routing: ContactRouting): Promise<void> {
    const hasEvent = routing.criteria !== undefined && !isSameStep(this.#toldRouting, routing);
    this.#toldRouting = routing;
    if (!hasEvent) {
      this.learned({ routing });
      return;
    }
    const atMs = this.#writing.clock.now();
    const updated = ['RoutingCriteria.Step.Status'] as const;
    try {
      await this.#change((contact) => {
        // While it waited for its turn, more may have been learned of this very step.
        const { routing: newest } = contact.outcome;
        const told = newest && isSameStep(newest, routing) ? newest : routing;
        const next: Contact = { ...contact, outcome: { ...contact.outcome, routing: told } };
        return { contact: next, facts: [this.#event(next, 'CONTACT_DATA_UPDATED', atMs, 1, updated)] };
      });
    } catch (error) {
      // Whoever tells of it again tells it for the first time.
      this.#toldRouting = this.#contact.outcome.routing;
      throw error;
    }
  }

  /** Preview: an agent has the contact before anybody is dialled. */
  acceptedByAgent(agent: AgentOutcome, atMs: number): Promise<void> {
    return this.#change((contact) => {
      const next: Contact = { ...contact, outcome: { ...contact.outcome, agent } };
      const updated = ['AgentInfo.AcceptedByAgentTimestamp'] as const;
      return { contact: next, facts: [this.#event(next, 'CONTACT_DATA_UPDATED', atMs, 1, updated)] };
    });
  }

  /** Agent and customer are joined. */
  connectedToAgent(agent: AgentOutcome, atMs: number): Promise<void> {
    return this.#change((contact) => {
      const queue = contact.outcome.queue && { ...contact.outcome.queue, dequeuedAtMs: atMs };
      const next: Contact = {
        ...contact,
        outcome: {
          ...contact.outcome,
          agent,
          ...(queue ? { queue } : {}),
          ...endedRouting(contact.outcome, 'JOINED'),
        },
      };
      return { contact: next, facts: [this.#event(next, 'CONNECTED_TO_AGENT', atMs, 1)] };
    });
  }

  /**
   * Tags were set or taken away; the others stay.
   *
   * @throws {DataChangeRefused} as `dataChanged`.
   */
  tagsChanged(changed: Readonly<Record<string, string>>, removed: readonly string[] = []): Promise<void> {
    return this.dataChanged({ kind: 'tags', set: changed, removed });
  }

  /**
   * Attributes, tags or details changed, by a flow or through the API.
   *
   * @throws {DataChangeRefused} they would be more than a contact may have; nothing was written.
   */
  dataChanged(change: DataChange): Promise<void> {
    const atMs = this.#writing.clock.now();
    const updated = updatedProperties[change.kind];
    return this.#change((contact) => {
      const next = withDataChange(contact, change);
      return {
        contact: next,
        facts: updated ? [this.#event(next, 'CONTACT_DATA_UPDATED', atMs, 1, [updated])] : [],
      };
    });
  }

  /** Something came of the contact that no event tells of; written with the next change, nobody waits for it. */
  learned(outcome: Partial<ContactOutcome>): void {
    this.#learned = { ...this.#learned, ...outcome };
  }

  /** Commits the end with its events and record. Called by end-contact.ts alone. */
  ended(ending: Ending, atMs: number, outcome: Partial<ContactOutcome>): Promise<void> {
    return this.#change((contact) => {
      const next = endedContact(contact, 'ENDED', ending, atMs, outcome);
      return {
        contact: next,
        facts: [this.#event(next, 'DISCONNECTED', atMs, 1), ...this.#completion(next, atMs, 2)],
        call: 'over',
      };
    }, endPatienceMs);
  }

  /** The call is over, an agent's after-contact work is not. Called by end-contact.ts alone, before `completed`. */
  disconnected(ending: Ending, atMs: number, outcome: Partial<ContactOutcome>): Promise<void> {
    return this.#change((contact) => {
      const next = endedContact(contact, 'DISCONNECTED', ending, atMs, outcome);
      return { contact: next, facts: [this.#event(next, 'DISCONNECTED', atMs, 1)], call: 'over' };
    }, endPatienceMs);
  }

  /** After-contact work is over as well. Called by end-contact.ts alone. */
  completed(atMs: number, outcome: Partial<ContactOutcome>): Promise<void> {
    return this.#change((contact) => {
      const next: Contact = { ...contact, state: 'ENDED', outcome: { ...contact.outcome, ...outcome } };
      return { contact: next, facts: this.#completion(next, atMs, 1) };
    }, endPatienceMs);
  }

  /** The last event and the record. */
  #completion(contact: Contact, atMs: number, offset: number): OutboxFact[] {
    return [
      this.#event(contact, 'COMPLETED', atMs, offset),
      {
        sequence: contact.outboxSequence + offset + 1,
        stream: 'contact-records',
        payload: JSON.stringify(contactRecord(contact)),
      },
    ];
  }

  #event(
    contact: Contact,
    type: ContactEventType,
    atMs: number,
    offset: number,
    updated?: readonly UpdatedProperty[],
  ): OutboxFact {
    return {
      sequence: contact.outboxSequence + offset,
      stream: 'contact-events',
      payload: JSON.stringify(contactEvent(contact, type, atMs, this.#writing.newEventId(), updated)),
    };
  }

  /** Changes run one after the other, so that sequence numbers and states never cross. */
  #change(step: (contact: Contact) => ContactAdvance, patienceMs = stepPatienceMs): Promise<void> {
    const run = this.#lastWrite.then(async () => {
      const learned = this.#learned;
      const planned = step(this.current);
      const updatedAtMs = Math.max(planned.contact.updatedAtMs, this.#writing.clock.now());
      const contact: Contact = {
        ...planned.contact,
        updatedAtMs,
        outboxSequence: planned.contact.outboxSequence + planned.facts.length,
      };
      await this.#persist({ ...planned, contact }, patienceMs);
      this.#contact = contact;
      this.#learned = withoutWritten(this.#learned, learned);
      if (planned.facts.length > 0) this.#writing.factsWritten();
    });
    this.#lastWrite = run.catch(() => undefined);
    return run;
  }

  async #persist(advance: ContactAdvance, patienceMs: number): Promise<void> {
    const { clock, lost, nextTry } = this.#writing;
    const giveUpAtMs = clock.now() + patienceMs;
    for (;;) {
      try {
        return await this.#writing.advance(advance);
      } catch (error) {
        if (!(error instanceof BatchFailed) || lost.aborted || clock.now() >= giveUpAtMs) throw error;
        // Woken early, it makes its last try at once.
        await nextTry().catch(() => undefined);
      }
    }
  }
}

function isSameStep(former: ContactRouting | undefined, { criteria, step }: ContactRouting): boolean {
  return former?.criteria?.index === criteria?.index && former?.step === step;
}

/** What an agent, or the end, makes of the step that ran. */
function endedRouting(
  { routing }: ContactOutcome,
  stepIs: 'JOINED' | 'INTERRUPTED',
): Pick<ContactOutcome, 'routing'> {
  return routing?.stepIs === 'ACTIVE' ? { routing: { ...routing, stepIs } } : {};
}

function endedContact(
  contact: Contact,
  state: 'DISCONNECTED' | 'ENDED',
  ending: Ending,
  atMs: number,
  outcome: Partial<ContactOutcome>,
): Contact {
  const amd = contact.request.answerMachineDetection ? ending.amdStatus : undefined;
  return {
    ...contact,
    state,
    disconnectedAtMs: atMs,
    updatedAtMs: atMs,
    disconnectReason: ending.disconnectReason,
    endCause: ending.endCause,
    outcome: {
      ...contact.outcome,
      ...outcome,
      ...endedRouting(contact.outcome, 'INTERRUPTED'),
      ...(amd ? { answeringMachineDetectionStatus: amd } : {}),
      ...(ending.sip ? { sip: ending.sip } : {}),
      ...(ending.earlyTone ? { earlyTone: ending.earlyTone } : {}),
    },
  };
}

/** What was learned while a write was under way, less what that write carried. */
function withoutWritten(
  learned: Partial<ContactOutcome>,
  written: Partial<ContactOutcome>,
): Partial<ContactOutcome> {
  if (learned === written) return {};
  const before = new Map(Object.entries(written));
  return Object.fromEntries(Object.entries(learned).filter(([key, value]) => before.get(key) !== value));
}
