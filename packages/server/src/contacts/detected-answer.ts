/** Answering machine detection in the story of a contact: started at the answer, told of with CONNECTED_TO_SYSTEM, asked by the flow. */
import type { OutboundCallStatus } from '@ringback/flow';
import type { AmdSettings } from '@ringback/media';
import {
  AnsweringMachineDetection,
  type DetectedAnswer,
  type DetectedStatus,
} from '../calls/answering-machine-detection.ts';
import type { Leg } from '../calls/leg.ts';
import type { Clock } from '../clock.ts';
import type { Instance } from '../store/resource-store.ts';
import type { OpenContact } from './open-contact.ts';

export interface DetectionDeps {
  readonly clock: Clock;
  /** What the configuration says of an instance's detection. */
  readonly amdSettings?: (instance: Instance) => Partial<AmdSettings>;
}

/** The detection of one contact, and what becomes of its answer. */
export interface ContactDetection {
  readonly detection: AnsweringMachineDetection;
  /** Resolves when CONNECTED_TO_SYSTEM is committed with the status; rejects when that could not be written. */
  readonly told: Promise<DetectedAnswer>;
}

/** Detection for a contact that asked for it; undefined for others. */
export function detectionFor(
  contact: OpenContact,
  instance: Instance | undefined,
  deps: DetectionDeps,
): AnsweringMachineDetection | undefined {
  const wanted = contact.current.request.answerMachineDetection;
  if (!wanted) return undefined;
  return new AnsweringMachineDetection({
    prompt: wanted.awaitPrompt ? 'awaited' : 'not awaited',
    settings: (instance && deps.amdSettings?.(instance)) ?? {},
    clock: deps.clock,
    greetingEnded: (customerVoiceActivity) => contact.learned({ customerVoiceActivity }),
  });
}

/** Begins to listen to an answered leg. The contact is connected from now on; its event waits for the verdict. */
export async function startDetection(
  detection: AnsweringMachineDetection,
  leg: Leg,
  contact: OpenContact,
): Promise<ContactDetection> {
  detection.start(leg.media, leg.answeredAtMs);
  await contact.answered(leg.answeredAtMs);
  const told = detection.answer.then(async (answer) => {
    await contact.connectedToSystem(leg.answeredAtMs, {
      answeringMachineDetectionStatus: answer.status,
      ...(answer.greeting ? { customerVoiceActivity: answer.greeting } : {}),
    });
    return answer;
  });
  // Who waits for it hears of a failure; nobody may be waiting when it comes.
  told.catch(() => undefined);
  return { detection, told };
}

/**
 * Tells of a contact that another node, or this one before its restart, left while it was still listening: it was answered, and nobody
 * will know by whom. An agent who dials hears that himself: there the answer was told at once.
 */
export async function tellLostAnswer(contact: OpenContact): Promise<void> {
  const { state, connectedAtMs, request, outcome } = contact.current;
  const wasListening = request.answerMachineDetection && !request.preview && state === 'CONNECTED';
  if (!wasListening || connectedAtMs === undefined || outcome.answeringMachineDetectionStatus) return;
  await contact.connectedToSystem(connectedAtMs, { answeringMachineDetectionStatus: 'AMD_ERROR' });
}

/**
 * The answer once it is told.
 *
 * @throws the signal's reason when that comes first: the call is over.
 */
export async function toldAnswer({ told }: ContactDetection, signal: AbortSignal): Promise<DetectedAnswer> {
  signal.throwIfAborted();
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([told, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The flow's word for a status (Check call progress); undefined where that block takes its error branch. */
export function outboundCallStatusOf(status: DetectedStatus): OutboundCallStatus | undefined {
  switch (status) {
    case 'HUMAN_ANSWERED':
      return 'CallAnswered';
    case 'VOICEMAIL_BEEP':
      return 'VoicemailBeep';
    case 'VOICEMAIL_NO_BEEP':
      return 'VoicemailNoBeep';
    case 'AMD_ERROR':
      return undefined;
    default:
      return 'NotDetected';
  }
}
