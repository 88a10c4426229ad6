// Messages made up from the grammar: mostly well-formed, in all the spellings that the grammar allows and a few that it does not.

export type Random = () => number;

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

function chance(random: Random, share: number): boolean {
  return random() < share;
}

const METHODS = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'INFO',
  'PRACK',
  'UPDATE',
  'REGISTER',
  'NOTIFY',
  'X-1',
];
const HOSTS = [
  'example.com',
  '192.0.2.200',
  '[2001:db8::1]',
  'a',
  'h_1.example',
  '[::ffff:192.0.2.1]',
  'ex%61mple',
];
const USERS = ['', 'bob@', '+12065550100@', 'a%40b@', 'a:pw@', ';x=1@', '%00@', "!~*'()@", 'ü@'];
const PARAMETERS = [
  '',
  ';lr',
  ';transport=tcp',
  ';user=phone',
  ';x="a;b"',
  ';maddr=6.6.6.6',
  '?a=b',
  ';tag=x',
  ';',
];
const BLANKS = ['', ' ', '\t', '  ', '\r\n '];
const NAMES = ['', '"Bob" ', 'Bob ', '"a\\"b, c" ', 'Bell, A ', '"open '];

function uri(random: Random): string {
  const scheme = pick(random, ['sip:', 'sip:', 'sips:', 'tel:', 'SIP:', 'urn:x:']);
  const port = pick(random, ['', ':5060', ':0', ':99999', ':']);
  return scheme + pick(random, USERS) + pick(random, HOSTS) + port + pick(random, PARAMETERS);
}

function nameAddress(random: Random, tag: string): string {
  const address = chance(random, 0.8) ? `${pick(random, NAMES)}<${uri(random)}>` : uri(random);
  return tag === '' ? address : `${address}${pick(random, BLANKS)};${pick(random, BLANKS)}tag=${tag}`;
}

function via(random: Random, branch: string): string {
  const transport = pick(random, ['UDP', 'TCP', 'TLS', 'udp', 'SCTP']);
  const slash = `${pick(random, BLANKS)}/${pick(random, BLANKS)}`;
  const extra = pick(random, ['', ';rport', ';received=[::1]', ';ttl=1', ';;', ';x="y']);
  return `SIP${slash}2.0${slash}${transport} ${pick(random, HOSTS)};branch=${branch}${extra}`;
}

/** @param identity makes the transaction, so that messages can belong together */
export function generateMessage(random: Random, identity: string): string {
  const method = pick(random, METHODS);
  const isRequest = chance(random, 0.7);
  const start = isRequest
    ? `${method} ${uri(random)} SIP/2.0`
    : `SIP/2.0 ${100 + Math.floor(random() * 600)} ${pick(random, ['OK', '', 'Ünicode', '  '])}`;
  const body = pick(random, ['', '', 'v=0\r\n', 'x'.repeat(Math.floor(random() * 2_000)), '\0\xff']);
  const length = chance(random, 0.9)
    ? String(Buffer.byteLength(body))
    : pick(random, ['-1', '99999', 'x', '0']);
  const fields = [
    `${pick(random, ['Via', 'v', 'VIA'])}: ${via(random, `z9hG4bK${identity}`)}`,
    `${pick(random, ['From', 'f'])}${pick(random, BLANKS)}: ${nameAddress(random, 'from')}`,
    `${pick(random, ['To', 't'])}: ${nameAddress(random, pick(random, ['', '', 'to']))}`,
    `${pick(random, ['Call-ID', 'i'])}: ${identity}@fuzz`,
    `CSeq: ${pick(random, ['1', '0', '2147483647', '4294967296', '0009'])} ${chance(random, 0.9) ? method : 'INVITE'}`,
    'Max-Forwards: 70',
    ...(chance(random, 0.6) ? [`${pick(random, ['Contact', 'm'])}: ${nameAddress(random, '')}`] : []),
    ...(chance(random, 0.2) ? [`Record-Route: <${uri(random)}>, <${uri(random)}>`] : []),
    ...(chance(random, 0.2) ? [`Require: ${pick(random, ['100rel', 'timer', 'x, y', ','])}`] : []),
    ...(chance(random, 0.2)
      ? [`Session-Expires: ${pick(random, ['90', '1800;refresher=uac', '1', 'x'])}`]
      : []),
    ...(chance(random, 0.1) ? [`RSeq: ${pick(random, ['1', '99999999999', 'x'])}`] : []),
    ...(chance(random, 0.1) ? [`RAck: ${pick(random, ['1 1 INVITE', 'x'])}`] : []),
    ...(chance(random, 0.1) ? ['WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'] : []),
    ...(chance(random, 0.1)
      ? ['Authorization: Digest username="u", realm="r", nonce="n", response="0"']
      : []),
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    ...(chance(random, 0.9) ? [`${pick(random, ['Content-Length', 'l'])}: ${length}`] : []),
  ];
  return `${[start, ...fields].join('\r\n')}\r\n\r\n${body}`;
}
