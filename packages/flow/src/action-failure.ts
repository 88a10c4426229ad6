// The typed error with which an action takes one of its error branches.

/** An action failed. Caught by the interpreter, which takes the branch `errorType`. */
export class ActionFailure extends Error {
  override readonly name = 'ActionFailure';
  readonly errorType: string;

  constructor(message: string, errorType = 'NoMatchingError') {
    super(message);
    this.errorType = errorType;
  }
}
