// Which SIP domains a certificate speaks for, and when that is enough (RFC 5922 §7).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { matchesIdentity, sipIdentities } from './tls-identity.ts';

describe('TLS identities', () => {
  const certificates: ReadonlyArray<readonly [name: string, subjectaltname: string | undefined, string[]]> = [
    ['SIP URIs come before DNS names', 'DNS:a.example, URI:sip:b.example, DNS:c.example', ['b.example']],
    [
      'DNS names count where there is no SIP URI',
      'DNS:a.example, DNS:*.c.example',
      ['a.example', '*.c.example'],
    ],
    ['a URI with a user speaks for a person', 'URI:sip:alice@b.example, DNS:a.example', ['a.example']],
    ['other URIs speak for nothing', 'URI:https://b.example, DNS:a.example', ['a.example']],
    ['the common name counts only without any alternative', undefined, ['common.example']],
    ['an alternative of another kind still rules the common name out', 'email:a@b.example', []],
    ['addresses are identities, too', 'IP Address:192.0.2.1', ['192.0.2.1']],
    [
      'a quoted name cannot smuggle another one in',
      'DNS:"a.example, DNS:evil.example", DNS:b.example',
      ['a.example, DNS:evil.example', 'b.example'],
    ],
  ];
  for (const [name, subjectaltname, identities] of certificates) {
    test(name, () => {
      assert.deepEqual(sipIdentities({ subjectaltname, subject: { CN: 'common.example' } }), identities);
    });
  }

  const matches: ReadonlyArray<
    readonly [wanted: string, identity: string, strict: boolean, wildcard: boolean]
  > = [
    ['Carrier.Example', 'carrier.EXAMPLE', true, true],
    ['carrier.example.', 'carrier.example', true, true],
    ['sbc.carrier.example', 'carrier.example', false, false],
    ['sbc.carrier.example', '*.carrier.example', false, true],
    ['a.sbc.carrier.example', '*.carrier.example', false, false],
    ['carrier.example', '*.example', false, false],
    ['carrier.example', '*', false, false],
    ['example', '*.', false, false],
    ['*.carrier.example', '*.carrier.example', false, false],
    ['192.0.2.1', '192.0.2.1', true, true],
    ['192.0.2.1', '*.0.2.1', false, false],
    ['2001:db8::1', '2001:DB8:0:0:0:0:0:1', true, true],
    ['2001:db8::1', '2001:db8::2', false, false],
  ];
  for (const [wanted, identity, strict, wildcard] of matches) {
    test(`${wanted} and ${identity}`, () => {
      assert.equal(matchesIdentity(wanted, [identity], 'strict'), strict);
      assert.equal(matchesIdentity(wanted, [identity], 'wildcard'), wildcard);
    });
  }
});
