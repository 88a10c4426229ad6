/** The SIP messages of a contact's dial attempts, for operators: beside the API, because Connect has no word for them. `ringback contact sip` asks here. */
import { resourceNotFoundException } from '@ringback/connect-api';
import { type CallTraces, formatLadder, writePcap } from '@ringback/sip';
import type { FastifyInstance } from 'fastify';
import type { Caller } from '../identity/caller.ts';
import type { OperationMembers } from '../identity/operation-resources.ts';
import type { ContactId, InstanceId } from '../ids.ts';
import type { DialAttempt } from '../store/advance-contacts.ts';
import type { EdgeForDoors, PermittedAs } from './edge.ts';
import { namedContact } from './named-contact.ts';
import { type ApiDeps, requireInstance } from './operation.ts';

export interface TraceDoorDeps {
  /** Absent where tracing is off. */
  readonly traces: CallTraces | undefined;
  attemptsOf(instanceId: InstanceId, contactId: ContactId): Promise<readonly DialAttempt[]>;
}

interface TraceParams {
  readonly instance: string;
  readonly contact: string;
}

/** `GET /_ringback/contacts/INSTANCE/CONTACT/sip`, signed; who may describe the contact may see it. */
export function addTraceDoor(
  server: FastifyInstance,
  edge: EdgeForDoors,
  api: ApiDeps,
  door: TraceDoorDeps,
): void {
  server.get<{ Params: TraceParams }>('/_ringback/contacts/:instance/:contact/sip', (request, reply) =>
    edge.answerAs(request, reply, (caller, permitted) =>
      tracesOf(request.params, caller, permitted, api, door),
    ),
  );
}

async function tracesOf(
  { instance: instanceId, contact: contactId }: TraceParams,
  caller: Caller,
  permitted: PermittedAs,
  api: ApiDeps,
  { traces, attemptsOf }: TraceDoorDeps,
): Promise<OperationMembers> {
  permitted('DescribeContact', { InstanceId: instanceId, ContactId: contactId });
  const instance = await requireInstance(instanceId, caller, api);
  const contact = await namedContact(contactId, instance, api);
  if (!contact) throw resourceNotFoundException('The instance has no contact with this ContactId.');
  const attempts = await attemptsOf(instance.id, contact.id);
  return {
    ContactId: contact.id,
    Tracing: traces ? 'on' : 'off',
    Attempts: attempts.map(({ n, target, callId, attemptedAtMs }) => {
      const trace = traces?.get(callId);
      return {
        Attempt: n,
        Target: target,
        CallId: callId,
        AttemptedAt: new Date(attemptedAtMs).toISOString(),
        // Kept by the node that dialled, and only while there is room.
        ...(trace ? { Ladder: formatLadder(trace), Pcap: writePcap(trace.messages).toString('base64') } : {}),
      };
    }),
  };
}
