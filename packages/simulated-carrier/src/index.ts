// The public entry of the simulated carrier: phones on loopback that ring, answer, speak, press keys and fail, over real
// SIP and RTP. Everything else in this package is internal.
export type { ScenarioMistake } from './check-scenario.ts';
export type { ClipName } from './clips.ts';
export { CLIP_NAMES, readClip } from './clips.ts';
export { TRUNK_CREDENTIALS } from './digest-gate.ts';
export { ANY_OTHER_NUMBER, MAGIC_NUMBERS } from './magic-numbers.ts';
export type { CallEnding, CallParty, PhoneCall, PhoneEvent, PhoneEventDetail } from './phone-event.ts';
export type { PhoneScenario, PhoneStep, Tone } from './phone-scenario.ts';
export { recordingFileName } from './recording-file-name.ts';
export { readScenarioFile, ScenarioUnusable } from './scenario-book.ts';
export type {
  CallCounters,
  CarrierFault,
  SimulatedCarrier,
  SimulatedCarrierOptions,
} from './simulated-carrier.ts';
export { describeFault, openSimulatedCarrier } from './simulated-carrier.ts';
