// What is wrong with a flow document: the answer of the parser and the validator, one entry per mistake.

/** One mistake. `error` refuses the flow; `warning` lets it run. */
export interface FlowProblem {
  readonly severity: 'error' | 'warning';
  readonly actionIdentifier?: string;
  /** Place in the document, e.g. `Actions[0].Parameters.Text`; empty for the document as a whole. */
  readonly path: string;
  /** What is wrong, in the service's wording where that is known. */
  readonly message: string;
  /** What would be right. */
  readonly remedy: string;
}

/** Builds an error-level problem. */
export function errorAt(
  path: string,
  message: string,
  remedy: string,
  actionIdentifier?: string,
): FlowProblem {
  return problem('error', path, message, remedy, actionIdentifier);
}

/** Builds a warning-level problem. */
export function warningAt(
  path: string,
  message: string,
  remedy: string,
  actionIdentifier?: string,
): FlowProblem {
  return problem('warning', path, message, remedy, actionIdentifier);
}

function problem(
  severity: FlowProblem['severity'],
  path: string,
  message: string,
  remedy: string,
  actionIdentifier?: string,
): FlowProblem {
  return actionIdentifier === undefined
    ? { severity, path, message, remedy }
    : { severity, actionIdentifier, path, message, remedy };
}
