// The public entry of the test kit: virtual time, seeded randomness, a network in memory, programs of others (SIPp) as the
// far end, and the command lines of developers' programs; for tests, demos and benchmarks.

export { amountOf, countOf, countsOf, developerCommand, namesAmong, shareOf } from './developer-command.ts';
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
export type { ForeignProgram, ForeignProgramOptions } from './programs/foreign-program.ts';
export { isPortOpen, startForeignProgram } from './programs/foreign-program.ts';
export { freePort } from './programs/free-port.ts';
export type { Kamailio, KamailioOptions } from './programs/kamailio.ts';
export { kamailioPassword, startKamailio } from './programs/kamailio.ts';
export type { LossyRelay, LossyRelayOptions } from './programs/lossy-relay.ts';
export { startLossyRelay } from './programs/lossy-relay.ts';
export type { SippOptions } from './programs/sipp.ts';
export { callBySipp, startSipp } from './programs/sipp.ts';
export type { SippExpectation, SippStep, SippWords } from './programs/sipp-scenario.ts';
export * as sipp from './programs/sipp-scenario.ts';
export type { AgentSignIn, AgentSnapshot } from './scripted-agent.ts';
export { CommandRefused, ScriptedAgent } from './scripted-agent.ts';
export { seededHex, seededRandom } from './seeded-random.ts';
export { describeStolen, watchStolenTime } from './stolen-time.ts';
export { untilDefined } from './until-defined.ts';
export type { VirtualClockOptions, VirtualTimer } from './virtual-clock.ts';
export { NeverSettled, VirtualClock } from './virtual-clock.ts';
