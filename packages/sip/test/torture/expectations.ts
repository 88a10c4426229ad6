// What each message of RFC 4475 and RFC 5118 must lead to here: the status we answer, or silence; and what of it must be read. We
// are a user agent that takes calls, no registrar and no proxy; where the RFC leaves a choice, `because` says which one is ours.

export interface Expectation {
  readonly section: string;
  readonly topic: string;
  /** `silence`: dropped without an answer. */
  readonly answer: number | 'silence';
  /** What makes it malformed; absent: it is well-formed to us. */
  readonly malformed?: string;
  readonly because?: string;
}

function met(section: string, topic: string, answer: Expectation['answer'], because?: string): Expectation {
  return { section, topic, answer, ...(because === undefined ? {} : { because }) };
}

function malformed(
  section: string,
  topic: string,
  answer: Expectation['answer'],
  code: string,
  because?: string,
): Expectation {
  return { ...met(section, topic, answer, because), malformed: code };
}

const NO_REGISTRAR = 'REGISTER is a method we know and do not allow';

export const RFC_4475: Readonly<Record<string, Expectation>> = {
  wsinv: met('3.1.1.1', 'short tortuous INVITE', 481, 'its To tag names a dialog that we do not have'),
  intmeth: met('3.1.1.2', 'wide range of valid characters', 501),
  esc01: met('3.1.1.3', 'valid use of % escaping', 200),
  escnull: met('3.1.1.4', 'escaped nulls in URIs', 405, NO_REGISTRAR),
  esc02: met('3.1.1.5', '% that is no escape', 501, 'RE%47IST%45R is not REGISTER'),
  lwsdisp: met('3.1.1.6', 'no blank between display name and <', 200),
  longreq: met('3.1.1.7', 'long values in header fields', 200),
  dblreq: met('3.1.1.8', 'extra octets behind a message in a datagram', 405, NO_REGISTRAR),
  semiuri: met('3.1.1.9', 'semicolon in the user part', 200),
  transports: met('3.1.1.10', 'varied transport types', 200),
  mpart01: met('3.1.1.11', 'multipart MIME with binary parts', 405, 'MESSAGE is known and not allowed'),
  unreason: met('3.1.1.12', 'unusual reason phrase', 'silence', 'nobody waits for this response'),
  noreason: met('3.1.1.13', 'empty reason phrase', 'silence', 'nobody waits for this response'),

  badinv01: malformed('3.1.2.1', 'extraneous separators', 400, 'header'),
  clerr: malformed('3.1.2.2', 'Content-Length larger than the datagram', 400, 'contentLength'),
  ncl: malformed('3.1.2.3', 'negative Content-Length', 400, 'contentLength'),
  scalar02: malformed('3.1.2.4', 'request scalars out of range', 400, 'header'),
  scalarlg: malformed('3.1.2.5', 'response scalars out of range', 'silence', 'header'),
  quotbal: malformed('3.1.2.6', 'unterminated quoted string', 400, 'header'),
  ltgtruri: malformed('3.1.2.7', '<> around the Request-URI', 400, 'startLine'),
  lwsruri: malformed('3.1.2.8', 'blank inside the Request-URI', 400, 'startLine'),
  lwsstart: malformed('3.1.2.9', 'several blanks in the request line', 400, 'startLine'),
  trws: malformed('3.1.2.10', 'blanks after the version', 400, 'startLine'),
  escruri: malformed('3.1.2.11', 'escaped header fields in the Request-URI', 400, 'uri'),
  baddate: met('3.1.2.12', 'Date not in GMT', 200, 'we use no Date, and refuse no call for it'),
  regbadct: met('3.1.2.13', 'Contact that needs angle brackets', 405, NO_REGISTRAR),
  badaspec: met('3.1.2.14', 'blanks within addr-spec', 200, 'read liberally: what is meant is plain'),
  baddn: met('3.1.2.15', 'display name that needs quotes', 200, 'read liberally: what is meant is plain'),
  badvers: malformed('3.1.2.16', 'unknown protocol version', 505, 'version'),
  mismatch01: malformed('3.1.2.17', 'method and CSeq differ', 400, 'header'),
  mismatch02: malformed('3.1.2.18', 'unknown method and CSeq differ', 400, 'header', '501 would be as good'),
  bigcode: malformed('3.1.2.19', 'status far too large', 'silence', 'startLine'),

  badbranch: met('3.2.1', 'branch of the bare magic cookie', 200, 'matched by the rules of RFC 2543'),

  insuf: malformed('3.3.1', 'missing From, To, Call-ID', 400, 'headerMissing'),
  unkscm: met('3.3.2', 'Request-URI of an unknown scheme', 416),
  novelsc: met('3.3.3', 'Request-URI of a known but atypical scheme', 416),
  unksm2: met('3.3.4', 'unknown schemes in header fields', 405, NO_REGISTRAR),
  bext01: met('3.3.5', 'Require of unknown extensions', 420),
  invut: met('3.3.6', 'unknown Content-Type', 415),
  regaut01: met('3.3.7', 'unknown authorization scheme', 405, NO_REGISTRAR),
  multi01: malformed('3.3.8', 'several values of single-value fields', 400, 'headerRepeated'),
  mcl01: malformed('3.3.9', 'several Content-Length values', 400, 'headerRepeated'),
  bcast: malformed('3.3.10', 'response with the Via of somebody else', 'silence', 'header'),
  zeromf: met('3.3.11', 'Max-Forwards of zero', 200, 'it has arrived, and goes no further'),
  cparam01: met('3.3.12', 'REGISTER with a contact parameter', 405, NO_REGISTRAR),
  cparam02: met('3.3.13', 'REGISTER with a URI parameter', 405, NO_REGISTRAR),
  regescrt: met('3.3.14', 'REGISTER with an escaped header field', 405, NO_REGISTRAR),
  sdp01: met('3.3.15', 'Accept without a type that we could answer in', 406),

  inv2543: met('3.4.1', 'INVITE of RFC 2543', 200),
};

export const RFC_5118: Readonly<Record<string, Expectation>> = {
  'ipv6-good': met('4.1', 'IPv6 reference', 405, NO_REGISTRAR),
  'ipv6-bad': malformed('4.2', 'IPv6 address without brackets', 400, 'uri'),
  'port-ambiguous': met('4.3', 'port inside the brackets: part of the address', 405, NO_REGISTRAR),
  'port-unambiguous': met('4.4', 'port behind the brackets', 405, NO_REGISTRAR),
  'via-received-param-with-delim': met('4.5', 'received with brackets', 481, 'BYE of no dialog'),
  'via-received-param-no-delim': met('4.5', 'received without brackets', 200),
  'ipv6-in-sdp': met('4.6', 'IPv6 in SDP', 200),
  'mult-ip-in-header': met('4.7', 'both families in Via', 481, 'BYE of no dialog'),
  'mult-ip-in-sdp': met('4.8', 'both families in SDP', 200),
  'ipv4-mapped-ipv6': met('4.9', 'IPv4-mapped addresses', 200),
  'ipv6-bug-abnf-3-colons': malformed(
    '4.10',
    'three colons, which the grammar of RFC 3261 allowed',
    400,
    'uri',
  ),
  'ipv6-correct-abnf-2-colons': met('4.10', 'two colons before an IPv4 part', 200),
};
