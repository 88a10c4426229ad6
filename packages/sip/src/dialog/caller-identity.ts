// Who the far end is told is calling: P-Asserted-Identity and P-Preferred-Identity (RFC 3325) and Privacy (RFC 3323).
import { UnusableHeader } from '../errors.ts';
import type { HeaderList } from '../message/headers.ts';
import { formatNameAddress } from './own-headers.ts';

/** A party as it stands in From, To and the identity header fields. */
export interface CallParty {
  readonly uri: string;
  /** The caller's name, as far as networks show it. */
  readonly displayName?: string;
}

/** Priv-values of RFC 3323 §4.2 and RFC 3325 §9.3. */
export type PrivacyKind = 'header' | 'session' | 'user' | 'id' | 'critical' | 'none';

export interface CallerIdentity {
  /** P-Asserted-Identity, for trunks that trust us: at most one sip or sips and one tel URI. */
  readonly asserted?: readonly CallParty[];
  /** P-Preferred-Identity, for trunks that assert by themselves. */
  readonly preferred?: readonly CallParty[];
  /**
   * Privacy: `id` asks the network not to pass the asserted identity on. `user` makes this side anonymous by itself: From and Contact
   * then name nobody, and only the asserted identity tells the trunk who calls.
   */
  readonly privacy?: readonly PrivacyKind[];
}

const ANONYMOUS: CallParty = { uri: 'sip:anonymous@anonymous.invalid', displayName: 'Anonymous' };

/** The From that goes on the wire (RFC 3323 §4.1.1.3). */
export function shownParty(from: CallParty, identity: CallerIdentity | undefined): CallParty {
  return isAnonymous(identity) ? ANONYMOUS : from;
}

function isAnonymous(identity: CallerIdentity | undefined): boolean {
  return identity?.privacy?.includes('user') === true;
}

/** The URI whose user part our Contact repeats. */
export function contactUser(from: CallParty, identity: CallerIdentity | undefined): string {
  return isAnonymous(identity) ? '' : from.uri;
}

/** @throws {UnusableHeader} */
export function identityHeaders(identity: CallerIdentity | undefined): HeaderList {
  if (identity === undefined) return [];
  const headers: Array<readonly [string, string]> = [];
  for (const [name, parties] of [
    ['P-Asserted-Identity', identity.asserted],
    ['P-Preferred-Identity', identity.preferred],
  ] as const) {
    if (parties === undefined || parties.length === 0) continue;
    requireTwoSchemes(name, parties);
    headers.push([name, parties.map((party) => formatNameAddress(name, party)).join(', ')]);
  }
  const { privacy } = identity;
  if (privacy !== undefined && privacy.length > 0) headers.push(['Privacy', privacy.join(';')]);
  return headers;
}

/** RFC 3325 §9.1: one value, or two of which one is a tel URI and the other is not. */
function requireTwoSchemes(name: string, parties: readonly CallParty[]): void {
  const tels = parties.filter(({ uri }) => uri.toLowerCase().startsWith('tel:')).length;
  if (parties.length - tels > 1 || tels > 1) {
    throw new UnusableHeader(name, 'at most one sip or sips URI and one tel URI may be given');
  }
}
