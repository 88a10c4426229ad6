/** One call as a CloudTrail record: who did what, when, from where, and what came of it. Pure. */
import type { Caller } from './caller.ts';
import type { OperationMembers } from './operation-resources.ts';

/** A call that changes something, allowed or refused after its caller was known. */
export interface AuditedCall {
  readonly caller: Caller;
  /** Endpoint prefix of the service, such as `connect`. */
  readonly service: string;
  readonly operation: string;
  readonly atMs: number;
  readonly requestId: string;
  readonly eventId: string;
  readonly sourceAddress: string;
  readonly userAgent: string | undefined;
  /** Checked input; absent when it could not be read. */
  readonly input: OperationMembers | undefined;
  /** Members of the answer; absent when there are none, or when the call was refused. */
  readonly output: OperationMembers | undefined;
  readonly refusal: { readonly name: string; readonly message: string } | undefined;
}

/** CloudTrail User Guide, "CloudTrail record contents": version 1.11 has all fields used here. */
const eventVersion = '1.11';

/** What stands in the place of values that may tell about a person or open a door. */
export const hidden = 'HIDDEN_DUE_TO_SECURITY_REASONS';

/**
 * Members whose values are not recorded: those that the service model marks as sensitive, and those in which
 * applications put what they know about a customer.
 */
const hiddenMembers = new Set([
  'Name',
  'Description',
  'Attributes',
  'SegmentAttributes',
  'References',
  'CustomerId',
  'Password',
  'IdentityInfo',
  'PhoneConfig',
  'PhoneNumberConfigs',
  'SearchText',
  'ParticipantCredentials',
  'Credentials',
]);

/** Longest requestParameters and responseElements, characters of JSON; longer ones are left out with a note. */
const maxPartLength = 100_000;

/** The members that tell of the caller are the same for each call of a key. */
const callerParts = new WeakMap<Caller, string>();

/** The records as lines of JSON, each with its line end. */
export function auditRecords(calls: readonly AuditedCall[]): string {
  let lines = '';
  let second = Number.NaN;
  let eventTime = '';
  for (const call of calls) {
    // Calls that are written together share their second, mostly, and a time takes as long to spell as all else here.
    const ofCall = Math.floor(call.atMs / 1000);
    if (ofCall !== second) eventTime = secondOf(call.atMs);
    second = ofCall;
    lines += `${recordOf(call, eventTime)}\n`;
  }
  return lines;
}

const secondOf = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`;

/** The record as one line of JSON, without a line end. */
function recordOf(call: AuditedCall, eventTime: string): string {
  const { caller, refusal, userAgent } = call;
  // Written piece by piece: only text from outside needs quoting, and this is done for each call.
  return (
    `{"eventVersion":"${eventVersion}",${partsOf(caller)},` +
    `"eventTime":"${eventTime}","eventSource":"${call.service}.amazonaws.com",` +
    `"eventName":"${call.operation}","sourceIPAddress":"${call.sourceAddress}",` +
    (userAgent === undefined ? '' : `"userAgent":${JSON.stringify(userAgent)},`) +
    (refusal ? `"errorCode":"${refusal.name}","errorMessage":${JSON.stringify(refusal.message)},` : '') +
    `"requestID":"${call.requestId}","eventID":"${call.eventId}","readOnly":false,"eventType":"AwsApiCall",` +
    `"managementEvent":true,"eventCategory":"Management",` +
    `"requestParameters":${partOf(call.input, 'requestParameters')},` +
    `"responseElements":${partOf(call.output, 'responseElements')}}`
  );
}

function partsOf(caller: Caller): string {
  const known = callerParts.get(caller);
  if (known !== undefined) return known;
  const { accountId, region } = caller.tenant;
  const isTemporary = caller.credentials === 'temporary';
  const text = JSON.stringify({
    userIdentity: {
      type: isTemporary ? 'FederatedUser' : 'IAMUser',
      principalId: isTemporary ? `${accountId}:${caller.userName}` : caller.accessKeyId,
      arn: caller.arn,
      accountId,
      accessKeyId: caller.accessKeyId,
      userName: caller.userName,
      ...(caller.principal === undefined ? {} : { invokedBy: caller.principal }),
    },
    awsRegion: region,
    recipientAccountId: accountId,
  }).slice(1, -1);
  callerParts.set(caller, text);
  return text;
}

function partOf(members: OperationMembers | undefined, part: string): string {
  if (!members) return 'null';
  const text = JSON.stringify(withoutHidden(members));
  if (text === '{}') return 'null';
  if (text.length <= maxPartLength) return text;
  return JSON.stringify({
    omitted: true,
    originalSize: text.length,
    reason: `${part} is larger than ${maxPartLength} characters`,
  });
}

function withoutHidden(members: OperationMembers): OperationMembers {
  const shown: Record<string, unknown> = { ...members };
  for (const member of Object.keys(shown)) {
    if (hiddenMembers.has(member) && shown[member] !== undefined) shown[member] = hidden;
  }
  return shown;
}
