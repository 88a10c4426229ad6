// Whom to bring in: a quick connect or a number; asked first, or handed over at once.

import type { DeskState } from '@ringback/connect-api';
import { useState } from 'react';
import type { Desk } from '../desk.ts';
import { NumberPad } from './number-pad.tsx';

export interface TransferPanelProps {
  readonly desk: Desk;
  readonly state: DeskState;
  readonly contactId: string;
  readonly onDone: () => void;
}

export function TransferPanel({ desk, state, contactId, onDone }: TransferPanelProps) {
  const [kind, setKind] = useState<'warm' | 'cold'>('warm');
  async function transfer(
    to: { readonly quickConnectId: string } | { readonly phoneNumber: string },
  ): Promise<void> {
    if (await desk.run({ do: 'transfer', contactId, kind, ...to })) onDone();
  }
  return (
    <section className="transfer" aria-label="Transfer">
      <fieldset>
        <legend>How</legend>
        <label>
          <input type="radio" name="kind" checked={kind === 'warm'} onChange={() => setKind('warm')} />
          Speak with them first
        </label>
        <label>
          <input type="radio" name="kind" checked={kind === 'cold'} onChange={() => setKind('cold')} />
          Hand over at once
        </label>
      </fieldset>
      {state.quickConnects.length > 0 ? (
        <ul className="quick-connects">
          {state.quickConnects.map(({ id, name, type, phoneNumber }) => (
            <li key={id}>
              <button type="button" onClick={() => void transfer({ quickConnectId: id })}>
                {name} <span className="quiet">{phoneNumber ?? (type === 'QUEUE' ? 'queue' : 'agent')}</span>
              </button>
            </li>
          ))}
        </ul>
      ) : null}
      {state.agent.permissions.includes('TransferToExternal') ? (
        <NumberPad mode="dial" label="Transfer" onDial={(phoneNumber) => void transfer({ phoneNumber })} />
      ) : null}
    </section>
  );
}
