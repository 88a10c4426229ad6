/** Why a resource of an instance was not stored; the edge turns these into the operation's own exceptions. */

/** A name is taken within the instance. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken';
  constructor(kind: string, taken: string) {
    super(`There is a ${kind} named "${taken}" already.`);
  }
}

/** As many as there may be exist already. */
export class TooMany extends Error {
  override readonly name = 'TooMany';
  constructor(kind: string, most: number) {
    super(`There are ${most} ${kind}s already, and no more are allowed.`);
  }
}

/** Another request with the same ClientToken was quicker. */
export class ClientTokenTaken extends Error {
  override readonly name = 'ClientTokenTaken';
}
