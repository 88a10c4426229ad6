// What both kinds of transaction are once they are over and only wait for late copies.

export interface LingeringTransaction {
  /** Its last timer (D, I, J, K, L or M) is due. */
  lingered(): void;
}
