// Damages messages as networks, broken stacks and attackers do: bytes, pieces, lines, numbers, repetition.
import { pick, type Random } from './generate.ts';

const BYTES = [0, 9, 10, 13, 32, 34, 44, 47, 58, 59, 60, 61, 62, 64, 91, 92, 93, 127, 128, 255];
const PIECES = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  '"',
  '<',
  '>',
  ';',
  ',',
  ';;',
  '%',
  '%00',
  'SIP/2.0',
  'Content-Length: 0\r\n',
  '\r\nVia: ',
  '\r\n ',
  '4294967296',
  '-1',
  ';tag=',
  'z9hG4bK',
  '\ufeff',
  '[::',
  '\\',
].map((text) => Buffer.from(text));
/** Datagrams end at 64 KiB; larger ones are only seen by the limit. */
const LARGEST_BYTES = 70_000;

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

function place(bytes: Buffer, random: Random): number {
  return Math.floor(random() * (bytes.length + 1));
}

function replace(bytes: Buffer, from: number, to: number, piece: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(Math.max(from, to))]);
}

function lines(bytes: Buffer): string[] {
  return bytes.toString('latin1').split('\r\n');
}

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    if (changed.length > 0) changed[Math.floor(random() * changed.length)] = pick(random, BYTES);
    return changed;
  },
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    const at = Math.floor(random() * changed.length);
    if (changed.length > 0) changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    return changed;
  },
  (bytes, random) => {
    const at = place(bytes, random);
    return replace(bytes, at, at, pick(random, PIECES));
  },
  (bytes, random) => {
    const at = place(bytes, random);
    return replace(bytes, at, at + Math.floor(random() * 20), Buffer.alloc(0));
  },
  (bytes, random) => bytes.subarray(0, place(bytes, random)),
  (bytes, random, other) =>
    Buffer.concat([bytes.subarray(0, place(bytes, random)), other.subarray(place(other, random))]),
  (bytes, random) => {
    const at = place(bytes, random);
    const piece = bytes.subarray(at, at + 1 + Math.floor(random() * 30));
    // Seldom long: it is the long ones that find what is not linear.
    const times = random() < 0.02 ? 2_000 : 1 + Math.floor(random() * 8);
    const room = Math.floor((LARGEST_BYTES - bytes.length) / Math.max(1, piece.length));
    return replace(bytes, at, at, Buffer.concat(Array(Math.max(0, Math.min(times, room))).fill(piece)));
  },
  (bytes, random) => {
    const all = lines(bytes);
    const from = Math.floor(random() * all.length);
    const [line = ''] = all.splice(from, 1);
    if (random() < 0.6)
      all.splice(Math.floor(random() * (all.length + 1)), 0, line, ...(random() < 0.5 ? [line] : []));
    return Buffer.from(all.join('\r\n'), 'latin1');
  },
  (bytes, random, other) => {
    const all = lines(bytes);
    all.splice(1 + Math.floor(random() * all.length), 0, pick(random, lines(other)));
    return Buffer.from(all.join('\r\n'), 'latin1');
  },
  (bytes, random) => {
    const text = bytes.toString('latin1');
    const wanted = Math.floor(random() * 10);
    let seen = 0;
    const number = pick(random, [
      '0',
      '-1',
      '00000000000000000000001',
      '4294967295',
      '99999999999999999999',
      '1e9',
    ]);
    return Buffer.from(
      text.replace(/\d+/g, (digits) => (seen++ === wanted ? number : digits)),
      'latin1',
    );
  },
];

/** One to four injuries. */
export function mutate(bytes: Buffer, random: Random, other: Buffer): Buffer {
  let mutated = bytes;
  const times = 1 + Math.floor(random() * 4);
  for (let round = 0; round < times; round++) {
    mutated = pick(random, MUTATIONS)(mutated, random, other).subarray(0, LARGEST_BYTES);
  }
  return mutated;
}
