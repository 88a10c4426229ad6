// OPTIONS as a question: is there anybody who speaks SIP at that address, and how long does he take (RFC 3261 §11)?
import { RequestFailed } from '../errors.ts';
import { formatHostPort } from '../message/grammar.ts';
import type { SipResponse } from '../message/message.ts';
import { TRANSACTION_TIMEOUT_MS } from '../transaction/timers.ts';
import type { SipEndpoint } from '../transport/sip-endpoint.ts';
import { sendOutside } from './outside-request.ts';
import { contactFor, type UserAgentCore } from './user-agent-core.ts';

export interface ProbeRequest {
  readonly target: SipEndpoint;
  /** Default: the target's address. */
  readonly requestUri?: string;
  /** Who asks. Default: our own address. */
  readonly from?: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** How long to wait, ms, at most 32,000 (timer F). Default 32,000. */
  readonly timeoutMs?: number;
}

/** What a probe found. Any response, a refusal included, shows that somebody is there. */
export type ProbeOutcome =
  | { readonly kind: 'answered'; readonly response: SipResponse; readonly roundTripMs: number }
  | { readonly kind: 'silent'; readonly waitedMs: number }
  | { readonly kind: 'unreachable'; readonly error: Error };

export async function probe(core: UserAgentCore, request: ProbeRequest): Promise<ProbeOutcome> {
  const { target, credentials } = request;
  const uri = request.requestUri ?? `sip:${formatHostPort(target.host, target.port)}`;
  const own = request.from ?? `sip:${core.sentBy}`;
  let sequence = 0;
  const startedAtMs = core.clock.now();
  const exchange = sendOutside(core, {
    method: 'OPTIONS',
    target,
    requestUri: uri,
    from: { uri: own },
    to: { uri },
    callId: core.randomHex(16),
    nextSequence: () => ++sequence,
    ownHeaders: [
      ['Contact', contactFor(core, own, target)],
      ['Accept', 'application/sdp'],
    ],
    digest: credentials === undefined ? undefined : core.digests.for(credentials, target),
  });
  const waitMs = Math.min(request.timeoutMs ?? TRANSACTION_TIMEOUT_MS, TRANSACTION_TIMEOUT_MS);
  const timer = core.clock.setTimeout(() => exchange.abandon(), waitMs);
  try {
    const response = await exchange.response;
    return { kind: 'answered', response, roundTripMs: core.clock.now() - startedAtMs };
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    if (error.because === 'timeout') return { kind: 'silent', waitedMs: core.clock.now() - startedAtMs };
    return { kind: 'unreachable', error };
  } finally {
    core.clock.clearTimeout(timer);
  }
}
