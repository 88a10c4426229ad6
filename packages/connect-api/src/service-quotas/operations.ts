// The operations of the Service Quotas API that are served, as TypeBox shapes (API reference of Service Quotas,
// version 2019-06-24). Few and stable, so written by hand; a test compares them with the AWS SDK.

import Type from 'typebox';
import { Double, mapOf, Timestamp } from '../wire-types.ts';

const ServiceCode = Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-zA-Z][a-zA-Z0-9-]{1,63}$' });
const QuotaCode = Type.String({ minLength: 1, maxLength: 128, pattern: '^[a-zA-Z][a-zA-Z0-9-]{1,128}$' });
const RequestId = Type.String({ minLength: 1, maxLength: 128, pattern: '^[0-9a-zA-Z][a-zA-Z0-9-]{1,128}$' });
const NextToken = Type.String({ maxLength: 2048, pattern: '^[a-zA-Z0-9/+]*={0,2}$' });
const MaxResults = Type.Integer({ minimum: 1, maximum: 100 });
/** The model gives no limit; an ARN is never longer. */
const ContextId = Type.String({ maxLength: 2048 });
const QuotaValue = Type.Number({ minimum: 0, maximum: 10_000_000_000 });

const oneOf = <const Values extends readonly string[]>(...values: Values) =>
  Type.Unsafe<Values[number]>({ type: 'string', enum: [...values] });

const AppliedLevel = oneOf('ACCOUNT', 'RESOURCE', 'ALL');
const RequestStatus = oneOf(
  'PENDING',
  'CASE_OPENED',
  'APPROVED',
  'DENIED',
  'CASE_CLOSED',
  'NOT_APPROVED',
  'INVALID_REQUEST',
);

const QuotaContextInfo = Type.Object({
  ContextScope: Type.Optional(oneOf('RESOURCE', 'ACCOUNT')),
  ContextScopeType: Type.Optional(Type.String()),
  ContextId: Type.Optional(Type.String()),
  AdjustableAtLevel: Type.Optional(oneOf('ACCOUNT', 'PER_RESOURCE', 'ALL')),
});

const ServiceQuota = Type.Object({
  ServiceCode: Type.Optional(Type.String()),
  ServiceName: Type.Optional(Type.String()),
  QuotaArn: Type.Optional(Type.String()),
  QuotaCode: Type.Optional(Type.String()),
  QuotaName: Type.Optional(Type.String()),
  Value: Type.Optional(Double),
  Unit: Type.Optional(Type.String()),
  Adjustable: Type.Optional(Type.Boolean()),
  GlobalQuota: Type.Optional(Type.Boolean()),
  UsageMetric: Type.Optional(
    Type.Object({
      MetricNamespace: Type.Optional(Type.String()),
      MetricName: Type.Optional(Type.String()),
      MetricDimensions: Type.Optional(mapOf(Type.String(), Type.String())),
      MetricStatisticRecommendation: Type.Optional(Type.String()),
    }),
  ),
  Period: Type.Optional(
    Type.Object({ PeriodValue: Type.Optional(Type.Integer()), PeriodUnit: Type.Optional(Type.String()) }),
  ),
  ErrorReason: Type.Optional(
    Type.Object({ ErrorCode: Type.Optional(Type.String()), ErrorMessage: Type.Optional(Type.String()) }),
  ),
  QuotaAppliedAtLevel: Type.Optional(AppliedLevel),
  QuotaContext: Type.Optional(QuotaContextInfo),
  Description: Type.Optional(Type.String()),
});

const RequestedServiceQuotaChange = Type.Object({
  Id: Type.Optional(Type.String()),
  RequestType: Type.Optional(Type.String()),
  CaseId: Type.Optional(Type.String()),
  ServiceCode: Type.Optional(Type.String()),
  ServiceName: Type.Optional(Type.String()),
  QuotaCode: Type.Optional(Type.String()),
  QuotaName: Type.Optional(Type.String()),
  DesiredValue: Type.Optional(Double),
  Status: Type.Optional(RequestStatus),
  Created: Type.Optional(Timestamp),
  LastUpdated: Type.Optional(Timestamp),
  Requester: Type.Optional(Type.String()),
  QuotaArn: Type.Optional(Type.String()),
  GlobalQuota: Type.Optional(Type.Boolean()),
  Unit: Type.Optional(Type.String()),
  QuotaRequestedAtLevel: Type.Optional(AppliedLevel),
  QuotaContext: Type.Optional(QuotaContextInfo),
});

const paging = { NextToken: Type.Optional(NextToken), MaxResults: Type.Optional(MaxResults) };
const oneQuota = Type.Object({ Quota: Type.Optional(ServiceQuota) });
const quotas = Type.Object({
  NextToken: Type.Optional(NextToken),
  Quotas: Type.Optional(Type.Array(ServiceQuota)),
});
const oneRequest = Type.Object({ RequestedQuota: Type.Optional(RequestedServiceQuotaChange) });
const requests = Type.Object({
  NextToken: Type.Optional(NextToken),
  RequestedQuotas: Type.Optional(Type.Array(RequestedServiceQuotaChange)),
});

/** Input and output of each operation that is served. */
export const serviceQuotasOperations = {
  ListServices: {
    input: Type.Object(paging),
    output: Type.Object({
      NextToken: Type.Optional(NextToken),
      Services: Type.Optional(
        Type.Array(
          Type.Object({
            ServiceCode: Type.Optional(Type.String()),
            ServiceName: Type.Optional(Type.String()),
          }),
        ),
      ),
    }),
  },
  ListServiceQuotas: {
    input: Type.Object({
      ServiceCode,
      ...paging,
      QuotaCode: Type.Optional(QuotaCode),
      QuotaAppliedAtLevel: Type.Optional(AppliedLevel),
    }),
    output: quotas,
  },
  GetServiceQuota: {
    input: Type.Object({ ServiceCode, QuotaCode, ContextId: Type.Optional(ContextId) }),
    output: oneQuota,
  },
  ListAWSDefaultServiceQuotas: { input: Type.Object({ ServiceCode, ...paging }), output: quotas },
  GetAWSDefaultServiceQuota: { input: Type.Object({ ServiceCode, QuotaCode }), output: oneQuota },
  RequestServiceQuotaIncrease: {
    input: Type.Object({
      ServiceCode,
      QuotaCode,
      DesiredValue: QuotaValue,
      ContextId: Type.Optional(ContextId),
      SupportCaseAllowed: Type.Optional(Type.Boolean()),
    }),
    output: Type.Object({ RequestedQuota: Type.Optional(RequestedServiceQuotaChange) }),
  },
  GetRequestedServiceQuotaChange: { input: Type.Object({ RequestId }), output: oneRequest },
  ListRequestedServiceQuotaChangeHistory: {
    input: Type.Object({
      ServiceCode: Type.Optional(ServiceCode),
      Status: Type.Optional(RequestStatus),
      ...paging,
      QuotaRequestedAtLevel: Type.Optional(AppliedLevel),
    }),
    output: requests,
  },
  ListRequestedServiceQuotaChangeHistoryByQuota: {
    input: Type.Object({
      ServiceCode,
      QuotaCode,
      Status: Type.Optional(RequestStatus),
      ...paging,
      QuotaRequestedAtLevel: Type.Optional(AppliedLevel),
    }),
    output: requests,
  },
} as const;

export type ServiceQuotasOperationName = keyof typeof serviceQuotasOperations;

/** What an operation's code receives. */
export type ServiceQuotasInput<Name extends ServiceQuotasOperationName> = Type.Static<
  (typeof serviceQuotasOperations)[Name]['input']
>;

/** What an operation's code answers. Times are seconds since the epoch, as on the wire. */
export type ServiceQuotasOutput<Name extends ServiceQuotasOperationName> = Type.Static<
  (typeof serviceQuotasOperations)[Name]['output']
>;

/** Operations of the service that are not served: templates of organizations, support cases, tags, reports. */
export const unservedServiceQuotasOperations: ReadonlySet<string> = new Set([
  'AssociateServiceQuotaTemplate',
  'CreateSupportCase',
  'DeleteServiceQuotaIncreaseRequestFromTemplate',
  'DisassociateServiceQuotaTemplate',
  'GetAssociationForServiceQuotaTemplate',
  'GetAutoManagementConfiguration',
  'GetQuotaUtilizationReport',
  'GetServiceQuotaIncreaseRequestFromTemplate',
  'ListServiceQuotaIncreaseRequestsInTemplate',
  'ListTagsForResource',
  'PutServiceQuotaIncreaseRequestIntoTemplate',
  'StartAutoManagement',
  'StartQuotaUtilizationReport',
  'StopAutoManagement',
  'TagResource',
  'UntagResource',
  'UpdateAutoManagement',
]);
