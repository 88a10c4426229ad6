// Keys of a telephone: dials a number while nothing is in hand, sends digits during a call.

import { type FormEvent, useState } from 'react';

const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const;

export type NumberPadProps =
  | { readonly mode: 'dial'; readonly onDial: (phoneNumber: string) => void; readonly label?: string }
  | { readonly mode: 'digits'; readonly onDigit: (digit: string) => void };

/** Why a number cannot be called as it stands; nothing while it may still become one. */
function hintOf(digits: string): string {
  if (digits.startsWith('0')) return 'Begin with the country code, for example +44 in place of the 0.';
  return digits.length > 15 ? 'A number has 15 digits at most.' : '';
}

export function NumberPad(props: NumberPadProps) {
  const [number, setNumber] = useState('+');
  // Where + is dialled as 00.
  const digits = number.replace(/[^0-9]/g, '').replace(/^00/, '');
  const isNumber = /^[1-9][0-9]{6,14}$/.test(digits);
  const hint = hintOf(digits);

  function dial(event: FormEvent): void {
    event.preventDefault();
    if (props.mode === 'dial' && isNumber) props.onDial(`+${digits}`);
  }

  const pad = (
    <fieldset className="pad">
      <legend className="hidden">Number pad</legend>
      {keys.map((key) => (
        <button
          key={key}
          type="button"
          onClick={() => (props.mode === 'digits' ? props.onDigit(key) : setNumber(number + key))}
        >
          {key}
        </button>
      ))}
    </fieldset>
  );
  if (props.mode === 'digits') return pad;
  return (
    <form className="dial" onSubmit={dial}>
      <label>
        Number to call, with country code
        <input
          value={number}
          inputMode="tel"
          onChange={({ target }) => setNumber(target.value)}
          placeholder="+1 206 555 0100"
          aria-describedby="number-hint"
        />
      </label>
      <p id="number-hint" className="hint quiet" role="status">
        {hint}
      </p>
      {pad}
      <button type="submit" className="primary" disabled={!isNumber}>
        {props.label ?? 'Call'}
      </button>
    </form>
  );
}
