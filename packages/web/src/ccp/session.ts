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

/** Resolves with whether the service has heard of it: one that is away, or in trouble, keeps the session. */
export async function endSession(session: Session): Promise<boolean> {
  try {
    const headers = { 'x-ringback-csrf': session.csrfToken };
    return (await fetch(sessionPath, { method: 'DELETE', headers })).status < 500;
  } catch {
    return false;
  }
}
