/** Branded identifiers of the product's things, so that one cannot be passed for another. Everyone may import this. */
import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type AccountId = Branded<'AccountId'>;
export type InstanceId = Branded<'InstanceId'>;
export type ContactId = Branded<'ContactId'>;
/** A leg besides the contact's own. */
export type LegId = Branded<'LegId'>;
export type ContactFlowId = Branded<'ContactFlowId'>;
export type QueueId = Branded<'QueueId'>;
export type PhoneNumberId = Branded<'PhoneNumberId'>;
export type PromptId = Branded<'PromptId'>;
export type AgentId = Branded<'AgentId'>;
export type AgentStatusId = Branded<'AgentStatusId'>;
export type RoutingProfileId = Branded<'RoutingProfileId'>;
export type SecurityProfileId = Branded<'SecurityProfileId'>;
export type HierarchyGroupId = Branded<'HierarchyGroupId'>;
export type HoursOfOperationId = Branded<'HoursOfOperationId'>;
export type QuickConnectId = Branded<'QuickConnectId'>;
export type NodeId = Branded<'NodeId'>;

/** An E.164 number with its plus sign, for example `+12065550100`. */
export type PhoneNumber = Branded<'PhoneNumber'>;

/** Makes a time-ordered UUID (version 7, RFC 9562 §5.7), so that new rows land at the end of an index. */
export function newId<Id extends string>(): Id {
  if (nextRandom === randomPool.length) {
    randomFillSync(randomPool);
    nextRandom = 0;
  }
  const random = randomPool.subarray(nextRandom, nextRandom + randomBytesOfId);
  nextRandom += randomBytesOfId;
  return v7({ random }) as Id;
}

const randomBytesOfId = 16;
/** Asking the system for 16 bytes costs as much as for thousands. Each byte is used once. */
const randomPool = new Uint8Array(256 * randomBytesOfId);
let nextRandom = randomPool.length;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether `text` is shaped like a UUID; anything else cannot name a stored row. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}
