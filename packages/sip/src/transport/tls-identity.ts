// Whether a certificate speaks for the SIP domain we wanted to reach (RFC 5922 §7).
import { isIP } from 'node:net';

/** The certificate does not belong to the peer we wanted; the connection is given up. */
export class TlsNameMismatch extends Error {
  override readonly name = 'TlsNameMismatch';
  readonly wanted: string;
  /** The identities the certificate does speak for. */
  readonly found: readonly string[];

  constructor(wanted: string, found: readonly string[]) {
    super(
      `the certificate is not for ${wanted} but for ${found.slice(0, 8).join(', ') || 'nobody'}; ` +
        'is the trunk named as its certificate says?',
    );
    this.wanted = wanted;
    this.found = found;
  }
}

/** The part of a certificate that names its holder, as node:tls gives it. */
export interface CertificateNames {
  readonly subjectaltname?: string | undefined;
  readonly subject?: { readonly CN?: string | readonly string[] | undefined } | undefined;
}

/**
 * The SIP domains a certificate speaks for (§7.1): SIP URIs without a user in the subjectAltName; without any, its DNS names; without
 * any subjectAltName, the common name. IP addresses come last, for trunks configured by address.
 */
export function sipIdentities(certificate: CertificateNames): string[] {
  const names = splitAlternativeNames(certificate.subjectaltname ?? '');
  const domains = names.flatMap(({ kind, value }) => (kind === 'URI' ? sipDomain(value) : []));
  const dnsNames = names.flatMap(({ kind, value }) => (kind === 'DNS' ? [value] : []));
  const addresses = names.flatMap(({ kind, value }) => (kind === 'IP Address' ? [value] : []));
  if (names.length === 0) return [certificate.subject?.CN ?? []].flat();
  return [...(domains.length > 0 ? domains : dnsNames), ...addresses];
}

/** Compares without case (§7.2). A wildcard matches nothing, except one whole first label where `names` allows it. */
export function matchesIdentity(
  wanted: string,
  identities: readonly string[],
  names: 'strict' | 'wildcard' = 'strict',
): boolean {
  const name = wanted.toLowerCase().replace(/\.$/, '');
  return identities.some((identity) => {
    const candidate = identity.toLowerCase();
    if (isIP(name) !== 0) return sameAddress(candidate, name);
    if (candidate === name) return !candidate.includes('*');
    if (names === 'strict' || !candidate.startsWith('*.')) return false;
    const rest = candidate.slice(1);
    const label = name.slice(0, name.indexOf('.'));
    return rest.indexOf('.', 1) !== -1 && label !== '' && name === label + rest;
  });
}

/** `sip:example.com` → example.com; URIs with a user speak for a person, not for a domain. */
function sipDomain(uri: string): string[] {
  const match = /^sips?:([^@;?:[\]]+)$/i.exec(uri);
  return match?.[1] === undefined ? [] : [match[1]];
}

/** `DNS:a.example, URI:sip:b.example`; values with odd characters are JSON strings, so that nobody smuggles a comma. */
function splitAlternativeNames(text: string): { kind: string; value: string }[] {
  const names: { kind: string; value: string }[] = [];
  let index = 0;
  while (index < text.length) {
    const colon = text.indexOf(':', index);
    if (colon === -1) break;
    const kind = text.slice(index, colon).trim();
    if (text[colon + 1] === '"') {
      let end = colon + 2;
      while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
      names.push({ kind, value: unquoted(text.slice(colon + 1, end + 1)) });
      index = text.indexOf(',', end);
    } else {
      const comma = text.indexOf(', ', colon);
      names.push({ kind, value: text.slice(colon + 1, comma === -1 ? text.length : comma) });
      index = comma;
    }
    if (index === -1) break;
    index++;
  }
  return names;
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    // A name nobody can read matches nobody.
    return '';
  }
}

/** node:tls writes IPv6 addresses in full; numbers compare them whatever their spelling. */
function sameAddress(one: string, other: string): boolean {
  return canonicalAddress(one) === canonicalAddress(other);
}

function canonicalAddress(text: string): string {
  if (isIP(text) !== 6) return text;
  return new URL(`http://[${text}]`).hostname;
}
