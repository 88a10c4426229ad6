/** From a signed request to its caller: which key, whether the signature is that key's, and whether anyone may come in without one. */
import {
  type CredentialScope,
  parseAuthorization,
  type SignedRequest,
  SigningKeys,
  type VerifyResult,
  verifySigV4,
} from '@ringback/connect-api';
import type { Clock } from '../clock.ts';
import { emulatorAccountId } from '../config.ts';
import { type AccessKey, type AccessKeys, secretOf } from './access-keys.ts';
import { type Caller, callerOf } from './caller.ts';

export interface Authenticated {
  readonly caller: Caller;
  readonly scope: CredentialScope;
}

/** Gives a promise only where a key has to be read first. */
export type Authenticate = (request: SignedRequest) => Authenticated | Promise<Authenticated>;

export interface AuthenticateDeps {
  readonly accessKeys: AccessKeys;
  readonly clock: Clock;
  readonly region: string;
}

/**
 * The one check of who calls. A key that is known must have signed; an unknown one is refused, or taken for the
 * emulator's account while there are no keys at all.
 *
 * The returned function throws an `ApiError` for every refusal, named and worded as AWS does.
 */
export function openAuthentication({ accessKeys, clock, region }: AuthenticateDeps): Authenticate {
  const signingKeys = new SigningKeys();

  function verified(request: SignedRequest): Authenticated | Promise<Authenticated> {
    let key: AccessKey | undefined;
    const proveWith = (found: AccessKey | undefined, sessionToken: string | undefined): string => {
      key = found;
      return secretOf(found, sessionToken, clock.now());
    };
    const verdict = verifySigV4(request, {
      secretFor: (accessKeyId, sessionToken) => {
        const found = accessKeys.find(accessKeyId);
        return found instanceof Promise
          ? found.then((later) => proveWith(later, sessionToken))
          : proveWith(found, sessionToken);
      },
      nowMs: clock.now(),
      expectedRegion: region,
      signingKeys,
    });
    const judged = (result: VerifyResult): Authenticated => {
      if (result.kind === 'refused') throw result.error;
      if (!key) throw new Error('a signature was verified without a key');
      return { caller: key.caller, scope: result.scope };
    };
    return verdict instanceof Promise ? verdict.then(judged) : judged(verdict);
  }

  return (request) => {
    const open = accessKeys.isOpenToAnyone();
    if (open === false) return verified(request);
    return open === true ? admitted(request) : open.then((isOpen) => (isOpen ? admitted : verified)(request));
  };

  async function admitted(request: SignedRequest): Promise<Authenticated> {
    const parsed = parseAuthorization(request);
    if (parsed.kind === 'refused') throw parsed.error;
    const { scope } = parsed.authorization;
    // A key that was made a moment ago counts before the door is seen to be closed.
    if (await accessKeys.find(scope.accessKeyId)) return verified(request);
    return { caller: anyone(scope.accessKeyId, region), scope };
  }
}

function anyone(accessKeyId: string, region: string): Caller {
  return callerOf({
    accessKeyId,
    accountId: emulatorAccountId,
    region,
    userName: accessKeyId,
    credentials: 'lasting',
    principal: undefined,
    policy: undefined,
  });
}
