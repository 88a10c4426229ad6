/** Numbers about the service for operators, in the Prometheus format at /metrics. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  answered(operation: string, status: number, durationMs: number): void;
  factDelivered(sink: string): void;
  factSetAside(sink: string): void;
  /** Facts that were deleted before a sink took them; `from` is the table. */
  factsDropped(sink: string, from: string, count: number): void;
  sinkFileDeleted(sink: string): void;
  requestThrottled(operation: string): void;
  /** A call that policy or limits refused. */
  callRefused(reason: string): void;
  /** A contact that ended at this node. */
  contactEnded(ending: { readonly disconnectReason: string; readonly endCause?: string | undefined }): void;
  /** A gauge that is read when someone asks. */
  watch(name: string, help: string, read: () => number | Promise<number>): void;
  /** The same with a value for each of several things, such as trunks: `read` gives them by the value of `label`. */
  watchEach(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void;
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export function openMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'ringback_api_request_duration_seconds',
    help: 'Time from a request to its answer.',
    labelNames: ['operation', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  });
  const facts = new Counter({
    name: 'ringback_facts_delivered_total',
    help: 'Contact events and records that a sink took.',
    labelNames: ['sink'],
    registers: [registry],
  });
  const factsAside = new Counter({
    name: 'ringback_facts_set_aside_total',
    help: 'Contact events and records that a sink would not take; they stand in the table undeliverable.',
    labelNames: ['sink'],
    registers: [registry],
  });
  const factsLost = new Counter({
    name: 'ringback_facts_dropped_total',
    help: 'Contact events and records that were deleted at the limits of the setting facts before a sink took them.',
    labelNames: ['sink', 'from'],
    registers: [registry],
  });
  const filesDeleted = new Counter({
    name: 'ringback_sink_files_deleted_total',
    help: 'Files of a file sink that were deleted because there are as many newer ones as its keepFiles says.',
    labelNames: ['sink'],
    registers: [registry],
  });
  const throttled = new Counter({
    name: 'ringback_requests_throttled_total',
    help: 'Requests refused because their operation was called too often.',
    labelNames: ['operation'],
    registers: [registry],
  });
  const refusedCalls = new Counter({
    name: 'ringback_calls_refused_total',
    help: 'Calls refused by destination rules, quotas, caps or the kill switch.',
    labelNames: ['reason'],
    registers: [registry],
  });
  const endedContacts = new Counter({
    name: 'ringback_contacts_ended_total',
    help: 'Contacts that ended at this node, by DisconnectReason and by the cause of docs/ending.md where there is one.',
    labelNames: ['reason', 'cause'],
    registers: [registry],
  });
  // A label set costs more to look up than all else here, and there are few.
  const requestsOf = new Map<string, Map<number, { observe(seconds: number): void }>>();
  const factsOf = new Map<string, { inc(): void }>();
  return {
    answered(operation, status, durationMs) {
      let byStatus = requestsOf.get(operation);
      if (!byStatus) {
        byStatus = new Map();
        requestsOf.set(operation, byStatus);
      }
      let observed = byStatus.get(status);
      if (!observed) {
        observed = requests.labels({ operation, status });
        byStatus.set(status, observed);
      }
      observed.observe(durationMs / 1000);
    },
    factDelivered(sink) {
      let delivered = factsOf.get(sink);
      if (!delivered) {
        delivered = facts.labels({ sink });
        factsOf.set(sink, delivered);
      }
      delivered.inc();
    },
    factSetAside: (sink) => factsAside.inc({ sink }),
    factsDropped: (sink, from, count) => factsLost.inc({ sink, from }, count),
    sinkFileDeleted: (sink) => filesDeleted.inc({ sink }),
    requestThrottled: (operation) => throttled.inc({ operation }),
    callRefused: (reason) => refusedCalls.inc({ reason }),
    contactEnded: ({ disconnectReason, endCause = '' }) =>
      endedContacts.inc({ reason: disconnectReason, cause: endCause }),
    watch(name, help, read) {
      new Gauge({
        name,
        help,
        registers: [registry],
        async collect() {
          this.set(await read());
        },
      });
    },
    watchEach(name, help, label, read) {
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers: [registry],
        collect() {
          this.reset();
          for (const [of, value] of Object.entries(read())) this.set({ [label]: of }, value);
        },
      });
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
