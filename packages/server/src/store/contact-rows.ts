/** A row of the contact table ↔ a contact. Used by the contact store only. */
import type {
  CallSlotPool,
  Contact,
  ContactOutcome,
  ContactRequest,
  ContactState,
} from '../contacts/contact.ts';
import type { AccountId, ContactId, InstanceId } from '../ids.ts';

export interface ContactRow {
  readonly instance_id: string;
  readonly id: string;
  readonly account_id: string;
  readonly region: string;
  readonly state: string;
  readonly epoch: number;
  readonly pool: string;
  readonly initiated_at: Date;
  readonly connected_at: Date | null;
  readonly disconnected_at: Date | null;
  readonly updated_at: Date;
  readonly disconnect_reason: string | null;
  readonly end_cause: string | null;
  readonly outbox_sequence: number;
  readonly attributes: Record<string, string>;
  readonly request: ContactRequest;
  readonly outcome: ContactOutcome;
}

export function contactOf(row: ContactRow): Contact {
  return {
    id: row.id as ContactId,
    instanceId: row.instance_id as InstanceId,
    tenant: { accountId: row.account_id as AccountId, region: row.region },
    state: row.state as ContactState,
    epoch: row.epoch,
    pool: row.pool as CallSlotPool,
    initiatedAtMs: row.initiated_at.getTime(),
    connectedAtMs: row.connected_at?.getTime(),
    disconnectedAtMs: row.disconnected_at?.getTime(),
    updatedAtMs: row.updated_at.getTime(),
    disconnectReason: row.disconnect_reason ?? undefined,
    endCause: row.end_cause ?? undefined,
    outboxSequence: row.outbox_sequence,
    attributes: row.attributes,
    request: row.request,
    outcome: row.outcome,
  };
}
