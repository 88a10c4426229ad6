/** Routes to carriers: which targets a destination is tried on, in order. Used by dial.ts. */
import type { SipEndpoint } from '@ringback/sip';
import type { PhoneNumber } from '../ids.ts';

/** A way to a carrier. */
export interface Trunk {
  readonly name: string;
  readonly target: SipEndpoint;
  /** Host part of the request URI and of From and To. */
  readonly domain: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
}

/** The trunks for one destination, best first. Today their order is that of the configuration. */
export function trunksFor(trunks: readonly Trunk[], _destination: PhoneNumber): readonly Trunk[] {
  return trunks;
}

/** `name host:port`, as committed with a dial attempt. */
export function describeTarget(trunk: Trunk): string {
  return `${trunk.name} ${trunk.target.host}:${trunk.target.port}`;
}
