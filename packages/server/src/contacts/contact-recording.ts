/** Records a contact as its flow, or the API, says: the automated part, the conversation, or both. Part of the contact's story. */
import type { Logger } from 'pino';
import { type RunningRecording, startRecording } from '../calls/recording.ts';
import type { Clock } from '../clock.ts';
import type { HeldByContact } from './end-contact.ts';
import type { OpenContact } from './open-contact.ts';

export interface ContactRecordingDeps {
  readonly recordingsDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * What of a contact is recorded, as Connect does it: the automated part when the flow says so, the conversation when the flow or
 * the API named participants to record. One recording at a time; one that goes on into the conversation stays one file.
 */
export class ContactRecording {
  readonly #contact: OpenContact;
  readonly #held: HeldByContact;
  readonly #deps: ContactRecordingDeps;
  #running: RunningRecording | undefined;
  #count = 0;
  /** Whom the conversation with an agent is recorded of; nobody: it is not recorded. */
  #participants: readonly ('Agent' | 'Customer')[] = [];
  #inConversation = false;
  #ofAutomatedPart: 'Enabled' | 'Disabled' = 'Disabled';
  #isSuspended = false;

  constructor(contact: OpenContact, held: HeldByContact, deps: ContactRecordingDeps) {
    this.#contact = contact;
    this.#held = held;
    this.#deps = deps;
  }

  get state(): 'on' | 'off' | 'suspended' {
    if (this.#isSuspended) return 'suspended';
    return this.#running ? 'on' : 'off';
  }

  /** What is said while it is suspended is in no file; going on begins the next one. */
  async suspend(state: 'suspended' | 'recording'): Promise<void> {
    this.#isSuspended = state === 'suspended';
    await this.#adjust();
  }

  async setAutomatedPart(state: 'Enabled' | 'Disabled'): Promise<void> {
    this.#ofAutomatedPart = state;
    await this.#adjust();
  }

  async setParticipants(participants: readonly ('Agent' | 'Customer')[]): Promise<void> {
    this.#participants = participants;
    await this.#adjust();
  }

  /** An agent joins, or has left. */
  async conversation(state: 'begins' | 'ends'): Promise<void> {
    this.#inConversation = state === 'begins';
    await this.#adjust();
  }

  async #adjust(): Promise<void> {
    const wanted = this.#inConversation ? this.#participants.length > 0 : this.#ofAutomatedPart === 'Enabled';
    if (wanted && !this.#isSuspended) await this.#start();
    else await this.#stop();
  }

  async #start(): Promise<void> {
    const { leg } = this.#held;
    if (this.#running || !leg) return;
    const { id } = this.#contact.current;
    this.#count += 1;
    const name = this.#count === 1 ? id : `${id}-${this.#count}`;
    try {
      this.#running = await startRecording(leg.media, this.#deps.recordingsDirectory, name, this.#deps.clock);
      this.#held.finishRecording = async () => {
        const finished = await this.#finish();
        return finished && { ...finished, status: 'AVAILABLE' };
      };
    } catch (error) {
      // Connect gives this action no error branch: the call goes on unrecorded.
      this.#failed('the call is not recorded', error instanceof Error ? error.message : String(error));
    }
  }

  async #stop(): Promise<void> {
    const finished = await this.#finish();
    if (!finished) return;
    const earlier = this.#contact.current.outcome.recordings ?? [];
    this.#contact.learned({ recordings: [...earlier, { ...finished, status: 'AVAILABLE' }] });
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
