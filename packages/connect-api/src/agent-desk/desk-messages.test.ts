/** What a page may send, and what is refused before anything looks at it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDeskRequest } from './desk-messages.ts';

const message = (value: unknown): string => JSON.stringify(value);

describe('agent socket › requests', () => {
  const accepted: readonly unknown[] = [
    { id: 0, do: 'setStatus', statusId: 's' },
    { id: 1, do: 'accept', contactId: 'c' },
    { id: 2, do: 'digits', digits: '12*#' },
    { id: 3, do: 'transfer', contactId: 'c', kind: 'warm', phoneNumber: '+12065550100' },
    { id: 4, do: 'transfer', contactId: 'c', kind: 'cold', quickConnectId: 'q' },
    { id: 5, do: 'answer', offerId: 1, sdp: 'v=0' },
    { id: 6, do: 'signOut' },
    { id: 8, do: 'monitor', contactId: 'c', mode: 'BARGE' },
    { id: 7, do: 'swap', contactId: 'c' },
    { id: 8, do: 'softphone' },
    { id: 9, do: 'softphone', connection: 'new' },
    { id: 10, do: 'ping' },
  ];
  for (const value of accepted) {
    it(`reads ${message(value)}`, () => assert.deepEqual(readDeskRequest(message(value)), value));
  }

  const refused: readonly (readonly [string, string])[] = [
    ['broken JSON', '{"id":1'],
    ['an array', '[]'],
    ['null', 'null'],
    ['no number', message({ do: 'signOut' })],
    ['a broken number', message({ id: 1.5, do: 'signOut' })],
    ['an unknown command', message({ id: 1, do: 'dance' })],
    ['a missing member', message({ id: 1, do: 'accept' })],
    ['an object for an id', message({ id: 1, do: 'accept', contactId: {} })],
    ['letters among digits', message({ id: 1, do: 'digits', digits: '1;2' })],
    ['a number that is none', message({ id: 1, do: 'dial', phoneNumber: 'sip:a@b' })],
    ['a connection of no kind', message({ id: 1, do: 'softphone', connection: true })],
    ['an SDP without end', message({ id: 1, do: 'answer', offerId: 1, sdp: 'a'.repeat(20_001) })],
  ];
  for (const [what, text] of refused) {
    it(`refuses ${what}`, () => assert.equal(readDeskRequest(text), undefined));
  }
});
