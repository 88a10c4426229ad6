// Makes an offer heard and seen: a ring from the speaker and a notification of the browser's, where the agent allowed it.

import type { DeskContact } from '@ringback/connect-api';
import { askedBy, titleOf } from './parts/contact-words.ts';

export class Ringer {
  #context: AudioContext | undefined;
  #timer = 0;

  start(): void {
    if (this.#timer !== 0) return;
    this.#context ??= new AudioContext();
    this.#ring();
    this.#timer = window.setInterval(() => this.#ring(), 2500);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  #ring(): void {
    const context = this.#context;
    if (!context) return;
    void context.resume();
    for (const [hz, at] of [
      [740, 0],
      [988, 0.22],
      [740, 0.44],
    ] as const) {
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.frequency.value = hz;
      gain.gain.setValueAtTime(0.0001, context.currentTime + at);
      gain.gain.exponentialRampToValueAtTime(0.15, context.currentTime + at + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, context.currentTime + at + 0.2);
      tone.connect(gain).connect(context.destination);
      tone.start(context.currentTime + at);
      tone.stop(context.currentTime + at + 0.22);
    }
  }
}

/** Shown only while the page is not in front. */
export function notifyOfOffer(contact: DeskContact): void {
  if (!('Notification' in window) || Notification.permission !== 'granted' || document.hasFocus()) return;
  const title = askedBy(contact)
    ? titleOf(contact)
    : (contact.name ?? `Call from ${contact.queue?.name ?? 'a queue'}`);
  const notification = new Notification(title, {
    body: contact.customer?.address ?? '',
    tag: contact.contactId,
    requireInteraction: true,
  });
  notification.onclick = () => {
    window.focus();
    notification.close();
  };
}
