// Commands that ask a service over TLS.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { it } from 'node:test';
import { ConnectCallFailed } from './ask-signed.ts';
import { askService } from './service-door.ts';

const pem = (name: string) =>
  readFileSync(path.resolve(import.meta.dirname, '../../../sip/test/tls', `address.${name}.pem`));

it('asking a service › says how to trust a certificate that nobody here vouches for', async (t) => {
  const server = createServer({ cert: pem('cert'), key: pem('key') }, (_request, response) =>
    response.end('{}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  await assert.rejects(
    askService(
      {
        endpoint: `https://127.0.0.1:${port}`,
        region: 'us-east-1',
        credentials: { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: undefined },
      },
      '/health',
    ),
    (error: unknown) =>
      error instanceof ConnectCallFailed &&
      error.message.includes('NODE_EXTRA_CA_CERTS') &&
      !error.message.includes('Is the service running'),
  );
});
