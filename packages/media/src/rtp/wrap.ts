/**
 * Arithmetic on RTP sequence numbers (16 bit) and timestamps (32 bit), which wrap around zero.
 */

/** How far `later` is ahead of `earlier`, −32 768 … 32 767; negative when it is behind. */
export function sequenceDistance(later: number, earlier: number): number {
  return ((later - earlier) << 16) >> 16;
}

export function nextSequence(sequenceNumber: number): number {
  return (sequenceNumber + 1) & 0xffff;
}

/** How far `later` is ahead of `earlier`, −2³¹ … 2³¹ − 1; negative when it is behind. */
export function timestampDistance(later: number, earlier: number): number {
  return (later - earlier) | 0;
}

export function addToTimestamp(timestamp: number, samples: number): number {
  return (timestamp + samples) >>> 0;
}
