// Keeps us registered at a carrier that wants it: REGISTER, refresh before it expires, the next target after one that fails, back off
// after all have, removal at the end (RFC 3261 §10, RFC 3263 §4.3, RFC 5626 §4.5). Performs what `registration-states.ts` says.
import type { DigestClient } from '../auth/digest-client.ts';
import { checkCredentials } from '../auth/digest-client.ts';
import {
  checkOutside,
  type OutsideExchange,
  type OutsideRequest,
  sendOutside,
} from '../dialog/outside-request.ts';
import { contactFor, type UserAgentCore } from '../dialog/user-agent-core.ts';
import { RequestFailed } from '../errors.ts';
import { parseDigits } from '../message/grammar.ts';
import type { HeaderList, SipHeaders } from '../message/headers.ts';
import type { SipResponse } from '../message/message.ts';
import { parseNameAddress } from '../message/name-address.ts';
import { ParseFailure } from '../message/parse-failure.ts';
import { readRetryAfter } from '../message/redirect.ts';
import { endpointText, type SipEndpoint } from '../transport/sip-endpoint.ts';
import {
  type RegistrationAction,
  type RegistrationInput,
  type RegistrationState,
  stepRegistration,
} from './registration-states.ts';

export interface RegistrationRequest {
  /**
   * Where the registrar is; or where it may be, best first, asked before each REGISTER and each refresh. The next one is tried after
   * silence, 503 or a failing transport. Whichever accepts is stayed with; one that was not the first makes room for the first again
   * after ten minutes. A rejection or no targets count as a failure, which is tried again.
   */
  readonly target: SipEndpoint | (() => Promise<readonly SipEndpoint[]>);
  /** Told of each target that is left for the next one, or failed as the last. `response` is missing where none came. */
  readonly onTargetFailed?: (target: SipEndpoint, response: SipResponse | undefined) => void;
  /** The registrar's domain as a URI without user, e.g. `sip:carrier.example` (§10.2). */
  readonly registrar: string;
  /** Whose calls come here, e.g. `sip:+12065550199@carrier.example`. */
  readonly addressOfRecord: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** How long to ask for, seconds. Default 3600. */
  readonly expiresSeconds?: number;
  readonly headers?: HeaderList;
  readonly onChange?: (status: RegistrationStatus) => void;
}

export type RegistrationStatus =
  | { readonly kind: 'registering' }
  | { readonly kind: 'registered'; readonly expiresAtMs: number }
  /** `response` is missing where none came; `error` tells why then. */
  | {
      readonly kind: 'failed';
      readonly response?: SipResponse;
      readonly error?: Error;
      readonly retryAtMs: number;
    }
  | { readonly kind: 'over' };

export interface Registration {
  readonly status: RegistrationStatus;
  /** Takes the registration back; idempotent. Resolves when that was answered, or cannot be. */
  close(): Promise<void>;
}

const DEFAULT_EXPIRES_SECONDS = 3_600;
/** A registration that failed over to another target looks after the first again after so long, ms. */
const RETURN_AFTER_MS = 600_000;
/** RFC 5626 §4.5: base and cap of the wait between tries, ms. */
const RETRY_BASE_MS = 30_000;
const RETRY_CAP_MS = 1_800_000;
/** Limits what a registrar may make us do: no faster than this, s, and no timer that overflows. */
const LEAST_EXPIRES_SECONDS = 10;
const MOST_EXPIRES_SECONDS = 7 * 86_400;

/** One target of the registrar, and how we show ourselves there. */
interface RegistrarPlace {
  readonly target: SipEndpoint;
  readonly contact: string;
  readonly digest: DigestClient | undefined;
}

export class OutgoingRegistration implements Registration {
  readonly #core: UserAgentCore;
  readonly #request: RegistrationRequest;
  readonly #callId: string;
  readonly #over: PromiseWithResolvers<void> = Promise.withResolvers();
  #state: RegistrationState = 'idle';
  #status: RegistrationStatus = { kind: 'registering' };
  #sequence = 0;
  #expiresSeconds: number;
  #failures = 0;
  #timer: unknown;
  #exchange: OutsideExchange | undefined;
  /** What is left to try in this round. */
  #targets: readonly SipEndpoint[] = [];
  #place: RegistrarPlace | undefined;
  /** A target of this round has failed. */
  #hasMovedOn = false;
  /** Where we are registered, and since when that is not the first choice. */
  #home: { readonly target: SipEndpoint; readonly awaySinceMs: number | undefined } | undefined;
  /** Contacts that the registrar may list as ours; more than one after a move to another transport. */
  readonly #bound = new Set<string>();
  // What the table's actions work on.
  #response: SipResponse | undefined;
  #error: Error | undefined;
  #retryMs = 0;

  /**
   * @param onOver called once, when nothing of it is left
   * @throws {UnusableHeader}
   */
  constructor(core: UserAgentCore, request: RegistrationRequest, onOver: () => void) {
    this.#core = core;
    void this.#over.promise.then(onOver);
    this.#request = request;
    this.#callId = core.randomHex(16);
    checkOutside({ ...this.#addresses, headers: request.headers });
    if (request.credentials !== undefined) checkCredentials(request.credentials);
    if (typeof request.target !== 'function') this.#place = this.#placeAt(request.target);
    this.#expiresSeconds = request.expiresSeconds ?? DEFAULT_EXPIRES_SECONDS;
  }

  get status(): RegistrationStatus {
    return this.#status;
  }

  start(): void {
    this.#step('start');
  }

  close(): Promise<void> {
    this.#step('stop');
    return this.#over.promise;
  }

  #step(input: RegistrationInput): void {
    const { state, actions } = stepRegistration(this.#state, input);
    this.#state = state;
    for (const action of actions) this.#perform(action);
  }

  #perform(action: RegistrationAction): void {
    const { clock } = this.#core;
    switch (action) {
      case 'locate':
        void this.#locate();
        break;
      case 'sendToNext':
        this.#hasMovedOn = true;
        this.#sendToNext();
        break;
      case 'sendToFirst':
        this.#sendToNext();
        break;
      case 'send':
        void this.#send(this.#expiresSeconds);
        break;
      case 'sendRemoval':
        this.#exchange?.abandon();
        this.#takeBackFormer();
        void this.#send(0);
        break;
      case 'raiseExpires':
        this.#expiresSeconds = Math.max(this.#expiresSeconds, this.#leastExpires() ?? 0);
        break;
      case 'scheduleRefresh': {
        this.#failures = 0;
        this.#settleIn();
        this.#takeBackFormer();
        const granted = this.#grantedSeconds();
        this.#status = { kind: 'registered', expiresAtMs: clock.now() + granted * 1_000 };
        this.#timer = clock.setTimeout(() => this.#step('refreshDue'), refreshAfterMs(granted));
        break;
      }
      case 'scheduleRetry':
        this.#failures++;
        this.#retryMs = this.#backOffMs();
        this.#timer = clock.setTimeout(() => this.#step('retryDue'), this.#retryMs);
        break;
      case 'scheduleSlowRetry':
        this.#retryMs = RETRY_CAP_MS;
        this.#timer = clock.setTimeout(() => this.#step('retryDue'), this.#retryMs);
        break;
      case 'stopTimer':
        clock.clearTimeout(this.#timer);
        break;
      case 'tellRegistered':
        this.#tell(this.#status);
        break;
      case 'tellFailed':
        this.#tell({
          kind: 'failed',
          ...(this.#response === undefined ? {} : { response: this.#response }),
          ...(this.#error === undefined ? {} : { error: this.#error }),
          retryAtMs: clock.now() + this.#retryMs,
        });
        break;
      case 'finish':
        this.#tell({ kind: 'over' });
        this.#over.resolve();
        break;
    }
  }

  #tell(status: RegistrationStatus): void {
    this.#status = status;
    const { onChange } = this.#request;
    if (onChange !== undefined) this.#core.invoke('onChange', () => onChange(status));
  }

  #placeAt(target: SipEndpoint): RegistrarPlace {
    const { credentials, addressOfRecord } = this.#request;
    return {
      target,
      contact: contactFor(this.#core, addressOfRecord, target),
      digest: credentials === undefined ? undefined : this.#core.digests.for(credentials, target),
    };
  }

  async #locate(): Promise<void> {
    const { target } = this.#request;
    this.#response = undefined;
    this.#error = undefined;
    let found: readonly SipEndpoint[] = [];
    try {
      found = typeof target === 'function' ? await target() : [target];
    } catch (error) {
      this.#error = error instanceof Error ? error : new Error(String(error));
    }
    if (this.#state !== 'locating') return;
    this.#hasMovedOn = false;
    this.#targets = this.#ordered(found);
    this.#step(found.length > 0 ? 'located' : 'unavailable');
  }

  /** Home first, unless it is time to look whether the first choice is back. */
  #ordered(found: readonly SipEndpoint[]): readonly SipEndpoint[] {
    const { target, awaySinceMs } = this.#home ?? {};
    const mayStay = awaySinceMs === undefined || this.#core.clock.now() - awaySinceMs < RETURN_AFTER_MS;
    const home = target && mayStay && found.find((each) => isSamePlace(each, target));
    return home ? [home, ...found.filter((each) => each !== home)] : found;
  }

  /** Registered at the place tried last. */
  #settleIn(): void {
    const { target } = this.#place ?? {};
    if (!target || (this.#home && !this.#hasMovedOn && isSamePlace(this.#home.target, target))) return;
    this.#home = { target, awaySinceMs: this.#hasMovedOn ? this.#core.clock.now() : undefined };
  }

  #sendToNext(): void {
    const [target, ...rest] = this.#targets;
    this.#targets = rest;
    if (target) this.#place = this.#placeAt(target);
    void this.#send(this.#expiresSeconds);
  }

  get #addresses(): Pick<OutsideRequest, 'requestUri' | 'from' | 'to'> {
    const { registrar, addressOfRecord } = this.#request;
    return { requestUri: registrar, from: { uri: addressOfRecord }, to: { uri: addressOfRecord } };
  }

  #ask({ target, digest }: RegistrarPlace, contact: string, expiresSeconds: number): OutsideExchange {
    return sendOutside(this.#core, {
      method: 'REGISTER',
      target,
      ...this.#addresses,
      callId: this.#callId,
      nextSequence: () => ++this.#sequence,
      ownHeaders: [
        ['Contact', contact],
        ['Expires', String(expiresSeconds)],
      ],
      headers: this.#request.headers,
      digest,
    });
  }

  /** What we were known by over another transport (§10.2.2). Asked once; a registrar that does not hear it lets the binding expire. */
  #takeBackFormer(): void {
    const place = this.#place;
    if (!place) return;
    for (const contact of this.#bound) {
      if (contact === place.contact) continue;
      this.#bound.delete(contact);
      this.#ask(place, contact, 0).response.catch(() => undefined);
    }
  }

  async #send(expiresSeconds: number): Promise<void> {
    if (!this.#place) {
      this.#step('unavailable');
      return;
    }
    const { target, contact } = this.#place;
    const exchange = this.#ask(this.#place, contact, expiresSeconds);
    this.#exchange = exchange;
    this.#response = undefined;
    this.#error = undefined;
    let input: RegistrationInput;
    try {
      const response = await exchange.response;
      if (this.#exchange !== exchange) return;
      this.#response = response;
      input = this.#kindOf(response);
      if (input === 'accepted') this.#bound.add(contact);
      if (response.status === 503) input = this.#leave(target, response);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      // Another REGISTER took its place.
      if (this.#exchange !== exchange) return;
      this.#error = error;
      // It may have been granted all the same.
      this.#bound.add(contact);
      input = this.#leave(target, undefined);
    }
    this.#step(input);
  }

  /** A target that could not serve us; the next one may (RFC 3263 §4.3). */
  #leave(target: SipEndpoint, response: SipResponse | undefined): RegistrationInput {
    const { onTargetFailed } = this.#request;
    const isGivenUp = this.#state === 'unregistering';
    if (onTargetFailed !== undefined && !isGivenUp) {
      this.#core.invoke('onTargetFailed', () => onTargetFailed(target, response));
    }
    return this.#targets.length > 0 && !isGivenUp ? 'targetFailed' : 'unavailable';
  }

  #kindOf({ status }: SipResponse): RegistrationInput {
    if (status < 300) return 'accepted';
    if (status === 423) return (this.#leastExpires() ?? 0) > this.#expiresSeconds ? 'tooBrief' : 'refused';
    return status === 408 || status === 480 || status >= 500 ? 'unavailable' : 'refused';
  }

  #leastExpires(): number | undefined {
    const field = this.#response?.headers.get('Min-Expires');
    return field === undefined ? undefined : parseDigits(field.trim(), MOST_EXPIRES_SECONDS);
  }

  /** Our Contact's own expires counts, then the Expires header field, then what was asked for (§10.2.4). */
  #grantedSeconds(): number {
    const headers = this.#response?.headers;
    const own = headers === undefined ? undefined : expiresOf(headers, this.#place?.contact ?? '');
    const field = headers?.get('Expires');
    const general = field === undefined ? undefined : parseDigits(field.trim(), 2 ** 32 - 1);
    const granted = own ?? general ?? this.#expiresSeconds;
    return Math.min(Math.max(granted, LEAST_EXPIRES_SECONDS), MOST_EXPIRES_SECONDS);
  }

  /** Doubles with each failure, by chance shortened to between half and all of it; never less than the registrar asked for. */
  #backOffMs(): number {
    const fullMs = Math.min(RETRY_BASE_MS * 2 ** (this.#failures - 1), RETRY_CAP_MS);
    const chance = 0.5 + Number.parseInt(this.#core.randomHex(2), 16) / 2 ** 17;
    const asked = this.#response === undefined ? undefined : readRetryAfter(this.#response.headers);
    return Math.max(fullMs * chance, Math.min((asked ?? 0) * 1_000, RETRY_CAP_MS));
  }
}

const isSamePlace = (one: SipEndpoint, other: SipEndpoint): boolean =>
  endpointText(one) === endpointText(other);

/** Well before it expires: with a tenth to spare, half of a short one. */
export function refreshAfterMs(grantedSeconds: number): number {
  return grantedSeconds * (grantedSeconds < 120 ? 500 : 900);
}

/** The expires parameter of the binding that is ours, among all that the registrar lists. */
function expiresOf(headers: SipHeaders, contact: string): number | undefined {
  const own = contact.slice(1, -1);
  try {
    for (const value of headers.getAll('Contact')) {
      const address = parseNameAddress(value);
      if (address.uri !== own) continue;
      const expires = address.parameter('expires');
      return expires === undefined ? undefined : parseDigits(expires, 2 ** 32 - 1);
    }
  } catch (error) {
    if (!(error instanceof ParseFailure)) throw error;
  }
  return undefined;
}
