// Errors as the API answers them: one typed class, a factory for every error of the model and of the protocol, and
// their form on the wire. The only place that knows error names and statuses besides the generated table.

import { modelledErrors } from './modelled-errors.ts';
import type { ModelledErrorName } from './operation.ts';

/**
 * Errors that can come with any operation although the model lists them on none: authentication, routing, decoding
 * and overload. Names as AWS clients know them; the statuses are those that keep clients from retrying in vain.
 */
const protocolErrors = {
  UnknownOperationException: 404,
  SerializationException: 400,
  UnsupportedMediaTypeException: 415,
  RequestEntityTooLargeException: 413,
  RequestHeaderFieldsTooLargeException: 431,
  RequestTimeoutException: 408,
  MalformedHttpRequestException: 400,
  MissingAuthenticationTokenException: 403,
  IncompleteSignatureException: 403,
  InvalidSignatureException: 403,
  UnrecognizedClientException: 403,
  ExpiredTokenException: 403,
  TooManyRequestsException: 429,
  ServiceUnavailableException: 503,
  OperationNotImplementedException: 501,
} as const;

export type ProtocolErrorName = keyof typeof protocolErrors;

/** Errors of the Service Quotas API that Connect's model does not know; statuses as in the AWS SDK. */
const serviceQuotasErrors = {
  IllegalArgumentException: 400,
  InvalidPaginationTokenException: 400,
  NoSuchResourceException: 404,
  ResourceAlreadyExistsException: 400,
} as const;

export type ServiceQuotasErrorName = keyof typeof serviceQuotasErrors;

export type ApiErrorName = ModelledErrorName | ProtocolErrorName | ServiceQuotasErrorName;

/** An error that is answered to the client under its own name. Everything else is answered as an internal error. */
export class ApiError extends Error {
  override readonly name: ApiErrorName;
  readonly httpStatus: number;
  /** Body members besides `Message`, such as `problems`; spelled as on the wire. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    name: ApiErrorName,
    message: string,
    members: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = name;
    this.httpStatus = httpStatusOf(name);
    this.members = members;
  }
}

function httpStatusOf(name: ApiErrorName): number {
  if (name in protocolErrors) return protocolErrors[name as ProtocolErrorName];
  if (name in serviceQuotasErrors) return serviceQuotasErrors[name as ServiceQuotasErrorName];
  return modelledErrors[name as ModelledErrorName].httpStatus;
}

/** The only text an internal error shows to a client. */
const INTERNAL_MESSAGE =
  'The service failed to process the request. Its log holds the cause under the request id.';

/** One finding in a flow's or flow module's content. */
export type ProblemDetail = { readonly message: string };

/** What a resource that is in use is, in `ResourceInUseException`. */
export type ResourceInUse = { readonly ResourceType: string; readonly ResourceId: string };

type QuotaReason = Readonly<Record<string, unknown>>;

export const accessDeniedException = (message: string) => new ApiError('AccessDeniedException', message);

export const conditionalOperationFailedException = (message: string) =>
  new ApiError('ConditionalOperationFailedException', message);

export const conflictException = (message: string) => new ApiError('ConflictException', message);

export const contactFlowNotPublishedException = (message: string) =>
  new ApiError('ContactFlowNotPublishedException', message);

/** Status 410, unlike the other "not found" errors. */
export const contactNotFoundException = (message: string) =>
  new ApiError('ContactNotFoundException', message);

export const destinationNotAllowedException = (message: string) =>
  new ApiError('DestinationNotAllowedException', message);

export const duplicateResourceException = (message: string) =>
  new ApiError('DuplicateResourceException', message);

export const idempotencyException = (message: string) => new ApiError('IdempotencyException', message);

/** The message is fixed; the cause stays on this side, for the log. */
export const internalServiceException = (cause?: unknown) =>
  new ApiError('InternalServiceException', INTERNAL_MESSAGE, {}, { cause });

export const invalidActiveRegionException = (message: string) =>
  new ApiError('InvalidActiveRegionException', message);

export const invalidContactFlowException = (problems: readonly ProblemDetail[]) =>
  new ApiError('InvalidContactFlowException', summaryOf('flow', problems), { problems });

export const invalidContactFlowModuleException = (problems: readonly ProblemDetail[]) =>
  new ApiError('InvalidContactFlowModuleException', summaryOf('flow module', problems), {
    Problems: problems,
  });

export const invalidParameterException = (message: string) =>
  new ApiError('InvalidParameterException', message);

export const invalidRequestException = (message: string) => new ApiError('InvalidRequestException', message);

/** Status 429: SDKs repeat the request by themselves, with the same ClientToken. */
export const limitExceededException = (message: string) => new ApiError('LimitExceededException', message);

export const outboundContactNotPermittedException = (message: string) =>
  new ApiError('OutboundContactNotPermittedException', message);

export const resourceConflictException = (message: string) =>
  new ApiError('ResourceConflictException', message);

export const resourceInUseException = (message: string, resource?: ResourceInUse) =>
  new ApiError('ResourceInUseException', message, resource);

export const resourceNotFoundException = (message: string) =>
  new ApiError('ResourceNotFoundException', message);

/** Status 402. */
export const serviceQuotaExceededException = (message: string, reason?: QuotaReason) =>
  new ApiError('ServiceQuotaExceededException', message, reason === undefined ? {} : { Reason: reason });

export const throttlingException = (message: string) => new ApiError('ThrottlingException', message);

export const userNotFoundException = (message: string) => new ApiError('UserNotFoundException', message);

/** No operation has this method and path. */
export const unknownOperationException = (method: string, path: string) =>
  new ApiError(
    'UnknownOperationException',
    `No operation of the service has the route ${shown(method)} ${shown(path)}.`,
  );

/** The request cannot be read: not JSON, a value of the wrong type, broken encoding. */
export const serializationException = (message: string) => new ApiError('SerializationException', message);

export const unsupportedMediaTypeException = (contentType: string) =>
  new ApiError(
    'UnsupportedMediaTypeException',
    `The body has content type ${shown(contentType)}; this service reads application/json.`,
  );

/** RFC 9110 §15.5.16 has the status for codings too. */
export const contentEncodingNotSupportedException = (contentEncoding: string) =>
  new ApiError(
    'UnsupportedMediaTypeException',
    `The body is encoded as ${shown(contentEncoding)}; this service reads bodies as they are, without Content-Encoding.`,
  );

export const requestEntityTooLargeException = (maxBytes: number) =>
  new ApiError('RequestEntityTooLargeException', `The body is larger than ${maxBytes} bytes.`);

/** RFC 6585 §5. */
export const requestHeaderFieldsTooLargeException = (maxBytes: number) =>
  new ApiError(
    'RequestHeaderFieldsTooLargeException',
    `The request line and headers are larger than ${maxBytes} bytes.`,
  );

export const requestTimeoutException = () =>
  new ApiError('RequestTimeoutException', 'The rest of the request did not come in time.');

/** What arrived is not HTTP/1.1 (RFC 9112). */
export const malformedHttpRequestException = (message: string) =>
  new ApiError('MalformedHttpRequestException', message);

export const missingAuthenticationTokenException = (message: string) =>
  new ApiError('MissingAuthenticationTokenException', message);

export const incompleteSignatureException = (message: string) =>
  new ApiError('IncompleteSignatureException', message);

export const invalidSignatureException = (message: string) =>
  new ApiError('InvalidSignatureException', message);

export const unrecognizedClientException = (message: string) =>
  new ApiError('UnrecognizedClientException', message);

export const expiredTokenException = (message: string) => new ApiError('ExpiredTokenException', message);

export const tooManyRequestsException = (message: string) =>
  new ApiError('TooManyRequestsException', message);

export const illegalArgumentException = (message: string) =>
  new ApiError('IllegalArgumentException', message);

export const invalidPaginationTokenException = (message: string) =>
  new ApiError('InvalidPaginationTokenException', message);

export const noSuchResourceException = (message: string) => new ApiError('NoSuchResourceException', message);

export const resourceAlreadyExistsException = (message: string) =>
  new ApiError('ResourceAlreadyExistsException', message);

export const serviceUnavailableException = (message: string) =>
  new ApiError('ServiceUnavailableException', message);

/**
 * The operation exists in AWS but not here. Status 501, which AWS clients do not retry.
 *
 * @param compatibilityPage where the reader finds what is implemented, a URL or a path of the repository.
 * @param service whose operation it is.
 */
export const operationNotImplementedException = (
  operation: string,
  compatibilityPage: string,
  service = 'Amazon Connect',
) =>
  new ApiError(
    'OperationNotImplementedException',
    `${operation} is an operation of ${service} that this service does not implement. See ${compatibilityPage}.`,
    { Operation: operation },
  );

/** For a request that is signed for a service of AWS that has nothing here, such as outbound campaigns. */
export const serviceNotImplementedException = (signedFor: string, compatibilityPage: string) =>
  new ApiError(
    'OperationNotImplementedException',
    `The request is signed for the service "${shown(signedFor)}". Only the operations of Amazon Connect ("connect") and ` +
      `Service Quotas ("servicequotas") are implemented here. See ${compatibilityPage}.`,
  );

/** An error as an HTTP answer. */
export type ErrorResponse = {
  readonly status: number;
  readonly headers: {
    readonly 'content-type': 'application/json';
    readonly 'x-amzn-errortype': string;
    readonly 'x-amzn-requestid': string;
  };
  readonly body: string;
};

/**
 * The answer for whatever an operation threw. Clients take the error's name from `x-amzn-errortype`, the text from
 * `Message`. Anything but an `ApiError`, and every internal error, is answered without a word about its cause.
 */
export function errorResponse(error: unknown, requestId: string): ErrorResponse {
  const known = error instanceof ApiError ? error : internalServiceException(error);
  const message = known.name === 'InternalServiceException' ? INTERNAL_MESSAGE : known.message;
  return {
    status: known.httpStatus,
    headers: {
      'content-type': 'application/json',
      'x-amzn-errortype': known.name,
      'x-amzn-requestid': requestId,
    },
    body: JSON.stringify({ Message: message, ...known.members }),
  };
}

function summaryOf(subject: string, problems: readonly ProblemDetail[]): string {
  const [first] = problems;
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return `The content of the ${subject} has ${count}${first ? `, the first: ${first.message}` : ''}`;
}

/** Longest piece of a request line that an error message repeats, characters. */
const MAX_SHOWN = 128;

/** A piece of the request made safe to repeat: short and printable. */
function shown(text: string): string {
  const printable = text.replaceAll(/[^\x20-\x7e]/g, '?');
  return printable.length > MAX_SHOWN ? `${printable.slice(0, MAX_SHOWN)}…` : printable;
}
