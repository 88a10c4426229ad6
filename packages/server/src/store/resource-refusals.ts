/** Why a resource of an instance was not stored; the edge turns these into the operation's own exceptions. */

/** A name is taken within the instance. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken';
  constructor(kind: string, taken: string) {
    super(`Another ${kind} is named "${taken}" already.`);
  }
}

/** As many as there may be exist already. */
export class TooMany extends Error {
  override readonly name = 'TooMany';
  constructor(kind: string, most: number, plural = `${kind}s`) {
    super(`There are ${most} ${plural} already, and no more are allowed.`);
  }
}

/** Something else still needs it. */
export class InUse extends Error {
  override readonly name = 'InUse';
}

/** What it was to refer to is not there, or went meanwhile. */
export class ReferenceMissing extends Error {
  override readonly name = 'ReferenceMissing';
}

/** Another request with the same ClientToken was quicker. */
export class ClientTokenTaken extends Error {
  override readonly name = 'ClientTokenTaken';
}
