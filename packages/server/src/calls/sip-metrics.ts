/** What SIP and the trunks tell operators: traffic, noise, health, room. Read when /metrics is. */
import type { SipCounters } from '@ringback/sip';
import type { SipSide } from './sip-side.ts';
import { failureShare } from './trunk-health.ts';

/** Metrics as they are watched (metrics.ts). */
interface Watching {
  watch(name: string, help: string, read: () => number): void;
  watchEach(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void;
}

/** Numbers that only grow, apart from those by transport and by mistake. */
const counted: Readonly<Partial<Record<keyof SipCounters, string>>> = {
  malformedAnswered: 'Malformed requests that got their 4xx or 5xx, since the start.',
  refusedPeers:
    'Datagrams and connections of peers that are no trunk of ours, since the start; they got silence.',
  aboveRate: 'Messages above the rate of their source, since the start.',
  aboveCapacity: 'Requests refused because too many were pending, since the start.',
  sendFailures: 'Messages that could not be sent, since the start.',
  movedToTcp: 'Requests sent over TCP for their size, since the start.',
  returnedToUdp: 'Requests that came back to UDP because nobody took them over TCP, since the start.',
  connectionsOpened: 'TCP and TLS connections made, since the start.',
  connectionsAccepted: 'TCP and TLS connections accepted, since the start.',
  connectionsAboveLimit: 'Connections refused for a limit, since the start.',
  connectionsFailed: 'Connections that did not come about, since the start.',
  connectionsClosedIdle: 'Connections closed because nothing came, since the start.',
  connectionsClosedHalfOpen: 'Connections closed before their first whole message, since the start.',
  connectionsClosedBroken:
    'Connections closed because their bytes could not be framed, or were not read, since the start.',
  openConnections: 'TCP and TLS connections that are open.',
};

export function watchSip(
  metrics: Watching,
  { userAgent, trunks, traces, hep }: SipSide,
  clock: { now(): number },
): void {
  metrics.watchEach(
    'ringback_sip_messages_received',
    'SIP messages received since the start.',
    'transport',
    () => ({
      ...userAgent.counters.received,
    }),
  );
  metrics.watchEach('ringback_sip_messages_sent', 'SIP messages sent since the start.', 'transport', () => ({
    ...userAgent.counters.sent,
  }));
  metrics.watchEach(
    'ringback_sip_messages_malformed',
    'Malformed messages since the start.',
    'problem',
    () => ({
      ...userAgent.counters.malformed,
    }),
  );
  for (const [name, help] of Object.entries(counted)) {
    metrics.watch(
      `ringback_sip_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
      help,
      () => userAgent.counters[name as 'sendFailures'],
    );
  }
  metrics.watch('ringback_sip_dialogs', 'Dialogs that are open.', () => userAgent.activity.dialogs);
  metrics.watch(
    'ringback_sip_pending_calls',
    'INVITEs without final answer.',
    () => userAgent.activity.pendingCalls,
  );

  const each = (name: string, help: string, read: (status: (typeof trunks.status)[number]) => number): void =>
    metrics.watchEach(`ringback_trunk_${name}`, help, 'trunk', () =>
      Object.fromEntries(trunks.status.map((status) => [status.name, read(status)])),
    );
  each('in_service', '1 where the trunk takes calls first, 0 where it is side-lined.', ({ health }) =>
    health.standing === 'side-lined' ? 0 : 1,
  );
  each('calls', 'Calls that the trunk has now, ringing ones included.', ({ calls }) => calls);
  each(
    'failure_share',
    'Share of the calls of the last minute that the trunk failed to carry, 0 to 1.',
    ({ health }) => failureShare(health, clock.now()),
  );
  each('registered', '1 where the trunk has our registration, or wants none.', ({ registration }) =>
    registration === undefined || registration === 'registered' ? 1 : 0,
  );
  metrics.watch(
    'ringback_trunk_calls_waiting',
    'Diallings that wait for room on a trunk.',
    () => trunks.waiting,
  );
  if (traces)
    metrics.watch('ringback_sip_trace_bytes', 'Memory that traces of calls take.', () => traces.bytes);
  if (hep) {
    metrics.watch('ringback_hep_packets_sent', 'SIP messages exported by HEP.', () => hep.counters.sent);
    metrics.watch(
      'ringback_hep_packets_failed',
      'SIP messages that could not be exported.',
      () => hep.counters.failed,
    );
  }
}
