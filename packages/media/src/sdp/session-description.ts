/// <reference path="./sdp-transform.d.ts" />
/**
 * Offers and answers for one audio stream (RFC 8866, RFC 3264): text in and out, plain data for the worker.
 * The only file that knows sdp-transform.
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { type ParsedMedia, type ParsedSession, parse, type WrittenMedia, write } from 'sdp-transform';
import {
  type CryptoLine,
  cryptoLine,
  type MasterKey,
  SRTP_SUITES,
  type SrtpSuite,
  usableCrypto,
} from '../srtp/sdes.ts';
import { SdpUnusable } from './sdp-unusable.ts';

/** Audio codecs we speak, by their name in SDP; both 8 kHz, one byte a sample. */
export type AudioCodec = 'PCMU' | 'PCMA';

/** Direction of the stream from the describing side's view (RFC 8866 §6.7). */
type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** What an offer and its answer agreed on, seen from us. */
export interface NegotiatedMedia {
  remoteHost: string;
  remotePort: number;
  /** Where the far end takes RTCP (RFC 3605); the port after RTP's where it says nothing. */
  remoteRtcpPort: number;
  /** Codec and payload type we send. */
  codec: AudioCodec;
  payloadType: number;
  /** Payload type for telephone-event packets we send; undefined: the far end takes none. */
  telephoneEventPayloadType: number | undefined;
  /** Payload types we accept. */
  accepted: readonly { payloadType: number; format: AudioCodec | 'telephone-event' }[];
  /** Keys of SRTP; undefined: plain RTP. */
  srtp: { suite: SrtpSuite; ours: MasterKey; theirs: MasterKey } | undefined;
  /** Our direction: we send on `sendrecv` and `sendonly`. */
  direction: MediaDirection;
}

/** Who we are in a description. */
export interface LocalMedia {
  host: string;
  port: number;
  /** In order of preference. */
  codecs: readonly AudioCodec[];
  /** Our SRTP master key, where audio is to be encrypted (RTP/SAVP with a=crypto); undefined: RTP/AVP. */
  srtpKey?: MasterKey;
  /** Number in the origin line, the same for all descriptions of one session. */
  originId: number;
  /** Version in the origin line: one more for each description that says anything else (RFC 3264 §8). Default 1. */
  originVersion?: number;
}

const LONGEST_SDP = 65_536;
const MOST_LINES = 2_000;
const LONGEST_LINE = 4_096;
const MOST_STREAMS = 32;

const STATIC_PAYLOAD_TYPES: Record<AudioCodec, number> = { PCMU: 0, PCMA: 8 };
const OFFERED_TELEPHONE_EVENT = 101;
const CLOCK_RATE = 8_000;

/** Events 0 … 15 are the digits, 16 is hook flash, which everybody lists. */
const TELEPHONE_EVENTS = '0-16';

const REVERSED: Record<MediaDirection, MediaDirection> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/** Writes an offer of our codecs and telephone-event, `sendrecv`, 20 ms. */
export function writeOffer(local: LocalMedia): string {
  const formats = local.codecs.map((codec) => ({ payload: STATIC_PAYLOAD_TYPES[codec], codec }));
  const { srtpKey } = local;
  const crypto = srtpKey ? SRTP_SUITES.map((suite, n) => cryptoLine(n + 1, suite, srtpKey)) : [];
  return writeDescription(local, [audioOf(local, formats, OFFERED_TELEPHONE_EVENT, 'sendrecv', crypto)]);
}

/**
 * Reads the answer to our offer.
 *
 * @throws {SdpUnusable}
 */
export function readAnswer(sdp: string, local: LocalMedia): NegotiatedMedia {
  const session = parseDescription(sdp);
  const audio = session.media.find((media) => media.type === 'audio');
  const profile = profileOf(local);
  if (audio?.protocol !== profile) throw new SdpUnusable('noAudio', `it has no m=audio … ${profile}`);
  if (portOf(audio) === 0) throw new SdpUnusable('audioRefused', 'its audio has port 0');
  const { tag, ...media } = negotiate(session, audio, local);
  if (media.srtp && SRTP_SUITES[(tag ?? 0) - 1] !== media.srtp.suite) {
    throw new SdpUnusable('encryption', `its a=crypto:${tag} is none of our offer`);
  }
  // The far end sends with the numbers of our offer, even where its answer shows others (RFC 3264 §6.1).
  const offered = [
    ...local.codecs.map((format) => ({ payloadType: STATIC_PAYLOAD_TYPES[format], format })),
    { payloadType: OFFERED_TELEPHONE_EVENT, format: 'telephone-event' as const },
  ].filter(({ payloadType }) => !media.accepted.some((known) => known.payloadType === payloadType));
  return { ...media, accepted: [...media.accepted, ...offered] };
}

/**
 * Reads an offer and writes our answer: the first codec of the offer that we have, telephone-event if offered,
 * and port 0 for every other stream.
 *
 * @throws {SdpUnusable}
 */
export function answerToOffer(sdp: string, local: LocalMedia): { media: NegotiatedMedia; answer: string } {
  const session = parseDescription(sdp);
  const profile = profileOf(local);
  const audios = session.media.filter((media) => media.type === 'audio' && media.protocol === profile);
  if (audios.length === 0) throw new SdpUnusable('noAudio', `it has no m=audio … ${profile}`);
  const audio = audios.find((media) => portOf(media) !== 0);
  if (!audio) throw new SdpUnusable('audioRefused', 'its audio has port 0');
  const { tag, ...media } = negotiate(session, audio, local);
  const { srtp } = media;
  const crypto = srtp ? [cryptoLine(tag ?? 1, srtp.suite, srtp.ours)] : [];
  const chosen = [{ payload: media.payloadType, codec: media.codec }];
  // Every m= line of the offer is answered in its place (RFC 3264 §6).
  const lines = session.media.map((offered) =>
    offered === audio
      ? audioOf(local, chosen, media.telephoneEventPayloadType, media.direction, crypto)
      : refused(offered),
  );
  return { media, answer: writeDescription(local, lines) };
}

/**
 * Sees to it that a browser's answer can be given to the WebRTC library, which takes nearly anything.
 *
 * @throws {SdpUnusable}
 */
export function checkWebRtcAnswer(sdp: string): void {
  const audio = parseDescription(sdp).media.find((media) => media.type === 'audio');
  if (!audio?.protocol?.startsWith('UDP/TLS/RTP/SAVP')) {
    throw new SdpUnusable('noAudio', 'it has no m=audio … UDP/TLS/RTP/SAVPF');
  }
  if (portOf(audio) === 0) throw new SdpUnusable('audioRefused', 'its audio has port 0');
  if (!formatsOf(audio).some(({ format }) => format === 'PCMU')) {
    throw new SdpUnusable('noCommonCodec', 'it has no PCMU');
  }
  for (const needed of ['ice-ufrag', 'ice-pwd', 'fingerprint']) {
    if (!sdp.includes(`\na=${needed}:`)) throw new SdpUnusable('malformed', `it has no a=${needed}`);
  }
}

/** @throws {SdpUnusable} `tooLarge` before anything looks into it. */
function checkDescriptionSize(sdp: string): void {
  if (sdp.length > LONGEST_SDP)
    throw new SdpUnusable('tooLarge', `it has more than ${LONGEST_SDP} characters`);
  const lines = sdp.split(/\r\n|\r|\n/);
  if (lines.length > MOST_LINES || lines.some((line) => line.length > LONGEST_LINE)) {
    throw new SdpUnusable(
      'tooLarge',
      `it has over ${MOST_LINES} lines, or one over ${LONGEST_LINE} characters`,
    );
  }
}

function parseDescription(sdp: string): ParsedSession {
  checkDescriptionSize(sdp);
  const session = parse(sdp);
  if (session.version !== 0) throw new SdpUnusable('malformed', 'it has no v=0 line');
  if (session.media.length > MOST_STREAMS) {
    throw new SdpUnusable('tooLarge', `it has more than ${MOST_STREAMS} streams`);
  }
  if (session.media.some((media) => media.type === undefined)) {
    throw new SdpUnusable('malformed', 'it has an m= line that cannot be read');
  }
  return session;
}

function profileOf(local: LocalMedia): string {
  return local.srtpKey === undefined ? 'RTP/AVP' : 'RTP/SAVP';
}

/** What both sides can do, and the tag of the far end's a=crypto line. */
function negotiate(
  session: ParsedSession,
  audio: ParsedMedia,
  local: LocalMedia,
): NegotiatedMedia & { tag: number | undefined } {
  const remotePort = portOf(audio);
  const remoteHost = addressOf(session, audio, local);
  const formats = formatsOf(audio);
  const ours = formats.filter(({ format }) => local.codecs.some((codec) => codec === format));
  const [chosen] = ours;
  if (!chosen || chosen.format === 'telephone-event') {
    throw new SdpUnusable('noCommonCodec', `it has none of ${local.codecs.join(', ')} at ${CLOCK_RATE} Hz`);
  }
  const crypto = local.srtpKey === undefined ? undefined : usableCrypto(audio.crypto ?? []);
  if (local.srtpKey !== undefined && !crypto) {
    throw new SdpUnusable('encryption', `it has no a=crypto with ${SRTP_SUITES.join(' or ')}`);
  }
  const events = formats.find(({ format }) => format === 'telephone-event');
  // A zero address is how RFC 2543 phones say hold (RFC 3264 §8.4).
  const theirs = remoteHost === '0.0.0.0' || remoteHost === '::' ? 'inactive' : directionOf(session, audio);
  return {
    remoteHost,
    remotePort,
    remoteRtcpPort: rtcpPortOf(audio, remotePort),
    codec: chosen.format,
    payloadType: chosen.payloadType,
    telephoneEventPayloadType: events?.payloadType,
    accepted: events ? [...ours, events] : ours,
    srtp: crypto && { suite: crypto.suite, ours: local.srtpKey ?? '', theirs: crypto.key },
    tag: crypto?.tag,
    direction: REVERSED[theirs],
  };
}

function portOf(audio: ParsedMedia): number {
  const { port } = audio;
  if (typeof port !== 'number' || port < 0 || port > 65_535) {
    throw new SdpUnusable('malformed', `its audio port is ${quote(port)}`);
  }
  return port;
}

function rtcpPortOf(audio: ParsedMedia, rtpPort: number): number {
  const port = audio.rtcp?.port;
  return typeof port === 'number' && port > 0 && port <= 65_535 ? port : Math.min(65_535, rtpPort + 1);
}

/** In the family of our own: a socket reaches no other. */
function addressOf(session: ParsedSession, audio: ParsedMedia, local: LocalMedia): string {
  const connection = audio.connection ?? session.connection;
  const address = String(connection?.ip ?? '');
  if (isIPv6(local.host)) {
    if (connection?.version === 6 && isIPv6(address)) return unicastV6(address);
    throw new SdpUnusable(
      'unusableAddress',
      `its c= line has no numeric IPv6 address, but ${quote(address)}`,
    );
  }
  if (connection?.version !== 4 || !isIPv4(address)) {
    throw new SdpUnusable(
      'unusableAddress',
      `its c= line has no numeric IPv4 address, but ${quote(address)}`,
    );
  }
  const firstOctet = Number(address.split('.')[0]);
  if (firstOctet >= 224 || (firstOctet === 0 && address !== '0.0.0.0')) {
    throw new SdpUnusable('unusableAddress', `${address} is not a unicast address`);
  }
  return address;
}

/** As the system writes it, so that it equals the source of what comes from there. */
function unicastV6(address: string): string {
  const text = address.includes('%') ? '' : new SocketAddress({ address, family: 'ipv6' }).address;
  // Multicast, link-local (of which link?), and IPv4 in disguise, which no IPv6 socket of ours reaches.
  if (text === '' || /^ff|^fe[89ab]|^::ffff:/i.test(text)) {
    throw new SdpUnusable('unusableAddress', `${quote(address)} is not a unicast IPv6 address`);
  }
  return text;
}

interface OfferedFormat {
  payloadType: number;
  format: AudioCodec | 'telephone-event';
}

/** The formats of an m= line that we know, in its order. */
function formatsOf(audio: ParsedMedia): OfferedFormat[] {
  const known: OfferedFormat[] = [];
  for (const text of String(audio.payloads ?? '').split(' ')) {
    const payloadType = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
    if (!(payloadType <= 127) || known.some((format) => format.payloadType === payloadType)) continue;
    const format = formatOf(audio, payloadType);
    if (format) known.push({ payloadType, format });
  }
  return known;
}

function formatOf(audio: ParsedMedia, payloadType: number): OfferedFormat['format'] | undefined {
  const mapped = audio.rtp.find((rtp) => rtp.payload === payloadType);
  if (!mapped) {
    // Static types need no rtpmap (RFC 3551 §6).
    if (payloadType === STATIC_PAYLOAD_TYPES.PCMU) return 'PCMU';
    return payloadType === STATIC_PAYLOAD_TYPES.PCMA ? 'PCMA' : undefined;
  }
  if (mapped.rate !== CLOCK_RATE) return undefined;
  if (mapped.encoding !== undefined && mapped.encoding !== 1) return undefined;
  switch (String(mapped.codec).toLowerCase()) {
    case 'pcmu':
      return 'PCMU';
    case 'pcma':
      return 'PCMA';
    case 'telephone-event':
      return 'telephone-event';
    default:
      return undefined;
  }
}

function directionOf(session: ParsedSession, audio: ParsedMedia): MediaDirection {
  const direction = audio.direction ?? session.direction;
  switch (direction) {
    case 'sendonly':
    case 'recvonly':
    case 'inactive':
      return direction;
    default:
      return 'sendrecv';
  }
}

function audioOf(
  local: LocalMedia,
  codecs: readonly { payload: number; codec: string }[],
  telephoneEvent: number | undefined,
  direction: MediaDirection,
  crypto: CryptoLine[],
): WrittenMedia {
  const rtp = codecs.map(({ payload, codec }) => ({ payload, codec, rate: CLOCK_RATE }));
  const fmtp: WrittenMedia['fmtp'] = [];
  if (telephoneEvent !== undefined) {
    rtp.push({ payload: telephoneEvent, codec: 'telephone-event', rate: CLOCK_RATE });
    fmtp.push({ payload: telephoneEvent, config: TELEPHONE_EVENTS });
  }
  const payloads = rtp.map(({ payload }) => payload).join(' ');
  const { port } = local;
  const protocol = profileOf(local);
  return { type: 'audio', port, protocol, payloads, rtp, fmtp, crypto, ptime: 20, direction };
}

function refused(offered: ParsedMedia): WrittenMedia {
  return {
    type: offered.type ?? 'audio',
    port: 0,
    protocol: offered.protocol ?? 'RTP/AVP',
    payloads: String(offered.payloads ?? '0'),
    rtp: [],
    fmtp: [],
  };
}

function writeDescription(local: LocalMedia, media: WrittenMedia[]): string {
  const version = isIPv6(local.host) ? 6 : 4;
  return write({
    version: 0,
    origin: {
      username: '-',
      sessionId: local.originId,
      sessionVersion: local.originVersion ?? 1,
      netType: 'IN',
      ipVer: version,
      address: local.host,
    },
    name: '-',
    connection: { version, ip: local.host },
    timing: { start: 0, stop: 0 },
    media,
  });
}

/** Outside text in an error message: short and without control characters. */
function quote(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 40));
}
