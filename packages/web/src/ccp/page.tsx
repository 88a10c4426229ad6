// The whole page: who is signed in, the agent's status, the contact in hand, and what to do without one.

import { useEffect, useState, useSyncExternalStore } from 'react';
import { Desk } from './desk.ts';
import { saveLog } from './desk-log.ts';
import { useOnePress } from './one-press.ts';
import { ContactCard } from './parts/contact-card.tsx';
import { titleOf, whoIn } from './parts/contact-words.ts';
import { DeviceSettings } from './parts/device-settings.tsx';
import { NumberPad } from './parts/number-pad.tsx';
import { SignIn } from './parts/sign-in.tsx';
import { StatusMenu } from './parts/status-menu.tsx';
import { currentSession, endSession, type Session } from './session.ts';
import { chooseShortcuts, shortcutsChosen, useShortcuts } from './shortcuts.ts';
import type { MicrophoneState } from './softphone.ts';

const nameOfPage = 'Ringback – Contact Control Panel';

export function Page() {
  const [session, setSession] = useState<Session | 'looking' | undefined>('looking');
  useOnePress();
  useEffect(() => {
    currentSession().then(setSession, () => setSession(undefined));
  }, []);
  if (session === 'looking') return <main className="lonely" aria-busy="true" />;
  if (!session) return <SignIn onSignedIn={setSession} />;
  return <Panel key={session.csrfToken} session={session} onSignedOut={() => setSession(undefined)} />;
}

function Panel({ session, onSignedOut }: { readonly session: Session; readonly onSignedOut: () => void }) {
  const [desk, setDesk] = useState<Desk>();
  useEffect(() => {
    const opened = new Desk();
    setDesk(opened);
    return () => opened.close();
  }, []);
  if (!desk) return <main className="lonely" aria-busy="true" />;
  return <OpenDesk desk={desk} session={session} onSignedOut={onSignedOut} />;
}

function OpenDesk({
  desk,
  session,
  onSignedOut,
}: {
  readonly desk: Desk;
  readonly session: Session;
  readonly onSignedOut: () => void;
}) {
  const view = useSyncExternalStore(desk.subscribe, desk.view);
  const [panel, setPanel] = useState<'work' | 'settings'>('work');
  const { state, connection } = view;

  useEffect(() => {
    if (connection === 'signedOut') onSignedOut();
  }, [connection, onSignedOut]);
  const [shortcuts, setShortcuts] = useState(shortcutsChosen);
  useShortcuts(desk, shortcuts);

  const { contact } = state ?? {};
  const contactId = contact?.contactId;
  // A contact that comes is seen, whatever the page shows.
  useEffect(() => {
    if (contactId !== undefined) setPanel('work');
  }, [contactId]);
  const announcement = contact ? `${titleOf(contact)}: ${whoIn(contact)}` : '';
  const hasAgent = connection !== 'replaced';
  useEffect(() => {
    document.title = (hasAgent && announcement) || nameOfPage;
    return () => {
      document.title = nameOfPage;
    };
  }, [announcement, hasAgent]);

  async function signOut(): Promise<void> {
    await desk.run({ do: 'signOut' });
    if (await endSession(session)) onSignedOut();
    else desk.tell('You are still signed in: the service cannot be reached. Sign out again when it is back.');
  }

  if (connection === 'replaced') {
    return (
      <main className="lonely">
        <h1>Open in another window</h1>
        <p>Your panel works in one window at a time. The newer one has it now.</p>
        <button type="button" className="primary" onClick={() => location.reload()}>
          Use it here
        </button>
      </main>
    );
  }
  if (!state) return <Connecting connection={connection} />;

  return (
    <div className="panel">
      <header>
        <StatusMenu desk={desk} view={view} state={state} />
        <nav aria-label="Panel">
          <button
            type="button"
            aria-pressed={panel === 'settings'}
            onClick={() => setPanel(panel === 'settings' ? 'work' : 'settings')}
          >
            Settings
          </button>
          <button type="button" onClick={() => void signOut()} disabled={contact !== undefined}>
            Sign out
          </button>
        </nav>
      </header>
      <Banner view={view} desk={desk} />
      <p className="hidden" role="status">
        {announcement}
      </p>
      <main>
        {panel === 'settings' ? (
          <DeviceSettings
            desk={desk}
            view={view}
            state={state}
            onSaveLog={saveLog}
            shortcuts={shortcuts}
            onShortcuts={(chosen) => {
              chooseShortcuts(chosen);
              setShortcuts(chosen);
            }}
          />
        ) : contact ? (
          <ContactCard
            key={contact.contactId}
            desk={desk}
            state={state}
            contact={contact}
            clockOffsetMs={view.clockOffsetMs}
          />
        ) : (
          <Idle desk={desk} view={view} />
        )}
      </main>
      <footer>
        <Network view={view} />
        <span>{state.agent.routingProfile.name}</span>
      </footer>
    </div>
  );
}

type ViewOf = ReturnType<Desk['view']>;

/** Before the first snapshot. What lasts is told with what may help: nobody else will. */
function Connecting({ connection }: { readonly connection: ViewOf['connection'] }) {
  const [hasFailed, setHasFailed] = useState(false);
  useEffect(() => {
    if (connection === 'broken') setHasFailed(true);
  }, [connection]);
  return (
    <main className="lonely" aria-busy="true">
      {hasFailed ? <h1>No connection yet</h1> : 'Connecting …'}
      {hasFailed ? (
        <p role="alert">
          The service lets you sign in, but its WebSocket does not open; the panel goes on trying. If this
          lasts, a proxy, firewall or browser extension on the way may not let WebSockets to
          /_ringback/agent-socket pass: ask whoever runs Ringback.
        </p>
      ) : null}
    </main>
  );
}

const microphoneTroubles: { readonly [State in MicrophoneState]?: string } = {
  refused: 'The microphone is not shared. Allow it in the address bar.',
  missing: 'No microphone was found. Plug one in.',
  inUse: 'Another program has the microphone. Close it there.',
  insecure: 'Browsers share the microphone with secure pages only. Open this page with https://.',
};

function Banner({ view, desk }: { readonly view: ViewOf; readonly desk: Desk }) {
  const { connection, microphone, notice } = view;
  return (
    <div className="banners" aria-live="assertive">
      {connection === 'broken' || connection === 'connecting' ? (
        <p className="banner warn">
          The connection is broken. The panel comes back by itself; a call goes on for 30 seconds, and what
          you see may be out of date.
        </p>
      ) : null}
      {microphone in microphoneTroubles ? (
        <p className="banner warn">
          {microphoneTroubles[microphone]}{' '}
          {microphone === 'insecure' ? null : (
            <button type="button" onClick={() => void desk.softphone.openMicrophone()}>
              Try again
            </button>
          )}
        </p>
      ) : null}
      {notice ? (
        <p className="banner error">
          {notice}{' '}
          <button type="button" aria-label="Put the message away" onClick={() => desk.putNoticeAway()}>
            ✕
          </button>
        </p>
      ) : null}
    </div>
  );
}

function Idle({ desk, view }: { readonly desk: Desk; readonly view: ViewOf }) {
  const { state } = view;
  const mayDial = state?.agent.permissions.includes('OutboundCall') && state.agent.defaultOutboundQueue;
  return (
    <section className="idle" aria-label="No contact">
      <p className="big">
        {state?.status.type === 'ROUTABLE'
          ? 'Waiting for the next contact'
          : state?.status.type === 'OFFLINE'
            ? `You are ${state.status.name}`
            : `Your status is ${state?.status.name ?? 'unknown'}`}
      </p>
      <p className="quiet">
        {state?.status.type === 'ROUTABLE'
          ? 'Your panel rings when one is offered to you.'
          : 'Choose Available above to be offered contacts.'}
      </p>
      {mayDial ? (
        <NumberPad mode="dial" onDial={(phoneNumber) => void desk.run({ do: 'dial', phoneNumber })} />
      ) : null}
    </section>
  );
}

function Network({ view }: { readonly view: ViewOf }) {
  const { quality, state } = view;
  if (!quality || state?.softphone !== 'connected')
    return <span className="network">Softphone {state?.softphone ?? 'off'}</span>;
  const { lossPercent, roundTripMs, jitterMs } = quality;
  const isPoor = lossPercent > 3 || (roundTripMs ?? 0) > 400 || jitterMs > 60;
  const isFair = lossPercent > 1 || (roundTripMs ?? 0) > 200 || jitterMs > 30;
  const word = isPoor ? 'poor' : isFair ? 'fair' : 'good';
  return (
    <span className={`network ${word}`}>
      Network {word}
      <span className="quiet">
        {roundTripMs === undefined ? '' : ` · ${Math.round(roundTripMs)} ms`} · {lossPercent.toFixed(1)} %
        lost
      </span>
    </span>
  );
}
