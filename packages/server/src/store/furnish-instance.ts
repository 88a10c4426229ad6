/** What every instance begins with besides its queue: statuses to be in, security profiles, and a profile for each user. */
import type { InstanceId } from '../ids.ts';
import { newId } from '../ids.ts';
import type { Queryable } from './database.ts';
import type { Schema } from './schema.ts';

interface DefaultSecurityProfile {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly string[];
}

const all = (resource: string, ...actions: readonly string[]): readonly string[] =>
  actions.map((action) => `${resource}.${action}`);

const agentPermissions = ['AudioDeviceSettings.Access', 'BasicAgentAccess', 'OutboundCallAccess'];

const listening = [
  'CallRecordings.Unredacted.Access',
  'ContactAttributes.View',
  'ContactSearch.View',
  'ListenCallRecordings',
  'ManagerListenIn',
];

const metrics = [
  'AccessMetrics',
  'AccessMetrics.AgentActivityAudit.Access',
  'AccessMetrics.Dashboards.Access',
  'AccessMetrics.HistoricalMetrics.Access',
  'AccessMetrics.RealTimeMetrics.Access',
];

const managing = [
  ...all('AgentGrouping', 'Create', 'Edit', 'EnableAndDisable', 'View'),
  ...all('AgentStates', 'Create', 'Edit', 'EnableAndDisable', 'View'),
  ...all('Campaigns', 'Create', 'Delete', 'Edit', 'Manage', 'View'),
  ...all('HoursOfOperation', 'Create', 'Delete', 'Edit', 'View'),
  ...all('PhoneNumbers', 'Claim', 'Edit', 'Release', 'View'),
  ...all('PredefinedAttributes', 'Create', 'Delete', 'Edit', 'View'),
  ...all('Prompts', 'Create', 'Delete', 'Edit', 'View'),
  ...all('Queues', 'Create', 'Delete', 'Edit', 'EnableAndDisable', 'View'),
  ...all('RoutingPolicies', 'Create', 'Delete', 'Edit', 'View'),
  ...all('TransferDestinations', 'Create', 'Delete', 'Edit', 'View'),
  ...all('Users', 'Create', 'Delete', 'Edit', 'EnableAndDisable', 'View'),
  'ManagerBargeIn',
  'StopContact.Enabled',
  'TransferContact.Enabled',
];

const administering = [
  ...all('ContactFlowModules', 'Create', 'Delete', 'Edit', 'Publish', 'View'),
  ...all('ContactFlows', 'Create', 'Delete', 'Edit', 'Publish', 'View'),
  ...all('SecurityProfiles', 'Create', 'Delete', 'Edit', 'View'),
  'DeleteCallRecordings',
  'DownloadCallRecordings',
  'Users.EditPermission',
];

/** The four that Amazon Connect has, with those of its permissions that mean something here (Administrator Guide, security profile permissions). */
const defaultSecurityProfiles: readonly DefaultSecurityProfile[] = [
  {
    name: 'Admin',
    description: 'May do everything.',
    permissions: [...agentPermissions, ...listening, ...metrics, ...managing, ...administering],
  },
  {
    name: 'Agent',
    description: 'May use the Contact Control Panel and dial out.',
    permissions: agentPermissions,
  },
  {
    name: 'CallCenterManager',
    description: 'May manage users, queues, routing and hours, and listen in.',
    permissions: [...agentPermissions, ...listening, ...metrics, ...managing],
  },
  {
    name: 'QualityAnalyst',
    description: 'May look at metrics and listen to calls.',
    permissions: [...listening, ...metrics],
  },
];

const defaultStatuses = [
  ['Available', 'ROUTABLE'],
  ['Offline', 'OFFLINE'],
] as const;

/**
 * Adds what is missing; nothing, once the instance has statuses, which cannot be deleted. Users without a security
 * profile become agents.
 */
export async function furnishInstance(
  { query }: Queryable<Schema>,
  instanceId: InstanceId,
  now: Date,
): Promise<void> {
  const { rowCount } = await query('SELECT FROM agent_status WHERE instance_id = $1 LIMIT 1', [instanceId]);
  if (rowCount > 0) return;
  const ids = idsInOrder(defaultStatuses.length + defaultSecurityProfiles.length);
  for (const [index, [name, type]] of defaultStatuses.entries()) {
    await query(
      `INSERT INTO agent_status (instance_id, id, name, type, state, display_order, updated_at)
       VALUES ($1, $2, $3, $4, 'ENABLED', $5, $6)`,
      [instanceId, ids.shift(), name, type, index + 1, now],
    );
  }
  for (const { name, description, permissions } of defaultSecurityProfiles) {
    await query(
      `INSERT INTO security_profile (instance_id, id, name, description, permissions, is_default, updated_at)
       VALUES ($1, $2, $3, $4, $5, true, $6)`,
      [instanceId, ids.shift(), name, description, [...permissions].sort(), now],
    );
  }
  await query(
    `INSERT INTO agent_security_profile (instance_id, agent_id, security_profile_id)
     SELECT agent.instance_id, agent.id, security_profile.id
       FROM agent JOIN security_profile
         ON security_profile.instance_id = agent.instance_id AND security_profile.name = 'Agent'
      WHERE agent.instance_id = $1`,
    [instanceId],
  );
}

/** Lists are in the order of ids, and those of one millisecond have none of their own. */
function idsInOrder(count: number): string[] {
  return Array.from({ length: count }, () => newId<string>()).sort();
}
