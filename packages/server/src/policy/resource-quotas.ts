/** How much of each thing an account or instance may have: every such limit, in one table (Administrator Guide, service quotas). */

export interface ResourceQuota {
  /** As the Service Quotas console shows it. */
  readonly code: string;
  readonly name: string;
  /** What Amazon Connect gives a new account. */
  readonly publishedValue: number;
  readonly level: 'account' | 'instance';
  readonly isAdjustable: boolean;
}

/** Calls first; then what an instance is furnished with. The operation that creates a thing asks for its row. */
export const resourceQuotas = {
  activeCalls: perInstance('L-12AB7C57', 'Concurrent active calls per instance', 10),
  campaignCalls: perInstance('L-E908C3A1', 'Concurrent campaign active calls per instance', 0),
  instances: { ...perInstance('L-AA17A6B9', 'Amazon Connect instance count', 2), level: 'account' },
  phoneNumbers: perInstance('L-8F812903', 'Phone numbers per instance', 5),
  flows: perInstance('L-22922690', 'Contact flows per instance', 100),
  flowModules: perInstance('L-19755C7E', 'Flow modules per instance', 200),
  queues: perInstance('L-19A87C94', 'Queues per instance', 100),
  queuesPerRoutingProfile: perInstance('L-516BC0EB', 'Queues per routing profile per instance', 50),
  routingProfiles: perInstance('L-D3E7BE26', 'Routing profiles per instance', 500),
  securityProfiles: perInstance('L-F325A715', 'Security profiles per instance', 100),
  users: perInstance('L-9A46857E', 'Users per instance', 500),
  userHierarchyGroups: perInstance('L-D68AAAE4', 'User hierarchy groups per instance', 500),
  quickConnects: perInstance('L-68BBE2E8', 'Quick connects per instance', 100),
  hoursOfOperation: perInstance('L-20CD02F7', 'Hours of operation per instance', 100),
  prompts: perInstance('L-0865B754', 'Prompts per instance', 500),
  lambdaFunctions: perInstance('L-E3D2F503', 'AWS Lambda functions per instance', 50),
  predefinedAttributes: perInstance('L-3828FBF0', 'Predefined Attributes', 150),
  // AWS publishes no codes for these; they are ours.
  contactsPerAgentQueue: perInstance('L-RB000002', 'Contacts in an agent queue', 10),
  agentStatuses: { ...perInstance('L-RB000001', 'Agent statuses per instance', 50), isAdjustable: false },
} as const satisfies Record<string, ResourceQuota>;

export type ResourceQuotaKey = keyof typeof resourceQuotas;

export function isResourceQuotaKey(text: string): text is ResourceQuotaKey {
  return Object.hasOwn(resourceQuotas, text);
}

/** The call slot pool that a quota is the capacity of. */
export const callSlotPoolOf = {
  activeCalls: 'active-calls',
  campaignCalls: 'campaign-calls',
} as const satisfies Partial<Record<ResourceQuotaKey, string>>;

function perInstance(code: string, name: string, publishedValue: number) {
  return { code, name, publishedValue, level: 'instance', isAdjustable: true } as const;
}
