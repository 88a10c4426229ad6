// Makes an answer small enough for a UDP source that has not proved its address, so that nobody can use us to flood a third party.

/** What a response must keep to be understood (RFC 3261 §8.2.6.2), and the challenge, without which 401 and 407 mean nothing. */
const NEEDED = new Set([
  'via',
  'from',
  'to',
  'call-id',
  'cseq',
  'content-length',
  'www-authenticate',
  'proxy-authenticate',
  'retry-after',
]);

/**
 * The response without its optional header fields and its body, when it then has at most `limitBytes`; undefined when it does not.
 * Responses that create a dialog are not shortened: without Contact and body they would not work.
 *
 * @param wire a response as `formatMessage` writes it
 */
export function shortenAnswer(wire: string, limitBytes: number): string | undefined {
  const headEnd = wire.indexOf('\r\n\r\n');
  const [statusLine = '', ...fields] = wire.slice(0, headEnd).split('\r\n');
  const status = Number(statusLine.slice(8, 11));
  const isInvite = fields.some((field) => /^CSeq:.*\bINVITE$/i.test(field));
  if (isInvite && status > 100 && status < 300) return undefined;
  const kept = fields.filter((field) => NEEDED.has(field.slice(0, field.indexOf(':')).trim().toLowerCase()));
  const head = kept.map((field) => (/^content-length:/i.test(field) ? 'Content-Length: 0' : field));
  const short = `${[statusLine, ...head].join('\r\n')}\r\n\r\n`;
  return Buffer.byteLength(short) <= limitBytes ? short : undefined;
}
