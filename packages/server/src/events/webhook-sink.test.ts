// The webhook sink against an HTTP server on loopback.

import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { OutboxRow } from '../store/outbox-store.ts';
import { openWebhookSink, type WebhookOptions } from './webhook-sink.ts';

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let url: string;
let received: Received[];
/** Status of the next answers; 200 when there is none left. `silence` never answers, `reset` hangs up, `endless` takes the fact and talks on. */
let answers: (number | 'silence' | 'reset' | 'endless')[];
const never = new AbortController().signal;

before(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { method, headers } = request;
    received.push({ method, url: request.url, headers, body });
    const answer = answers.shift() ?? 200;
    if (answer === 'reset') request.socket.destroy();
    else if (answer === 'endless') {
      const talking = setInterval(() => response.write('and '), 20);
      response.once('close', () => clearInterval(talking));
    } else if (answer !== 'silence') response.writeHead(answer).end('thank you');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?a=b`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  received = [];
  answers = [];
});

describe('webhook sink', () => {
  it('posts a contact’s facts one after the other, and says what and which each is', async () => {
    const sink = openWebhookSink({ name: 'hook', url, authorization: 'Bearer secret' });
    const deliveries = await sink.deliver([row(1), row(2, 'contact-records')], never);
    assert.deepEqual(deliveries, [{ kind: 'delivered' }, { kind: 'delivered' }]);
    assert.deepEqual(
      received.map(({ method, url: at, headers, body }) => [
        method,
        at,
        headers['content-type'],
        headers.authorization,
        headers['x-ringback-stream'],
        headers['x-ringback-delivery'],
        body,
      ]),
      [
        [
          'POST',
          '/hook?a=b',
          'application/json',
          'Bearer secret',
          'contact-events',
          'contact/1',
          '{"n":1,"é":"✓"}',
        ],
        [
          'POST',
          '/hook?a=b',
          'application/json',
          'Bearer secret',
          'contact-records',
          'contact/2',
          '{"n":2,"é":"✓"}',
        ],
      ],
    );
    await sink.close();
  });

  it('sends no authorization where none is configured', async () => {
    await deliver([row(1)]);
    assert.equal(received[0]?.headers.authorization, undefined);
  });

  for (const [status, kind] of [
    [200, 'delivered'],
    [202, 'delivered'],
    [204, 'delivered'],
    [302, 'failed'],
    [400, 'refused'],
    [401, 'failed'],
    [403, 'failed'],
    [404, 'failed'],
    [405, 'failed'],
    [407, 'failed'],
    [408, 'unreachable'],
    [413, 'refused'],
    [422, 'refused'],
    [425, 'unreachable'],
    [429, 'unreachable'],
    [500, 'failed'],
    [503, 'failed'],
  ] as const) {
    it(`takes ${status} as ${kind}`, async () => {
      answers = [status];
      const [delivery] = await deliver([row(1)]);
      assert.equal(delivery?.kind, kind);
      if (delivery?.kind !== 'delivered') assert.equal(delivery?.reason, `answered ${status}`);
    });
  }

  it('stops at the first fact that does not arrive', async () => {
    answers = [200, 503];
    const deliveries = await deliver([row(1), row(2), row(3)]);
    assert.deepEqual(
      deliveries.map(({ kind }) => kind),
      ['delivered', 'failed'],
    );
    assert.equal(received.length, 2);
  });

  it('fails at a fact at which the receiver hangs up', async () => {
    answers = ['reset'];
    assert.equal((await deliver([row(1)]))[0]?.kind, 'failed');
  });

  it('waits for no end of an answer that has none', async () => {
    answers = ['endless'];
    const sink = openWebhookSink({ name: 'hook', url }, 1_000);
    assert.deepEqual(await sink.deliver([row(1), row(2)], never), [
      { kind: 'delivered' },
      { kind: 'delivered' },
    ]);
    await sink.close();
  });

  it('is unreachable where nobody listens', async () => {
    const [nobody] = await deliver([row(1)], { url: 'http://127.0.0.1:1/' });
    assert.match(nobody?.kind === 'unreachable' ? nobody.reason : '', /ECONNREFUSED/);
  });

  it('lets go of a silent receiver when it is told to stop', async () => {
    answers = ['silence'];
    const stop = new AbortController();
    const sink = openWebhookSink({ name: 'hook', url });
    const delivering = sink.deliver([row(1)], stop.signal);
    while (received.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    assert.equal((await delivering)[0]?.kind, 'unreachable');
    await sink.close();
  });
});

async function deliver(rows: readonly OutboxRow[], options: Partial<WebhookOptions> = {}) {
  const sink = openWebhookSink({ name: 'hook', url, ...options });
  try {
    return await sink.deliver(rows, never);
  } finally {
    await sink.close();
  }
}

function row(sequence: number, stream = 'contact-events'): OutboxRow {
  const at = { transactionId: '1', position: sequence };
  return { at, contactId: 'contact', sequence, stream, payload: `{"n":${sequence},"é":"✓"}` };
}
