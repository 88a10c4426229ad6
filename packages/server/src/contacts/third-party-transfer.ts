/** Transfer of a customer to a telephone number: dials a second leg beside the customer's and lets the two hear each other. What the flow action TransferParticipantToThirdParty does here. */
import { done, failed, type HostResult, type ThirdPartyRequest, unsupported } from '@ringback/flow';
import type { PlaySource } from '@ringback/media';
import type { Logger } from 'pino';
import { type DialDeps, dial } from '../calls/dial.ts';
import { DialFailure } from '../calls/dial-failure.ts';
import { DigitsRefused, type Leg } from '../calls/leg.ts';
import type { Clock } from '../clock.ts';
import { type ContactId, type LegId, newId, type PhoneNumber } from '../ids.ts';
import { judgeDestination } from '../policy/destination.ts';
import type { InstancePolicies } from '../policy/instance-policies.ts';
import { isOwnNumber } from '../policy/own-numbers.ts';
import { callLimitsOf, isPriced } from '../policy/toll-fraud.ts';
import type { CallToCount, CapReached, LegToSettle } from '../store/count-calls.ts';
import type { Directory } from '../store/directory.ts';
import type { Instance } from '../store/resource-store.ts';
import type { DialGate } from './dial-gate.ts';
import type { HeldByContact } from './end-contact.ts';
import { ContactEnded } from './endings.ts';
import { inWords } from './failure-words.ts';
import type { OpenContact } from './open-contact.ts';

export interface ThirdPartyDeps {
  readonly dialling: DialDeps;
  readonly gate: DialGate;
  readonly clock: Clock;
  readonly directory: Directory;
  readonly policies: InstancePolicies;
  /** Counts the call against the caps on toll fraud; the cap in its way, if one is. */
  readonly countCall: (call: CallToCount) => Promise<CapReached | undefined>;
  /** Charges what a call cost that was counted. */
  readonly settleLeg: (leg: LegToSettle) => Promise<void>;
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
 * The number keeps to the same policy, caps and stop of dialling as the number of a contact.
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
  const source = await callerId(request, contact, instance, deps);
  if (source === undefined) {
    return failed(`The caller ID ${request.callerId?.number} is not a number of this instance.`);
  }
  let outcome: ThirdPartyCall;
  try {
    outcome = await callBeside(
      {
        number: request.phoneNumber,
        source,
        callerIdName: request.callerId?.name,
        ringTimeoutMs: Math.max(request.connectionTimeLimitMs, shortestRingTimeMs),
        customer,
        customerHears: ringback,
      },
      contact,
      instance,
      deps,
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    return failureOf(error);
  }
  if (outcome.kind === 'failed') return failed(outcome.why, callFailed);
  const third = outcome.leg;
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
  const { source } = contact.current.request;
  try {
    return await callBeside(
      { number, source, callerIdName: undefined, ringTimeoutMs: agentRingTimeMs, customer },
      contact,
      instance,
      deps,
      signal,
    );
  } catch (error) {
    if (error instanceof DialFailure) return { kind: 'failed', why: inWords(error.verdict.disconnectReason) };
    if (error instanceof ContactEnded || signal.aborted) {
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

interface CallBeside {
  readonly number: string;
  readonly source: PhoneNumber;
  readonly callerIdName: string | undefined;
  readonly ringTimeoutMs: number;
  readonly customer: Leg;
  /** While it rings. */
  readonly customerHears?: readonly PlaySource[];
}

/**
 * Dials a number besides the customer's, as strictly as a contact's own: policy and caps, the gate, and each attempt committed before its
 * INVITE leaves. A restart ends connected contacts, so what was dialled is never dialled again. When the leg is over, its cost is settled.
 *
 * @throws {DialFailure | ContactEnded}
 */
async function callBeside(
  call: CallBeside,
  contact: OpenContact,
  instance: Instance,
  deps: ThirdPartyDeps,
  signal: AbortSignal,
): Promise<ThirdPartyCall> {
  const { number, source, callerIdName, ringTimeoutMs, customer } = call;
  const { dialling, gate, clock } = deps;
  const admission = await admit(number, contact.current.id, instance, deps);
  if (admission.kind === 'refused') return { kind: 'failed', why: admission.why };
  const { settle } = admission;
  const answered = new AbortController();
  try {
    // Whoever waits on the line is not kept longer for a full trunk than for a phone that rings.
    const dialByMs = clock.now() + ringTimeoutMs;
    await gate.pass(dialByMs, signal);
    const leg = await dial(
      {
        destination: number as PhoneNumber,
        source,
        account: instance.tenant,
        callerIdName,
        ringTimeoutMs,
        dialByMs,
        beside: customer.media,
      },
      {
        commitAttempt: (attempt) => contact.thirdPartyAttempted(attempt),
        ringing: () => playWhileRinging(call, answered.signal, deps),
      },
      dialling,
      signal,
    );
    return { kind: 'answered', leg: settledAtItsEnd(leg, settle, clock) };
  } catch (error) {
    await settle(undefined);
    throw error;
  } finally {
    answered.abort();
  }
}

function playWhileRinging(
  { customer, customerHears }: CallBeside,
  signal: AbortSignal,
  { logger }: ThirdPartyDeps,
): void {
  if (!customerHears) return;
  // Whatever ended the customer's media ends the transfer, too.
  customer.media
    .play(customerHears, { repeat: 'forever', signal })
    .catch((error: unknown) => logger.debug({ err: error }, 'no ringback for the customer'));
}

/** Its contact's end, which settles what is left, comes after its `close`. */
function settledAtItsEnd(leg: Leg, settle: Settle, clock: Clock): Leg {
  const settled = leg.ended.then(() => settle(clock.now() - leg.answeredAtMs));
  return {
    ...leg,
    async close() {
      const stats = await leg.close();
      await settled;
      return stats;
    },
  };
}

/** Given how long the call was connected, ms; undefined where nobody answered. Never rejects. */
type Settle = (connectedMs: number | undefined) => Promise<void>;

type Admission =
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'counted'; readonly settle: Settle };

/** Counts the call where the number may be dialled. */
async function admit(
  number: string,
  contactId: ContactId,
  instance: Instance,
  { policies, directory, clock, countCall, settleLeg, logger }: ThirdPartyDeps,
): Promise<Admission> {
  const refused = (why: string): Admission => ({ kind: 'refused', why });
  if ((await directory.instance(instance.id))?.outboundCallsEnabled === false) {
    return refused('Outbound calling is switched off for this instance.');
  }
  const { destinations, caps } = policies.of(instance);
  const verdict = judgeDestination(number, destinations);
  if (verdict.kind !== 'allowed') return refused(verdict.message);
  if (!isPriced(caps, verdict.number)) {
    return refused('Spending is capped, and the destination has no price.');
  }
  const leg = newId<LegId>();
  const limits = callLimitsOf(caps, verdict, clock.now());
  const cap = limits && (await countCall({ instanceId: instance.id, contactId, leg, limits }));
  if (cap) return refused('A cap on outbound calls is reached.');
  return {
    kind: 'counted',
    async settle(connectedMs) {
      if (!limits?.charge) return;
      try {
        await settleLeg({ instanceId: instance.id, contactId, leg, connectedMs });
      } catch (error) {
        logger.error({ err: error, contactId }, 'a third party is charged at the end of the contact only');
      }
    },
  };
}

/** The number that the third party sees: the one given, if it is the instance's own; else the customer's. */
async function callerId(
  { callerId: given }: ThirdPartyRequest,
  contact: OpenContact,
  instance: Instance,
  deps: ThirdPartyDeps,
): Promise<PhoneNumber | undefined> {
  if (given?.number === undefined) return contact.current.request.destination;
  return (await isOwnNumber(given.number, instance, deps)) ? (given.number as PhoneNumber) : undefined;
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
    const why = error instanceof DigitsRefused ? 'it takes none of that kind' : 'it hung up';
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
