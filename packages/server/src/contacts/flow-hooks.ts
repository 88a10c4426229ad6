/** Which flow runs at which moment of a contact: what the contact's own flows said, else the instance's default flow of that type. */
import type { EventHook, EventHookSetting, Flow } from '@ringback/flow';
import { defaultFlowNames } from '../flows/default-flows.ts';
import type { StoredFlows } from '../flows/stored-flows.ts';
import type { Instance } from '../store/resource-store.ts';

/** What flows set with UpdateContactEventHooks; empty in the beginning. */
export type FlowHooks = Map<EventHook, EventHookSetting>;

/** Whether anything runs at the moment of a hook; the others are for tasks, chats and guides of agents, and are taken note of. */
export function runsHere(hook: EventHook): boolean {
  return hook === 'CustomerRemaining' || defaultFlowNames[hook] !== undefined;
}

/** The flow to run, or undefined where nothing is to run or the flow is gone. */
export async function flowOfHook(
  hooks: FlowHooks,
  hook: EventHook,
  instance: Instance,
  flows: StoredFlows,
): Promise<Flow | undefined> {
  const setting = hooks.get(hook);
  if (setting?.execution === 'disabled') return undefined;
  const reference = setting?.flowId ?? defaultFlowNames[hook];
  return reference === undefined ? undefined : flows.find(instance, reference, 'flow');
}
