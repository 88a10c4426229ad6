// Signing in with name and password.

import { type FormEvent, useState } from 'react';
import icon from '../icon.svg';
import { type Session, signIn } from '../session.ts';

export function SignIn({ onSignedIn }: { readonly onSignedIn: (session: Session) => void }) {
  const [message, setMessage] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const [askInstance, setAskInstance] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '');
    setIsBusy(true);
    const outcome = await signIn(text('instance').trim(), text('username').trim(), text('password'));
    setIsBusy(false);
    if (outcome.kind === 'signedIn') {
      onSignedIn(outcome.session);
      return;
    }
    if (outcome.message.includes('several instances')) setAskInstance(true);
    setMessage(outcome.message);
  }

  return (
    <main className="lonely">
      <form className="sign-in" onSubmit={(event) => void submit(event)}>
        <img src={icon} alt="" width="48" height="48" />
        <h1>Contact Control Panel</h1>
        {askInstance ? (
          <label>
            Instance
            <input name="instance" autoComplete="organization" required />
          </label>
        ) : null}
        <label>
          User name
          <input name="username" autoComplete="username" required maxLength={100} />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required maxLength={256} />
        </label>
        <p className="error-text" role="alert">
          {message}
        </p>
        <button type="submit" className="primary" disabled={isBusy}>
          {isBusy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}
