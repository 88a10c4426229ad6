// Which targets are left alone for a while: those that answered 503 with Retry-After, and those that could not be reached
// (RFC 3261 §21.5.4, RFC 3263 §4.3). Pure: state in, state out.
import type { TransportFailureCode } from '../errors.ts';
import type { SipHeaders } from '../message/headers.ts';
import { endpointText, type SipEndpoint } from '../transport/sip-endpoint.ts';

/** Until when each target is left alone, by its address; ms since the epoch. */
export type TargetStanding = ReadonlyMap<string, number>;

export type TargetFailure =
  | { readonly kind: 'response'; readonly status: number; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'transport'; readonly code: TransportFailureCode };

export const NO_STANDING: TargetStanding = new Map();

/** How long a target that cannot be reached is left alone, ms. */
const UNREACHABLE_MS = 30_000;
/** Longest time that a peer can have itself left alone, ms; a mistake of his must not cost a day of calls. */
const MAX_RETRY_AFTER_MS = 3_600_000;

const UNREACHABLE: ReadonlySet<TransportFailureCode> = new Set([
  'refused',
  'unreachable',
  'timeout',
  'tls',
  'keepAliveLost',
  'stalled',
]);

/** The standing after a target failed. Targets whose time is over are forgotten on the way. */
export function afterFailure(
  standing: TargetStanding,
  target: SipEndpoint,
  failure: TargetFailure,
  nowMs: number,
): TargetStanding {
  const delayMs = leftAloneMs(failure);
  if (delayMs === 0) return standing;
  const next = new Map([...standing].filter(([, untilMs]) => untilMs > nowMs));
  next.set(endpointText(target), Math.max(nowMs + delayMs, next.get(endpointText(target)) ?? 0));
  return next;
}

/** The standing after a target answered: it is back, whatever was thought of it. */
export function afterSuccess(standing: TargetStanding, target: SipEndpoint): TargetStanding {
  if (!standing.has(endpointText(target))) return standing;
  const next = new Map(standing);
  next.delete(endpointText(target));
  return next;
}

/** The targets that may be tried now, in their order. */
export function usableTargets(
  standing: TargetStanding,
  targets: readonly SipEndpoint[],
  nowMs: number,
): SipEndpoint[] {
  return targets.filter((target) => (standing.get(endpointText(target)) ?? 0) <= nowMs);
}

/** When the first of the targets may be tried, ms since the epoch; `nowMs` where one may be now. */
export function firstUsableMs(
  standing: TargetStanding,
  targets: readonly SipEndpoint[],
  nowMs: number,
): number {
  return Math.min(...targets.map((target) => Math.max(nowMs, standing.get(endpointText(target)) ?? 0)));
}

/** A 503 without Retry-After counts as any other failure of that one request (RFC 3261 §21.5.4). */
function leftAloneMs(failure: TargetFailure): number {
  if (failure.kind === 'transport') return UNREACHABLE.has(failure.code) ? UNREACHABLE_MS : 0;
  return failure.status === 503 ? Math.min(failure.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) : 0;
}

/** Retry-After in ms: `120`, `120 (maintenance)`, `18000;duration=3600`; undefined when absent or unreadable. */
export function retryAfterMs(headers: SipHeaders): number | undefined {
  const digits = /^\s*(\d{1,10})(?=\s|;|\(|$)/.exec(headers.get('Retry-After') ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits) * 1_000;
}
