// SIP and SIPS URIs (RFC 3261 §19.1).
import { findParameter, formatHostPort, parseHostPort } from './grammar.ts';
import { ParseFailure } from './parse-failure.ts';

export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  /** Escapes undone; undefined when the URI names a host only. */
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  /** Value of a URI parameter (name in lower case): '' for a flag such as `lr`, undefined when absent. */
  parameter(name: string): string | undefined;
}

/**
 * Parses `sip:user@host:port;parameters?headers`.
 *
 * @throws {ParseFailure} with code `uri`; also for other schemes such as tel:.
 */
export function parseSipUri(text: string): SipUri {
  const colon = text.indexOf(':');
  const scheme = colon === -1 ? '' : text.slice(0, colon).toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') throw new ParseFailure('uri', 'not a sip: or sips: URI', text);
  refuseUnsafeCharacters(text);
  const at = text.indexOf('@', colon + 1);
  const hostStart = at === -1 ? colon + 1 : at + 1;
  let headersStart = text.indexOf('?', hostStart);
  if (headersStart === -1) headersStart = text.length;
  let hostEnd = text.indexOf(';', hostStart);
  if (hostEnd === -1 || hostEnd > headersStart) hostEnd = headersStart;
  const hostPort = parseHostPort(text, hostStart, hostEnd);
  if (hostPort === undefined) throw new ParseFailure('uri', 'the URI has no usable host or port', text);
  const parameters = text.slice(hostEnd, headersStart);
  return {
    scheme,
    user: at === -1 ? undefined : userPart(text, colon + 1, at),
    host: hostPort.host,
    port: hostPort.port,
    parameter: (name) => findParameter(parameters, 0, name),
  };
}

function userPart(text: string, start: number, at: number): string {
  const password = text.indexOf(':', start);
  const user = text.slice(start, password !== -1 && password < at ? password : at);
  if (user === '') throw new ParseFailure('uri', 'the URI has "@" but no user', text);
  if (!user.includes('%')) return user;
  try {
    return decodeURIComponent(user);
  } catch {
    // decodeURIComponent knows UTF-8 escapes only; RFC 3261 allows any byte.
    return user.replace(/%[0-9a-fA-F]{2}/g, (octet) =>
      String.fromCharCode(Number.parseInt(octet.slice(1), 16)),
    );
  }
}

/** Blanks, control characters and angle brackets end a URI wherever it is embedded, so none may be inside. */
function refuseUnsafeCharacters(text: string): void {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code === 0x3c || code === 0x3e || code === 0x22 || code === 0x7f) {
      throw new ParseFailure('uri', 'the URI contains a character that must be escaped', text);
    }
  }
}

/** Writes a SIP URI; the user is escaped where needed. `parameters` are appended as they are, e.g. `;user=phone`. */
export function formatSipUri(parts: {
  user?: string;
  host: string;
  port?: number;
  parameters?: string;
}): string {
  const user = parts.user === undefined ? '' : `${escapeUser(parts.user)}@`;
  return `sip:${user}${formatHostPort(parts.host, parts.port)}${parts.parameters ?? ''}`;
}

/** user-unreserved of §25.1 stays as it is. */
function escapeUser(user: string): string {
  return encodeURIComponent(user.toWellFormed()).replace(/%(?:26|3D|2B|24|2C|3B|3F|2F)/g, (octet) =>
    decodeURIComponent(octet),
  );
}
