// The public entry of the SIP user agent. Everything else in this package is internal.
export type { Clock } from './clock.ts';
export { systemClock } from './clock.ts';
export type {
  CallerIdentity,
  CallParty,
  PrivacyKind,
} from './dialog/caller-identity.ts';
export type { AnswerOptions, IncomingInvite, ProvisionalOptions } from './dialog/incoming-invite.ts';
export type {
  DialogEnd,
  DialogFault,
  EarlyDialog,
  InDialogReply,
  InDialogRequestCallback,
  InviteDialog,
  OfferCallback,
  SessionCallbacks,
} from './dialog/invite-dialog.ts';
export type { EarlyMedia, OutgoingInviteRequest } from './dialog/invite-request.ts';
export type { OutgoingInvite } from './dialog/outgoing-invite.ts';
export { checkHeaders } from './dialog/own-headers.ts';
export type { ProbeOutcome, ProbeRequest } from './dialog/probe.ts';
export type { ReceivedTransfer } from './dialog/received-transfer.ts';
export type { TransferOutcome, TransferRequest } from './dialog/transfer.ts';
export type { SipFault, TransportFailureCode } from './errors.ts';
export {
  InviteCancelled,
  InviteNotPending,
  InviteRejected,
  InviteTimedOut,
  InviteTransportError,
  OfferUnanswered,
  RequestFailed,
  SessionChangeRefused,
  SipPortUnavailable,
  TransportError,
  UnusableHeader,
} from './errors.ts';
export { cachedResolver } from './locating/dns-cache.ts';
export type { DnsAnswer, DnsResolver, NaptrRecord, SrvRecord } from './locating/dns-resolver.ts';
export { LookupFailed } from './locating/dns-resolver.ts';
export type { LocateOptions, ServerName } from './locating/locate-server.ts';
export { locateServer, ServerNotFound } from './locating/locate-server.ts';
export { nodeResolver } from './locating/node-resolver.ts';
export type { TargetFailure, TargetStanding } from './locating/target-standing.ts';
export {
  afterFailure,
  afterSuccess,
  firstUsableMs,
  NO_STANDING,
  retryAfterMs,
  usableTargets,
} from './locating/target-standing.ts';
export type {
  DigestAlgorithm,
  DigestChallenge,
  DigestCredentials,
  DigestQop,
  DigestVerdict,
} from './message/digest-auth.ts';
export {
  answerChallenge,
  chooseChallenge,
  chooseChallenges,
  createDigestChallenge,
  verifyDigest,
} from './message/digest-auth.ts';
export type { HeaderList } from './message/headers.ts';
export { SipHeaders } from './message/headers.ts';
export type { SipBody, SipMessage, SipRequest, SipResponse } from './message/message.ts';
export { bodyOf } from './message/message.ts';
export type { NameAddress } from './message/name-address.ts';
export { parseNameAddress } from './message/name-address.ts';
export { MAX_MESSAGE_BYTES, parseMessage } from './message/parse.ts';
export type { ParseFailureCode } from './message/parse-failure.ts';
export { ParseFailure } from './message/parse-failure.ts';
export type { ReasonCause } from './message/reason.ts';
export { parseReason } from './message/reason.ts';
export type { RedirectContact } from './message/redirect.ts';
export { serializeMessage } from './message/serialize.ts';
export { reasonPhrase } from './message/status.ts';
export type { SipUri } from './message/uri.ts';
export { formatSipUri, parseSipUri } from './message/uri.ts';
export type {
  Registration,
  RegistrationRequest,
  RegistrationStatus,
} from './registration/registration.ts';
export type { SessionTimerPolicy } from './session/session-timer-terms.ts';
export type { CallTrace, CallTracesOptions } from './trace/call-traces.ts';
export { CallTraces } from './trace/call-traces.ts';
export type { HepExporter, HepExporterOptions, HepIdentity } from './trace/hep.ts';
export { encodeHep, openHepExporter } from './trace/hep.ts';
export { formatLadder } from './trace/ladder.ts';
export { writePcap } from './trace/pcap.ts';
export type { TracedMessage } from './trace/traced-message.ts';
export type { SipCounters } from './transport/counters.ts';
export { newCounters } from './transport/counters.ts';
export type { DatagramNetwork, DatagramSocket, NetworkAddress } from './transport/datagram-network.ts';
export type { SipLimits } from './transport/limits.ts';
export type { SipEndpoint, SipPeer, SipTransport } from './transport/sip-endpoint.ts';
export { defaultPort } from './transport/sip-endpoint.ts';
export type {
  StreamEvents,
  StreamNetwork,
  StreamSocket,
  TlsCertificate,
  TlsConnectOptions,
  TlsListenOptions,
} from './transport/stream-network.ts';
export { streamNetwork } from './transport/streams.ts';
export { TlsNameMismatch } from './transport/tls-identity.ts';
export type { ListenPoint } from './transport/transport-layer.ts';
export { udpNetwork } from './transport/udp.ts';
export type { SipTraceEntry } from './transport/wire-trace.ts';
export type { UserAgent, UserAgentActivity, UserAgentOptions } from './user-agent.ts';
export { openUserAgent } from './user-agent.ts';
