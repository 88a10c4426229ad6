// The one retry after 401 or 407 (RFC 3261 §22.2, §22.3).
import { answerChallenge, chooseChallenge, type DigestCredentials } from '../message/digest-auth.ts';
import type { SipResponse } from '../message/message.ts';

/** The header field that answers the challenge in `response`, or undefined when it holds none we can answer. */
export function authorize(
  response: SipResponse,
  request: { method: string; requestUri: string },
  credentials: DigestCredentials,
  randomHex: (bytes: number) => string,
): readonly [name: string, value: string] | undefined {
  const isProxy = response.status === 407;
  const challenge = chooseChallenge(
    response.headers.fields(isProxy ? 'Proxy-Authenticate' : 'WWW-Authenticate'),
  );
  if (challenge === undefined) return undefined;
  const value = answerChallenge({
    challenge,
    credentials,
    method: request.method,
    uri: request.requestUri,
    cnonce: randomHex(8),
    nonceCount: 1,
  });
  return [isProxy ? 'Proxy-Authorization' : 'Authorization', value];
}

export function isChallenge(status: number): boolean {
  return status === 401 || status === 407;
}
