// Commands that ask what is no service, or one that they cannot understand: what they say of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ConnectCallFailed } from './ask-signed.ts';
import { askService } from './service-door.ts';

const pem = (name: string) =>
  readFileSync(path.resolve(import.meta.dirname, '../../../sip/test/tls', `address.${name}.pem`));

async function portOf(server: Server, t: TestContext): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function messageOf(endpoint: string): Promise<string> {
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: undefined };
  const asked = askService({ endpoint, region: 'us-east-1', credentials }, '/health');
  const error = await asked.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof ConnectCallFailed, String(error));
  assert.doesNotMatch(error.message, /\n/);
  return error.message;
}

describe('asking a service', () => {
  const overTls = () =>
    createServer({ cert: pem('cert'), key: pem('key') }, (_, response) => response.end('{}'));

  it('says how to trust a certificate that nobody here vouches for', async (t) => {
    const message = await messageOf(`https://127.0.0.1:${await portOf(overTls(), t)}`);
    assert.match(message, /NODE_EXTRA_CA_CERTS/);
    assert.doesNotMatch(message, /Is the service running/);
  });

  it('says that there is no TLS where there is none', async (t) => {
    const port = await portOf(createHttpServer(), t);
    assert.match(await messageOf(`https://127.0.0.1:${port}`), /no TLS.*http:\/\//);
  });

  it('asks for TLS where a connection is hung up', async (t) => {
    const port = await portOf(overTls(), t);
    assert.match(await messageOf(`http://127.0.0.1:${port}`), /Is the service running.*https:\/\//);
  });

  it('says that an answer is none of the service', async (t) => {
    const stranger = createHttpServer((_, response) =>
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not here</h1>'),
    );
    const port = await portOf(stranger, t);
    assert.match(await messageOf(`http://127.0.0.1:${port}`), /404: .*127\.0\.0\.1:\d+ .*not Ringback/);
  });
});
