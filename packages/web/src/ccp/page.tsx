// The whole page: who is signed in, the agent's status, the contact in hand, and what to do without one.

import { useEffect, useState, useSyncExternalStore } from 'react';
import { Desk } from './desk.ts';
import { saveLog } from './desk-log.ts';
import { ContactCard } from './parts/contact-card.tsx';
import { DeviceSettings } from './parts/device-settings.tsx';
import { NumberPad } from './parts/number-pad.tsx';
import { SignIn } from './parts/sign-in.tsx';
import { StatusMenu } from './parts/status-menu.tsx';
import { currentSession, endSession, type Session } from './session.ts';

export function Page() {
  const [session, setSession] = useState<Session | 'looking' | undefined>('looking');
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
  useShortcuts(desk);

  async function signOut(): Promise<void> {
    await desk.run({ do: 'signOut' });
    await endSession(session).catch(() => undefined);
    onSignedOut();
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
  if (!state)
    return (
      <main className="lonely" aria-busy="true">
        Connecting …
      </main>
    );

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
          <button type="button" onClick={() => void signOut()} disabled={state.contact !== undefined}>
            Sign out
          </button>
        </nav>
      </header>
      <Banner view={view} desk={desk} />
      <main>
        {panel === 'settings' ? (
          <DeviceSettings desk={desk} view={view} state={state} onSaveLog={saveLog} />
        ) : state.contact ? (
          <ContactCard desk={desk} state={state} contact={state.contact} clockOffsetMs={view.clockOffsetMs} />
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

function Banner({ view, desk }: { readonly view: ViewOf; readonly desk: Desk }) {
  const { connection, microphone, notice } = view;
  return (
    <div className="banners" aria-live="assertive">
      {connection === 'broken' || connection === 'connecting' ? (
        <p className="banner warn">The connection is broken. A call goes on; the panel is coming back …</p>
      ) : null}
      {microphone === 'refused' || microphone === 'missing' ? (
        <p className="banner warn">
          {microphone === 'missing'
            ? 'No microphone was found. Plug one in.'
            : 'The microphone is not shared. Allow it in the address bar.'}{' '}
          <button type="button" onClick={() => void desk.softphone.openMicrophone()}>
            Try again
          </button>
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
          : `You are ${state?.status.name ?? ''}`}
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

/** One key each for what is done most, where no field has the focus. */
function useShortcuts(desk: Desk): void {
  useEffect(() => {
    function pressed(event: KeyboardEvent): void {
      const { target, key } = event;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (target instanceof HTMLElement && target.closest('input, select, textarea')) return;
      const contact = desk.view().state?.contact;
      if (!contact) return;
      const { contactId, state, isMuted } = contact;
      const isTalking = state === 'CONNECTED' || state === 'CONNECTED_ONHOLD';
      if (key === 'a' && state === 'CONNECTING') void desk.run({ do: 'accept', contactId });
      else if (key === 'r' && state === 'CONNECTING') void desk.run({ do: 'reject', contactId });
      else if (key === 'm' && isTalking) void desk.run({ do: 'mute', on: !isMuted });
      else if (key === 'h' && isTalking) {
        void desk.run({ do: state === 'CONNECTED' ? 'hold' : 'resume', contactId });
      } else if (
        key === 'c' &&
        (state === 'ENDED' || state === 'MISSED' || state === 'REJECTED' || state === 'ERROR')
      ) {
        void desk.run({ do: 'clear', contactId });
      } else if (/^[0-9*#]$/.test(key) && isTalking) void desk.run({ do: 'digits', digits: key });
    }
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, [desk]);
}
