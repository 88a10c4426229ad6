/** What a configuration may say and an operator hardly means: the service starts, and no call comes about. Told at the start and by `ringback check`. */
import { isIP } from 'node:net';
import { type Config, isLoopback } from './config.ts';

/** One sentence each, with the remedy. The emulator needs nothing of this. */
export function configWarnings({
  trunks,
  sip,
  policy,
  instancePolicies,
  phoneNumbers,
}: Pick<Config, 'trunks' | 'sip' | 'policy' | 'instancePolicies' | 'phoneNumbers'>): readonly string[] {
  if (trunks.length === 0) return [];
  const warnings: string[] = [];
  const beyond = trunks.find(({ servers }) =>
    servers.some(({ host }) => isIP(host) !== 6 && !isLoopback(host)),
  );
  if (beyond && isLoopback(sip.host)) {
    warnings.push(
      `The trunk "${beyond.name}" is elsewhere, but SIP and RTP go out from ${sip.host}, which reaches this machine only. ` +
        'Set RINGBACK_SIP_HOST to the address of this machine that the carrier can reach.',
    );
  }
  const opened = [policy, ...Object.values(instancePolicies)];
  if (!opened.some(({ countries, openPrefixes }) => countries?.length || openPrefixes?.length)) {
    warnings.push(
      'With a trunk nothing may be dialled until `countries` says what, so every call is refused. ' +
        'Name the countries, such as countries: [US, CA].',
    );
  }
  if (phoneNumbers.length === 0) {
    warnings.push(
      'There are no `phoneNumbers`: unless the database has some from before, calls are refused for want of a caller ID.',
    );
  }
  return warnings;
}
