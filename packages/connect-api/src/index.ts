// The wire contract of the Amazon Connect API: everything that other packages may use.

export {
  type DeskCommand,
  type DeskIceServer,
  type DeskMessage,
  type DeskRefusal,
  type DeskRequest,
  deskClose,
  deskProtocol,
  maxDeskMessageBytes,
  readDeskRequest,
} from './agent-desk/desk-messages.ts';
export type {
  DeskAgent,
  DeskContact,
  DeskContactState,
  DeskParty,
  DeskPermission,
  DeskQuickConnect,
  DeskReference,
  DeskState,
  DeskStatus,
  DeskStatusType,
} from './agent-desk/desk-state.ts';
export {
  ApiError,
  type ApiErrorName,
  accessDeniedException,
  conditionalOperationFailedException,
  conflictException,
  contactFlowNotPublishedException,
  contactNotFoundException,
  contentEncodingNotSupportedException,
  destinationNotAllowedException,
  duplicateResourceException,
  type ErrorResponse,
  errorResponse,
  expiredTokenException,
  idempotencyException,
  illegalArgumentException,
  incompleteSignatureException,
  internalServiceException,
  invalidActiveRegionException,
  invalidContactFlowException,
  invalidContactFlowModuleException,
  invalidPaginationTokenException,
  invalidParameterException,
  invalidRequestException,
  invalidSignatureException,
  limitExceededException,
  malformedHttpRequestException,
  missingAuthenticationTokenException,
  noSuchResourceException,
  operationNotImplementedException,
  outboundContactNotPermittedException,
  type ProblemDetail,
  type ProtocolErrorName,
  type ResourceInUse,
  requestEntityTooLargeException,
  requestHeaderFieldsTooLargeException,
  requestTimeoutException,
  resourceAlreadyExistsException,
  resourceConflictException,
  resourceInUseException,
  resourceNotFoundException,
  serializationException,
  serviceNotImplementedException,
  serviceQuotaExceededException,
  serviceUnavailableException,
  throttlingException,
  tooManyRequestsException,
  unknownOperationException,
  unrecognizedClientException,
  unsupportedMediaTypeException,
  userNotFoundException,
} from './errors.ts';
export type { HttpMethod, ModelledErrorName, OperationDefinition } from './operation.ts';
export { operationGroups, operations } from './operations.ts';
export { type OperationInput, type RawRequest, readInput } from './read-input.ts';
export {
  isOperationName,
  listOperations,
  matchRoute,
  type OperationListing,
  type OperationName,
  type RouteMatch,
} from './routes.ts';
export {
  type AwsJsonErrorResponse,
  awsJsonContentType,
  awsJsonErrorResponse,
  isServiceQuotasTarget,
  listServiceQuotasOperations,
  readServiceQuotasInput,
  serviceQuotasOperationOf,
} from './service-quotas/aws-json.ts';
export type {
  ServiceQuotasInput,
  ServiceQuotasOperationName,
  ServiceQuotasOutput,
} from './service-quotas/operations.ts';
export {
  type Authorization,
  type AuthorizationResult,
  type CredentialScope,
  parseAuthorization,
} from './sigv4/parse-authorization.ts';
export type { SignedRequest } from './sigv4/request.ts';
export { SigningKeys } from './sigv4/signing-keys.ts';
export { type VerifyOptions, type VerifyResult, verifySigV4 } from './sigv4/verify.ts';
export { type EpochSeconds, epochSeconds } from './wire-types.ts';
export { type EpochMs, epochMs, type OperationOutput, writeOutput } from './write-output.ts';
