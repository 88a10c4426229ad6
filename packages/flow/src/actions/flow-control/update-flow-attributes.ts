// UpdateFlowAttributes: sets values that live as long as this flow runs.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { member } from '../../flow-document.ts';
import { map, object, oneOf, required, text } from '../../parameter-spec.ts';
import { textOf } from '../../references.ts';

/** Most bytes of names and values together; the same as for contact attributes. */
const MAX_BYTES = 32_768;

export const updateFlowAttributes: ActionDefinition = {
  type: 'UpdateFlowAttributes',
  logType: 'SetFlowAttributes',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: {
    FlowAttributes: required(map(object({ Value: required(text('inline')), Type: oneOf('String') }))),
  },
  errors: { expected: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): ActionOutcome {
  const written = context.raw('FlowAttributes');
  if (typeof written !== 'object' || written === null) throw new ActionFailure('FlowAttributes is missing');
  const updates = new Map<string, string>();
  for (const [key, entry] of Object.entries(written)) {
    const value = typeof entry === 'object' ? member(entry, 'Value') : entry;
    updates.set(context.inline(key), textOf(context.value(value)) ?? '');
  }
  const merged = new Map([...context.data.flowAttributes, ...updates]);
  let bytes = 0;
  for (const [key, value] of merged) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes > MAX_BYTES) throw new ActionFailure(`flow attributes would take ${bytes} bytes of ${MAX_BYTES}`);
  context.data.flowAttributes = merged;
  return { kind: 'success', log: () => ({ parameters: Object.fromEntries(updates) }) };
}
