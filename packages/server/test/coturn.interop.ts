/** Interoperation: an agent whom only coturn can reach talks with a customer; both directions are measured. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeMulaw } from '@ringback/media';
import {
  type ForeignProgram,
  freePort,
  isPortOpen,
  ScriptedAgent,
  startForeignProgram,
  untilDefined,
} from '@ringback/testkit';
import { sineMs } from './support/sine.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const agentHz = 1000;
/** Says hello and listens. */
const person = '+12065550101';
const username = 'ringback';
const credential = 'of-the-test';
/** Sound that is enough to say that somebody was heard, ms. */
const enoughMs = 500;
const patienceMs = 30_000;

describe('an agent behind a firewall', () => {
  let coturn: ForeignProgram;
  let ringback: TestService;
  let agent: ScriptedAgent;

  before(async () => {
    const port = await freePort();
    coturn = await startCoturn(port);
    ringback = await startTestService(
      JSON.stringify({ agents: { iceServers: [{ urls: `turn:127.0.0.1:${port}`, username, credential }] } }),
    );
    agent = await ScriptedAgent.signIn({
      url: ringback.service.url,
      username: 'agent',
      password: 'ringback',
      toneHz: agentHz,
      transport: 'relay',
    });
  });

  after(async () => {
    await agent?.close();
    await ringback?.close();
    await coturn?.close();
  });

  it('talks with a customer through the configured TURN server, and through nothing else', async () => {
    await agent.connectSoftphone();
    agent.speak();
    await agent.setStatus('Available');
    const flowId = await ringback.createFlow([
      {
        Identifier: 'queue',
        Type: 'TransferContactToQueue',
        Parameters: {},
        Transitions: { NextAction: 'end', Errors: [{ NextAction: 'end', ErrorType: 'NoMatchingError' }] },
      },
      { Identifier: 'end', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} },
    ]);
    const contactId = await ringback.call(person, flowId);
    await agent.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    await agent.do({ do: 'accept', contactId });
    await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
    await untilDefined(patienceMs, 'the agent heard nobody', () =>
      decodeMulaw(Buffer.concat(agent.heard)).some((sample) => Math.abs(sample) > 1000) ? true : undefined,
    );
    await agent.untilHeard(100);
    await agent.do({ do: 'hangUp', contactId });
    await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
    await untilDefined(patienceMs, `the phone did not hear ${agentHz} Hz`, async () => {
      const [heard] = (await ringback.phoneHeard(person)) ?? [];
      return heard && sineMs(heard, agentHz) >= enoughMs ? true : undefined;
    });

    // Without its relay nobody hears the agent, so there was no other way.
    await coturn.close();
    await agent.until('a softphone that lost its way', ({ softphone }) => softphone !== 'connected');
    assert.match(coturn.output, /ALLOCATE processed, success/);
  });
});

/** Relays on loopback, which it refuses unless told. */
async function startCoturn(port: number): Promise<ForeignProgram> {
  const settings = {
    'listening-ip': '127.0.0.1',
    'relay-ip': '127.0.0.1',
    'listening-port': port,
    'min-port': 49_152,
    'max-port': 65_535,
    realm: 'ringback.test',
    user: `${username}:${credential}`,
    'log-file': 'stdout',
    pidfile: 'turnserver.pid',
    userdb: 'turndb',
  };
  const switches = ['lt-cred-mech', 'allow-loopback-peers', 'no-cli', 'no-tls', 'no-dtls', 'verbose'];
  const lines = [...Object.entries(settings).map(([name, value]) => `${name}=${value}`), ...switches];
  return startForeignProgram({
    program: 'turnserver',
    arguments: ['-c', 'turnserver.conf'],
    files: { 'turnserver.conf': `${lines.join('\n')}\n` },
    isReady: () => isPortOpen('udp', port),
  });
}
