/** The flow types that a command line may name. */
import type { FlowType } from '@ringback/flow';
import { InvalidArgumentError } from 'commander';

const flowTypes = [
  'CONTACT_FLOW',
  'CUSTOMER_QUEUE',
  'CUSTOMER_HOLD',
  'CUSTOMER_WHISPER',
  'AGENT_HOLD',
  'AGENT_WHISPER',
  'OUTBOUND_WHISPER',
  'AGENT_TRANSFER',
  'QUEUE_TRANSFER',
  'CAMPAIGN',
  'MODULE',
] as const satisfies readonly FlowType[];

/** Reads `--type`. */
export function flowTypeArgument(text: string): FlowType {
  const type = flowTypes.find((known) => known === text.toUpperCase());
  if (type) return type;
  throw new InvalidArgumentError(`A flow's type is one of ${flowTypes.join(', ')}.`);
}
