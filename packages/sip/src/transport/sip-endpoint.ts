// Addresses that speak SIP: where messages go, where they came from, and which of them travel reliably.
import { isIP } from 'node:net';
import { formatHostPort } from '../message/grammar.ts';
import type { SipUri } from '../message/uri.ts';
import type { NetworkAddress } from './datagram-network.ts';

export type SipTransport = 'udp' | 'tcp' | 'tls';

/** An address that speaks SIP. IPv6 addresses stand without brackets. */
export interface SipEndpoint extends NetworkAddress {
  readonly host: string;
  readonly port: number;
  readonly transport: SipTransport;
  /** The name a TLS peer must prove (RFC 5922 §7.2), where it differs from `host`: the name that was looked up. */
  readonly tlsName?: string;
  /** The name that the TLS peer proved which told of this address, in Contact or Record-Route: its settings count here, too. */
  readonly namedBy?: string;
}

/** Where a message came from. Given back as a destination, it stands for the way that answers go. */
export interface SipPeer extends SipEndpoint {
  /** The connection it came on; answers go back on it (RFC 3261 §18.2.2). */
  readonly connection?: number;
  /** Port for answers once that connection is gone: the one the topmost Via names. */
  readonly sentByPort?: number;
  /** Set for UDP sources that have not proved their address: an answer may not be larger, bytes. */
  readonly largestAnswerBytes?: number;
}

/** Well-known ports (RFC 3261 §19.1.2). */
export function defaultPort(transport: SipTransport): number {
  return transport === 'tls' ? 5061 : 5060;
}

/** Streams deliver or fail; nothing is repeated on them (RFC 3261 §17). */
export function isReliable(transport: SipTransport): boolean {
  return transport !== 'udp';
}

/**
 * The address a URI names, without looking anything up: sips means TLS, the transport parameter decides otherwise, and UDP is the
 * default (RFC 3263 §4.1 for numeric hosts).
 */
export function endpointOf(uri: SipUri): SipEndpoint {
  const named = uri.parameter('transport')?.toLowerCase();
  const isSecure = uri.scheme === 'sips' || named === 'tls';
  const transport = isSecure ? 'tls' : named === 'tcp' ? 'tcp' : 'udp';
  return { host: uri.host, port: uri.port ?? defaultPort(transport), transport };
}

/**
 * The way to an endpoint that a peer named. Over TLS, peers name bare addresses that no certificate holds: then what the peer proved
 * counts for the address, and the connection it spoke on is used while there is one. Another name must be proved by whoever has it.
 */
export function towards(endpoint: SipPeer, peer: SipPeer): SipPeer {
  if (endpoint.transport !== 'tls' || peer.transport !== 'tls') return endpoint;
  const { connection, tlsName = peer.host, namedBy = tlsName } = peer;
  if (isIP(endpoint.host) === 0) return { ...endpoint, namedBy };
  return { ...endpoint, tlsName, namedBy, ...(connection === undefined ? {} : { connection }) };
}

/** `tcp 192.0.2.1:5060`, for keys and messages. */
export function endpointText(endpoint: SipEndpoint): string {
  return `${endpoint.transport} ${formatHostPort(endpoint.host, endpoint.port)}`;
}
