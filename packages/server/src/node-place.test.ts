// The place of a node: alike for processes that cannot live side by side, and for no others.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placeOf } from './node-place.ts';

const linux = (bootId: string, networkNamespace: string) => ({
  bootId: async () => bootId,
  networkNamespace: async () => networkNamespace,
});

describe('place of a node', () => {
  it('is the same where kernel, network namespace and SIP address are, and differs where one of them does', async () => {
    const sip = { host: '127.0.0.1', port: 5060 };
    const places = await Promise.all([
      placeOf(sip, linux('boot', 'net:[1]')),
      placeOf(sip, linux('boot', 'net:[1]')),
      placeOf({ ...sip, port: 5061 }, linux('boot', 'net:[1]')),
      placeOf({ ...sip, host: '127.0.0.2' }, linux('boot', 'net:[1]')),
      placeOf(sip, linux('reboot', 'net:[1]')),
      placeOf(sip, linux('boot', 'net:[2]')),
    ]);
    assert.equal(places[0], places[1]);
    assert.equal(new Set(places).size, 5);
  });

  it('is unknown where the system does not tell', async () => {
    const silent = { ...linux('boot', ''), networkNamespace: () => Promise.reject(new Error('ENOENT')) };
    assert.equal(await placeOf({ host: '127.0.0.1', port: 5060 }, silent), undefined);
  });
});
