// The contact in hand, from the offer to after-contact work: who it is, why it is here, and the buttons of the moment.

import type { DeskContact, DeskParty, DeskState } from '@ringback/connect-api';
import { useState } from 'react';
import type { Desk } from '../desk.ts';
import { askedBy, titleOf, whoIn } from './contact-words.ts';
import { Countdown, Elapsed } from './elapsed.tsx';
import { NumberPad } from './number-pad.tsx';
import { TransferPanel } from './transfer-panel.tsx';

export interface ContactCardProps {
  readonly desk: Desk;
  readonly state: DeskState;
  readonly contact: DeskContact;
  readonly clockOffsetMs: number;
}

export function ContactCard(props: ContactCardProps) {
  const { contact, clockOffsetMs } = props;
  const tone = contact.state.toLowerCase().replace('_', '-');
  return (
    <article className={`card ${tone}`} aria-label="Contact">
      <header>
        <h1>{titleOf(contact)}</h1>
        <Timer contact={contact} clockOffsetMs={clockOffsetMs} />
      </header>
      {contact.failure ? (
        <p className="failure" role="alert">
          {contact.failure.text}
        </p>
      ) : null}
      <Who contact={contact} />
      <Buttons {...props} />
      <Facts contact={contact} />
    </article>
  );
}

function Timer({
  contact,
  clockOffsetMs,
}: {
  readonly contact: DeskContact;
  readonly clockOffsetMs: number;
}) {
  const until =
    contact.acceptUntil ??
    (contact.state === 'PREVIEW' ? contact.preview?.until : undefined) ??
    contact.workUntil;
  if (until !== undefined) {
    const what =
      contact.state === 'PREVIEW'
        ? contact.preview?.atEnd === 'CALL'
          ? 'calls in'
          : 'is discarded in'
        : 'left';
    return (
      <p className="timer" role="timer">
        {contact.state === 'PREVIEW' ? `${what} ` : ''}
        <Countdown until={until} offsetMs={clockOffsetMs} />
        {contact.state === 'PREVIEW' ? '' : ` ${what}`}
      </p>
    );
  }
  return (
    <p className="timer" role="timer">
      <Elapsed since={contact.stateSince} offsetMs={clockOffsetMs} />
    </p>
  );
}

function Who({ contact }: { readonly contact: DeskContact }) {
  return (
    <section className="who" aria-label="Who">
      <p className="big">{whoIn(contact)}</p>
      {contact.name && contact.customer ? <p>{contact.customer.address}</p> : null}
      <p className="quiet">
        {contact.queue ? `${contact.queue.name} · ` : ''}
        {contact.reason}
      </p>
      {contact.parties.length > 1 || contact.parties.some(({ state }) => state === 'hold') ? (
        <ul className="parties">
          {contact.parties.map((party) => (
            <li key={party.id}>
              <span>{partyKinds[party.kind]}</span> {party.label}
              <em className={party.state}>{stateOf(party)}</em>
            </li>
          ))}
        </ul>
      ) : null}
    </section>
  );
}

const partyKinds = {
  customer: 'Customer',
  agent: 'Agent',
  external: 'With you',
  supervisor: 'Supervisor',
} as const;

/** An agent or a queue that is asked may not even ring yet. */
function stateOf({ kind, state }: DeskParty): string {
  if (state === 'connecting') return kind === 'agent' ? 'not there yet' : 'ringing';
  return state === 'hold' ? 'on hold' : 'on the line';
}

function Buttons({ desk, state, contact }: ContactCardProps) {
  const [open, setOpen] = useState<'keys' | 'transfer'>();
  const { contactId, preview } = contact;
  const toggle = (what: 'keys' | 'transfer') => setOpen(open === what ? undefined : what);

  switch (contact.state) {
    case 'CONNECTING':
      return (
        <div className="buttons">
          <button
            type="button"
            className="primary"
            onClick={() => void desk.run({ do: 'accept', contactId })}
          >
            Accept <kbd>a</kbd>
          </button>
          <button type="button" className="danger" onClick={() => void desk.run({ do: 'reject', contactId })}>
            Reject <kbd>r</kbd>
          </button>
        </div>
      );
    case 'PREVIEW':
      return (
        <div className="buttons">
          {preview?.actions.includes('CALL') ? (
            <button
              type="button"
              className="primary"
              onClick={() => void desk.run({ do: 'call', contactId })}
            >
              Call now
            </button>
          ) : null}
          {preview?.actions.includes('DISCARD') ? (
            <button
              type="button"
              className="danger"
              onClick={() => void desk.run({ do: 'discard', contactId })}
            >
              Discard
            </button>
          ) : null}
        </div>
      );
    case 'JOINING':
      return null;
    case 'DIALLING':
      return (
        <div className="buttons">
          <button type="button" className="danger" onClick={() => void desk.run({ do: 'hangUp', contactId })}>
            Cancel the call
          </button>
        </div>
      );
    case 'CONNECTED':
    case 'CONNECTED_ONHOLD': {
      if (contact.monitor) return <Supervising desk={desk} contact={contact} monitor={contact.monitor} />;
      if (askedBy(contact) !== undefined) {
        return (
          <div className="buttons">
            <MuteButton desk={desk} contact={contact} />
            <LeaveButton desk={desk} contactId={contactId} label="Leave the call" />
          </div>
        );
      }
      const isHeld = contact.state === 'CONNECTED_ONHOLD';
      const third = contact.parties.find(({ id }) => id === 'third');
      const isThirdThere = third !== undefined && third.state !== 'connecting';
      return (
        <>
          <div className="buttons">
            <MuteButton desk={desk} contact={contact} />
            <button
              type="button"
              aria-pressed={isHeld}
              onClick={() => void desk.run({ do: isHeld ? 'resume' : 'hold', contactId })}
            >
              {isHeld ? 'Resume' : 'Hold'} <kbd>h</kbd>
            </button>
            <button type="button" aria-expanded={open === 'keys'} onClick={() => toggle('keys')}>
              Keys
            </button>
            <button
              type="button"
              aria-expanded={open === 'transfer'}
              onClick={() => toggle('transfer')}
              disabled={third !== undefined}
            >
              Transfer
            </button>
            {isThirdThere && isHeld !== (third.state === 'hold') ? (
              <button type="button" onClick={() => void desk.run({ do: 'swap', contactId })}>
                Swap
              </button>
            ) : null}
            {isThirdThere && (isHeld || third.state === 'hold') ? (
              <button type="button" onClick={() => void desk.run({ do: 'join', contactId })}>
                Join all
              </button>
            ) : null}
            {third ? (
              <button
                type="button"
                onClick={() => void desk.run({ do: 'dropParty', contactId, partyId: third.id })}
              >
                Drop {third.label}
              </button>
            ) : null}
            {contact.recording ? (
              <button
                type="button"
                aria-pressed={contact.recording === 'suspended'}
                onClick={() =>
                  void desk.run({
                    do: 'recording',
                    contactId,
                    state: contact.recording === 'on' ? 'suspended' : 'on',
                  })
                }
              >
                {contact.recording === 'on' ? 'Pause recording' : 'Record again'}
              </button>
            ) : null}
            <LeaveButton
              desk={desk}
              contactId={contactId}
              label={isThirdThere || third?.kind === 'agent' ? 'Leave the call' : 'Hang up'}
            />
          </div>
          {open === 'keys' ? (
            <NumberPad mode="digits" onDigit={(digits) => void desk.run({ do: 'digits', digits })} />
          ) : null}
          {open === 'transfer' ? (
            <TransferPanel
              desk={desk}
              state={state}
              contactId={contactId}
              onDone={() => setOpen(undefined)}
            />
          ) : null}
        </>
      );
    }
    default:
      return (
        <>
          {contact.state === 'MISSED' || contact.state === 'REJECTED' ? (
            <p className="quiet">You are offered nothing else until you close it.</p>
          ) : null}
          <div className="buttons">
            <button
              type="button"
              className="primary"
              onClick={() => void desk.run({ do: 'clear', contactId })}
            >
              {contact.state === 'ENDED' ? 'Finish' : 'Close contact'} <kbd>c</kbd>
            </button>
          </div>
        </>
      );
  }
}

function MuteButton({ desk, contact }: { readonly desk: Desk; readonly contact: DeskContact }) {
  return (
    <button
      type="button"
      aria-pressed={contact.isMuted}
      onClick={() => void desk.run({ do: 'mute', on: !contact.isMuted })}
    >
      {contact.isMuted ? 'Unmute' : 'Mute'} <kbd>m</kbd>
    </button>
  );
}

function LeaveButton({
  desk,
  contactId,
  label,
}: {
  readonly desk: Desk;
  readonly contactId: string;
  readonly label: string;
}) {
  return (
    <button type="button" className="danger" onClick={() => void desk.run({ do: 'hangUp', contactId })}>
      {label}
    </button>
  );
}

/** Somebody else's conversation: only heard, or taken part in where that is allowed. */
function Supervising({
  desk,
  contact,
  monitor,
}: {
  readonly desk: Desk;
  readonly contact: DeskContact;
  readonly monitor: NonNullable<DeskContact['monitor']>;
}) {
  const { contactId } = contact;
  const isBarging = monitor.mode === 'BARGE';
  return (
    <>
      <p className="quiet">
        {isBarging ? 'Both of them hear you.' : 'Nobody hears you.'}
        {monitor.contactId ? ` Contact ${monitor.contactId}` : ''}
      </p>
      <div className="buttons">
        {isBarging ? <MuteButton desk={desk} contact={contact} /> : null}
        {monitor.allowed.includes('BARGE') ? (
          <button
            type="button"
            className={isBarging ? '' : 'primary'}
            onClick={() =>
              void desk.run({ do: 'monitor', contactId, mode: isBarging ? 'SILENT_MONITOR' : 'BARGE' })
            }
          >
            {isBarging ? 'Only listen' : 'Barge in'}
          </button>
        ) : null}
        <LeaveButton desk={desk} contactId={contactId} label="Stop listening" />
      </div>
    </>
  );
}

function Facts({ contact }: { readonly contact: DeskContact }) {
  const attributes = Object.entries(contact.attributes);
  return (
    <section className="facts" aria-label="Details">
      {contact.description ? (
        <>
          <h2>Description</h2>
          <p className="description">{contact.description}</p>
        </>
      ) : null}
      {contact.references.length > 0 ? (
        <>
          <h2>References</h2>
          <dl>
            {contact.references.map(({ name, type, value }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  {type === 'URL' ? <SafeLink address={value} /> : type === 'DATE' ? dateOf(value) : value}
                </dd>
              </div>
            ))}
          </dl>
        </>
      ) : null}
      {attributes.length > 0 ? (
        <>
          <h2>Attributes</h2>
          <dl>
            {attributes.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </>
      ) : null}
    </section>
  );
}

/** An epoch timestamp; the API leaves open whether in seconds or milliseconds. Any other text stays as it is. */
function dateOf(value: string): string {
  if (!/^[0-9]{1,15}$/.test(value)) return value;
  const number = Number(value);
  return new Date(number < 100_000_000_000 ? number * 1000 : number).toLocaleString();
}

/** A reference comes from outside: only web addresses are links, and the page behind one learns nothing of this one. */
function SafeLink({ address }: { readonly address: string }) {
  const isWeb = URL.canParse(address) && ['http:', 'https:'].includes(new URL(address).protocol);
  if (!isWeb) return <>{address}</>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow">
      {address}
    </a>
  );
}
