/**
 * Where the far end of a session is: the address that was agreed on, until its packets show another (symmetric RTP). Used by
 * rtp-session.ts.
 *
 * Who agrees on another address goes on sending from the one before for as long as our answer travels, and a server that played early
 * media may be overtaken by the answer. Such packets are heard, and do not count as a sign of where the far end is now.
 */

/** Whoever still sends from the address before after so long, while nobody sends from the new one, is there. 2 s. */
const TICKS_OF_FORMER = 100;

/** Strangers are refused by the session, and counted, for so long after the far end was found; then the system does it. 2 s. */
const TICKS_BEFORE_ALONE = 100;

interface Address {
  readonly host: string;
  readonly port: number;
}

export class FollowedAddress {
  host = '';
  port = 0;
  rtcpPort = 0;
  #agreed: Address = { host: '', port: 0 };
  /** Where the packets came from before, and what was agreed on then. */
  #former: { readonly address: Address; readonly agreed: Address } | undefined;
  #isFound = false;
  /** Since the last agreement, or since the far end was found. */
  #ticks = 0;

  /** Takes an agreement; true where the far end is to be looked for anew. */
  agree(host: string, port: number, rtcpPort: number): boolean {
    // Addresses of zeros are for hold (RFC 3264 §8.4) and no place to send anything to.
    if (host === '0.0.0.0' || host === '::') return false;
    const agreed = { host, port };
    if (isSame(agreed, this.#agreed)) return false;
    if (this.#isFound) this.#former = { address: { host: this.host, port: this.port }, agreed: this.#agreed };
    // It comes back before it was heard elsewhere, or names in SDP what it sent from all the time.
    const former = this.#former;
    if (former && (isSame(former.agreed, agreed) || isSame(former.address, agreed))) this.#former = undefined;
    this.#agreed = agreed;
    this.host = host;
    this.port = port;
    this.rtcpPort = rtcpPort;
    this.#isFound = false;
    this.#ticks = 0;
    return true;
  }

  /** Whether the far end is known to be elsewhere. */
  isElsewhere(host: string, port: number): boolean {
    return this.#isFound && (port !== this.port || host !== this.host);
  }

  /** A packet that makes sense came from an address that is not refused. */
  heard(host: string, port: number): void {
    if (this.#isFound || (this.#former && isSame(this.#former.address, { host, port }))) return;
    this.#isFound = true;
    this.#former = undefined;
    this.#ticks = 0;
    // A NAT that moved RTP has moved RTCP too, most likely to the port beside it.
    if (host !== this.host || port !== this.port) this.rtcpPort = Math.min(65_535, port + 1);
    this.host = host;
    this.port = port;
  }

  /** True once, when others need not be brought to the session any more. */
  tick(): boolean {
    this.#ticks += 1;
    if (this.#isFound) return this.#ticks === TICKS_BEFORE_ALONE + 1;
    if (this.#ticks > TICKS_OF_FORMER) this.#former = undefined;
    return false;
  }
}

function isSame(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port;
}
