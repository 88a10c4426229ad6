// Session timers: what the two sides agree on (RFC 4028 §7.1–7.4, §9). Pure; `session-timer.ts` keeps the time.
import { findParameter, parseDigits } from '../message/grammar.ts';
import type { HeaderList, SipHeaders } from '../message/headers.ts';
import { ParseFailure } from '../message/parse-failure.ts';

/** What this side wants. */
export interface SessionTimerPolicy {
  /** Session interval to ask for, seconds. Default 1800 (RFC 4028 §4). */
  readonly intervalSeconds?: number;
  /** Shortest interval to accept, seconds, at least 90 (§5). Default 90. */
  readonly minSeconds?: number;
  /** Who should refresh, as far as it may be chosen. Default: the far end decides. */
  readonly refresher?: 'local' | 'remote';
}

/** What was agreed: unless it is refreshed in time, the session ends. */
export interface SessionInterval {
  readonly intervalSeconds: number;
  readonly refresher: 'local' | 'remote';
}

export const DEFAULT_INTERVAL_SECONDS = 1_800;
/** §5: "MUST NOT be less than 90 seconds". */
export const LEAST_SECONDS = 90;

/** A Session-Expires header field. */
export interface SessionExpires {
  readonly seconds: number;
  readonly refresher: 'uac' | 'uas' | undefined;
}

/** Undefined when absent or unreadable: an extension nobody must understand does not break a call. */
export function readSessionExpires(headers: SipHeaders): SessionExpires | undefined {
  const field = headers.get('Session-Expires');
  if (field === undefined) return undefined;
  const seconds = readSeconds(field);
  if (seconds === undefined) return undefined;
  const refresher = readParameter(field, 'refresher')?.toLowerCase();
  return { seconds, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}

export function readMinSeconds(headers: SipHeaders): number | undefined {
  const field = headers.get('Min-SE');
  return field === undefined ? undefined : readSeconds(field);
}

export function supportsTimer(headers: SipHeaders): boolean {
  return names(headers, 'Supported') || names(headers, 'Require');
}

function names(headers: SipHeaders, field: string): boolean {
  return headers.getAll(field).some((option) => option.toLowerCase() === 'timer');
}

/** The header fields with which a request asks for an interval (§7.1, §7.4). */
export function requestTerms(terms: {
  readonly seconds: number;
  readonly minSeconds: number;
  readonly refresher?: 'uac' | 'uas' | undefined;
}): HeaderList {
  const refresher = terms.refresher === undefined ? '' : `;refresher=${terms.refresher}`;
  const headers: Array<readonly [string, string]> = [['Session-Expires', `${terms.seconds}${refresher}`]];
  if (terms.minSeconds > LEAST_SECONDS) headers.push(['Min-SE', String(terms.minSeconds)]);
  return headers;
}

/** What the 2xx to our request agreed to; undefined: the far end wants no timer (§7.2). */
export function termsOfResponse(headers: SipHeaders): SessionInterval | undefined {
  const expires = readSessionExpires(headers);
  if (expires === undefined) return undefined;
  // The responder must name the refresher; where it does not, somebody has to do it, and we can.
  return {
    intervalSeconds: Math.max(expires.seconds, LEAST_SECONDS),
    refresher: expires.refresher === 'uas' ? 'remote' : 'local',
  };
}

/** How a received INVITE or UPDATE is answered as to its timer. */
export type TimerReply =
  | { readonly kind: 'off' }
  /** 422, with the Min-SE to name. */
  | { readonly kind: 'tooBrief'; readonly minSeconds: number }
  | { readonly kind: 'on'; readonly interval: SessionInterval; readonly headers: HeaderList };

/** §9. `policy` is what this side would ask for by itself; undefined: it only goes along. */
export function answerTerms(headers: SipHeaders, policy: SessionTimerPolicy | undefined): TimerReply {
  const asked = readSessionExpires(headers);
  const isSupported = supportsTimer(headers);
  const minSeconds = Math.max(policy?.minSeconds ?? LEAST_SECONDS, LEAST_SECONDS);
  if (asked === undefined) {
    if (policy === undefined) return { kind: 'off' };
    const wanted = Math.max(
      policy.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS,
      minSeconds,
      readMinSeconds(headers) ?? 0,
    );
    // A caller without the extension cannot be asked to refresh, so we do (table 2).
    const refresher = isSupported && policy.refresher === 'remote' ? 'uac' : 'uas';
    return on(wanted, refresher);
  }
  // Only who knows the extension can understand a 422.
  if (asked.seconds < minSeconds && isSupported) return { kind: 'tooBrief', minSeconds };
  const wanted = policy?.intervalSeconds ?? asked.seconds;
  const floor = Math.max(readMinSeconds(headers) ?? LEAST_SECONDS, minSeconds);
  // The interval may be lowered, never raised, and not below the least that anybody on the way named.
  const seconds = Math.max(
    Math.min(wanted, asked.seconds),
    Math.min(floor, Math.max(asked.seconds, minSeconds)),
  );
  if (!isSupported) return on(seconds, 'uas');
  return on(seconds, asked.refresher ?? (policy?.refresher === 'local' ? 'uas' : 'uac'));
}

function on(seconds: number, refresher: 'uac' | 'uas'): TimerReply {
  const headers: Array<readonly [string, string]> = [
    ['Session-Expires', `${seconds};refresher=${refresher}`],
  ];
  // The caller must know that it is expected to act (§9).
  if (refresher === 'uac') headers.push(['Require', 'timer']);
  return {
    kind: 'on',
    interval: { intervalSeconds: seconds, refresher: refresher === 'uac' ? 'remote' : 'local' },
    headers,
  };
}

/** delta-seconds before any parameter. */
function readSeconds(field: string): number | undefined {
  const semicolon = field.indexOf(';');
  return parseDigits((semicolon === -1 ? field : field.slice(0, semicolon)).trim(), 2 ** 32 - 1);
}

function readParameter(field: string, name: string): string | undefined {
  const semicolon = field.indexOf(';');
  if (semicolon === -1) return undefined;
  try {
    return findParameter(field, semicolon, name);
  } catch (error) {
    if (error instanceof ParseFailure) return undefined;
    throw error;
  }
}
