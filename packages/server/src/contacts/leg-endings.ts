/** What a customer's leg does to the contact: work goes on while it lasts, and its end is the contact's. Used by every story that has one. */
import type { Leg, LegEnd } from '../calls/leg.ts';
import { type Ending, endings } from './endings.ts';

/** Runs `work` while the leg lasts; the first of work, leg and signal decides the ending. */
export async function untilLegEnds(
  leg: Leg,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Ending | undefined>,
): Promise<Ending> {
  const whileConnected = new AbortController();
  const stop = (): void => whileConnected.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  let legEnd: LegEnd | undefined;
  void leg.ended.then((end) => {
    legEnd = end;
    whileConnected.abort();
  });
  try {
    const ending = await work(whileConnected.signal);
    if (ending) return ending;
    signal.throwIfAborted();
    return legEnd ? endingOfLeg(legEnd) : endings.flowEnded;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function endingOfLeg(end: LegEnd): Ending {
  switch (end.by) {
    case 'far end':
      return { ...endings.customerHungUp, ...sipOf(end.reason) };
    case 'network':
      return { ...endings.networkReleased, ...sipOf(end.reason) };
    case 'media loss':
      return endings.mediaLost;
    case 'media fault':
      return { ...endings.mediaFailed, detail: end.detail };
    case 'dialog fault': {
      const ending = end.fault === 'sessionExpired' ? endings.sessionExpired : endings.dialogFailed;
      // The reason is ours: the carrier said nothing.
      const detail = [end.fault, end.reason].filter((part) => part !== undefined).join(': ');
      return { ...ending, ...(detail === '' ? {} : { detail }) };
    }
    default:
      return endings.dialogFailed;
  }
}

const sipOf = (reason: string | undefined) => (reason ? { sip: { reason } } : {});
