// One key each for what is done most, where no field has the focus. They can be switched off: who speaks to the computer, or leans on the
// keyboard, would press them unawares (WCAG 2.1.4).

import { useEffect } from 'react';
import type { Desk } from './desk.ts';

const storageKey = 'ringback.shortcuts';

export type Shortcuts = 'on' | 'off';

export function shortcutsChosen(): Shortcuts {
  return localStorage.getItem(storageKey) === 'off' ? 'off' : 'on';
}

export function chooseShortcuts(shortcuts: Shortcuts): void {
  localStorage.setItem(storageKey, shortcuts);
}

export function useShortcuts(desk: Desk, shortcuts: Shortcuts): void {
  useEffect(() => {
    if (shortcuts === 'off') return;
    const pressed = (event: KeyboardEvent): void => press(desk, event);
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, [desk, shortcuts]);
}

function press(desk: Desk, { target, key: typed, ctrlKey, metaKey, altKey, repeat }: KeyboardEvent): void {
  if (ctrlKey || metaKey || altKey || repeat) return;
  if (target instanceof HTMLElement && target.closest('input, select, textarea')) return;
  const contact = desk.view().state?.contact;
  if (!contact) return;
  const { contactId, state, isMuted } = contact;
  const isTalking = state === 'CONNECTED' || state === 'CONNECTED_ONHOLD';
  // Hold is of whoever has the customer.
  const mayHold = isTalking && !contact.monitor && !contact.parties.some(({ id }) => id === 'transferring');
  const isOver = state === 'ENDED' || state === 'MISSED' || state === 'REJECTED' || state === 'ERROR';
  const key = typed.toLowerCase();
  if (key === 'a' && state === 'CONNECTING') void desk.run({ do: 'accept', contactId });
  else if (key === 'r' && state === 'CONNECTING') void desk.run({ do: 'reject', contactId });
  else if (key === 'm' && isTalking) void desk.run({ do: 'mute', on: !isMuted });
  else if (key === 'h' && mayHold) {
    void desk.run({ do: state === 'CONNECTED' ? 'hold' : 'resume', contactId });
  } else if (key === 'c' && isOver) void desk.run({ do: 'clear', contactId });
  else if (/^[0-9*#]$/.test(key) && isTalking) void desk.run({ do: 'digits', digits: key });
}
