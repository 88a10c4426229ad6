// The public entry of the test kit: virtual time, seeded randomness and a network in memory, for tests and demos.
export type {
  BindOptions,
  DatagramFate,
  InMemoryNetworkOptions,
  InMemorySocket,
  NetworkAddress,
  NetworkConditions,
  NetworkInterceptor,
  NetworkLogEntry,
} from './in-memory-network.ts';
export { AddressInUse, InMemoryNetwork } from './in-memory-network.ts';
export type { AgentSignIn, AgentSnapshot } from './scripted-agent.ts';
export { CommandRefused, ScriptedAgent } from './scripted-agent.ts';
export { seededHex, seededRandom } from './seeded-random.ts';
export type { VirtualClockOptions, VirtualTimer } from './virtual-clock.ts';
export { NeverSettled, VirtualClock } from './virtual-clock.ts';
