// What SIPp is to do in one call, as steps that read like the ladder. Each step is a piece of SIPp's own XML.

/** One element of a SIPp scenario, in its XML. */
export type SippStep = string & { readonly sippStep: unique symbol };

/** What a message that SIPp sends says beyond the usual. */
export interface SippWords {
  /** Whole lines. */
  readonly headers?: readonly string[];
  /** Of SDP, or of what a Content-Type among the headers says. */
  readonly body?: readonly string[];
}

/** What a message must say to be the expected one: a regular expression (POSIX) for header fields or the body. */
export interface SippExpectation {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const step = (xml: string): SippStep => xml as SippStep;

/** SIPp as the called one: who it is, and whom it talks to, in requests of its own. */
const calledRole = {
  from: '[$callee];tag=sipp[call_number]',
  to: '[$caller]',
  uri: '[$caller_uri]',
} as const;

const callerRole = {
  from: '<sip:sipp@[local_ip]:[local_port]>;tag=sipp[call_number]',
  to: '<sip:ringback@[remote_ip]:[remote_port]>[peer_tag_param]',
  uri: '[$callee_uri]',
} as const;

const roles = { called: calledRole, caller: callerRole } as const;

/** An audio description, by its direction and version. */
export const sdp = (options: { readonly direction?: string; readonly version?: number } = {}): string[] => [
  'v=0',
  `o=sipp 1 ${options.version ?? 1} IN IP4 [media_ip]`,
  's=-',
  'c=IN IP4 [media_ip]',
  't=0 0',
  'm=audio [media_port] RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
  ...(options.direction === undefined ? [] : [`a=${options.direction}`]),
];

const sdpType = 'Content-Type: application/sdp';

function send(attributes: string, head: readonly string[], words: SippWords): SippStep {
  const { headers = [], body = [] } = words;
  const hasType = headers.some((header) => header.startsWith('Content-Type:'));
  const type = body.length === 0 || hasType ? [] : [sdpType];
  const lines = [...head, ...headers, ...type, 'Content-Length: [len]', '', ...body];
  return step(`<send ${attributes}><![CDATA[\n\n${lines.join('\n')}\n\n]]></send>`);
}

function expectations(expected: SippExpectation, actions: readonly string[] = []): string {
  const checks = Object.entries(expected.headers ?? {}).map(
    ([header, pattern]) =>
      `<ereg regexp="${inXml(pattern)}" search_in="hdr" header="${header}:" check_it="true" assign_to="ignored"/>`,
  );
  if (expected.body !== undefined) {
    checks.push(
      `<ereg regexp="${inXml(expected.body)}" search_in="body" check_it="true" assign_to="ignored"/>`,
    );
  }
  const all = [...checks, ...actions];
  return all.length === 0 ? '' : `<action>${all.join('')}</action>`;
}

function inXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

const keep = (header: string, regexp: string, variable: string): string =>
  `<ereg regexp="${regexp}" search_in="hdr" header="${header}:" assign_to="${variable}"/>`;

export const pause = (forMs: number): SippStep => step(`<pause milliseconds="${forMs}"/>`);

/** Stays for a while after the call, to repeat a lost last response when its request is repeated. */
export const linger: SippStep = step('<timewait milliseconds="1500"/>');

// --- Called ---

/** Waits for an INVITE and keeps who called, by which way and in which turn. */
export const receiveInvite = (expected: SippExpectation = {}): SippStep => inviteWith(expected, []);

function inviteWith(expected: SippExpectation, actions: readonly string[]): SippStep {
  const kept = [
    keep('Contact', 'sip:[^>]*', 'caller_uri'),
    keep('From', '[^ ].*', 'caller'),
    keep('To', '[^ ].*', 'callee'),
    keep('CSeq', '[0-9].*', 'invite_cseq'),
    keep('Via', '[^ ].*', 'invite_via'),
  ];
  return step(`<recv request="INVITE" rrs="true">${expectations(expected, [...kept, ...actions])}</recv>`);
}

/** Waits for another request; the call fails when a different message comes first. */
export const receive = (method: string, expected: SippExpectation = {}): SippStep =>
  step(`<recv request="${method}">${expectations(expected)}</recv>`);

/** The same for a request that is answered by `replyLater`, after other messages. */
export const receiveForLater = (method: string): SippStep => {
  const kept = [keep('CSeq', '[0-9].*', 'later_cseq'), keep('Via', '[^ ].*', 'later_via')];
  return step(`<recv request="${method}">${expectations({}, kept)}</recv>`);
};

export interface ResponseWords extends SippWords {
  /** Tells the phones of a fork apart. */
  readonly tag?: string;
  /** `kept`: that of the INVITE, though another request came since. */
  readonly via?: 'last' | 'kept';
  /** Host and port that requests inside the dialog go to. Default SIPp's own. */
  readonly contact?: string;
}

function responseHead(statusLine: string, words: ResponseWords): string[] {
  return [
    `SIP/2.0 ${statusLine}`,
    ...(words.via === 'kept' ? ['Via: [$invite_via]'] : ['[last_Via:]', '[last_Record-Route:]']),
    'From: [$caller]',
    `To: [$callee];tag=${words.tag ?? 'sipp[call_number]'}`,
    '[last_Call-ID:]',
    'CSeq: [$invite_cseq]',
    ...(/Contact:/.test((words.headers ?? []).join('\n'))
      ? []
      : [`Contact: <sip:${words.contact ?? '[local_ip]:[local_port]'};transport=[transport]>`]),
  ];
}

/** Responds to the INVITE. */
export const respond = (statusLine: string, words: ResponseWords = {}): SippStep =>
  send('', responseHead(statusLine, words), words);

/** Answers the INVITE with SDP, again and again until the ACK comes (RFC 3261 §13.3.1.4). */
export const answer = (words: ResponseWords = {}): SippStep =>
  send('retrans="500"', responseHead('200 OK', words), { body: sdp(), ...words });

/** Responds to the request that came last, inside the dialog. */
export const reply = (
  statusLine: string,
  words: SippWords & { readonly retransmits?: true } = {},
): SippStep =>
  send(
    words.retransmits ? 'retrans="500"' : '',
    [
      `SIP/2.0 ${statusLine}`,
      ...['[last_Via:]', '[last_From:]', '[last_To:]', '[last_Call-ID:]', '[last_CSeq:]'],
      'Contact: <sip:[local_ip]:[local_port];transport=[transport]>',
    ],
    words,
  );

/** Responds to the request that `receiveForLater` took. */
export const replyLater = (statusLine: string, as: 'called' | 'caller' = 'called'): SippStep =>
  send(
    '',
    [
      `SIP/2.0 ${statusLine}`,
      'Via: [$later_via]',
      `From: ${roles[as].to}`,
      `To: ${roles[as].from}`,
      'Call-ID: [call_id]',
      'CSeq: [$later_cseq]',
    ],
    {},
  );

/** Responds 200 to the BYE, PRACK or CANCEL that came last. */
export const agree: SippStep = reply('200 OK');

/** Sends a µ-law WAV of the run's folder as RTP, once, while the scenario goes on. */
export const play = (file: string): SippStep =>
  step(`<nop><action><exec rtp_stream="${file},1,0"/></action></nop>`);

/**
 * Asks for credentials and goes on only when the second INVITE proves them (RFC 3261 §22.2); else refuses with 403.
 * 401, because SIPp verifies the Authorization header only.
 */
export const challenge = (username: string, password: string): SippStep =>
  step(`
${respond('401 Unauthorized', {
  headers: [
    'WWW-Authenticate: Digest realm="sipp", nonce="47364c23432d2e131a5fb210812c", qop="auth", algorithm=MD5',
  ],
})}
${receive('ACK')}
${inviteWith({}, [`<verifyauth assign_to="is_proven" username="${username}" password="${password}"/>`])}
<nop test="is_proven" next="proven"/>
${respond('403 Forbidden')}
${receive('ACK')}
<label id="proven"/>`);

// --- Either side, inside the dialog ---

export interface RequestWords extends SippWords {
  readonly cseq: number;
  /** Default `called`. */
  readonly as?: 'called' | 'caller';
  /** Through the proxies that recorded their route. */
  readonly routed?: true;
}

/** Sends a request of SIPp's own; all but ACK repeat until they are answered. */
export function ask(method: string, words: RequestWords): SippStep {
  const { from, to, uri } = roles[words.as ?? 'called'];
  return send(
    method === 'ACK' ? '' : 'retrans="500"',
    [
      `${method} ${uri} SIP/2.0`,
      'Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]',
      ...(words.routed ? ['[routes]'] : []),
      'Max-Forwards: 70',
      `From: ${from}`,
      `To: ${to}`,
      'Call-ID: [call_id]',
      `CSeq: ${words.cseq} ${method}`,
      'Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>',
    ],
    words,
  );
}

/** Waits for a response; 100 may come before it. */
export const receiveStatus = (status: number, expected: SippExpectation = {}): SippStep =>
  step(`<recv response="100" optional="true"/>
<recv response="${status}" rrs="true">${expectations(expected)}</recv>`);

/** Sends BYE to the caller and waits for its 200. */
export const hangUp: SippStep = step(`${ask('BYE', { cseq: 1 })}\n${receiveStatus(200)}`);

// --- Calling ---

/** What INVITE, CANCEL and the ACK of a refusal share. */
function inviteWords(method: string, branch: string, toTag = ''): string[] {
  return [
    `Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=${branch}`,
    'Max-Forwards: 70',
    `From: ${callerRole.from}`,
    `To: <sip:ringback@[remote_ip]:[remote_port]>${toTag}`,
    'Call-ID: [call_id]',
    `CSeq: 1 ${method}`,
  ];
}

/** Sends an INVITE to the target of the command line. */
export const invite = (words: SippWords = {}): SippStep =>
  send(
    'retrans="500"',
    [
      'INVITE sip:ringback@[remote_ip]:[remote_port] SIP/2.0',
      ...inviteWords('INVITE', '[branch]'),
      'Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>',
    ],
    { body: sdp(), ...words },
  );

/** Waits for the 200 to the INVITE and keeps where requests of the dialog go. */
export const receiveAnswer = (expected: SippExpectation = {}): SippStep =>
  step(`<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="200" rrs="true">${expectations(expected, [keep('Contact', 'sip:[^>]*', 'callee_uri')])}</recv>`);

/** Waits for a reliable provisional response (RFC 3262) and keeps its number and where requests of the early dialog go. */
export const receiveRinging = (status: number, expected: SippExpectation = {}): SippStep => {
  const kept = [keep('Contact', 'sip:[^>]*', 'callee_uri'), keep('RSeq', '[0-9]+', 'rseq')];
  return step(`<recv response="100" optional="true"/>
<recv response="${status}">${expectations(expected, kept)}</recv>`);
};

/** Gives up the INVITE, which was sent so many messages ago. */
export const cancel = (messagesAgo: number): SippStep =>
  send(
    'retrans="500"',
    [
      'CANCEL sip:ringback@[remote_ip]:[remote_port] SIP/2.0',
      ...inviteWords('CANCEL', `[branch-${messagesAgo}]`),
    ],
    {},
  );

/** ACK of a refusal, in the transaction of the INVITE, which was sent so many messages ago (RFC 3261 §17.1.1.3). */
export const acknowledgeRefusal = (messagesAgo: number): SippStep =>
  send(
    '',
    [
      'ACK sip:ringback@[remote_ip]:[remote_port] SIP/2.0',
      ...inviteWords('ACK', `[branch-${messagesAgo}]`, '[peer_tag_param]'),
    ],
    {},
  );

/** The whole scenario as SIPp reads it. */
export function scenarioXml(steps: readonly SippStep[]): string {
  const story = steps.join('\n');
  // SIPp refuses a scenario that keeps something and never looks at it, unless it is named here.
  const kept = new Set([...story.matchAll(/assign_to="(\w+)"/g)].map(([, variable]) => variable));
  return [
    '<?xml version="1.0" encoding="ISO-8859-1"?>',
    '<scenario name="far end">',
    story,
    ...(kept.size === 0 ? [] : [`<Reference variables="${[...kept].join(',')}"/>`]),
    '</scenario>',
  ].join('\n');
}
