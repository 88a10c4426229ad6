/** Interoperation: the service registers its trunk at a real registrar, Kamailio, which then knows where we are; a caller of SIPp asks it. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import {
  callBySipp,
  freePort,
  type Kamailio,
  kamailioPassword,
  sipp,
  startKamailio,
  untilDefined,
} from '@ringback/testkit';
import { startTestService, type TestService } from './support/test-service.ts';

const pem = (name: string): string =>
  readFileSync(new URL(`../../sip/test/tls/${name}`, import.meta.url), 'utf8');

/** Longer than a REGISTER without an answer is waited for (RFC 3261 timer F, 32 s), ms. */
const patienceMs = 90_000;

describe('Kamailio as the registrar of a trunk', () => {
  let kamailio: Kamailio;
  let silent: Socket;

  before(async () => {
    const certificate = { cert: pem('carrier.cert.pem'), key: pem('carrier.key.pem') };
    kamailio = await startKamailio({ calleePorts: [await freePort(), await freePort()], certificate });
    silent = createSocket('udp4').bind(0, '127.0.0.1');
    await once(silent, 'listening');
  });

  after(async () => {
    silent?.close();
    await kamailio?.close();
  });

  const serviceWith = (address: string, password = kamailioPassword): Promise<TestService> =>
    startTestService(`
accessKeys: [{ accessKeyId: AKIDREGISTRAR, secretAccessKey: not-a-secret-at-all }]
countries: [US]
speech: { kind: "off" }
trunks:
  - { name: registered, address: ${address}, username: ringback, password: ${password}, register: true, probe: off }
`);

  /** What a caller of ours is told: 405 by us, 404 by a registrar that knows no such phone. */
  async function expectCaller(status: 404 | 405): Promise<void> {
    await callBySipp([sipp.invite(), sipp.receiveStatus(status), sipp.acknowledgeRefusal(3)], kamailio);
  }

  const isRegistered = async ({ service }: TestService): Promise<boolean> => {
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    return /^ringback_trunk_registered\{trunk="registered"\} 1$/m.test(metrics);
  };

  async function untilRegistered(ringback: TestService): Promise<void> {
    await untilDefined(patienceMs, 'the trunk is not registered', async () =>
      (await isRegistered(ringback)) ? true : undefined,
    );
  }

  const statusesSeen = ({ timeline }: TestService): string[] =>
    timeline.flatMap((entry) =>
      entry.kind === 'sip' ? (/^SIP\/2\.0 (\d{3}) .*/.exec(entry.trace.text())?.[1] ?? []) : [],
    );

  it('finds us by it while the service runs, and not before or after', async () => {
    await expectCaller(404);
    const ringback = await serviceWith(`"127.0.0.1:${kamailio.port}"`);
    try {
      await untilRegistered(ringback);
      assert.deepEqual(statusesSeen(ringback), ['401', '200'], 'a challenge of SHA-256, answered');
      await expectCaller(405);
    } finally {
      await ringback.close();
    }
    await expectCaller(404);
  });

  it('is registered at although the address before it is silent', async () => {
    const ringback = await serviceWith(
      `["127.0.0.1:${silent.address().port}", "127.0.0.1:${kamailio.port}"]`,
    );
    try {
      assert.equal(await isRegistered(ringback), false);
      await untilRegistered(ringback);
      await expectCaller(405);
    } finally {
      await ringback.close();
    }
    await expectCaller(404);
  });

  it('refuses a wrong password: tried twice, told, and nobody finds us', async () => {
    const ringback = await serviceWith(`"127.0.0.1:${kamailio.port}"`, 'wrong');
    try {
      await untilDefined(patienceMs, 'no second refusal came', async () =>
        statusesSeen(ringback).length >= 2 ? true : undefined,
      );
      assert.deepEqual(statusesSeen(ringback), ['401', '401']);
      assert.equal(await isRegistered(ringback), false);
      await expectCaller(404);
    } finally {
      await ringback.close();
    }
  });
});
