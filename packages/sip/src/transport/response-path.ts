// The way back: where the responses to a received request go (RFC 3261 §18.2.2, RFC 3581 §4).
import type { Via } from '../message/via.ts';
import { defaultPort, isReliable, type SipPeer } from './sip-endpoint.ts';

/**
 * On streams: the connection the request came on and, once that is gone, its address with the sent-by port. On UDP: the address it
 * came from, and its port when rport was asked for, else the sent-by port.
 *
 * Deviates: `maddr` is not followed; a response never leaves for an address that the sender merely names.
 */
export function responseDestination(via: Via, source: SipPeer): SipPeer {
  if (isReliable(source.transport)) {
    return { ...source, sentByPort: via.port ?? defaultPort(source.transport) };
  }
  if (via.rport !== undefined) return source;
  return { ...source, port: via.port ?? defaultPort('udp') };
}
