/**
 * ICE candidate lines of a description (RFC 8839 §5.1): which of a browser's to look at, and which address to tell it.
 *
 * `a=candidate:foundation component transport priority address port typ type …`
 */
import { isIP } from 'node:net';

const LONGEST_CANDIDATE = 1_000;
const CANDIDATE =
  /^candidate:[\w+/]{1,32} \d{1,3} udp \d{1,10} [0-9a-f.:]{2,45} \d{1,5} typ (host|srflx|prflx|relay)( |$)/i;

/**
 * Leaves out candidates that are no UDP address: `.local` names, which only multicast on the browser's own network could
 * resolve, and TCP. The browser is then known by the source of its own checks; so that these are waited for, the line
 * that ends the list goes too.
 */
export function withoutNamedCandidates(sdp: string): string {
  return mapLines(sdp, (line) => {
    if (line === 'a=end-of-candidates') return undefined;
    return !line.startsWith('a=candidate:') || isUsableCandidate(line.slice(2)) ? line : undefined;
  });
}

/** Whether `candidate:…` is well-formed and names a UDP address. */
export function isUsableCandidate(candidate: string): boolean {
  if (candidate.length > LONGEST_CANDIDATE || !CANDIDATE.test(candidate)) return false;
  return isIP(candidate.split(' ')[4] ?? '') !== 0;
}

/** Writes the address that the far end reaches in place of the one bound to. */
export function withAnnouncedHost(sdp: string, boundHost: string, announcedHost: string): string {
  if (boundHost === announcedHost) return sdp;
  return mapLines(sdp, (line) => {
    const fields = candidateOf(line);
    if (fields?.[4] !== boundHost || fields[7] !== 'host') return line;
    fields[4] = announcedHost;
    return `a=candidate:${fields.join(' ')}`;
  });
}

function candidateOf(line: string): string[] | undefined {
  return line.startsWith('a=candidate:') ? line.slice('a=candidate:'.length).split(' ') : undefined;
}

function mapLines(sdp: string, change: (line: string) => string | undefined): string {
  return sdp
    .split('\r\n')
    .map(change)
    .filter((line) => line !== undefined)
    .join('\r\n');
}
