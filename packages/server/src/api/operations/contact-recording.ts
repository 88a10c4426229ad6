/** StartContactRecording, StopContactRecording, SuspendContactRecording and ResumeContactRecording: voice recording of a live contact. */
import {
  invalidParameterException,
  invalidRequestException,
  resourceNotFoundException,
} from '@ringback/connect-api';
import type { Contact } from '../../contacts/contact.ts';
import type {
  RecordedPart,
  RecordedParticipant,
  RecordingOrderOutcome,
} from '../../contacts/contact-recording.ts';
import type { Caller } from '../../identity/caller.ts';
import { namedContact, namedContactId, noActiveContact } from '../named-contact.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';

interface RecordingInput {
  readonly InstanceId: string;
  readonly ContactId: string;
  readonly InitialContactId: string;
}

/** Before an agent has joined, recording of the conversation begins with the agent. Once for each contact. */
export const startContactRecording: OperationCode<'StartContactRecording'> = async (input, caller, deps) => {
  const contact = await requireLiveContact(input, caller, deps);
  const { VoiceRecordingTrack, IvrRecordingTrack } = input.VoiceRecordingConfiguration;
  if (!VoiceRecordingTrack && !IvrRecordingTrack) {
    throw invalidParameterException(
      'VoiceRecordingConfiguration must have VoiceRecordingTrack or IvrRecordingTrack.',
    );
  }
  return answer(
    await deps.orders.give('StartContactRecording', contact, {
      participants: VoiceRecordingTrack ? participants[VoiceRecordingTrack] : [],
      automatedPart: IvrRecordingTrack !== undefined,
    }),
  );
};

/** For good: what was stopped cannot be started again. */
export const stopContactRecording: OperationCode<'StopContactRecording'> = async (input, caller, deps) => {
  const contact = await requireLiveContact(input, caller, deps);
  const part = partOf(input.ContactRecordingType);
  return answer(await deps.orders.give('StopContactRecording', contact, { part }));
};

export const suspendContactRecording: OperationCode<'SuspendContactRecording'> = async (
  input,
  caller,
  deps,
) => {
  const contact = await requireLiveContact(input, caller, deps);
  const part = partOf(input.ContactRecordingType);
  return answer(await deps.orders.give('SuspendContactRecording', contact, { part }));
};

export const resumeContactRecording: OperationCode<'ResumeContactRecording'> = async (
  input,
  caller,
  deps,
) => {
  const contact = await requireLiveContact(input, caller, deps);
  const part = partOf(input.ContactRecordingType);
  return answer(await deps.orders.give('ResumeContactRecording', contact, { part }));
};

const participants: Readonly<Record<'FROM_AGENT' | 'TO_AGENT' | 'ALL', readonly RecordedParticipant[]>> = {
  FROM_AGENT: ['Agent'],
  TO_AGENT: ['Customer'],
  ALL: ['Agent', 'Customer'],
};

function partOf(type: RecordedPart | 'SCREEN' | undefined): RecordedPart | undefined {
  if (type === 'SCREEN') throw invalidRequestException('Screens are not recorded here.');
  return type;
}

async function requireLiveContact(input: RecordingInput, caller: Caller, deps: ApiDeps): Promise<Contact> {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const contact = await namedContact(input.ContactId, instance, deps);
  if (!contact || contact.disconnectedAtMs !== undefined) throw noActiveContact();
  if ((contact.request.initialContactId ?? contact.id) !== namedContactId(input.InitialContactId)) {
    throw resourceNotFoundException('The contact does not belong to this InitialContactId.');
  }
  return contact;
}

function answer(outcome: RecordingOrderOutcome | 'not active'): Record<string, never> {
  switch (outcome) {
    case 'done':
      return {};
    case 'not active':
      throw noActiveContact();
    case 'recorded already':
      throw invalidRequestException('The contact is recorded already.');
    case 'stopped for good':
      throw invalidRequestException('The recording was stopped; it cannot be started again.');
    case 'not recorded':
      throw invalidRequestException('The contact is not being recorded.');
  }
}
