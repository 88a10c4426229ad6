/** SIPp (Debian's sip-tester) as the far end: scenarios written as steps, and a run of the program on loopback ports. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { untilDefined } from './test-service.ts';

/** One element of a SIPp scenario, in its XML. */
export type SippStep = string & { readonly sippStep: unique symbol };

const step = (xml: string): SippStep => xml as SippStep;

/** Waits for an INVITE and keeps who called and in which turn. */
export const receiveInvite: SippStep = invite('');

/** Waits for another request; the call fails when a different message comes first. */
export const receive = (method: 'ACK' | 'BYE' | 'CANCEL'): SippStep => step(`<recv request="${method}"/>`);

export const pause = (forMs: number): SippStep => step(`<pause milliseconds="${forMs}"/>`);

/** Responds to the INVITE, without a body. Headers are whole lines. */
export const respond = (statusLine: string, ...headers: readonly string[]): SippStep =>
  response('', statusLine, [...inviteHeaders('[local_ip]:[local_port]'), ...headers]);

/** Answers the INVITE with SDP, again and again until the ACK comes (RFC 3261 §13.3.1.4). */
export const answer = (options: { readonly contact?: string } = {}): SippStep =>
  response(
    'retrans="500"',
    '200 OK',
    [...inviteHeaders(options.contact ?? '[local_ip]:[local_port]'), 'Content-Type: application/sdp'],
    [
      'v=0',
      'o=sipp 1 1 IN IP4 [media_ip]',
      's=-',
      'c=IN IP4 [media_ip]',
      't=0 0',
      'm=audio [media_port] RTP/AVP 0',
      'a=rtpmap:0 PCMU/8000',
    ],
  );

/** Responds 200 to the BYE or CANCEL that came last. */
export const agree: SippStep = response('', '200 OK', ['[last_To:]', '[last_CSeq:]']);

/** Sends a µ-law WAV of the run's folder as RTP, once, while the scenario goes on. */
export const play = (file: string): SippStep =>
  step(`<nop><action><exec rtp_stream="${file},1,0"/></action></nop>`);

/** Sends BYE to the caller and waits for its 200. */
export const hangUp: SippStep = step(`
<send retrans="500"><![CDATA[

BYE [$caller_uri] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:sipp@[local_ip]:[local_port]>;tag=sipp[call_number]
To: [$caller]
[last_Call-ID:]
CSeq: 1 BYE
Content-Length: 0

]]></send>
<recv response="200"/>`);

/**
 * Asks for credentials and goes on only when the second INVITE proves them (RFC 3261 §22.2); else refuses with 403.
 * 401, because SIPp verifies the Authorization header only.
 */
export const challenge = (username: string, password: string): SippStep =>
  step(`
${respond('401 Unauthorized', 'WWW-Authenticate: Digest realm="sipp", nonce="47364c23432d2e131a5fb210812c", qop="auth", algorithm=MD5')}
${receive('ACK')}
${invite(`<verifyauth assign_to="is_proven" username="${username}" password="${password}"/>`)}
<nop test="is_proven" next="proven"/>
${respond('403 Forbidden')}
${receive('ACK')}
<label id="proven"/>`);

function invite(check: string): SippStep {
  return step(`
<recv request="INVITE"><action>
  <ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="caller_uri"/>
  <ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="caller"/>
  <ereg regexp="[0-9].*" search_in="hdr" header="CSeq:" assign_to="invite_cseq"/>
  ${check}
</action></recv>`);
}

function inviteHeaders(contact: string): string[] {
  return ['[last_To:];tag=sipp[call_number]', 'CSeq: [$invite_cseq]', `Contact: <sip:${contact}>`];
}

function response(
  attributes: string,
  statusLine: string,
  headers: readonly string[],
  body: readonly string[] = [],
): SippStep {
  const head = [`SIP/2.0 ${statusLine}`, '[last_Via:]', '[last_From:]', '[last_Call-ID:]', ...headers];
  return step(`
<send ${attributes}><![CDATA[

${[...head, 'Content-Length: [len]', '', ...body].join('\n')}

]]></send>`);
}

export interface SippOptions {
  /** The far end's story for one call, or the name of a scenario that SIPp brings along. */
  readonly scenario: readonly SippStep[] | 'uac';
  /** SIP port, UDP, that was found free. */
  readonly port: number;
  /** Files by name for `play`. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** More arguments of the program; the target comes last. */
  readonly arguments?: readonly string[];
}

export interface Sipp {
  /** Resolves when every call went as the scenario says; rejects with SIPp's own complaint and its messages. */
  readonly finished: Promise<void>;
  close(): Promise<void>;
}

/** SIPp gives up after this long, s; far more than any scenario takes on a busy machine. */
const patienceSeconds = 60;

/** Starts SIPp and resolves when its SIP port is open. */
export async function startSipp(options: SippOptions): Promise<Sipp> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ringback-sipp-'));
  for (const [name, bytes] of Object.entries(options.files ?? {})) {
    await writeFile(path.join(directory, name), bytes);
  }
  const program = spawn(
    '/usr/bin/sipp',
    [
      ...(await scenarioArguments(options.scenario, directory)),
      ...['-i', '127.0.0.1', '-p', String(options.port)],
      ...['-mi', '127.0.0.1', '-mp', String(await freeUdpPort())],
      ...['-timeout', `${patienceSeconds}s`, '-timeout_error', '-nostdin'],
      ...['-trace_err', '-error_file', 'errors.log', '-trace_msg', '-message_file', 'messages.log'],
      ...(options.arguments ?? []),
    ],
    { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  program.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint += chunk;
  });
  const exited = once(program, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const finished = exited.then(([code, signal]) => {
    if (code === 0) return;
    const logs = ['errors.log', 'messages.log'].map((file) => textOf(path.join(directory, file)));
    throw new Error([`SIPp ended with ${signal ?? code}`, complaint, ...logs].join('\n'));
  });
  // Whoever awaits `finished` late still gets the failure; until then it is nobody's unhandled rejection.
  finished.catch(() => undefined);
  const sipp: Sipp = {
    finished,
    async close() {
      if (program.exitCode === null && program.signalCode === null) program.kill('SIGKILL');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await Promise.race([
      untilDefined(
        20_000,
        'SIPp did not open its port',
        async () => isUdpPortOpen(options.port) || undefined,
      ),
      finished,
    ]);
  } catch (error) {
    await sipp.close();
    throw error;
  }
  return sipp;
}

async function scenarioArguments(scenario: SippOptions['scenario'], directory: string): Promise<string[]> {
  if (typeof scenario === 'string') return ['-sn', scenario];
  const file = path.join(directory, 'scenario.xml');
  await writeFile(
    file,
    [
      '<?xml version="1.0" encoding="ISO-8859-1"?>',
      '<scenario name="far end">',
      ...scenario,
      // A lost 200 for the BYE is sent again when the BYE is.
      '<timewait milliseconds="1500"/>',
      '<Reference variables="caller_uri,caller,invite_cseq"/>',
      '</scenario>',
    ].join('\n'),
  );
  return ['-sf', file, '-m', '1'];
}

/** A port that nobody has at this moment. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Asks the kernel, because a probe of our own could take the port away or disturb the scenario. */
function isUdpPortOpen(port: number): boolean {
  const wanted = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/udp', 'utf8').includes(wanted);
}

/** The beginning of a log, enough for a whole call without its repetitions. */
function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(0, 10_000) : '';
}
