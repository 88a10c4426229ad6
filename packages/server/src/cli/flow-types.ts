/** The flow type that a command line names. */
import { FLOW_TYPES, type FlowType } from '@ringback/flow';
import { InvalidArgumentError } from 'commander';

/** Reads `--type`. */
export function flowTypeArgument(text: string): FlowType {
  const type = FLOW_TYPES.find((known) => known === text.toUpperCase());
  if (type) return type;
  throw new InvalidArgumentError(`A flow's type is one of ${FLOW_TYPES.join(', ')}.`);
}
