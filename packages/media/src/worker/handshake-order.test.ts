import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { CipherContext, DtlsClient, DtlsServer, type DtlsSocket } from 'werift';
import { HandshakeOrder } from './handshake-order.ts';

type Options = ConstructorParameters<typeof DtlsServer>[0];
type Side = 'to the server' | 'to the client';

/** Names of what travels, by record and message type. */
const names: Readonly<Record<string, string>> = {
  '20': 'change cipher spec',
  '22/1': 'client hello',
  '22/2': 'server hello',
  '22/3': 'hello verify request',
  '22/11': 'certificate',
  '22/12': 'server key exchange',
  '22/13': 'certificate request',
  '22/14': 'server hello done',
  '22/15': 'certificate verify',
  '22/16': 'client key exchange',
};

function nameOf(datagram: Uint8Array): string {
  const isEncrypted = datagram[4] !== 0;
  if (isEncrypted) return 'finished';
  return names[String(datagram[0])] ?? names[`${datagram[0]}/${datagram[13]}`] ?? 'unknown';
}

/** What becomes of the `nth` datagram of a name on its way: how long each copy of it takes, ms; none where it is lost. */
type Fate = (side: Side, name: string, nth: number) => readonly number[];

const arrives = [0] as const;
const isLost = [] as const;

/** The library repeats a flight after half a second, a second, a second and a half …; other tests run on the same cores. */
const patienceMs = 60_000;

/** Two ends of the library that speak over memory. The library keeps real time. */
class Pair {
  readonly server: DtlsServer;
  readonly client: DtlsClient;
  readonly failures: string[] = [];
  readonly #inOrder = { 'to the server': new HandshakeOrder(), 'to the client': new HandshakeOrder() };
  readonly #travelled = new Map<string, Buffer[]>();
  readonly #fate: Fate;
  readonly #done = Promise.withResolvers<void>();
  #underWay = 0;

  constructor(keys: Partial<Options>, fate: Fate) {
    this.#fate = fate;
    const options: Omit<Options, 'transport'> = { ...keys, srtpProfiles: [1], extendedMasterSecret: true };
    this.server = new DtlsServer({
      ...options,
      certificateRequest: true,
      transport: this.#transport('to the client'),
    });
    this.client = new DtlsClient({ ...options, transport: this.#transport('to the server') });
    for (const [name, end] of Object.entries({ server: this.server, client: this.client })) {
      end.onConnect.subscribe(() => this.#look());
      end.onError.subscribe((error) => this.#fail(`${name}: ${error}`));
    }
  }

  /** Lets the handshake run until both ends stand and nothing is under way any more. */
  async shakeHands(): Promise<void> {
    const impatience = setTimeout(
      () => this.#fail(`no handshake within ${patienceMs} ms, ${this.#underWay} under way`),
      patienceMs,
    );
    this.client.connect().catch((error: unknown) => this.#fail(`client: ${error}`));
    await this.#done.promise;
    clearTimeout(impatience);
  }

  #fail(failure: string): void {
    this.failures.push(failure);
    this.#done.resolve();
  }

  #look(): void {
    if (this.server.connected && this.client.connected && this.#underWay === 0) this.#done.resolve();
  }

  /** Both ends stand, have no complaint, and have the same keys. */
  assertStands(): void {
    assert.deepEqual(this.failures, []);
    assert.deepEqual([this.server.connected, this.client.connected], [true, true]);
    const [server, client] = [this.server, this.client].map((end) => end.extractSessionKeys(16, 14));
    assert.deepEqual(server?.localKey, client?.remoteKey);
    assert.deepEqual(server?.remoteKey, client?.localKey);
  }

  /** Has the first datagram of a name arrive once more. */
  repeat(side: Side, name: string): void {
    const [first] = this.#travelled.get(`${side} ${name}`) ?? [];
    assert.ok(first);
    this.#arrive(side, first);
  }

  #transport(side: Side): Options['transport'] {
    return {
      type: 'memory',
      send: async (datagram: Buffer) => this.#travel(side, Buffer.from(datagram)),
      onData: () => undefined,
      close: async () => undefined,
    } as unknown as Options['transport'];
  }

  #travel(side: Side, datagram: Buffer): void {
    const name = nameOf(datagram);
    const same = this.#travelled.get(`${side} ${name}`) ?? [];
    this.#travelled.set(`${side} ${name}`, [...same, datagram]);
    for (const afterMs of this.#fate(side, name, same.length + 1)) {
      this.#underWay += 1;
      setTimeout(() => {
        this.#underWay -= 1;
        this.#arrive(side, datagram);
        this.#look();
      }, afterMs);
    }
  }

  #arrive(side: Side, datagram: Buffer): void {
    const passed = this.#inOrder[side].pass(datagram);
    const end: DtlsSocket = side === 'to the server' ? this.server : this.client;
    if (passed) end.transport.socket.onData(Buffer.from(passed), ['127.0.0.1', 9]);
  }
}

describe('handshake order', { concurrency: true }, () => {
  let keys: Partial<Options>;

  before(async () => {
    // ECDSA with SHA-256 on P-256, as the library's own connections have.
    const made = await CipherContext.createSelfSignedCertificateWithKey({ signature: 3, hash: 4 }, 23);
    keys = { cert: made.certPem, key: made.keyPem, signatureHash: made.signatureHash };
  });

  const everything: readonly (readonly [Side, string])[] = [
    ['to the server', 'client hello'],
    ['to the client', 'hello verify request'],
    ['to the client', 'server hello'],
    ['to the client', 'certificate'],
    ['to the client', 'server key exchange'],
    ['to the client', 'certificate request'],
    ['to the client', 'server hello done'],
    ['to the server', 'certificate'],
    ['to the server', 'client key exchange'],
    ['to the server', 'certificate verify'],
    ['to the server', 'change cipher spec'],
    ['to the server', 'finished'],
    ['to the client', 'finished'],
  ];
  for (const [lostSide, lostName] of everything) {
    it(`brings the ends together when the ${lostName} ${lostSide} is lost`, async () => {
      const pair = new Pair(keys, (side, name, nth) =>
        side === lostSide && name === lostName && nth === 1 ? isLost : arrives,
      );
      await pair.shakeHands();
      pair.assertStands();
    });
  }

  it('brings the ends together when nothing is answered before it is repeated', async () => {
    const pair = new Pair(keys, () => [700]);
    await pair.shakeHands();
    pair.assertStands();
  });

  it('brings the ends together when everything comes twice, its repeat after what follows it', async () => {
    const pair = new Pair(keys, () => [0, 120]);
    await pair.shakeHands();
    pair.assertStands();
  });

  it('lets no late hello end a connection that stands', async () => {
    const pair = new Pair(keys, () => arrives);
    await pair.shakeHands();
    pair.repeat('to the server', 'client hello');
    pair.assertStands();
  });

  it('passes what is no DTLS as it is, and throws at no garbage', () => {
    const order = new HandshakeOrder();
    const rtp = Buffer.from([0x80, 0, 0, 1]);
    assert.equal(order.pass(rtp), rtp);
    const empty = new Uint8Array();
    assert.equal(order.pass(empty), empty);
    for (const text of ['16', '16fefd0000000000000000ffff01', '16fefd000000000000000000040b000001']) {
      assert.equal(order.pass(Buffer.from(text, 'hex')), undefined, text);
    }
  });

  it('passes of a datagram with several messages those whose turn it is', () => {
    const order = new HandshakeOrder();
    const message = (type: number, number: number, bytes: number): number[] => [
      ...[type, 0, 0, bytes, 0, number, 0, 0, 0, 0, 0, bytes],
      ...Array.from({ length: bytes }, () => number),
    ];
    const record = (...content: number[]): number[] => [
      ...[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, content.length],
      ...content,
    ];
    const hello = message(1, 0, 2);
    const certificate = message(11, 1, 3);
    const keyExchange = message(16, 2, 1);
    assert.deepEqual(order.pass(Buffer.from(record(...hello)))?.length, 27);
    const both = order.pass(Buffer.from(record(...certificate, ...keyExchange)));
    assert.deepEqual(both && [...both], record(...certificate, ...keyExchange));
    const verify = message(15, 3, 1);
    const repeated = order.pass(
      Buffer.from([...record(...keyExchange, ...verify), ...record(...certificate)]),
    );
    assert.deepEqual(repeated && [...repeated], record(...verify));
  });
});
