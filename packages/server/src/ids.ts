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

/**
 * Makes a time-ordered UUID (version 7, RFC 9562 §5.7), so that new rows land at the end of an index.
 *
 * @param atMs the time in it, where that must be the same as another one.
 */
export function newId<Id extends string>(atMs: number = Date.now()): Id {
  if (nextRandom === randomPool.length) {
    randomFillSync(randomPool);
    nextRandom = 0;
  }
  const random = randomPool.subarray(nextRandom, nextRandom + randomBytesOfId);
  nextRandom += randomBytesOfId;
  return v7({ random, msecs: atMs }) as Id;
}

/** No id made at `atMs` or later comes before this one. */
export function firstIdAt(atMs: number): string {
  return idBound(atMs, '7000-8000-000000000000');
}

/** No id made at `atMs` or earlier comes after this one. */
export function lastIdAt(atMs: number): string {
  return idBound(atMs, '7fff-bfff-ffffffffffff');
}

/** The time has 48 bits; what does not fit is beyond every id, or before. */
function idBound(atMs: number, rest: string): string {
  const ms = Math.min(Math.max(Math.trunc(atMs), 0), 2 ** 48 - 1);
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-${rest}`;
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
