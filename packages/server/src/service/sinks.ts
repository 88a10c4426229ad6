/** The sinks that the configuration names, opened; used by ../service.ts. */

import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { openFileSink } from '../events/file-sink.ts';
import type { Sink } from '../events/sink.ts';
import { openWebhookSink } from '../events/webhook-sink.ts';
import type { Metrics } from '../metrics.ts';
import { orUnusable } from './or-unusable.ts';

/** In the order of the configuration. */
export async function openSinks(
  { sinks }: Config,
  { clock, logger, metrics }: { clock: Clock; logger: Logger; metrics: Metrics },
): Promise<Sink[]> {
  return Promise.all(
    sinks.map((configured) =>
      configured.kind === 'webhook'
        ? openWebhookSink(configured)
        : orUnusable(
            openFileSink(configured, {
              clock,
              logger,
              deleted: () => metrics.sinkFileDeleted(configured.name),
            }),
            `The sink "${configured.name}" cannot use the directory ${configured.directory}; mend it in the file that RINGBACK_CONFIG names`,
          ),
    ),
  );
}
