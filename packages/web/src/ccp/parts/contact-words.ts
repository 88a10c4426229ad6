// What a contact is called: on its card, in the title of the window, and to screen readers.

import type { DeskContact, DeskContactState } from '@ringback/connect-api';

const titles: Readonly<Record<DeskContactState, string>> = {
  CONNECTING: 'Incoming contact',
  PREVIEW: 'Preview',
  DIALLING: 'Calling …',
  JOINING: 'Connecting …',
  CONNECTED: 'Connected',
  CONNECTED_ONHOLD: 'On hold',
  ENDED: 'After-contact work',
  MISSED: 'Missed contact',
  REJECTED: 'Rejected contact',
  ERROR: 'The call failed',
};

/** The colleague who asks, and still has the customer; nobody once he has left. */
export function askedBy({ parties }: DeskContact): string | undefined {
  return parties.find(({ id }) => id === 'transferring')?.label;
}

export function titleOf(contact: DeskContact): string {
  const { state, monitor, initiationMethod } = contact;
  if (monitor && state === 'CONNECTED') return monitor.mode === 'BARGE' ? 'Taking part' : 'Listening';
  const colleague = askedBy(contact);
  if (state === 'CONNECTING' && colleague) return `${colleague} asks you`;
  // Nobody waits on the line: accepting calls the customer.
  if (state === 'CONNECTING' && initiationMethod === 'CALLBACK') return 'Incoming callback';
  return titles[state];
}

export function whoIn({ name, customer }: DeskContact): string {
  return name ?? customer?.address ?? 'Unknown caller';
}
