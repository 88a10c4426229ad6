/** SearchContacts: contacts by time, by what came of them and by what they were given, a page at a time. */
import { createHash } from 'node:crypto';
import {
  epochMs,
  invalidParameterException,
  invalidRequestException,
  type OperationInput,
  type OperationOutput,
  throttlingException,
} from '@ringback/connect-api';
import { contactArn } from '../../arn.ts';
import { type Contact, detailsOf } from '../../contacts/contact.ts';
import { segmentAttributesOf, tagsOf } from '../../contacts/contact-wire.ts';
import { type ContactId, isUuid } from '../../ids.ts';
import {
  type ContactPlace,
  type ContactSearch,
  type ContactSortKey,
  SearchesBusy,
  SearchTooLong,
} from '../../store/search-contacts.ts';
import { conditionOf, timeRangeOf } from '../contact-search-criteria.ts';
import { type OperationCode, requireInstance } from '../operation.ts';
import { wireQueue, wireRoutingCriteria } from './contacts.ts';

type Input = OperationInput<'SearchContacts'>;
type Summary = OperationOutput<'SearchContacts'>['Contacts'][number];

/** Contacts on a page where the request does not say; the model allows no more. */
const defaultPageSize = 100;

/** Longest range of time that is searched at once, ms: eight weeks (Administrator Guide, contact search). */
const maxRangeMs = 8 * 7 * 24 * 60 * 60 * 1000;

/** Undefined: the same of all contacts here, so that their beginning decides. */
const sortKeys: Readonly<Record<NonNullable<Input['Sort']>['FieldName'], ContactSortKey | undefined>> = {
  INITIATION_TIMESTAMP: 'initiated',
  CONNECTED_TO_AGENT_TIMESTAMP: 'connectedToAgent',
  DISCONNECT_TIMESTAMP: 'disconnected',
  INITIATION_METHOD: 'initiationMethod',
  CHANNEL: undefined,
  SCHEDULED_TIMESTAMP: undefined,
  EXPIRY_TIMESTAMP: undefined,
};

export const searchContacts: OperationCode<'SearchContacts'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const range = timeRangeOf(input.TimeRange, 'TimeRange');
  if (input.TimeRange.EndTime - input.TimeRange.StartTime > maxRangeMs / 1000) {
    throw invalidParameterException('TimeRange is longer than eight weeks; search parts of it.');
  }
  const condition = conditionOf(input.SearchCriteria, instance.id);
  const question = questionOf(input);
  const by = (input.Sort && sortKeys[input.Sort.FieldName]) ?? 'initiated';
  const reached = input.NextToken === undefined ? undefined : readToken(input.NextToken, question, by);
  if (!range) return { Contacts: [], TotalCount: 0 };
  const search: ContactSearch = {
    instanceId: instance.id,
    range,
    condition,
    sort: { by, descending: input.Sort?.Order !== 'ASCENDING' },
  };
  try {
    const { contacts, next } = await deps.contacts.search(
      search,
      input.MaxResults ?? defaultPageSize,
      reached?.place,
    );
    // Counted once: later pages would cost as much again.
    const total = reached?.total ?? (next ? await deps.contacts.count(search) : contacts.length);
    return {
      Contacts: contacts.map(wireSummary),
      NextToken: next && writeToken({ place: next, total, question }),
      TotalCount: total,
    };
  } catch (error) {
    throw refusalOf(error);
  }
};

/** A search that took too long is not to be repeated: clients repeat what fails with status 500. */
function refusalOf(error: unknown): unknown {
  if (error instanceof SearchesBusy) return throttlingException(error.message);
  if (error instanceof SearchTooLong) {
    return invalidRequestException(
      'The search takes longer than a search may; ask for a shorter TimeRange or fewer criteria.',
    );
  }
  return error;
}

function wireSummary(contact: Contact): Summary {
  const { tenant, instanceId, id, request, outcome } = contact;
  const at = (ms: number | undefined) => (ms === undefined ? undefined : epochMs(ms));
  return {
    Arn: contactArn(tenant, instanceId, id),
    Id: id,
    InitialContactId: request.initialContactId,
    PreviousContactId: request.previousContactId,
    InitiationMethod: request.initiationMethod ?? 'API',
    Channel: 'VOICE',
    QueueInfo: wireQueue(contact),
    AgentInfo: outcome.agent && {
      Id: outcome.agent.agentId,
      ConnectedToAgentTimestamp: at(outcome.agent.connectedAtMs),
    },
    InitiationTimestamp: at(contact.initiatedAtMs),
    DisconnectTimestamp: at(contact.disconnectedAtMs),
    SegmentAttributes: segmentAttributesOf(contact),
    Name: detailsOf(contact).name,
    RoutingCriteria: outcome.routing && wireRoutingCriteria(outcome.routing),
    Tags: tagsOf(contact),
  };
}

interface Reached {
  readonly place: ContactPlace;
  readonly total: number;
  /** What was asked: pages of something else would be wrong without a word. */
  readonly question: string;
}

/** Short enough for a token, long enough that no two requests of anybody share it. */
const questionLength = 22;

function questionOf({ TimeRange, SearchCriteria, Sort }: Input): string {
  const text = JSON.stringify([TimeRange, SearchCriteria ?? {}, Sort ?? {}]);
  return createHash('sha256').update(text).digest('base64url').slice(0, questionLength);
}

const writeToken = ({ place, total, question }: Reached): string =>
  Buffer.from(JSON.stringify([place.id, place.key, total, question])).toString('base64url');

function readToken(token: string, question: string, by: ContactSortKey): Reached {
  const [id, key, total, asked] = partsOf(token);
  if (typeof id !== 'string' || !isUuid(id) || !Number.isSafeInteger(total) || typeof asked !== 'string') {
    throw notGivenOut();
  }
  if (asked !== question) {
    throw invalidParameterException(
      'NextToken belongs to another search: TimeRange, SearchCriteria and Sort must be those of the first page.',
    );
  }
  if (!mayBeKey[by](key)) throw notGivenOut();
  return {
    place: { id: id as ContactId, key: key as ContactPlace['key'] },
    total: total as number,
    question,
  };
}

const isMoment = (key: unknown): boolean => key === null || Number.isFinite(key);

const mayBeKey: Readonly<Record<ContactSortKey, (key: unknown) => boolean>> = {
  initiated: (key) => key === null,
  connectedToAgent: isMoment,
  disconnected: isMoment,
  initiationMethod: (key) => typeof key === 'string' && /^[A-Z_]+$/.test(key),
};

const notGivenOut = () =>
  invalidParameterException('The value of NextToken was not given out by this operation.');

function partsOf(token: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return Array.isArray(parts) ? parts : [];
  } catch {
    // Not one of ours: refused with the others.
    return [];
  }
}
