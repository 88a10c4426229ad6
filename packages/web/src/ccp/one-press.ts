// A double click, or Enter held down, is one press. What a button does often puts another in its place, and the second half would land there:
// a preview that was accepted would be called, and the call cancelled.

import { useEffect } from 'react';

/** Part of a click or of a key that goes down. */
interface Press {
  readonly type: string;
  /** Of a click: how many in a row at this place; none where a key makes it. */
  readonly detail: number;
  /** Of a key: it is held down. */
  readonly repeat?: boolean;
  readonly key?: string;
}

/** Whether it belongs to the press before it. */
export function isSamePress({ type, detail, repeat = false, key }: Press): boolean {
  return type === 'click' ? detail > 1 : repeat && key === 'Enter';
}

/** Digits may follow each other as fast as fingers can. */
const quickButtons = '.pad';

export function useOnePress(): void {
  useEffect(() => {
    const look = (event: MouseEvent | KeyboardEvent): void => {
      if (!isSamePress(event) || !(event.target instanceof Element)) return;
      // Enter in a field of a form presses its button.
      const pressable = event.type === 'click' ? 'button' : 'button, form';
      if (!event.target.closest(pressable) || event.target.closest(quickButtons)) return;
      event.preventDefault();
      event.stopPropagation();
    };
    // Before React sees them.
    window.addEventListener('click', look, true);
    window.addEventListener('keydown', look, true);
    return () => {
      window.removeEventListener('click', look, true);
      window.removeEventListener('keydown', look, true);
    };
  }, []);
}
