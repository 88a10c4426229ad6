/** The carrier that is simulated where no trunk is configured, and the SIP side that dials over either; used by ../service.ts. */

import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { describeFault, openSimulatedCarrier, type SimulatedCarrier } from '@ringback/simulated-carrier';
import { nodeResolver, SipPortUnavailable } from '@ringback/sip';
import type { Logger } from 'pino';
import type { StirSigning } from '../calls/ring.ts';
import { NoTrunkFound, openSipSide, type SipSide } from '../calls/sip-side.ts';
import { type Trunk, trunkOf } from '../calls/trunk.ts';
import { systemClock } from '../clock.ts';
import { type Config, ConfigUnusable } from '../config.ts';
import type { Opened } from '../opened.ts';
import { countryOf } from '../policy/destination.ts';
import type { Observer } from '../timeline.ts';

/** Trunk credentials of the simulated carrier; its phone …133 asks for them. */
const simulatedCredentials = { username: 'ringback', password: 'ringback' };

/** Its calls and what its phones record are written below the data directory. */
export function openCarrier(config: Config, logger: Logger, opened: Opened): Promise<SimulatedCarrier> {
  return openSimulatedCarrier({
    host: config.sip.host,
    sipPort: 0,
    rtpPorts: config.simulatedCarrier.rtpPorts,
    inviteLogFile: path.join(config.dataDir, 'carrier', 'invites.jsonl'),
    phoneRecordingsDirectory: path.join(config.dataDir, 'carrier', 'phones'),
    onFault: (fault) => logger.warn({ fault: describeFault(fault) }, 'simulated carrier fault'),
    ...(config.simulatedCarrier.scenarioFile ? { scenarioFile: config.simulatedCarrier.scenarioFile } : {}),
  }).then((carrier) => opened.keep(carrier, (running) => running.close()));
}

function trunksOf(config: Config, carrier: SimulatedCarrier | undefined): readonly Trunk[] {
  if (!carrier) return config.trunks;
  const { host, port } = carrier.endpoint;
  return [
    trunkOf({
      name: 'simulated-carrier',
      servers: [{ host, port, transport: 'udp' }],
      domain: host,
      credentials: simulatedCredentials,
    }),
  ];
}

/** @throws {ConfigUnusable} the SIP port, or a trunk, cannot be used. */
export async function openSip(
  { config, logger, observe }: { config: Config; logger: Logger; observe?: Observer },
  carrier: SimulatedCarrier | undefined,
  isOwnNumber: StirSigning['isOwnNumber'],
): Promise<SipSide> {
  try {
    return await openSipSide({
      ...config.sip,
      settings: config.sipSettings,
      trunks: trunksOf(config, carrier),
      resolver: nodeResolver(),
      clock: systemClock,
      logger,
      random: Math.random,
      newOriginId: randomUUID,
      countryOf,
      isOwnNumber,
      ...(observe ? { onTrace: (trace) => observe({ kind: 'sip', atMs: trace.atMs, trace }) } : {}),
    });
  } catch (error) {
    if (error instanceof NoTrunkFound) {
      throw new ConfigUnusable(`${error.message}; mend it in the file that RINGBACK_CONFIG names.`, {
        cause: error,
      });
    }
    if (error instanceof SipPortUnavailable) {
      throw new ConfigUnusable(
        `The SIP port ${error.host}:${error.port} (${error.transport.toUpperCase()}) cannot be used (${error.code}). ` +
          'Stop what listens there, or choose with RINGBACK_SIP_HOST and RINGBACK_SIP_PORT (0 takes any free port), or ' +
          'with sip.alsoListen in the file that RINGBACK_CONFIG names.',
        { cause: error },
      );
    }
    throw error;
  }
}
