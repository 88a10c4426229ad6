// Decides which file an operation is written to, from the first segment of its path.

const GROUP_OF_SEGMENT: Readonly<Record<string, string>> = {
  'agent-status': 'agent-statuses',
  'search-agent-statuses': 'agent-statuses',
  contact: 'contacts',
  contacts: 'contacts',
  'search-contacts': 'contacts',
  'contact-flows': 'flows',
  'contact-flows-summary': 'flows',
  'search-contact-flows': 'flows',
  'contact-flow-modules': 'flow-modules',
  'contact-flow-modules-summary': 'flow-modules',
  'search-contact-flow-modules': 'flow-modules',
  'effective-hours-of-operations': 'hours-of-operation',
  'hours-of-operations': 'hours-of-operation',
  'hours-of-operations-summary': 'hours-of-operation',
  'search-hours-of-operations': 'hours-of-operation',
  'search-hours-of-operation-overrides': 'hours-of-operation',
  instance: 'instances',
  metrics: 'metrics',
  'user-hierarchy-groups': 'user-hierarchy',
  'user-hierarchy-groups-summary': 'user-hierarchy',
  'search-user-hierarchy-groups': 'user-hierarchy',
  'user-hierarchy-structure': 'user-hierarchy',
  'phone-number': 'phone-numbers',
  'phone-numbers-summary': 'phone-numbers',
  prompts: 'prompts',
  'prompts-summary': 'prompts',
  'search-prompts': 'prompts',
  queues: 'queues',
  'queues-summary': 'queues',
  'search-queues': 'queues',
  'quick-connects': 'quick-connects',
  'search-quick-connects': 'quick-connects',
  'routing-profiles': 'routing-profiles',
  'routing-profiles-summary': 'routing-profiles',
  'search-routing-profiles': 'routing-profiles',
  'security-profiles': 'security-profiles',
  'security-profiles-permissions': 'security-profiles',
  'security-profiles-summary': 'security-profiles',
  'search-security-profiles': 'security-profiles',
  tags: 'tags',
  user: 'users',
  users: 'users',
  'users-summary': 'users',
  'search-users': 'users',
};

/**
 * The group of an operation, such as `contacts` for `/contact/outbound-voice`. A path that belongs to none of the
 * known groups forms a group of its own, named by its first segment without `search-` and `-summary`.
 */
export function groupOf(path: string): string {
  const segment = path.split('/')[1] ?? '';
  return GROUP_OF_SEGMENT[segment] ?? segment.replace(/^search-/, '').replace(/-summary$/, '');
}
