/** Adds to a contact that is taken over what its former owner had recorded of it. Used by active-contacts.ts, before the end is written. */
import path from 'node:path';
import type { Logger } from 'pino';
import type { LeftRecordings } from '../calls/left-recordings.ts';
import { type Clock, unlessLate } from '../clock.ts';
import { recordingOutcomeOf } from './contact-recording.ts';
import type { OpenContact } from './open-contact.ts';

/** Longest time that looking may take, ms: a disk that hangs must not keep contacts, and their call slots, from their end. */
const patienceMs = 10_000;

/** What was recorded lies here, unless the node that died had a disk of its own. Whatever goes wrong is logged; the record then goes without it. */
export async function learnLeftRecordings(
  contact: OpenContact,
  left: LeftRecordings,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<void> {
  const { id: contactId, state } = contact.current;
  if (state === 'ACCEPTED') return;
  try {
    const outcome = await unlessLate(clock, patienceMs, learn(contact, left, logger));
    if (outcome === 'late')
      logger.warn(
        { contactId },
        'the disk did not tell in time what was recorded; the record goes without it',
      );
  } catch (error) {
    logger.warn(
      { err: error, contactId },
      'what was recorded could not be looked for; the record goes without it',
    );
  }
}

async function learn(contact: OpenContact, left: LeftRecordings, logger: Logger): Promise<void> {
  const { id: contactId, initiatedAtMs, outcome } = contact.current;
  const told = outcome.recordings ?? [];
  const known = new Set(told.map(({ location }) => path.basename(location)));
  const all = await left.of(contactId, initiatedAtMs, (problem) => logger.warn({ contactId }, problem));
  const found = all.filter(({ location }) => !known.has(path.basename(location)));
  if (found.length === 0) return;
  const failure = found.findLast((recording) => recording.failure !== undefined)?.failure;
  contact.learned({
    recordings: [...told, ...found.map(recordingOutcomeOf)],
    ...(failure === undefined ? {} : { recordingFailure: failure }),
  });
}
