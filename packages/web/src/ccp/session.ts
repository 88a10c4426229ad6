// Signing in and out: the three requests of the service's session door (docs/agent-socket.md).

const sessionPath = '/_ringback/session';

export interface Session {
  readonly csrfToken: string;
  readonly agent: { readonly id: string; readonly username: string };
}

export type SignInOutcome =
  | { readonly kind: 'signedIn'; readonly session: Session }
  | { readonly kind: 'refused'; readonly message: string };

/** The session of this browser; undefined when nobody is signed in. */
export async function currentSession(): Promise<Session | undefined> {
  const answer = await fetch(sessionPath, { headers: { accept: 'application/json' } });
  return answer.ok ? ((await answer.json()) as Session) : undefined;
}

/** Whether the service says that nobody is signed in; a service that cannot be reached says nothing. */
export async function isSignedOut(): Promise<boolean> {
  try {
    return (await fetch(sessionPath, { headers: { accept: 'application/json' } })).status === 401;
  } catch {
    return false;
  }
}

export async function signIn(instance: string, username: string, password: string): Promise<SignInOutcome> {
  let answer: Response;
  try {
    answer = await fetch(sessionPath, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password, ...(instance === '' ? {} : { instance }) }),
    });
  } catch {
    return { kind: 'refused', message: 'The service cannot be reached. Check your network, then try again.' };
  }
  const body = (await answer.json().catch(() => ({}))) as Session & { message?: string };
  if (answer.ok) return { kind: 'signedIn', session: body };
  return { kind: 'refused', message: body.message ?? `Signing in failed (${answer.status}).` };
}

export async function endSession(session: Session): Promise<void> {
  await fetch(sessionPath, { method: 'DELETE', headers: { 'x-ringback-csrf': session.csrfToken } });
}
