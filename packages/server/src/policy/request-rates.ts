/** Request rates as published (Administrator Guide, service quotas, "API throttling"), and the codes of their quotas. */
import type { RateLimit } from './throttle.ts';

/** For every operation that the table does not name; StartOutboundVoiceContact is one of them. */
const published: RateLimit = { perSecond: 2, burst: 5 };

const publishedByOperation: Readonly<Record<string, RateLimit>> = {
  GetMetricData: { perSecond: 5, burst: 8 },
  GetMetricDataV2: { perSecond: 10, burst: 10 },
  GetCurrentMetricData: { perSecond: 5, burst: 8 },
  SearchContacts: { perSecond: 0.5, burst: 1 },
  ...sameFor({ perSecond: 5, burst: 8 }, [
    'StartContactStreaming',
    'StopContactStreaming',
    'StartChatContact',
    'CreatePersistentContactAssociation',
    'UpdateParticipantRoleConfig',
    'CreateParticipant',
  ]),
  ...sameFor({ perSecond: 10, burst: 15 }, [
    'GetContactAttributes',
    'UpdateContactAttributes',
    'DescribeContact',
    'StopContact',
    'UpdateContact',
    'ListContactReferences',
    'BatchPutContact',
    'SendIntegrationEvent',
  ]),
  ...sameFor({ perSecond: 20, burst: 25 }, ['TagContact', 'UntagContact']),
  UpdateContactRoutingData: { perSecond: 20, burst: 20 },
  SendChatIntegrationEvent: { perSecond: 17, burst: 26 },
  ...sameFor({ perSecond: 3, burst: 5 }, [
    'ActivateEvaluationForm',
    'CreateContactEvaluation',
    'CreateEvaluationForm',
    'DeactivateEvaluationForm',
    'DeleteContactEvaluation',
    'DeleteEvaluationForm',
    'DescribeContactEvaluation',
    'DescribeEvaluationForm',
    'ListContactEvaluations',
    'ListEvaluationFormVersions',
    'ListEvaluationForms',
    'StartContactEvaluation',
    'SubmitContactEvaluation',
    'UpdateContactEvaluation',
    'UpdateEvaluationForm',
  ]),
  ListIntegrationAssociations: { perSecond: 25, burst: 50 },
  // Service Quotas publishes a rate and what may come on top of it at once (User Guide, "Service quotas for Service Quotas").
  ...sameFor({ perSecond: 5, burst: 10 }, [
    'GetAWSDefaultServiceQuota',
    'GetRequestedServiceQuotaChange',
    'GetServiceQuota',
    'ListRequestedServiceQuotaChangeHistory',
    'ListRequestedServiceQuotaChangeHistoryByQuota',
  ]),
  ...sameFor({ perSecond: 10, burst: 20 }, ['ListAWSDefaultServiceQuotas', 'ListServiceQuotas']),
};

/** So high that only a runaway loop meets it. */
const generous: RateLimit = { perSecond: 10_000, burst: 20_000 };

/** Which rates are in force where no quota was raised. */
export type RequestRates = 'aws' | 'generous';

/** The limit of one operation before any raise. */
export function defaultRate(rates: RequestRates, operation: string): RateLimit {
  return rates === 'generous' ? generous : (publishedByOperation[operation] ?? published);
}

/** A limit with a raised rate: the burst grows with it, so that the two keep their proportion. */
export function raisedRate(limit: RateLimit, perSecond: number): RateLimit {
  return { perSecond, burst: Math.max(1, limit.burst * (perSecond / limit.perSecond)) };
}

/** Codes of the quotas `Rate of … API requests`, as the Service Quotas console shows them. */
export const rateQuotaCodes: Readonly<Record<string, string>> = {
  CreateContactFlow: 'L-A218697D',
  DescribeContact: 'L-371095B8',
  DescribeContactFlow: 'L-41C7214A',
  DescribeInstance: 'L-D14CF86E',
  GetContactAttributes: 'L-5AF7EB96',
  ListContactFlows: 'L-4641705A',
  ListInstances: 'L-98C95556',
  ListPhoneNumbersV2: 'L-B07B2C56',
  ListQueues: 'L-C56E3A3C',
  StartOutboundVoiceContact: 'L-4E9BCC96',
  StopContact: 'L-650BD10F',
  TagContact: 'L-AAE06E27',
  UntagContact: 'L-50C3EE60',
  UpdateContact: 'L-40C15531',
  UpdateContactAttributes: 'L-F001E5ED',
};

function sameFor(limit: RateLimit, operations: readonly string[]): Readonly<Record<string, RateLimit>> {
  return Object.fromEntries(operations.map((operation) => [operation, limit]));
}
