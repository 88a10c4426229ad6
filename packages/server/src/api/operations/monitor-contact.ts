/** MonitorContact: lets a user listen to the conversation of another, and take part where that is allowed. */
import {
  accessDeniedException,
  idempotencyException,
  invalidRequestException,
  serviceQuotaExceededException,
} from '@ringback/connect-api';
import { permissionsOf } from '../../agents/desk-state.ts';
import { contactArn } from '../../arn.ts';
import type { MonitorCapability } from '../../contacts/contact.ts';
import type { MonitorOutcome } from '../../contacts/monitor-contact.ts';
import type { Agent } from '../../store/agent-store.ts';
import { requireUser } from '../instance-resource.ts';
import { namedContact, noActiveContact } from '../named-contact.ts';
import type { ApiDeps, OperationCode } from '../operation.ts';

/** The user must be signed in at the node of the conversation, with a softphone and nothing in hand. Begins silently. */
export const monitorContact: OperationCode<'MonitorContact'> = async (input, caller, deps) => {
  const { instance, item: user } = await requireUser(input, caller, deps);
  const contact = await namedContact(input.ContactId, instance, deps);
  if (!contact || contact.disconnectedAtMs !== undefined) throw noActiveContact();
  const capabilities = [...new Set(input.AllowedMonitorCapabilities ?? (['SILENT_MONITOR'] as const))];
  await requirePermissions(user, capabilities, deps);
  const outcome = await deps.orders.give('MonitorContact', contact, {
    agentId: user.id,
    capabilities,
    clientToken: input.ClientToken,
  });
  if (outcome === 'not active') throw noActiveContact();
  if (outcome.kind === 'refused') throw refusalOf(outcome.why);
  if (outcome.kind === 'replayed') {
    const before = (await deps.contacts.find(instance.id, outcome.contactId))?.request;
    if (before?.previousContactId !== contact.id || before.monitor?.agentId !== user.id) {
      throw idempotencyException('The ClientToken was used with other parameters.');
    }
  }
  const { contactId } = outcome;
  return { ContactId: contactId, ContactArn: contactArn(instance.tenant, instance.id, contactId) };
};

/** @throws {ApiError} AccessDeniedException. */
async function requirePermissions(
  user: Agent,
  capabilities: readonly MonitorCapability[],
  { resources }: ApiDeps,
): Promise<void> {
  const own = new Set<string>(user.securityProfileIds);
  const profiles = await resources.securityProfiles.list(user.instanceId);
  const permissions = permissionsOf(
    new Set(profiles.filter(({ id }) => own.has(id)).flatMap((profile) => profile.permissions)),
  );
  if (!permissions.includes('Monitor')) {
    throw accessDeniedException('No security profile of the user allows listening in.');
  }
  if (capabilities.includes('BARGE') && !permissions.includes('Barge')) {
    throw accessDeniedException('No security profile of the user allows barging in.');
  }
}

function refusalOf(why: Extract<MonitorOutcome, { kind: 'refused' }>['why']): Error {
  switch (why) {
    case 'nobody talks':
      return invalidRequestException('No agent talks in this contact.');
    case 'own conversation':
      return invalidRequestException("The contact is the user's own.");
    case 'no softphone':
      return invalidRequestException(
        'The user is not signed in with a connected softphone at the node of the conversation.',
      );
    case 'busy':
      return invalidRequestException('The user has a contact in hand.');
    case 'watched already':
      return serviceQuotaExceededException('Two users monitor the contact; no more may at a time.');
    case 'no call slot':
      return serviceQuotaExceededException('All calls that the instance may have at once are in use.');
  }
}
