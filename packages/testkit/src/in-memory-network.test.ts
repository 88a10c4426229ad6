// Tests of the network in memory: addressing, conditions, repeatability.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AddressInUse, InMemoryNetwork, type NetworkConditions } from './in-memory-network.ts';
import { seededHex } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';

const HOST = '10.0.0.1';

async function pair(conditions: Partial<NetworkConditions> = {}, seed = 1) {
  const clock = new VirtualClock({ startMs: 0 });
  const network = new InMemoryNetwork({ clock, seed, conditions });
  const received: Array<{ text: string; fromPort: number; atMs: number }> = [];
  const onError = (error: Error) => assert.fail(error);
  const sender = await network.bind({ host: HOST, port: 0, onDatagram: () => {}, onError });
  const receiver = await network.bind({
    host: HOST,
    port: 5060,
    onDatagram: (data, from) =>
      received.push({ text: new TextDecoder().decode(data), fromPort: from.port, atMs: clock.now() }),
    onError,
  });
  const send = (text: string) => sender.send(new TextEncoder().encode(text), { host: HOST, port: 5060 });
  return { clock, network, sender, receiver, received, send };
}

describe('in-memory network', () => {
  test('delivers after the delay, with the sender as source', async () => {
    const { clock, received, send, sender } = await pair({ delayMs: 40 });
    send('hello');
    await clock.advance(39);
    assert.equal(received.length, 0);
    await clock.advance(1);
    assert.deepEqual(received, [{ text: 'hello', fromPort: sender.port, atMs: 40 }]);
  });

  test('delivers a copy, so the sender may reuse its buffer', async () => {
    const { clock, sender, received } = await pair();
    const buffer = new TextEncoder().encode('one');
    sender.send(buffer, { host: HOST, port: 5060 });
    buffer.fill(0x78);
    await clock.drain();
    assert.equal(received[0]?.text, 'one');
  });

  test('refuses a taken address as a real socket does', async () => {
    const { network } = await pair();
    const options = { host: HOST, port: 5060, onDatagram: () => {}, onError: () => {} };
    await assert.rejects(network.bind(options), (error) => {
      assert.ok(error instanceof AddressInUse);
      assert.equal(error.code, 'EADDRINUSE');
      return true;
    });
  });

  test('loses about the asked share, and the same datagrams for the same seed', async () => {
    const fates = async (seed: number) => {
      const { clock, network, send } = await pair({ lossRate: 0.3 }, seed);
      for (let index = 0; index < 1_000; index++) send(`${index}`);
      await clock.drain();
      return network.log.map((entry) => entry.fate);
    };
    const first = await fates(7);
    assert.deepEqual(first, await fates(7));
    assert.notDeepEqual(first, await fates(8));
    const lost = first.filter((fate) => fate === 'lost').length;
    assert.ok(lost > 250 && lost < 350, `${lost} of 1000 lost`);
    assert.equal(first.filter((fate) => fate === 'delivered').length, 1_000 - lost);
  });

  test('duplicates and reorders when asked to', async () => {
    const { clock, received, send, network } = await pair({ duplicateRate: 1 });
    send('twice');
    await clock.drain();
    assert.deepEqual(
      received.map(({ text }) => text),
      ['twice', 'twice'],
    );
    assert.deepEqual(
      network.log.map(({ isCopy }) => isCopy),
      [false, true],
    );

    const reordering = await pair({ reorderRate: 0.5, reorderDelayMs: 10 });
    for (let index = 0; index < 50; index++) reordering.send(`${index}`);
    await reordering.clock.advance(10);
    const order = reordering.received.map(({ text }) => Number(text));
    assert.equal(order.length, 50);
    assert.notDeepEqual(
      order,
      [...order].sort((one, other) => one - other),
    );
  });

  test('an interceptor drops or protects chosen datagrams', async () => {
    const { clock, network, received, send } = await pair({ lossRate: 1 });
    network.interceptor = (datagram) => (datagram.text() === 'precious' ? 'deliver' : 'drop');
    send('doomed');
    send('precious');
    await clock.drain();
    assert.deepEqual(
      received.map(({ text }) => text),
      ['precious'],
    );
    assert.deepEqual(
      network.log.map(({ fate }) => fate),
      ['dropped', 'delivered'],
    );
  });

  test('an interceptor fails a datagram as a socket error of its sender', async () => {
    const { clock, network, sender, received } = await pair();
    network.interceptor = () => 'fail';
    const failures: string[] = [];
    const to = { host: HOST, port: 5060 };
    sender.send(new Uint8Array(1), to, (error) => failures.push(error.message));
    assert.deepEqual(failures, []);
    await clock.drain();
    assert.deepEqual(failures, ['send ENETUNREACH 10.0.0.1:5060']);
    assert.equal(received.length, 0);
    assert.equal(network.log[0]?.fate, 'failed');
  });

  test('a closed socket neither sends nor receives, and frees its port', async () => {
    const { clock, network, receiver, received, send } = await pair({ delayMs: 5 });
    send('too late');
    await receiver.close();
    await clock.advance(5);
    assert.equal(received.length, 0);
    assert.equal(network.log[0]?.fate, 'unreachable');
    receiver.send(new Uint8Array(1), { host: HOST, port: 40_000 });
    assert.equal(network.log.length, 1);
    const again = await network.bind({ host: HOST, port: 5060, onDatagram: () => {}, onError: () => {} });
    assert.equal(again.port, 5060);
  });
});

test('seeded hex › gives two digits a byte and repeats by seed', () => {
  const one = seededHex(3);
  const other = seededHex(3);
  const value = one(8);
  assert.match(value, /^[0-9a-f]{16}$/);
  assert.equal(value, other(8));
  assert.notEqual(value, one(8));
});
