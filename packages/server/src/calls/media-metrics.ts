/** What the media engine tells operators: its load, what it refused, how its audio keeps time. Read when /metrics is. */
import type { EngineStats, MediaEngine } from '@ringback/media';

/** Metrics as they are watched (metrics.ts). */
interface Watching {
  watch(name: string, help: string, read: () => number | Promise<number>): void;
}

export function watchMedia(metrics: Watching, media: MediaEngine): void {
  const gauge = (name: string, help: string, read: (stats: EngineStats) => number): void =>
    metrics.watch(`ringback_media_${name}`, help, async () =>
      read(await media.stats({ latenessMs: 10_000 })),
    );
  gauge('sessions', 'Audio sessions that are open.', ({ sessions }) => sessions);
  gauge(
    'sessions_refused_for_load',
    'Sessions refused because audio would have suffered, since the start.',
    ({ refused }) => refused.load,
  );
  gauge(
    'sessions_refused_for_number',
    'Sessions refused because as many as configured were open, since the start.',
    ({ refused }) => refused.sessions,
  );
  gauge(
    'tick_lateness_p99_seconds',
    'How late 99 of 100 of the last 10 s of audio frames were at most. Above 0.01: move other work away.',
    ({ tickLatenessMs }) => tickLatenessMs.p99 / 1_000,
  );
  gauge(
    'ticks_skipped',
    'Frames of 20 ms given up after stalls, since the start.',
    (stats) => stats.ticksSkipped,
  );
  gauge(
    'cpu_seconds',
    'CPU time of all media workers since their start.',
    ({ cpuMicros }) => cpuMicros / 1e6,
  );
  gauge('busiest_worker_cpu', 'Share of a core that the busiest media worker takes.', ({ workers }) =>
    Math.max(0, ...workers.map(({ cpuShare }) => cpuShare)),
  );
}
