/** The agent whom a flow names: by id or ARN, or by user name, which is all that `$.Agent.UserName` gives. */
import { idOf } from '../arn.ts';
import { type AgentId, type InstanceId, isUuid } from '../ids.ts';
import type { Agent, AgentStore } from '../store/agent-store.ts';

export async function agentNamed(
  instanceId: InstanceId,
  named: string,
  agents: Pick<AgentStore, 'find' | 'findByUsername'>,
): Promise<Agent | undefined> {
  const id = idOf(named);
  if (isUuid(id)) return agents.find(instanceId, id as AgentId);
  const found = await agents.findByUsername(instanceId, named);
  return found && agents.find(instanceId, found.id);
}
