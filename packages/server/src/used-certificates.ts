/** The certificates that the service shows to others, and when each one ends: browsers, SDKs and carriers refuse it from that moment on. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { besideFile, type ConfigFile } from './config-file.ts';

export interface UsedCertificate {
  /** Where it is configured, such as `RINGBACK_TLS_CERT`. */
  readonly setting: string;
  readonly file: string;
  /** The first end in its chain. */
  readonly endsAtMs: number;
}

/** The files were checked before. */
export function usedCertificates(
  httpsFile: string | undefined,
  { sip, trunks = [] }: ConfigFile,
  configFile: string,
): readonly UsedCertificate[] {
  const named: [setting: string, file: string][] = [];
  if (httpsFile !== undefined) named.push(['RINGBACK_TLS_CERT', httpsFile]);
  sip?.alsoListen?.forEach((point, index) => {
    if (point.transport === 'tls')
      named.push([`sip.alsoListen.${index}`, besideFile(configFile, point.cert)]);
  });
  for (const { name, tls } of trunks) {
    if (tls?.cert !== undefined) named.push([`trunk "${name}", tls.cert`, besideFile(configFile, tls.cert)]);
  }
  return named.map(([setting, file]) => ({
    setting,
    file,
    endsAtMs: firstEndIn(readFileSync(file, 'utf8')),
  }));
}

const onePem =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

function firstEndIn(chain: string): number {
  return Math.min(
    ...(chain.match(onePem) ?? []).map((pem) => new X509Certificate(pem).validToDate.getTime()),
  );
}
