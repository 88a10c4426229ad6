/** Transfer of a customer to a telephone number: dials a second leg beside the customer's and lets the two hear each other. What the flow action TransferParticipantToThirdParty does here. */
import { done, failed, type HostResult, type ThirdPartyRequest, unsupported } from '@ringback/flow';
import { DigitsNotNegotiated } from '@ringback/media';
import type { Logger } from 'pino';
import { type DialDeps, type DialRequest, dial } from '../calls/dial.ts';
import { DialFailure } from '../calls/dial-failure.ts';
import { DigitsRefused, type Leg } from '../calls/leg.ts';
import type { Clock } from '../clock.ts';
import { type ContactId, newId, type PhoneNumber } from '../ids.ts';
import { judgeDestination } from '../policy/destination.ts';
import type { InstancePolicies } from '../policy/instance-policies.ts';
import { callLimitsOf, isPriced } from '../policy/toll-fraud.ts';
import type { CallToCount, CapReached } from '../store/count-calls.ts';
import type { Directory } from '../store/directory.ts';
import type { Instance } from '../store/resource-store.ts';
import type { DialGate } from './dial-gate.ts';
import type { HeldByContact } from './end-contact.ts';
import { ContactEnded } from './endings.ts';
import type { OpenContact } from './open-contact.ts';

export interface ThirdPartyDeps {
  readonly dialling: DialDeps;
  readonly gate: DialGate;
  readonly clock: Clock;
  readonly directory: Directory;
  readonly policies: InstancePolicies;
  /** Counts the call against the caps on toll fraud; the cap in its way, if one is. */
  readonly countCall: (call: CallToCount) => Promise<CapReached | undefined>;
  readonly logger: Logger;
}

/** Flow language errors of the action. */
const callFailed = 'CallFailed';
const timeLimitExceeded = 'ConnectionTimeLimitExceeded';

/** Shortest time to answer, ms: nobody answers in less, and a flow may say 0. */
const shortestRingTimeMs = 1_000;

/** What the customer hears while the other telephone rings: 440 and 480 Hz, two seconds of six (ANSI T1.401). */
const ringbackTone = { tone: { frequenciesHz: [440, 480], levelDbm0: -19 }, durationMs: 2_000 };
const ringback = [ringbackTone, { silenceMs: 4_000 }];

/**
 * Dials the number and joins it with the customer. With `resume` it resolves when the third party has hung up; with
 * `leave` as soon as the two are joined: then `held.thirdParty` is there, and closed with the contact.
 *
 * The number keeps to the same policy, caps and stop of dialling as the number of a contact. A restart ends connected
 * contacts, and with them their transfers, so the second INVITE is committed nowhere.
 */
export async function transferToThirdParty(
  request: ThirdPartyRequest,
  contact: OpenContact,
  instance: Instance,
  held: HeldByContact,
  deps: ThirdPartyDeps,
  signal: AbortSignal,
): Promise<HostResult> {
  const customer = held.leg;
  if (!customer) return failed('There is no customer on the line to transfer.');
  if (request.voiceConnector)
    return unsupported('voice connectors are not known here; name a telephone number');
  const refusal = await whyNot(request.phoneNumber, instance, deps);
  if (refusal !== undefined) return failed(refusal, callFailed);
  const source = await callerId(request, contact, instance, deps);
  if (source === undefined) {
    return failed(`The caller ID ${request.callerId?.number} is not a number of this instance.`);
  }
  const ringTimeoutMs = Math.max(request.connectionTimeLimitMs, shortestRingTimeMs);
  let third: Leg;
  try {
    await deps.gate.pass(deps.clock.now() + ringTimeoutMs, signal);
    third = await dialBeside(
      customer,
      request,
      { source, account: instance.tenant },
      ringTimeoutMs,
      deps,
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    return failureOf(error);
  }
  try {
    // The customer may have hung up at the very moment of the answer.
    signal.throwIfAborted();
    contact.learned({ transferredTo: { number: request.phoneNumber, atMs: third.answeredAtMs } });
    await customer.media.bridge(third.media);
    if (request.dtmfDigits !== undefined) await sendDigits(third, request.dtmfDigits, contact, deps, signal);
    if (request.afterwards === 'leave') {
      held.thirdParty = third;
      return done();
    }
    await endOf(third, signal);
  } catch (error) {
    await third.close();
    throw error;
  }
  await third.close();
  // What was pressed in the conversation was not meant for the flow.
  customer.keys.drain();
  return done();
}

export type ThirdPartyCall =
  | { readonly kind: 'answered'; readonly leg: Leg }
  | { readonly kind: 'failed'; readonly why: string };

/** Calls a number for an agent in conversation, under the same rules; the customer's own number is the caller ID. Joins nobody. */
export async function callThirdParty(
  number: string,
  customer: Leg,
  contact: OpenContact,
  instance: Instance,
  deps: ThirdPartyDeps,
  signal: AbortSignal,
): Promise<ThirdPartyCall> {
  const refusal = await whyNot(number, instance, deps);
  if (refusal !== undefined) return { kind: 'failed', why: refusal };
  try {
    const dialByMs = deps.clock.now() + agentRingTimeMs;
    await deps.gate.pass(dialByMs, signal);
    const leg = await dial(
      {
        destination: number as PhoneNumber,
        source: contact.current.request.source,
        account: instance.tenant,
        callerIdName: undefined,
        ringTimeoutMs: agentRingTimeMs,
        dialByMs,
        beside: customer.media,
      },
      { commitAttempt: () => Promise.resolve() },
      deps.dialling,
      signal,
    );
    return { kind: 'answered', leg };
  } catch (error) {
    if (error instanceof DialFailure || error instanceof ContactEnded || signal.aborted) {
      return { kind: 'failed', why: error instanceof Error ? error.message : String(error) };
    }
    throw error;
  }
}

/** How long a number that an agent calls may ring, ms. */
const agentRingTimeMs = 45_000;

/** Resolves when the leg has ended, or the signal is aborted. */
export async function endOf(leg: Leg, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  const abort = (): void => aborted.resolve();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([leg.ended, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Why the number may not be dialled; counts the call where it may. */
async function whyNot(
  number: string,
  instance: Instance,
  { policies, clock, countCall }: ThirdPartyDeps,
): Promise<string | undefined> {
  const { destinations, caps } = policies.of(instance);
  const verdict = judgeDestination(number, destinations);
  if (verdict.kind !== 'allowed') return verdict.message;
  if (!isPriced(caps, verdict.number)) return 'Spending is capped, and the destination has no price.';
  const limits = callLimitsOf(caps, verdict, clock.now());
  // Counted under an id of its own: what the contact itself reserved stays as it is.
  const cap = limits && (await countCall({ instanceId: instance.id, contactId: newId<ContactId>(), limits }));
  return cap && 'A cap on outbound calls is reached.';
}

/** The number that the third party sees: the one given, if it is the instance's own; else the customer's. */
async function callerId(
  { callerId: given }: ThirdPartyRequest,
  contact: OpenContact,
  instance: Instance,
  { directory }: ThirdPartyDeps,
): Promise<PhoneNumber | undefined> {
  if (given?.number === undefined) return contact.current.request.destination;
  const own = await directory.phoneNumber(instance.tenant, given.number);
  return own?.instanceId === instance.id ? (given.number as PhoneNumber) : undefined;
}

async function dialBeside(
  customer: Leg,
  request: ThirdPartyRequest,
  caller: Pick<DialRequest, 'source' | 'account'>,
  ringTimeoutMs: number,
  { dialling, clock, logger }: ThirdPartyDeps,
  signal: AbortSignal,
): Promise<Leg> {
  const answered = new AbortController();
  try {
    return await dial(
      {
        destination: request.phoneNumber as PhoneNumber,
        ...caller,
        callerIdName: request.callerId?.name,
        ringTimeoutMs,
        // Whoever waits on the line is not kept longer for a full trunk than for a phone that rings.
        dialByMs: clock.now() + ringTimeoutMs,
        beside: customer.media,
      },
      {
        commitAttempt: () => Promise.resolve(),
        ringing: () => {
          const ringing = customer.media.play(ringback, { repeat: 'forever', signal: answered.signal });
          // Whatever ended the customer's media ends the transfer, too.
          ringing.catch((error: unknown) => logger.debug({ err: error }, 'no ringback for the customer'));
        },
      },
      dialling,
      signal,
    );
  } finally {
    answered.abort();
  }
}

async function sendDigits(
  third: Leg,
  digits: string,
  contact: OpenContact,
  { logger }: ThirdPartyDeps,
  signal: AbortSignal,
): Promise<void> {
  try {
    await third.sendDigits(digits, AbortSignal.any([signal, endSignal(third)]));
  } catch (error) {
    signal.throwIfAborted();
    // The two can talk all the same, as they could where the digits are not understood.
    const isRefused = error instanceof DigitsNotNegotiated || error instanceof DigitsRefused;
    const why = isRefused ? 'it takes none of that kind' : 'it hung up';
    logger.warn(
      { err: error, contactId: contact.current.id },
      `digits did not reach the third party: ${why}`,
    );
  }
}

function endSignal(leg: Leg): AbortSignal {
  const ended = new AbortController();
  void leg.ended.then(() => ended.abort(new Error('the leg ended')));
  return ended.signal;
}

function failureOf(error: unknown): HostResult {
  if (error instanceof ContactEnded) return failed('Dialling is stopped.', callFailed);
  if (!(error instanceof DialFailure)) throw error;
  const { failure, message } = error;
  return failed(message, failure.kind === 'ring timeout' ? timeLimitExceeded : callFailed);
}
