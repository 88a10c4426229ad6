// Via stamping and the way back of responses (RFC 3261 §18.2, RFC 3581).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { responseDestination } from '../transport/response-path.ts';
import { parseVia, sentByKey, stampVia } from './via.ts';

const SOURCE = { host: '198.51.100.7', port: 33_000, transport: 'udp' } as const;

describe('Via', () => {
  const stamps: ReadonlyArray<readonly [name: string, value: string, stamped: string, port: number]> = [
    [
      'the sender’s own address is left alone',
      'SIP/2.0/UDP 198.51.100.7:5070;branch=z9hG4bK1',
      'SIP/2.0/UDP 198.51.100.7:5070;branch=z9hG4bK1',
      5070,
    ],
    [
      'another address gets received',
      'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1',
      'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;received=198.51.100.7',
      5060,
    ],
    [
      'rport is filled in',
      'SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bK1',
      'SIP/2.0/UDP 10.0.0.1:5070;received=198.51.100.7;rport=33000;branch=z9hG4bK1',
      33_000,
    ],
    [
      'rport at the end is filled in',
      'SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport',
      'SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;received=198.51.100.7;rport=33000',
      33_000,
    ],
    [
      'forged values are replaced',
      'SIP/2.0/UDP 10.0.0.1;received=6.6.6.6;rport=1;branch=z9hG4bK1;x="a;received=b"',
      'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;x="a;received=b";received=198.51.100.7;rport=33000',
      33_000,
    ],
  ];
  for (const [name, value, stamped, port] of stamps) {
    test(name, () => {
      const via = parseVia(value);
      assert.equal(stampVia(value, via, SOURCE), stamped);
      assert.deepEqual(responseDestination(via, SOURCE), { ...SOURCE, port });
    });
  }

  test('responses never follow maddr or a claimed host', () => {
    const via = parseVia('SIP/2.0/UDP victim.example:9;maddr=6.6.6.6;branch=z9hG4bK1');
    assert.deepEqual(responseDestination(via, SOURCE), { ...SOURCE, port: 9 });
  });

  test('sent-by compares without case and with its default port', () => {
    assert.equal(sentByKey(parseVia('SIP/2.0/UDP Host.Example;branch=1')), 'host.example:5060');
    assert.equal(sentByKey(parseVia('SIP/2.0/UDP HOST.example:5060;branch=1')), 'host.example:5060');
  });
});
