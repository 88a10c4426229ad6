// The timer values of RFC 3261 §17 (table 4), for unreliable transport. All in ms.

/** Estimate of a round trip. */
export const T1_MS = 500;
/** Longest interval between retransmissions of non-INVITE requests and INVITE responses. */
export const T2_MS = 4_000;
/** How long a message stays in the network. */
export const T4_MS = 5_000;

/** Timers B, F, H, J, L, M: how long a transaction hopes for the other side. */
export const TRANSACTION_TIMEOUT_MS = 64 * T1_MS;
/** Timer D: how long a client absorbs repeated final answers; "at least 32 s". */
export const TIMER_D_MS = 32_000;
/** Timers I and K. */
export const TIMER_I_MS = T4_MS;
export const TIMER_K_MS = T4_MS;
