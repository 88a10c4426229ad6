/** Interoperation: Kamailio between our user agent and SIPp, as a record-routing proxy with digest and TLS, as a forker and as a registrar. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import {
  callBySipp,
  freePort,
  type Kamailio,
  kamailioPassword,
  type SippStep,
  sipp,
  startKamailio,
} from '@ringback/testkit';
import { InviteRejected, type OutgoingInviteRequest, type UserAgentOptions } from '../src/index.ts';
import { callTo, description, refusal, withAgent } from './support/interop-agent.ts';
import { withCallee } from './support/with-sipp.ts';

/** The name that its certificate proves, and what must be trusted for that. */
const kamailioTlsName = 'carrier.example';
const tlsFile = (name: string): string => readFileSync(new URL(`./tls/${name}`, import.meta.url), 'utf8');
const credentials = { username: 'ringback', password: kamailioPassword };

describe('Kamailio as the proxy of a carrier', () => {
  let kamailio: Kamailio;
  let calleePorts: readonly [number, number];

  before(async () => {
    calleePorts = [await freePort(), await freePort()];
    const certificate = { cert: tlsFile('carrier.cert.pem'), key: tlsFile('carrier.key.pem') };
    kamailio = await startKamailio({ calleePorts, certificate });
  });

  after(() => kamailio?.close());

  /** A call to somebody behind it; over TLS where that is said. */
  function callThrough(user: string, more: Partial<OutgoingInviteRequest> = {}): OutgoingInviteRequest {
    const uri = `sip:${user}@127.0.0.1:${kamailio.port}`;
    return callTo(kamailio.port, { requestUri: uri, to: { uri }, credentials, ...more });
  }

  const overTls = (): Partial<OutgoingInviteRequest> => ({
    target: { host: '127.0.0.1', port: kamailio.tlsPort, transport: 'tls', tlsName: kamailioTlsName },
  });

  /** A user agent that trusts the authority of the tests and listens with TLS, for what the proxy asks of it. */
  const tlsAgent = async (): Promise<Partial<UserAgentOptions>> => ({
    alsoListen: [
      {
        transport: 'tls',
        host: '127.0.0.1',
        port: await freePort(),
        tls: { certificate: { cert: tlsFile('address.cert.pem'), key: tlsFile('address.key.pem') } },
      },
    ],
    tlsFor: () => ({ ca: tlsFile('authority.cert.pem') }),
  });

  it('asks for a SHA-256 digest and records its route over TLS › the call keeps to the route until our BYE', async () => {
    await withCallee(
      [
        sipp.receiveInvite({ headers: { 'Record-Route': 'transport=tls|r2=on' } }),
        sipp.respond('180 Ringing'),
        sipp.answer(),
        sipp.receive('ACK', { headers: { Via: '127.0.0.1' } }),
        sipp.receive('INVITE', { body: 'a=sendonly' }),
        sipp.reply('200 OK', { body: sipp.sdp({ direction: 'recvonly', version: 2 }), retransmits: true }),
        sipp.receive('ACK'),
        sipp.receive('BYE'),
        sipp.agree,
      ],
      async ({ agent, messages }) => {
        const dialog = await agent.invite(callThrough('callee', overTls())).answered;
        await dialog.reinvite(description('sendonly', 2));
        await dialog.bye();
        assert.ok(messages().includes('< 407 INVITE'));
        const { connectionsOpened, sent } = agent.counters;
        assert.deepEqual([connectionsOpened, sent.udp, sent.tcp], [1, 0, 0], 'all of it over one connection');
      },
      { ...(await tlsAgent()), sipp: { port: calleePorts[0] } },
    );
  });

  it('brings the BYE of the far end over TLS, along the route', async () => {
    await withCallee(
      [
        sipp.receiveInvite(),
        sipp.answer(),
        sipp.receive('ACK'),
        sipp.ask('BYE', { cseq: 5, routed: true }),
        sipp.receiveStatus(200),
      ],
      async ({ agent }) => {
        const dialog = await agent.invite(callThrough('callee', overTls())).answered;
        assert.equal((await dialog.ended).by, 'remote');
        assert.equal(agent.counters.sent.udp, 0);
      },
      { ...(await tlsAgent()), sipp: { port: calleePorts[0] } },
    );
  });

  it('is shown a wrong password › 407 again, and we do not ask a third time', async () => {
    await withAgent({}, async ({ agent, count }) => {
      const call = agent.invite(
        callThrough('callee', { credentials: { username: 'ringback', password: 'wrong' } }),
      );
      const { status } = await refusal(call.answered, InviteRejected);
      assert.equal(status, 407);
      assert.equal(count('> INVITE'), 2);
    });
  });

  it('forks to two phones › both ring, one answers, the other is cancelled by the proxy', async () => {
    const [one, two] = calleePorts;
    const ringing = (...rest: readonly SippStep[]) => [sipp.receiveInvite(), ...rest];
    await withCallee(
      ringing(
        sipp.respond('180 Ringing', { tag: 'two' }),
        sipp.receive('CANCEL'),
        sipp.agree,
        sipp.respond('487 Request Terminated', { tag: 'two' }),
        sipp.receive('ACK'),
      ),
      (_, __, cancelled) =>
        withCallee(
          ringing(
            sipp.respond('180 Ringing', { tag: 'one' }),
            sipp.pause(1_000),
            sipp.answer({ tag: 'one' }),
            sipp.receive('ACK'),
            sipp.receive('BYE'),
            sipp.agree,
          ),
          async ({ agent }) => {
            const rang = new Set<string | undefined>();
            const onProvisional: OutgoingInviteRequest['onProvisional'] = (_, early) =>
              rang.add(early?.remoteTag);
            const dialog = await agent.invite(callThrough('fork', { onProvisional })).answered;
            assert.equal(dialog.remoteTag, 'one');
            assert.deepEqual(rang, new Set(['one', 'two']));
            await cancelled.finished;
            await dialog.bye();
          },
          { sipp: { port: one } },
        ),
      { sipp: { port: two } },
    );
  });

  it('keeps our registration › calls for us come here; afterwards it knows us no more', async () => {
    const number = 'sip:ringback@127.0.0.1';
    await withAgent(
      { onInvite: (invite) => void invite.answer({ body: description() }) },
      async ({ agent, count }) => {
        const registered = Promise.withResolvers<void>();
        const registration = agent.register({
          target: { host: '127.0.0.1', port: kamailio.port, transport: 'udp' },
          registrar: `sip:127.0.0.1:${kamailio.port}`,
          addressOfRecord: number,
          credentials,
          onChange: ({ kind }) => {
            if (kind === 'registered') registered.resolve();
            else if (kind === 'failed') registered.reject(new Error('the registration failed'));
          },
        });
        await registered.promise;
        await callBySipp(
          [
            sipp.invite(),
            sipp.receiveAnswer(),
            sipp.ask('ACK', { cseq: 1, as: 'caller', routed: true }),
            sipp.ask('BYE', { cseq: 2, as: 'caller', routed: true }),
            sipp.receiveStatus(200),
          ],
          kamailio,
        );
        await registration.close();
        await callBySipp([sipp.invite(), sipp.receiveStatus(404), sipp.acknowledgeRefusal(3)], kamailio);
        assert.equal(count('< INVITE'), 1);
      },
    );
  });
});
