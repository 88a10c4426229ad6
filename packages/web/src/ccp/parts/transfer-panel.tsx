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

/** Of more quick connects than these one is looked for by name or number. */
const mostAtAGlance = 8;

/** Asked first, or handed over at once. */
type Kind = 'warm' | 'cold';

export function TransferPanel({ desk, state, contactId, onDone }: TransferPanelProps) {
  const [kind, setKind] = useState<Kind>('warm');
  async function transfer(
    how: Kind,
    to: { readonly quickConnectId: string } | { readonly phoneNumber: string },
  ): Promise<void> {
    if (await desk.run({ do: 'transfer', contactId, kind: how, ...to })) onDone();
  }
  const [wanted, setWanted] = useState('');
  const { quickConnects } = state;
  const found = quickConnects.filter(({ name, phoneNumber }) =>
    `${name} ${phoneNumber ?? ''}`.toLowerCase().includes(wanted.trim().toLowerCase()),
  );
  const mayCall = state.agent.permissions.includes('TransferToExternal');
  return (
    <section className="transfer" aria-label="Transfer">
      {quickConnects.length > mostAtAGlance ? (
        <>
          <label>
            Find
            <input
              type="search"
              value={wanted}
              placeholder="Name or number"
              onChange={({ target }) => setWanted(target.value)}
            />
          </label>
          <p className={found.length > 0 ? 'hidden' : 'quiet'} role="status">
            {found.length === 0 ? `None of ${quickConnects.length} is called so.` : `${found.length} found`}
          </p>
        </>
      ) : null}
      {quickConnects.length > 0 ? (
        <ul className="quick-connects">
          {found.map(({ id, name, type, phoneNumber }) => (
            <li key={id}>
              <span>
                <bdi>{name}</bdi>{' '}
                <span className="quiet">{phoneNumber ?? (type === 'QUEUE' ? 'queue' : 'agent')}</span>
              </span>
              <div>
                <button
                  type="button"
                  aria-label={`Speak first with ${name}`}
                  onClick={() => void transfer('warm', { quickConnectId: id })}
                >
                  Speak first
                </button>
                <button
                  type="button"
                  aria-label={`Hand over to ${name}`}
                  onClick={() => void transfer('cold', { quickConnectId: id })}
                >
                  Hand over
                </button>
              </div>
            </li>
          ))}
        </ul>
      ) : null}
      {mayCall ? (
        <>
          <fieldset>
            <legend>How</legend>
            <label className="choice">
              <input type="radio" name="kind" checked={kind === 'warm'} onChange={() => setKind('warm')} />
              Speak with them first
            </label>
            <label className="choice">
              <input type="radio" name="kind" checked={kind === 'cold'} onChange={() => setKind('cold')} />
              Hand over at once
            </label>
          </fieldset>
          <NumberPad
            mode="dial"
            label="Transfer"
            onDial={(phoneNumber) => void transfer(kind, { phoneNumber })}
          />
        </>
      ) : null}
      {quickConnects.length === 0 && !mayCall ? (
        <p className="quiet">There is nobody that you may transfer to.</p>
      ) : null}
    </section>
  );
}
