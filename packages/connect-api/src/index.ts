// The wire contract of the Amazon Connect API: everything that other packages may use.

export {
  ApiError,
  type ApiErrorName,
  accessDeniedException,
  conditionalOperationFailedException,
  conflictException,
  contactFlowNotPublishedException,
  contactNotFoundException,
  destinationNotAllowedException,
  duplicateResourceException,
  type ErrorResponse,
  errorResponse,
  expiredTokenException,
  idempotencyException,
  incompleteSignatureException,
  internalServiceException,
  invalidActiveRegionException,
  invalidContactFlowException,
  invalidContactFlowModuleException,
  invalidParameterException,
  invalidRequestException,
  invalidSignatureException,
  limitExceededException,
  missingAuthenticationTokenException,
  operationNotImplementedException,
  outboundContactNotPermittedException,
  type ProblemDetail,
  type ProtocolErrorName,
  type ResourceInUse,
  requestEntityTooLargeException,
  resourceConflictException,
  resourceInUseException,
  resourceNotFoundException,
  serializationException,
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
