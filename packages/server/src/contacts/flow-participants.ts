/** Whom a flow speaks to: the customer on his leg, or an agent on his softphone. Used by the flow host. */
import {
  type Digit,
  done,
  type FlowParticipant,
  failed,
  type HostResult,
  type Interruption,
  type Message,
  type PlayEnd,
} from '@ringback/flow';
import type { AudioSession } from '@ringback/media';
import type { Leg } from '../calls/leg.ts';
import { type Clock, delay } from '../clock.ts';
import type { Messages } from '../flows/messages.ts';
import type { Instance } from '../store/resource-store.ts';
import type { Observer } from '../timeline.ts';
import type { OpenContact } from './open-contact.ts';

export interface ParticipantDeps {
  readonly messages: Messages;
  readonly clock: Clock;
  readonly observe?: Observer;
}

/** The customer as a participant: hears messages, presses keys. */
export function customerOn(
  leg: Leg,
  instance: Instance,
  contact: OpenContact,
  deps: ParticipantDeps,
): FlowParticipant {
  return {
    role: 'customer',
    async play(
      message: Message,
      interruption: Interruption,
      signal: AbortSignal,
    ): Promise<HostResult<PlayEnd>> {
      const prepared = await deps.messages.prepare(instance, message, signal);
      if (prepared.kind !== 'done') return prepared;
      if (interruption === 'untilDigit') {
        const early = leg.keys.take();
        if (early !== undefined) return done({ kind: 'interrupted', digit: early });
      }
      deps.observe?.({
        kind: 'prompt',
        atMs: deps.clock.now(),
        contactId: contact.current.id,
        says: describeMessage(message),
      });
      const outcome = await leg.media.play(
        { prompt: prepared.value },
        { signal, ...(interruption === 'untilDigit' ? { stopOnDigit: true } : {}) },
      );
      if (outcome.kind === 'stopped' && outcome.by === 'close') {
        // The media went away under the prompt. Whatever ends the leg ends the flow, before it could go on.
        await leg.ended;
        return failed('The media of the call has ended.');
      }
      const digit = outcome.kind === 'stopped' && outcome.by === 'digit' ? leg.keys.take() : undefined;
      return done(digit === undefined ? { kind: 'finished' } : { kind: 'interrupted', digit });
    },
    nextDigit: (withinMs, signal): Promise<Digit | undefined> => leg.keys.next(withinMs, signal),
    drainDigits: () => leg.keys.drain(),
  };
}

/** An agent as a participant: hears whispers. Keys of the page go to the customer, never to a flow. */
export function agentOn(audio: AudioSession, instance: Instance, deps: ParticipantDeps): FlowParticipant {
  return {
    role: 'agent',
    async play(message, _interruption, signal): Promise<HostResult<PlayEnd>> {
      const prepared = await deps.messages.prepare(instance, message, signal);
      if (prepared.kind !== 'done') return prepared;
      const outcome = await audio.play({ prompt: prepared.value }, { signal });
      return outcome.kind === 'stopped' && outcome.by === 'close'
        ? failed("The agent's softphone went away.")
        : done({ kind: 'finished' });
    },
    async nextDigit(withinMs, signal) {
      await delay(deps.clock, withinMs, signal).catch(() => undefined);
      return undefined;
    },
    drainDigits: () => [],
  };
}

function describeMessage(message: Message): string {
  switch (message.kind) {
    case 'text':
      return message.text;
    case 'ssml':
      return message.ssml;
    case 'prompt':
      return message.promptId;
    case 'media':
      return message.uri;
  }
}
