/**
 * The far ends of `bench:media`, a process of its own: a socket a call, a packet each 20 ms, and a count of what comes back,
 * gaps in the sequence included. Written to be cheap, so that it is not what is measured.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { CallAddress, FromGenerator, ToGenerator } from './media-messages.ts';

interface FarEnd {
  socket: Socket;
  port: number;
  packet: Buffer;
  sequence: number;
  highest: number;
  received: number;
  lost: number;
}

const farEnds: FarEnd[] = [];
let sent = 0;

function tell(message: FromGenerator): void {
  process.send?.(message);
}

/** A voiced sound with pauses, so that detectors have something to judge. */
function speech(): Buffer {
  const packet = Buffer.alloc(172);
  packet[0] = 0x80;
  for (let i = 12; i < 172; i += 1) packet[i] = 0x90 + ((i * 7) % 31);
  return packet;
}

async function open({ call, port }: CallAddress): Promise<CallAddress> {
  const socket = createSocket({ type: 'udp4' });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  // A connected socket needs no look at the address for each packet.
  await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
  const packet = speech();
  packet.writeUInt32BE(call + 1, 8);
  const end: FarEnd = { socket, port, packet, sequence: 0, highest: -1, received: 0, lost: 0 };
  socket.on('message', (datagram) => {
    const sequence = datagram.readUInt16BE(2);
    const ahead = end.highest < 0 ? 1 : ((sequence - end.highest) << 16) >> 16;
    if (ahead > 1) end.lost += ahead - 1;
    if (ahead > 0) end.highest = sequence;
    end.received += 1;
  });
  // The service hangs up first; what is sent to its closed ports comes back as an error.
  socket.on('error', () => undefined);
  farEnds.push(end);
  return { call, port: socket.address().port };
}

/** Sends each call's packet, spread over the 20 ms as independent phones would. */
function run(): void {
  const slots = 10;
  let slot = 0;
  const startedAt = performance.now();
  const next = (): void => {
    const due = Math.floor((performance.now() - startedAt) / (20 / slots));
    // After a stall the phones go on, as phones do, without the packets of the stall.
    if (due - slot > 5 * slots) slot = due - slots;
    for (; slot <= due; slot += 1) {
      for (let index = slot % slots; index < farEnds.length; index += slots) send(farEnds[index] as FarEnd);
    }
    setTimeout(next, 2);
  };
  next();
}

function send(end: FarEnd): void {
  end.packet.writeUInt16BE(end.sequence & 0xffff, 2);
  end.packet.writeUInt32BE((end.sequence * 160) >>> 0, 4);
  end.sequence += 1;
  sent += 1;
  end.socket.send(end.packet);
}

// Whoever measures was killed: nobody needs this any more.
process.once('disconnect', () => process.exit());
process.on('message', async (message: ToGenerator) => {
  if (message.kind === 'open') {
    const calls = [];
    for (const call of message.calls) calls.push(await open(call));
    tell({ kind: 'opened', calls });
    run();
  } else if (message.kind === 'count') {
    const { user, system } = process.cpuUsage();
    tell({
      kind: 'counted',
      received: farEnds.reduce((sum, end) => sum + end.received, 0),
      lost: farEnds.reduce((sum, end) => sum + end.lost, 0),
      sent,
      cpuMicros: user + system,
    });
  } else process.exit(0);
});
