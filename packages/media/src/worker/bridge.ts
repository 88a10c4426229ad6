/**
 * Two to five sessions of one worker that hear each other: says who hears whom, and mixes each one's frame.
 * Driven by the worker: `gather` once a tick, before the sessions send.
 *
 * | role      | hears      | is heard by          |
 * |-----------|------------|----------------------|
 * | `party`   | everybody  | everybody            |
 * | `monitor` | everybody  | nobody               |
 * | `whisper` | everybody  | the one it speaks to |
 *
 * Where one voice is heard, its bytes are copied, or turned into the other law by table; several are added up.
 */
import type { BridgeRole } from '../audio-session.ts';
import type { Law } from '../codec/law.ts';
import { FRAME_SAMPLES } from './prompt-player.ts';

/** What a bridge needs from a session in it. */
export interface BridgeVoice {
  readonly id: number;
  /** Law of the frames that `gather` fills. */
  readonly law: Law;
  /** Fills the frame received for this tick; false when there is nothing to hear. */
  gather(frame: Uint8Array): boolean;
  /** Neither speaks nor listens for now. */
  readonly isOnHold: boolean;
  readonly isMuted: boolean;
}

/** Members of one bridge: a customer, an agent, a third party and two supervisors. */
export const MOST_MEMBERS = 5;

interface Member {
  voice: BridgeVoice;
  role: BridgeRole;
  /** The session a whisper is meant for. */
  speaksTo: number | undefined;
  frame: Uint8Array;
  speaks: boolean;
}

export class Bridge {
  readonly #members = new Map<number, Member>();
  readonly #sum = new Int32Array(FRAME_SAMPLES);

  get size(): number {
    return this.#members.size;
  }

  get members(): readonly number[] {
    return [...this.#members.keys()];
  }

  has(id: number): boolean {
    return this.#members.has(id);
  }

  /** Takes a session in, or gives a member another role. */
  join(voice: BridgeVoice, role: BridgeRole, speaksTo: number | undefined): void {
    const known = this.#members.get(voice.id);
    if (known) {
      known.role = role;
      known.speaksTo = speaksTo;
      return;
    }
    const frame = new Uint8Array(FRAME_SAMPLES);
    this.#members.set(voice.id, { voice, role, speaksTo, frame, speaks: false });
  }

  leave(id: number): void {
    this.#members.delete(id);
  }

  /** Takes each member's frame of this tick. */
  gather(): void {
    for (const member of this.#members.values()) {
      // Also of those nobody hears: their jitter buffers go on with time.
      const hasSound = member.voice.gather(member.frame);
      const { isMuted, isOnHold } = member.voice;
      member.speaks = hasSound && !isMuted && !isOnHold && member.role !== 'monitor';
    }
  }

  /** Fills what one member hears in this tick, in `law`; false when it hears nothing. */
  mix(listener: number, into: Uint8Array, law: Law): boolean {
    let only: Member | undefined;
    let voices = 0;
    for (const member of this.#members.values()) {
      if (!isHeard(member, listener)) continue;
      voices += 1;
      if (voices === 1) only = member;
      else {
        if (voices === 2) this.#begin(only as Member);
        this.#add(member);
      }
    }
    if (!only) return false;
    if (voices > 1) this.#finish(into, law);
    else if (only.voice.law === law) into.set(only.frame);
    else {
      const { toOther } = only.voice.law;
      for (let i = 0; i < FRAME_SAMPLES; i += 1) into[i] = toOther[only.frame[i] as number] as number;
    }
    return true;
  }

  #begin(member: Member): void {
    this.#sum.fill(0);
    this.#add(member);
  }

  #add({ voice, frame }: Member): void {
    const { toLinear } = voice.law;
    for (let i = 0; i < FRAME_SAMPLES; i += 1) {
      this.#sum[i] = (this.#sum[i] as number) + (toLinear[frame[i] as number] as number);
    }
  }

  #finish(into: Uint8Array, law: Law): void {
    for (let i = 0; i < FRAME_SAMPLES; i += 1) {
      const sample = Math.max(-32_768, Math.min(32_767, this.#sum[i] as number));
      into[i] = law.fromLinear[sample & 0xffff] as number;
    }
  }
}

function isHeard({ voice, speaks, role, speaksTo }: Member, listener: number): boolean {
  if (!speaks || voice.id === listener) return false;
  return role !== 'whisper' || speaksTo === listener;
}
