// Addresses as the bytes that packet formats want.
import { isIP } from 'node:net';

export interface AddressBytes {
  readonly family: 4 | 6;
  readonly bytes: Buffer;
}

/** A host that is no address (a name that the system resolved) becomes 0.0.0.0. */
export function addressBytes(host: string): AddressBytes {
  if (isIP(host) === 6) return { family: 6, bytes: ipv6Bytes(host) };
  const bytes = Buffer.alloc(4);
  if (isIP(host) === 4) for (const [index, part] of host.split('.').entries()) bytes[index] = Number(part);
  return { family: 4, bytes };
}

/** Both of the same family, as packets need it: IPv4 becomes IPv4-mapped beside IPv6. */
export function sameFamily(one: AddressBytes, other: AddressBytes): [AddressBytes, AddressBytes] {
  if (one.family === other.family) return [one, other];
  return [mapped(one), mapped(other)];
}

function mapped(address: AddressBytes): AddressBytes {
  if (address.family === 6) return address;
  return { family: 6, bytes: Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), address.bytes]) };
}

function ipv6Bytes(host: string): Buffer {
  // URL writes every IPv6 address in its canonical form, without an IPv4 tail.
  const plain = new URL(`http://[${host.split('%', 1)[0]}]`).hostname.slice(1, -1);
  const [head = '', tail] = plain.split('::');
  const headGroups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - headGroups.length - tailGroups.length;
  const groups = [...headGroups, ...Array<string>(missing).fill('0'), ...tailGroups];
  const bytes = Buffer.alloc(16);
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  return bytes;
}
