/**
 * RTCP compound packets on the wire (RFC 3550 §6): writes our report, reads what others report of us. Knows no timing.
 *
 * ```
 * SR 200: header, SSRC, NTP time (64), RTP time, packets, octets, then report blocks
 * RR 201: header, SSRC, then report blocks
 * block:  SSRC, fraction lost (8) lost (24), highest sequence, jitter, last SR (32), delay since it (32)
 * ```
 */

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const GOODBYE = 203;
const CNAME_ITEM = 1;

const HEADER_BYTES = 4;
const SENDER_INFO_BYTES = 24;
const BLOCK_BYTES = 24;

/** Compound packets are small; more is not from a telephone. */
const LONGEST_PACKET = 1_500;

/** Seconds between the NTP era (1900) and the epoch. */
const NTP_EPOCH_SECONDS = 2_208_988_800;

/** How we receive one source. */
export interface ReceptionReport {
  ssrc: number;
  /** Share lost since the last report, 0 … 1. */
  fractionLost: number;
  /** Since the beginning; negative where copies outnumber losses. */
  lost: number;
  /** Highest sequence number received, cycles in the upper half. */
  highestSequence: number;
  /** Timestamp units. */
  jitter: number;
  /** Middle 32 bits of the NTP time of the source's last sender report; 0 when there was none. */
  lastSenderReport: number;
  /** Since that report came, in 1/65 536 s. */
  delaySinceLastSenderReport: number;
}

export interface OwnReport {
  ssrc: number;
  cname: string;
  /** Left out when nothing was sent since the last report. */
  sender: { nowMs: number; rtpTimestamp: number; packets: number; octets: number } | undefined;
  reception: ReceptionReport | undefined;
  isGoodbye: boolean;
}

/** Writes a compound packet: SR or RR, SDES with the CNAME, BYE at the end of the session. */
export function writeReport(report: OwnReport): Uint8Array {
  const cname = new TextEncoder().encode(report.cname).subarray(0, 255);
  const blocks = report.reception ? 1 : 0;
  const reportBytes = (report.sender ? HEADER_BYTES + SENDER_INFO_BYTES : 8) + blocks * BLOCK_BYTES;
  // Chunk: SSRC, item head, text, then one to four zeros up to the next word.
  const descriptionBytes = HEADER_BYTES + 4 * Math.floor((4 + 2 + cname.length) / 4 + 1);
  const bytes = new Uint8Array(reportBytes + descriptionBytes + (report.isGoodbye ? 8 : 0));
  const view = new DataView(bytes.buffer);
  writeHeader(view, 0, blocks, report.sender ? SENDER_REPORT : RECEIVER_REPORT, reportBytes);
  view.setUint32(4, report.ssrc);
  let at = 8;
  if (report.sender) {
    const { seconds, fraction } = ntpTime(report.sender.nowMs);
    view.setUint32(8, seconds);
    view.setUint32(12, fraction);
    view.setUint32(16, report.sender.rtpTimestamp);
    view.setUint32(20, report.sender.packets);
    view.setUint32(24, report.sender.octets);
    at = HEADER_BYTES + SENDER_INFO_BYTES;
  }
  if (report.reception) writeBlock(view, at, report.reception);
  at = reportBytes;
  writeHeader(view, at, 1, SOURCE_DESCRIPTION, descriptionBytes);
  view.setUint32(at + 4, report.ssrc);
  bytes[at + 8] = CNAME_ITEM;
  bytes[at + 9] = cname.length;
  bytes.set(cname, at + 10);
  at += descriptionBytes;
  if (report.isGoodbye) {
    writeHeader(view, at, 1, GOODBYE, 8);
    view.setUint32(at + 4, report.ssrc);
  }
  return bytes;
}

/** What a compound packet of the far end tells us. */
export interface HeardReport {
  ssrc: number;
  /** Middle 32 bits of its NTP time; undefined in a receiver report. */
  senderReport: number | undefined;
  /** What it says about the stream `ourSsrc`. */
  ofUs: ReceptionReport | undefined;
}

/**
 * Reads a datagram as compound RTCP, strictly by the checks of RFC 3550 A.2; undefined when it is none.
 * Packet types that we do not use are passed over.
 */
export function readReport(datagram: Uint8Array, ourSsrc: number): HeardReport | undefined {
  if (datagram.length < 8 || datagram.length > LONGEST_PACKET || datagram.length % 4 !== 0) return undefined;
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  let heard: HeardReport | undefined;
  let at = 0;
  while (at < datagram.length) {
    if (at + 4 > datagram.length) return undefined;
    const first = view.getUint8(at);
    const type = view.getUint8(at + 1);
    const bytes = 4 * (view.getUint16(at + 2) + 1);
    const isReport = type === SENDER_REPORT || type === RECEIVER_REPORT;
    if (first >> 6 !== 2 || at + bytes > datagram.length || type < 192 || type > 223) return undefined;
    // The first must be a report without padding.
    if (at === 0 && (!isReport || first & 0x20)) return undefined;
    if (isReport) {
      const read = readOneReport(view, at, bytes, first & 0x1f, type === SENDER_REPORT, ourSsrc);
      if (!read) return undefined;
      heard ??= read;
    }
    at += bytes;
  }
  return heard;
}

/** Middle 32 bits of the NTP time, as reports carry it back. */
export function middleOfNtp(nowMs: number): number {
  const { seconds, fraction } = ntpTime(nowMs);
  return (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0;
}

function readOneReport(
  view: DataView,
  at: number,
  bytes: number,
  blocks: number,
  isSender: boolean,
  ourSsrc: number,
): HeardReport | undefined {
  const start = isSender ? HEADER_BYTES + SENDER_INFO_BYTES : 8;
  if (bytes < start + blocks * BLOCK_BYTES) return undefined;
  let ofUs: ReceptionReport | undefined;
  for (let block = 0; block < blocks; block += 1) {
    const place = at + start + block * BLOCK_BYTES;
    if (view.getUint32(place) === ourSsrc) ofUs = readBlock(view, place);
  }
  const ntp = isSender ? ((view.getUint16(at + 10) << 16) | view.getUint16(at + 12)) >>> 0 : undefined;
  return { ssrc: view.getUint32(at + 4), senderReport: ntp, ofUs };
}

function readBlock(view: DataView, at: number): ReceptionReport {
  return {
    ssrc: view.getUint32(at),
    fractionLost: view.getUint8(at + 4) / 256,
    lost: (view.getUint32(at + 4) << 8) >> 8,
    highestSequence: view.getUint32(at + 8),
    jitter: view.getUint32(at + 12),
    lastSenderReport: view.getUint32(at + 16),
    delaySinceLastSenderReport: view.getUint32(at + 20),
  };
}

function writeBlock(view: DataView, at: number, report: ReceptionReport): void {
  view.setUint32(at, report.ssrc);
  const lost = Math.max(-0x800000, Math.min(0x7fffff, report.lost));
  view.setUint32(at + 4, lost & 0xffffff);
  view.setUint8(at + 4, Math.max(0, Math.min(255, Math.floor(report.fractionLost * 256))));
  view.setUint32(at + 8, report.highestSequence);
  view.setUint32(at + 12, Math.round(report.jitter));
  view.setUint32(at + 16, report.lastSenderReport);
  view.setUint32(at + 20, report.delaySinceLastSenderReport);
}

function writeHeader(view: DataView, at: number, count: number, type: number, bytes: number): void {
  view.setUint8(at, 0x80 | count);
  view.setUint8(at + 1, type);
  view.setUint16(at + 2, bytes / 4 - 1);
}

function ntpTime(nowMs: number): { seconds: number; fraction: number } {
  const whole = Math.floor(nowMs / 1_000);
  const seconds = (whole + NTP_EPOCH_SECONDS) % 2 ** 32;
  return { seconds, fraction: Math.floor(((nowMs - whole * 1_000) / 1_000) * 2 ** 32) >>> 0 };
}
