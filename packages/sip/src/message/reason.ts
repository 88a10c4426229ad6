// The Reason header field: why a request was sent, as SIP status or Q.850 cause (RFC 3326).
import { findParameter, parseDigits, splitList } from './grammar.ts';
import { ParseFailure } from './parse-failure.ts';

/** One value of a Reason header field. */
export interface ReasonCause {
  /** `SIP`, `Q.850`, or another protocol as it was written; the first two in this spelling. */
  readonly protocol: string;
  /** SIP status or Q.850 cause value; undefined when none was given. */
  readonly cause: number | undefined;
  readonly text: string | undefined;
}

/** More causes than protocols exist; the rest of a hostile header field is left unread. */
const MAX_CAUSES = 8;
const KNOWN_PROTOCOLS: Readonly<Record<string, string>> = { sip: 'SIP', 'q.850': 'Q.850' };

/** Reads `Q.850;cause=16;text="Normal call clearing", SIP;cause=200`. Values that cannot be read are passed over. */
export function parseReason(field: string): readonly ReasonCause[] {
  const causes: ReasonCause[] = [];
  try {
    for (const value of splitList(field).slice(0, MAX_CAUSES)) {
      const semicolon = value.indexOf(';');
      const protocol = (semicolon === -1 ? value : value.slice(0, semicolon)).trim();
      const parameters = semicolon === -1 ? '' : value.slice(semicolon);
      const cause = findParameter(parameters, 0, 'cause');
      causes.push({
        protocol: KNOWN_PROTOCOLS[protocol.toLowerCase()] ?? protocol,
        cause: cause === undefined ? undefined : parseDigits(cause, 999),
        text: findParameter(parameters, 0, 'text'),
      });
    }
  } catch (error) {
    // A reason is advice; one that cannot be read must not end or keep a call.
    if (!(error instanceof ParseFailure)) throw error;
  }
  return causes;
}
