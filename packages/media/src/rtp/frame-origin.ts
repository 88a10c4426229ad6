/** Where 20 ms of received audio come from, for those who listen to it after the jitter buffer. */

/**
 * `received`: as it came, or comfort noise that the far end asked for. `concealed`: some of it was lost or is late, and is made up.
 * `lost`: something was sent, as what came later shows, but so much of it is lost that nothing is made up any more; the frame is silent.
 * `absent`: nothing came, and nobody knows whether anything was sent; the frame is silent.
 */
export type FrameOrigin = 'received' | 'concealed' | 'lost' | 'absent';
