/** Who a request comes from: the tenant it acts in, and the service it speaks for. Made by the edge from the access key. */
import type { Tenant } from '../arn.ts';
import type { Config, ConfiguredAccessKey } from '../config.ts';
import { emulatorAccountId } from '../config.ts';

export interface Caller {
  readonly tenant: Tenant;
  readonly accessKeyId: string;
  /** Set for service principals such as `connect-campaigns.amazonaws.com`. */
  readonly principal: string | undefined;
}

/** The service principal of Amazon Connect outbound campaigns. */
export const campaignsPrincipal = 'connect-campaigns.amazonaws.com';

export interface AccessKeys {
  /** Whether signatures are checked. Without keys anyone on this machine is the emulator's account. */
  readonly signatures: 'strict' | 'not checked';
  secretFor(accessKeyId: string): string | undefined;
  callerFor(accessKeyId: string): Caller;
}

export function accessKeysOf(config: Config): AccessKeys {
  const byId = new Map<string, ConfiguredAccessKey>(config.accessKeys.map((key) => [key.accessKeyId, key]));
  return {
    signatures: byId.size > 0 ? 'strict' : 'not checked',
    secretFor: (accessKeyId) => byId.get(accessKeyId)?.secretAccessKey,
    callerFor(accessKeyId) {
      const key = byId.get(accessKeyId);
      return {
        tenant: { accountId: key?.accountId ?? emulatorAccountId, region: config.region },
        accessKeyId,
        principal: key?.principal,
      };
    },
  };
}
