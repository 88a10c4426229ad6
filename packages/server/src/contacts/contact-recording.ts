/** Records a contact as its flow, or the API, says: the automated part, the conversation, or both. Part of the contact's story. */
import { MediaSessionClosed, type RecordedTracks } from '@ringback/media';
import type { Logger } from 'pino';
import { type FinishedRecording, type RunningRecording, startRecording } from '../calls/recording.ts';
import type { Clock } from '../clock.ts';
import type { RecordingOutcome } from './contact.ts';
import type { HeldByContact } from './end-contact.ts';
import type { OpenContact } from './open-contact.ts';

export interface ContactRecordingDeps {
  readonly recordingsDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Which side of a conversation is to be recorded. */
export type RecordedParticipant = 'Agent' | 'Customer';

/** The conversation with an agent, and what comes before it (`ContactRecordingType` of the API). */
export type RecordedPart = 'AGENT' | 'IVR';

/** What the API orders to be recorded: of the conversation, whom; of what comes before it, all or nothing. */
export interface RecordingOrder {
  readonly participants: readonly RecordedParticipant[];
  readonly automatedPart: boolean;
}

/** What came of an order by the API (StartContactRecording and its siblings, API reference). */
export type RecordingOrderOutcome =
  | 'done'
  /** It was started before; once is all that there is. */
  | 'recorded already'
  /** It was stopped, and that is for good. */
  | 'stopped for good'
  | 'not recorded';

/**
 * What of a contact is recorded, as Connect does it: the automated part when the flow says so, the conversation when the flow or
 * the API named participants to record. One recording at a time; one that goes on into the conversation stays one file, unless only
 * one side of the conversation is recorded.
 */
export class ContactRecording {
  readonly #contact: OpenContact;
  readonly #held: HeldByContact;
  readonly #deps: ContactRecordingDeps;
  readonly #listeners = new Set<() => void>();
  readonly #stoppedParts = new Set<RecordedPart>();
  #running: RunningRecording | undefined;
  #count = 0;
  /** Whom the conversation with an agent is recorded of; nobody: it is not recorded. */
  #participants: readonly RecordedParticipant[] = [];
  #inConversation = false;
  #ofAutomatedPart: 'Enabled' | 'Disabled' = 'Disabled';
  #isSuspended = false;
  /** The state that listeners know. */
  #told: 'on' | 'off' | 'suspended' = 'off';
  /** Changes take effect one after the other. */
  #lastChange: Promise<void> = Promise.resolve();

  constructor(contact: OpenContact, held: HeldByContact, deps: ContactRecordingDeps) {
    this.#contact = contact;
    this.#held = held;
    this.#deps = deps;
  }

  get state(): 'on' | 'off' | 'suspended' {
    if (!this.#running) return 'off';
    return this.#isSuspended ? 'suspended' : 'on';
  }

  /** Told when recording begins, ends, is suspended or goes on; returns how to stop listening. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is said while it is suspended is silence in the file. */
  async suspend(state: 'suspended' | 'recording'): Promise<void> {
    this.#isSuspended = state === 'suspended';
    await this.#adjust();
  }

  async setAutomatedPart(state: 'Enabled' | 'Disabled'): Promise<void> {
    this.#ofAutomatedPart = state;
    await this.#adjust();
  }

  async setParticipants(participants: readonly RecordedParticipant[]): Promise<void> {
    this.#participants = participants;
    await this.#adjust();
  }

  /** An agent joins, or has left. */
  async conversation(state: 'begins' | 'ends'): Promise<void> {
    this.#inConversation = state === 'begins';
    await this.#adjust();
  }

  /** Nothing more is recorded: the customer goes to another contact, or somebody ordered so. */
  async finish(): Promise<void> {
    this.#stoppedParts.add('AGENT').add('IVR');
    await this.#adjust();
  }

  /** By the API. Before the conversation, it begins with the agent; the automated part begins at once. */
  async startByOrder(order: RecordingOrder): Promise<RecordingOrderOutcome> {
    const parts: RecordedPart[] = [
      ...(order.participants.length > 0 ? (['AGENT'] as const) : []),
      ...(order.automatedPart ? (['IVR'] as const) : []),
    ];
    if (parts.some((part) => this.#stoppedParts.has(part))) return 'stopped for good';
    if (parts.every((part) => this.#isOrdered(part))) return 'recorded already';
    if (order.participants.length > 0) this.#participants = order.participants;
    if (order.automatedPart) this.#ofAutomatedPart = 'Enabled';
    await this.#adjust();
    return 'done';
  }

  /** By the API, and for good. Without a part: whatever is ordered. */
  async stopByOrder(part: RecordedPart | undefined): Promise<RecordingOrderOutcome> {
    const parts = part ? [part] : (['AGENT', 'IVR'] as const);
    const ordered = parts.filter((one) => this.#isOrdered(one) && !this.#stoppedParts.has(one));
    if (ordered.length === 0) return 'not recorded';
    for (const one of ordered) this.#stoppedParts.add(one);
    await this.#adjust();
    return 'done';
  }

  /** By the API, while it records. Twice is once. */
  async suspendByOrder(
    state: 'suspended' | 'recording',
    part: RecordedPart | undefined,
  ): Promise<RecordingOrderOutcome> {
    if (!this.#running || (part && part !== this.#partNow)) return 'not recorded';
    await this.suspend(state);
    return 'done';
  }

  get #partNow(): RecordedPart {
    return this.#inConversation ? 'AGENT' : 'IVR';
  }

  #isOrdered(part: RecordedPart): boolean {
    return part === 'AGENT' ? this.#participants.length > 0 : this.#ofAutomatedPart === 'Enabled';
  }

  #adjust(): Promise<void> {
    const change = this.#lastChange.then(async () => {
      const part = this.#partNow;
      const tracks =
        this.#isOrdered(part) && !this.#stoppedParts.has(part) ? this.#tracksOf(part) : undefined;
      // A file holds the same sides from its beginning to its end.
      if (this.#running && this.#running.tracks !== tracks) await this.#stop();
      if (tracks) await this.#start(tracks);
      await this.#setPause();
      if (this.state === this.#told) return;
      this.#told = this.state;
      for (const listener of [...this.#listeners]) listener();
    });
    this.#lastChange = change.catch(() => undefined);
    return change;
  }

  /** Of the automated part there is one track only, ALL (API reference, IvrRecordingTrack). */
  #tracksOf(part: RecordedPart): RecordedTracks {
    if (part === 'IVR' || this.#participants.length !== 1) return 'both';
    return this.#participants[0] === 'Agent' ? 'sent' : 'received';
  }

  async #start(tracks: RecordedTracks): Promise<void> {
    const { leg } = this.#held;
    if (this.#running || !leg) return;
    const { id } = this.#contact.current;
    this.#count += 1;
    const name = this.#count === 1 ? id : `${id}-${this.#count}`;
    const { recordingsDirectory, clock } = this.#deps;
    try {
      this.#running = await startRecording(leg.media, recordingsDirectory, { name, tracks }, clock);
      this.#held.finishRecording = async () => {
        const finished = await this.#finish();
        return finished && recordingOutcomeOf(finished);
      };
    } catch (error) {
      // The customer hung up at once: there was nothing to record.
      if (error instanceof MediaSessionClosed) return;
      // Connect gives this action no error branch: the call goes on unrecorded.
      this.#failed('the call is not recorded', error instanceof Error ? error.message : String(error));
    }
  }

  async #setPause(): Promise<void> {
    try {
      await this.#running?.pause(this.#isSuspended ? 'paused' : 'recording');
    } catch (error) {
      // What must not be recorded is worth more than the rest of the recording.
      this.#failed(
        'the recording could not be suspended and ends',
        error instanceof Error ? error.message : String(error),
      );
      await this.#stop();
    }
  }

  async #stop(): Promise<void> {
    const finished = await this.#finish();
    if (!finished) return;
    const earlier = this.#contact.current.outcome.recordings ?? [];
    this.#contact.learned({ recordings: [...earlier, recordingOutcomeOf(finished)] });
  }

  async #finish() {
    const running = this.#running;
    this.#running = undefined;
    const finished = await running?.stop();
    if (finished?.failure) this.#failed('the recording of the call ends early', finished.failure);
    return finished;
  }

  /** Nothing of the call depends on its recording; the operator and the record are told. */
  #failed(what: string, reason: string): void {
    const { id, instanceId } = this.#contact.current;
    this.#deps.logger.error({ contactId: id, instanceId, reason }, what);
    this.#contact.learned({ recordingFailure: reason });
  }
}

export function recordingOutcomeOf({ tracks, ...file }: FinishedRecording): RecordingOutcome {
  const participant = participantOf[tracks];
  return { ...file, ...(participant ? { participant } : {}), status: 'AVAILABLE' };
}

const participantOf: Readonly<Record<RecordedTracks, RecordingOutcome['participant']>> = {
  both: undefined,
  received: 'CUSTOMER',
  sent: 'AGENT',
};
