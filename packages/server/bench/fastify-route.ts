/** A bare Fastify route as its own process: parses the body, answers an id, does nothing else. The yardstick of phase D. */
import { randomUUID } from 'node:crypto';
import Fastify from 'fastify';

const server = Fastify({ logger: false });
server.put('/contact/outbound-voice', () => ({ ContactId: randomUUID() }));
await server.listen({ host: '127.0.0.1', port: 0 });
const address = server.server.address();
process.stdout.write(`ready ${typeof address === 'object' && address ? address.port : 0}\n`);
