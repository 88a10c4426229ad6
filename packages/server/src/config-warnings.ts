/** What a configuration may say and an operator hardly means: the service starts, and no call comes about, or soon nobody connects any more. Told at the start and by `ringback check`. */
import { isIP } from 'node:net';
import { type Config, isLoopback } from './config.ts';

/** Certificates are to be renewed before they end: this long before, ms (14 days). */
const certificateNoticeMs = 14 * 24 * 60 * 60 * 1000;

/** One or two sentences each, with the remedy. */
export function configWarnings(
  config: Pick<Config, 'certificates' | 'trunks' | 'sip' | 'policy' | 'instancePolicies' | 'phoneNumbers'>,
  nowMs: number,
): readonly string[] {
  return [...certificateWarnings(config, nowMs), ...callWarnings(config)];
}

function certificateWarnings({ certificates }: Pick<Config, 'certificates'>, nowMs: number): string[] {
  return certificates
    .filter(({ endsAtMs }) => endsAtMs - nowMs < certificateNoticeMs)
    .map(({ setting, file, endsAtMs }) => {
      const end = new Date(endsAtMs).toISOString().replace(/T(.{5}).*/, ' $1 UTC');
      const what =
        endsAtMs <= nowMs
          ? `expired at ${end}, and whoever checks it refuses the connection.`
          : `expires at ${end}; from then on whoever checks it refuses the connection.`;
      return `The certificate ${file} (${setting}) ${what} Renew it, then start the service again: certificates are read at the start only.`;
    });
}

/** The emulator needs nothing of this. */
function callWarnings({
  trunks,
  sip,
  policy,
  instancePolicies,
  phoneNumbers,
}: Pick<Config, 'trunks' | 'sip' | 'policy' | 'instancePolicies' | 'phoneNumbers'>): string[] {
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
