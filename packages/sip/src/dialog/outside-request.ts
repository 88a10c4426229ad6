// Requests that belong to no dialog: OPTIONS to see whether somebody is there, REGISTER. Answers challenges (RFC 3261 §8.1, §22).

import { type DigestClient, DigestRounds, isChallenge } from '../auth/digest-client.ts';
import { RequestFailed, UserAgentClosed } from '../errors.ts';
import { type HeaderList, SipHeaders } from '../message/headers.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { requirePrintable } from '../message/printable.ts';
import type { ClientTransaction } from '../transaction/client-transaction.ts';
import type { SipEndpoint } from '../transport/sip-endpoint.ts';
import type { CallParty } from './caller-identity.ts';
import { appendOwnHeaders, checkHeaders, formatNameAddress, requireUri } from './own-headers.ts';
import { newBranch, newTag, type UserAgentCore, viaFor } from './user-agent-core.ts';

export interface OutsideRequest {
  readonly method: string;
  readonly target: SipEndpoint;
  readonly requestUri: string;
  readonly from: CallParty;
  readonly to: CallParty;
  readonly callId: string;
  /** CSeq of the first try; each further one counts up. */
  readonly nextSequence: () => number;
  /** Ours, Contact included. */
  readonly ownHeaders: HeaderList;
  /** The application's. */
  readonly headers?: HeaderList | undefined;
  readonly digest?: DigestClient | undefined;
}

/** One request on its way. */
export interface OutsideExchange {
  /** The final response. Rejects with `RequestFailed`. */
  readonly response: Promise<SipResponse>;
  /** Stops waiting; `response` rejects. */
  abandon(): void;
}

/**
 * Whether what the application gave can be written, for those who send it later.
 *
 * @throws {UnusableHeader}
 */
export function checkOutside({
  requestUri,
  from,
  to,
  headers,
}: Pick<OutsideRequest, 'requestUri' | 'from' | 'to' | 'headers'>): void {
  formatNameAddress('From', from);
  formatNameAddress('To', to);
  requireUri('Request-URI', requestUri);
  checkHeaders(headers ?? []);
}

/** @throws {UnusableHeader} */
export function sendOutside(core: UserAgentCore, request: OutsideRequest): OutsideExchange {
  const { promise, resolve, reject } = Promise.withResolvers<SipResponse>();
  const { digest, method, target } = request;
  const rounds = digest === undefined ? undefined : new DigestRounds(digest);
  let transaction: ClientTransaction | undefined;
  const attempt = (): void => {
    const branch = newBranch(core);
    const wire = build(core, request, branch);
    transaction = core.transactions.send(wire, branch, target, {
      onResponse: (response) => {
        if (response.status < 200) return;
        if (isChallenge(response.status) && rounds?.absorb(response) === true) attempt();
        else resolve(response);
      },
      onTimeout: () => reject(new RequestFailed(method, 'timeout')),
      onTransportError: (error) => {
        const isClosed = error instanceof UserAgentClosed;
        reject(
          new RequestFailed(method, isClosed ? 'closed' : 'transportError', isClosed ? undefined : error),
        );
      },
    });
  };
  attempt();
  return {
    response: promise,
    abandon: () => {
      transaction?.abandon();
      reject(new RequestFailed(method, 'timeout'));
    },
  };
}

function build(core: UserAgentCore, request: OutsideRequest, branch: string): SipRequest {
  const { method, requestUri, digest } = request;
  const headers = new SipHeaders([], [], []);
  headers.append('Via', viaFor(core, branch));
  headers.append('Max-Forwards', '70');
  headers.append('From', `${formatNameAddress('From', request.from)};tag=${newTag(core)}`);
  headers.append('To', formatNameAddress('To', request.to));
  headers.append('Call-ID', requirePrintable('Call-ID', request.callId));
  headers.append('CSeq', `${request.nextSequence()} ${method}`);
  for (const [name, value] of request.ownHeaders) headers.append(name, value);
  if (digest !== undefined) {
    const answers = digest.authorize({ method, requestUri, body: '' });
    for (const [name, value] of answers) headers.append(name, value);
  }
  appendOwnHeaders(headers, {
    headers: request.headers,
    agentHeader: 'User-Agent',
    agentName: core.userAgentName,
  });
  return { kind: 'request', method, requestUri: requireUri('Request-URI', requestUri), headers, body: '' };
}
