/**
 * Whole SIP calls between two of our user agents, as its own process: the same six messages as SIPp's own scenario, over UDP
 * on loopback. Prints how many calls were made and how many failed.
 */
import { openUserAgent, type SipBody } from '@ringback/sip';

const calls = Number(process.argv[2]);
const parallel = Number(process.argv[3]);

/** As large as the description that SIPp's scenario carries. */
const description: SipBody = {
  contentType: 'application/sdp',
  content: [
    'v=0',
    'o=user1 53655765 2353687637 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    'm=audio 6000 RTP/AVP 0',
    'a=rtpmap:0 PCMU/8000',
    '',
  ].join('\r\n'),
};

const faults: unknown[] = [];
const callee = await openUserAgent({
  host: '127.0.0.1',
  port: 0,
  onInvite: (invite) => {
    invite.provisional(180);
    void invite.answer({ body: description });
  },
  onFault: (fault) => faults.push(fault),
});
const caller = await openUserAgent({ host: '127.0.0.1', port: 0, onFault: (fault) => faults.push(fault) });

let next = 0;
let completed = 0;

async function placeCalls(): Promise<void> {
  while (next < calls) {
    const n = next;
    next += 1;
    const call = caller.invite({
      target: callee.endpoint,
      requestUri: `sip:service@127.0.0.1:${callee.endpoint.port}`,
      from: { uri: 'sip:sipp@127.0.0.1' },
      to: { uri: `sip:service@127.0.0.1:${callee.endpoint.port}` },
      callId: `${n}-bench@127.0.0.1`,
      body: description,
    });
    const dialog = await call.answered;
    await dialog.bye();
    completed += 1;
  }
}

await Promise.all(Array.from({ length: parallel }, placeCalls));
process.stdout.write(`${JSON.stringify({ completed, faults: faults.length })}\n`);
// Transactions linger for 32 s (timers B and J); the calls are over.
process.exit(completed === calls ? 0 : 1);
