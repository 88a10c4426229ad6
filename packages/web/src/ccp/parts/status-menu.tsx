// The agent's status with the time in it, and the menu that changes it; while a contact is in hand the choice is for afterwards.

import type { DeskState } from '@ringback/connect-api';
import type { Desk, DeskView } from '../desk.ts';
import { Elapsed } from './elapsed.tsx';

export function StatusMenu({
  desk,
  view,
  state,
}: {
  readonly desk: Desk;
  readonly view: DeskView;
  readonly state: DeskState;
}) {
  const { status, nextStatus, statuses, agent } = state;
  const shown = nextStatus ?? status;
  return (
    <div className={`status ${status.type.toLowerCase()}`}>
      <label>
        <span className="hidden">Status of {agent.username}</span>
        <select
          value={shown.id}
          onChange={({ target }) => void desk.run({ do: 'setStatus', statusId: target.value })}
        >
          {statuses.some(({ id }) => id === shown.id) ? null : (
            // Taken out of use while the agent is in it; without it the menu would show another one.
            <option value={shown.id} disabled>
              {shown.name}
            </option>
          )}
          {statuses.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <span className="quiet">
        {nextStatus ? (
          `${nextStatus.name} after this contact`
        ) : (
          <Elapsed since={status.since} offsetMs={view.clockOffsetMs} />
        )}
      </span>
    </div>
  );
}
