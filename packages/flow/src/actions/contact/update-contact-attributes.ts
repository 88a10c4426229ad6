// UpdateContactAttributes (Set contact attributes): sets user-defined attributes, all of them or none.

import type { ActionContext } from '../../action-context.ts';
import type { ActionDefinition, ActionOutcome } from '../../action-definition.ts';
import { ActionFailure } from '../../action-failure.ts';
import { after } from '../../awaitable.ts';
import type { Awaitable } from '../../flow-host.ts';
import { map, oneOf, required, text } from '../../parameter-spec.ts';

/** Most bytes (UTF-8) of all names and values of a contact. */
const MAX_BYTES = 32_768;

export const updateContactAttributes: ActionDefinition = {
  type: 'UpdateContactAttributes',
  logType: 'SetAttributes',
  support: { level: 'full' },
  flowTypes: 'all',
  nextAction: 'required',
  parameters: {
    Attributes: required(map(text('inline'))),
    TargetContact: oneOf('Current', 'Related'),
  },
  errors: { expected: ['NoMatchingError'] },
  run,
};

function run(context: ActionContext): Awaitable<ActionOutcome> {
  const attributes = context.textMap(context.raw('Attributes'), 'Attributes');
  if (attributes.size === 0) throw new ActionFailure('Attributes is missing or empty');
  for (const key of attributes.keys()) {
    if (key === '' || key.includes('$') || key.includes('.')) {
      throw new ActionFailure(`"${key}" is no attribute name: it must not be empty or hold $ or a full stop`);
    }
  }
  const target = context.text('TargetContact') === 'Related' ? 'related' : 'current';
  if (target === 'current') refuseTooLarge(context.contact.attributes, attributes);
  const updated = context.perform('updateAttributes', context.host.updateAttributes?.(target, attributes));
  const added = String(target === 'related');
  return after(
    updated,
    (): ActionOutcome => ({
      kind: 'success',
      log: () =>
        [...attributes].map(([key, value]) => ({
          parameters: { Key: key, Value: value, AddAttributeToRelatedContact: added },
        })),
    }),
  );
}

function refuseTooLarge(present: ReadonlyMap<string, string>, updates: ReadonlyMap<string, string>): void {
  let bytes = 0;
  for (const [key, value] of present) {
    if (!updates.has(key)) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  for (const [key, value] of updates) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes > MAX_BYTES) {
    throw new ActionFailure(
      `the contact's attributes would take ${bytes} bytes; at most ${MAX_BYTES} are kept`,
    );
  }
}
