/** The contacts that this node runs: started, stopped, recovered from dead nodes, drained at shutdown. */
import type { Logger } from 'pino';
import { type LeftRecordings, leftRecordings } from '../calls/left-recordings.ts';
import { type Clock, delay } from '../clock.ts';
import type { ContactId, NodeId } from '../ids.ts';
import { ContactNoLongerOwned } from '../store/advance-contacts.ts';
import type { ContactStore, RecoveredContact } from '../store/contact-store.ts';
import type { Contact } from './contact.ts';
import type { ContactRecording } from './contact-recording.ts';
import { type DataChange, type DataChangeOutcome, DataChangeRefused } from './data-change.ts';
import { tellLostAnswer } from './detected-answer.ts';
import { endContact, type HeldByContact } from './end-contact.ts';
import { ContactEnded, type Ending, endings, stoppedByApi } from './endings.ts';
import { learnLeftRecordings } from './learn-left-recordings.ts';
import { type ContactWriting, contactWriting, OpenContact } from './open-contact.ts';
import { type OutboundContactDeps, runOutboundContact } from './outbound-contact.ts';
import { openWaitingContacts } from './waiting-contacts.ts';

export interface ActiveContacts {
  /** Runs the story of a contact that this node owns, as soon as the dial gate may let it through. Returns at once. */
  start(contact: Contact): void;
  /**
   * Tells of a contact of this node that may be committed although nobody was told so, because the database went
   * away over its commit. Recovery looks for it.
   */
  mayBeCommitted(contact: Contact): void;
  /** Ends a contact that runs here; false when none of that id does. */
  stop(contactId: ContactId, ending: Ending): boolean;
  /**
   * Resolves when it is committed that nobody who takes the contact over would dial it: it ended, or it was dialled before.
   * At once where it does not run here.
   *
   * @throws when the end of one that was never dialled could not be committed.
   */
  beyondDialling(contactId: ContactId): Promise<void>;
  /** Ends every contact that runs here. */
  stopAll(ending: Ending): void;
  runs(contactId: ContactId): boolean;
  /** What is recorded of a contact that runs here; undefined when none of that id does. */
  recordingOf(contactId: ContactId): ContactRecording | undefined;
  /**
   * Changes attributes or tags of a contact that runs here; `not active` when none of that id does, or not any more.
   *
   * @throws when it could not be committed.
   */
  changeData(contactId: ContactId, change: DataChange): Promise<DataChangeOutcome | 'not active'>;
  readonly size: number;
  /**
   * Takes over contacts of dead nodes, and own ones that stand open with nobody running them: never attempted ones
   * are run, attempted ones end. Returns how many. Does nothing while draining.
   *
   * @param whose `own`: those of dead nodes are left, because nobody knows which are dead. Default `all`.
   */
  recover(whose?: 'all' | 'own'): Promise<number>;
  /** Waits up to `patienceMs`, or until `hurry` aborts, for running contacts, then ends those that are left. */
  drain(patienceMs: number, hurry?: AbortSignal): Promise<void>;
  /** Stops every story at once, for a node that must not act, or cannot write, any more. What it leaves is recovered. */
  abandon(): void;
}

export interface ActiveContactsDeps {
  readonly story: OutboundContactDeps;
  readonly writing: Omit<ContactWriting, 'lost' | 'nextTry'>;
  readonly store: ContactStore;
  readonly node: NodeId;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Contacts taken over in one go; the next go follows at once while there are more. */
const recoveryBatch = 200;

/** A commit whose answer was lost may still become visible; after so long it cannot, ms. */
const strayLifetimeMs = 60_000;

interface RunningContact {
  readonly open: OpenContact;
  readonly stop: AbortController;
  readonly held: HeldByContact;
  readonly done: Promise<void>;
}

export function openActiveContacts(deps: ActiveContactsDeps): ActiveContacts {
  const running = new Map<ContactId, RunningContact>();
  const strays = new Map<ContactId, { readonly contact: Contact; readonly untilMs: number }>();
  const lost = new AbortController();
  const writing = contactWriting(deps.writing, lost.signal);
  let isDraining = false;
  /** Aborted when agents' after-contact work is not waited for any more. */
  const stopWaiting = new AbortController();
  const story: OutboundContactDeps = { ...deps.story, stopWaiting: stopWaiting.signal };
  const { gate, maxDialDelayMs } = deps.story;
  const waiting = openWaitingContacts(deps.clock, maxDialDelayMs, run);
  gate.onOpen(() => waiting.beginAll());

  function start(contact: Contact): void {
    if (gate.isOpen || !dialsSomebody(contact) || isDraining || lost.signal.aborted || !waiting.hold(contact))
      run(contact);
  }

  function run(contact: Contact): void {
    // Its row is open and no longer ours to run.
    if (lost.signal.aborted) return;
    const stop = new AbortController();
    const open = new OpenContact(contact, writing);
    const held: HeldByContact = {};
    const done = runOutboundContact(open, story, stop.signal, held)
      .catch((error: unknown) => {
        // The story turns every failure into an ending; reaching this line is a bug in that.
        deps.logger.error(
          { err: error, contactId: contact.id },
          'a contact ended in a way that nobody planned',
        );
      })
      .finally(() => {
        running.delete(contact.id);
        if (open.current.state !== 'ENDED') strayed(open.current);
      });
    running.set(contact.id, { open, stop, held, done });
  }

  async function takeOverAll(found: readonly RecoveredContact[]): Promise<void> {
    const left = leftRecordings(story.recordingsDirectory, deps.clock.now());
    await Promise.all(found.map((each) => takeOver(each, left)));
  }

  async function takeOver(
    { contact, dialAttempts, toStop }: RecoveredContact,
    left: LeftRecordings,
  ): Promise<void> {
    // Found by a look that began before draining did; whoever has the lease next takes it over.
    if (isDraining) return;
    const mayBeDialled = dialAttempts === 0 && dialsSomebody(contact);
    if (mayBeDialled && !toStop) {
      start(contact);
      return;
    }
    // The number may have been rung; it is never rung again for this request.
    const open = new OpenContact(contact, writing);
    const ending = mayBeDialled ? stoppedByApi(toStop?.reason) : endings.serviceRestarted;
    await learnLeftRecordings(open, left, deps);
    try {
      await tellLostAnswer(open);
    } catch (error) {
      // The end is tried for longer, and is what counts.
      deps.logger.warn(
        { err: error, contactId: contact.id },
        'that a contact was answered could not be told',
      );
    }
    await endContact(open, ending, {}, story);
    if (open.current.state === 'ENDED') await freeAgent(open.current);
    else strayed(contact);
  }

  /** Routing would find out by itself, but looks seldom; whoever talked is to be offered the next contact at once. */
  async function freeAgent({ instanceId, id: contactId, epoch }: Contact): Promise<void> {
    try {
      await deps.story.agents?.routing.contactEnded({ instanceId, contactId, epoch }, 'none');
    } catch (error) {
      deps.logger.warn({ err: error, contactId }, 'routing could not be told of an end; it looks for itself');
    }
  }

  function strayed(contact: Contact): void {
    strays.set(contact.id, { contact, untilMs: deps.clock.now() + strayLifetimeMs });
  }

  /** Contacts of dead nodes are found by their lease; own ones must be asked for. */
  async function reclaimStrays(): Promise<number> {
    if (strays.size === 0) return 0;
    const asked = [...strays.values()];
    const found = await deps.store.reclaim(
      deps.node,
      asked.map(({ contact }) => contact),
    );
    for (const { contact, untilMs } of asked) if (untilMs <= deps.clock.now()) strays.delete(contact.id);
    for (const { contact } of found) strays.delete(contact.id);
    await takeOverAll(found);
    return found.length;
  }

  function stopAll(ending: Ending): void {
    waiting.beginAll();
    for (const { stop } of running.values()) stop.abort(new ContactEnded(ending));
  }

  return {
    start,
    mayBeCommitted: strayed,
    stop(contactId, ending) {
      waiting.begin(contactId);
      const found = running.get(contactId);
      found?.stop.abort(new ContactEnded(ending));
      return found !== undefined;
    },
    async beyondDialling(contactId) {
      const found = running.get(contactId);
      if (!found || !dialsSomebody(found.open.current) || wasDialled(found.open.current)) return;
      await found.done;
      if (found.open.current.state !== 'ENDED')
        throw new Error(`The end of contact ${contactId} could not be committed; ask again.`);
    },
    stopAll,
    runs: (contactId) => running.has(contactId) || waiting.has(contactId),
    recordingOf(contactId) {
      waiting.begin(contactId);
      return running.get(contactId)?.held.recording;
    },
    async changeData(contactId, change) {
      waiting.begin(contactId);
      const found = running.get(contactId);
      if (!found) return 'not active';
      try {
        await found.open.dataChanged(change);
        found.held.card?.refresh();
        return 'changed';
      } catch (error) {
        if (error instanceof ContactNoLongerOwned) return 'not active';
        if (error instanceof DataChangeRefused) return { refused: error.message };
        throw error;
      }
    },
    get size() {
      return running.size + waiting.size;
    },
    async recover(whose = 'all') {
      if (isDraining) return 0;
      let total = await reclaimStrays();
      while (whose === 'all' && !isDraining) {
        const recovered = await deps.store.recover(deps.node, recoveryBatch);
        total += recovered.length;
        await takeOverAll(recovered);
        if (recovered.length < recoveryBatch) break;
      }
      return total;
    },
    async drain(patienceMs, hurry) {
      isDraining = true;
      waiting.beginAll();
      const all = (): Promise<unknown> => Promise.all([...running.values()].map(({ done }) => done));
      const over = new AbortController();
      const enough = AbortSignal.any(hurry ? [over.signal, hurry] : [over.signal]);
      const patience = delay(deps.clock, patienceMs, enough).catch(() => undefined);
      await Promise.race([all(), patience]);
      over.abort();
      stopWaiting.abort();
      stopAll(endings.drained);
      await all();
    },
    abandon() {
      waiting.beginAll();
      lost.abort();
      stopWaiting.abort();
      stopAll(endings.ownershipLost);
    },
  };
}

/** What an agent hands on, or a supervisor hears, has its customer already; without the process that had him nobody is left. */
function dialsSomebody({ request: { initiationMethod } }: Contact): boolean {
  return initiationMethod !== 'TRANSFER' && initiationMethod !== 'MONITOR';
}

function wasDialled({ state }: Contact): boolean {
  return state !== 'ACCEPTED';
}
