/** The service, built bottom-up in one pass and closed in the opposite order. The only wiring. */

import { randomBytes, randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { openMediaEngine } from '@ringback/media';
import type { SimulatedCarrier } from '@ringback/simulated-carrier';
import type { UserAgent } from '@ringback/sip';
import type { Logger } from 'pino';
import { openAgentSide } from './agents/agent-side.ts';
import { type HttpServer, openHttpServer } from './api/http-server.ts';
import { openPromptLinks } from './api/prompt-links.ts';
import { mediaAddressesOf } from './calls/media-addresses.ts';
import { watchMedia } from './calls/media-metrics.ts';
import { openRecordingUpload } from './calls/recording-upload.ts';
import { watchSip } from './calls/sip-metrics.ts';
import { describeTrunk } from './calls/trunks.ts';
import { systemClock } from './clock.ts';
import { type Config, emulatorAccountId } from './config.ts';
import { configWarnings } from './config-warnings.ts';
import { acceptContact } from './contacts/accept-contact.ts';
import { type ActiveContacts, openActiveContacts } from './contacts/active-contacts.ts';
import { callByAgent } from './contacts/call-by-agent.ts';
import { openContactData } from './contacts/change-contact-data.ts';
import { openContactOrders } from './contacts/contact-orders.ts';
import { ContactTransfers } from './contacts/contact-transfer.ts';
import { openDialGate } from './contacts/dial-gate.ts';
import { endings } from './contacts/endings.ts';
import { InitiatedEvents } from './contacts/initiated-events.ts';
import { monitorContact } from './contacts/monitor-contact.ts';
import type { OutboundContactDeps } from './contacts/outbound-contact.ts';
import { WatchedConversations } from './contacts/watched-conversations.ts';
import { openInProcessBus } from './events/bus.ts';
import { type FactsOut, openFactsOut } from './events/facts-out.ts';
import { openPostgresBus } from './events/postgres-bus.ts';
import { openFlowLogs } from './flows/flow-logs.ts';
import { openLambda } from './flows/lambda.ts';
import { openMessages } from './flows/messages.ts';
import { openAudioBuckets } from './flows/prompts/audio-buckets.ts';
import { openPromptAudio } from './flows/prompts/prompt-audio.ts';
import { seedFlows, seedPrompts } from './flows/seed-flows.ts';
import { openSpeech } from './flows/speech/speech.ts';
import { openStoredFlows } from './flows/stored-flows.ts';
import { openAccessKeys } from './identity/access-keys.ts';
import { openAuditLog } from './identity/audit-log.ts';
import { openAuthentication } from './identity/authenticate.ts';
import { hashPassword } from './identity/passwords.ts';
import { requireReadableKeys } from './identity/readable-keys.ts';
import { openSecretBox } from './identity/secret-box.ts';
import { type NodeId, newId } from './ids.ts';
import { type Metrics, openMetrics } from './metrics.ts';
import { placeOf } from './node-place.ts';
import { Opened } from './opened.ts';
import { keepOwnership, leaseMs, openNodeLeaseWatch } from './ownership.ts';
import { countryOf } from './policy/destination.ts';
import { openInstancePolicies } from './policy/instance-policies.ts';
import { openOperatorDecisions } from './policy/operator-decisions.ts';
import { kindOfOwnNumber } from './policy/own-numbers.ts';
import { openQuotas } from './policy/quotas.ts';
import { openThrottle } from './policy/throttle.ts';
import { queueMetricsFor } from './routing/flow-metrics.ts';
import { openServiceDatabase } from './service/database.ts';
import { orUnusable } from './service/or-unusable.ts';
import { openSinks } from './service/sinks.ts';
import { openCarrier, openSip } from './service/telephony.ts';
import { openAccessKeyStore } from './store/access-key-store.ts';
import { openContactOrderStore } from './store/contact-order-store.ts';
import { openContactStore } from './store/contact-store.ts';
import { countCall, settleLeg } from './store/count-calls.ts';
import { databaseState } from './store/database-state.ts';
import { dialAttemptsOf } from './store/dial-attempts.ts';
import { openDirectory } from './store/directory.ts';
import { openHoursOfOperationStore } from './store/hours-of-operation-store.ts';
import { openNodeStore } from './store/node-store.ts';
import { applyCallSlotCapacity, openOperatorStore } from './store/operator-store.ts';
import { openOutboxStore } from './store/outbox-store.ts';
import { openResourceStore } from './store/resource-store.ts';
import { seed } from './store/seed.ts';
import { storeTaskFacts } from './store/task-store.ts';
import type { Observer } from './timeline.ts';

export interface ServiceOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Told in plain words what takes a moment. */
  readonly onProgress?: (message: string) => void;
  /** Sees everything that happens; for the demo. */
  readonly observe?: Observer;
  /** The service cannot go on (its database or its ownership is lost) and must be closed. */
  readonly onFatal?: (reason: string) => void;
}

export interface Service {
  /** `http://host:port`, the endpoint for SDKs. */
  readonly url: string;
  readonly sip: { readonly host: string; readonly port: number };
  /** Absent where a trunk is configured. */
  readonly carrier: SimulatedCarrier | undefined;
  readonly active: ActiveContacts;
  /** Takes no new requests, waits up to `patienceMs` for calls, ends the rest, closes everything. Called again with 0, it waits no longer. */
  close(options: { readonly patienceMs: number }): Promise<void>;
}

/** Time for the sinks to take the last facts when the service closes, ms. */
const lastDeliveryMs = 3_000;

/** Password of the user `agent` that the emulator is seeded with. */
const emulatorAgentPassword = 'ringback';

const maintenanceEveryMs = 60_000;

/** Longer than the longest window in which calls are counted, ms. */
const callCountsKeptMs = 2 * 24 * 60 * 60 * 1000;

/** Expired and revoked access keys are listed for this long: 30 days. */
const endedKeysKeptMs = 2_592_000_000;

/**
 * Starts everything and resolves when the service is ready for requests.
 *
 * @throws what kept it from starting, after closing what was open: ports taken, data directory unusable or in
 *   use, database unreachable. Each says what to do.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const opened = new Opened();
  try {
    return await build(options, opened);
  } catch (error) {
    await opened
      .close()
      .catch((closing: unknown) =>
        options.logger.error({ err: closing }, 'closing after a failed start failed too'),
      );
    throw error;
  }
}

async function build(options: ServiceOptions, opened: Opened): Promise<Service> {
  const { config, logger, observe } = options;
  const progress = options.onProgress ?? (() => undefined);
  const stopWriting = new AbortController();
  const fatal = (reason: string): void => {
    stopWriting.abort();
    options.onFatal?.(reason);
  };
  const clock = systemClock;
  for (const warning of configWarnings(config, clock.now())) logger.warn(warning);
  // With keys the first key's account gets the first instance; others create their own.
  const tenant = { accountId: config.accessKeys[0]?.accountId ?? emulatorAccountId, region: config.region };

  // State.
  const database = await openServiceDatabase({ config, logger, progress }, opened, fatal);
  const quotas = openQuotas(config.quotas);
  await seed(database, {
    tenant,
    nowMs: clock.now(),
    flows: seedFlows,
    prompts: seedPrompts(),
    // Only where anybody who reaches the port may do anything: the emulator of a developer.
    ...(isOpenEmulator(config) ? { agentPasswordHash: () => hashPassword(emulatorAgentPassword) } : {}),
    phoneNumbers: config.phoneNumbers.map((e164) => ({
      e164,
      countryCode: countryOf(e164),
      type: kindOfOwnNumber(e164),
    })),
    pools: {
      activeCalls: quotas.resource('activeCalls', { tenant }),
      campaignCalls: quotas.resource('campaignCalls', { tenant }),
    },
  });
  await applyCallSlotCapacity(
    database,
    quotas.all.flatMap(({ pool, code, defaultValue }) =>
      pool ? [{ pool, code, capacity: defaultValue }] : [],
    ),
  );
  const operatorStore = openOperatorStore(database);
  const resources = openResourceStore(database);
  const directory = openDirectory(resources, clock);
  const storedKeys = openAccessKeyStore(database);
  const contacts = opened.keep(openContactStore(database), (store) => store.close());
  const nodes = openNodeStore(database);
  const outbox = openOutboxStore(database);

  // Identity: what is refused here is refused before SIP, sinks and recovery begin.
  const openSecrets = await openSecretBox(config.secretKey, config.dataDir);
  const unreadable = await requireReadableKeys(storedKeys, openSecrets, clock.now());
  if (unreadable.length > 0) {
    logger.warn(
      { accessKeyIds: unreadable },
      'these stored access keys were sealed with another RINGBACK_SECRET_KEY and open nothing; revoke them',
    );
  }
  const accessKeys = openAccessKeys({ config, store: storedKeys, secretBox: openSecrets, clock });
  const audit = opened.keep(
    // The first thing that is written there where the database is elsewhere.
    await orUnusable(
      openAuditLog({ directory: path.join(config.dataDir, 'audit'), bounds: config.audit, logger, clock }),
      `The data directory ${config.dataDir} cannot be written to; mend that, or choose another one with RINGBACK_DATA_DIR`,
    ),
    (log) => log.close(),
  );

  // Calls.
  progress('Opening the media engine.');
  const media = opened.keep(
    await openMediaEngine({
      ...(await mediaAddressesOf(config, {
        lookUp: async (name, family) => (await lookup(name, { family })).address,
        logger,
      })),
      ports: config.rtpPorts,
      webRtc: {
        iceServers: config.agents.iceServers,
        transportPolicy: config.agents.transport,
        ...(config.agents.announcedHost ? { announcedHost: config.agents.announcedHost } : {}),
        ...(config.agents.ports ? { ports: config.agents.ports } : {}),
      },
      onFault: (fault) => logger.error({ fault }, 'media engine fault'),
    }),
    (engine) => engine.close(),
  );
  const carrier = config.trunks.length === 0 ? await openCarrier(config, logger, opened) : undefined;
  const sip = opened.keep(
    await openSip(options, carrier, async (number, account) => {
      return (await directory.phoneNumber(account, number)) !== undefined;
    }),
    (side) => side.close(),
  );
  const { userAgent, trunks, stir } = sip;

  // Flows.
  const speech = opened.keep(
    await openSpeech({
      config: config.speech,
      cacheDir: path.join(config.dataDir, 'speech-cache'),
      onFault: (fault) => logger.warn({ fault }, 'speech fault'),
    }),
    (synthesizer) => synthesizer.close(),
  );
  const lambda = opened.keep(
    openLambda({ ...config.lambda, region: config.region }, clock, (functionArn, why) => {
      logger.warn({ functionArn, why }, 'a Lambda function that nobody waited for failed');
    }),
    (l) => l.close(),
  );
  const flowLogs = opened.keep(
    await openFlowLogs({
      directory: path.join(config.dataDir, 'flow-logs'),
      bounds: config.flowLogs,
      logger,
      clock,
    }),
    (logs) => logs.close(),
  );

  const buckets = openAudioBuckets(config.prompts.buckets);
  const promptAudio = openPromptAudio();

  // Facts out.
  const metrics = openMetrics();
  const node = newId<NodeId>();
  // Whoever owns the embedded database is alone on it: what a crash left need not wait for a lease to run out.
  if (!config.databaseUrl) await nodes.endAllLeases();
  await nodes.register(node, { host: hostname(), place: await placeOf(userAgent.endpoint) }, leaseMs);
  opened.keep(node, (id) => nodes.release(id));
  const leases = openNodeLeaseWatch(clock);
  // An embedded database has one service; others share theirs with other nodes.
  const bus = config.databaseUrl
    ? opened.keep(openPostgresBus({ pool: database.pool, node, clock, logger }), (running) => running.close())
    : openInProcessBus();
  const facts = opened.keep(
    openFactsOut({
      store: outbox,
      sinks: await openSinks(config, { clock, logger, metrics }),
      limits: config.facts,
      node,
      bus,
      clock,
      logger,
      metrics,
      ...(observe ? { observe } : {}),
    }),
    (out) => out.close(),
  );
  const factsWritten = facts.written;

  // Contacts.
  const policies = openInstancePolicies({
    region: config.region,
    carrier: carrier ? 'simulated' : 'trunk',
    forAll: config.policy,
    instances: config.instancePolicies,
  });
  const agents = opened.keep(
    openAgentSide({
      database,
      resources,
      media,
      node,
      mayJudgeNodes: () => leases.mayJudge,
      bus,
      clock,
      logger,
      newEventId: randomUUID,
      factsWritten,
      iceServers: config.agents.iceServers,
    }),
    (side) => side.close(),
  );
  const recordingsDirectory = path.join(config.dataDir, 'recordings');
  // Closed until it is known that no administrator has stopped dialling.
  const gate = openDialGate('closed', clock);
  const story: OutboundContactDeps = {
    clock,
    random: Math.random,
    directory,
    flows: openStoredFlows(directory, resources),
    messages: openMessages({ media, speech, directory, resources, buckets, promptAudio, clock }),
    lambda,
    flowLogs,
    hours: openHoursOfOperationStore(database),
    amdSettings: (instance) => policies.of(instance).amdSettings,
    recordingsDirectory,
    logger,
    ...(observe ? { observe } : {}),
    dialling: { userAgent, media, trunks, stir, clock, newCallId: () => randomBytes(16).toString('hex') },
    gate,
    policies,
    countCall: (call) => countCall(database, call),
    settleLeg: (leg) => settleLeg(database, leg),
    tasks: {
      newEventId: randomUUID,
      async write({ instance, id, facts, atMs }) {
        await storeTaskFacts(database, { instanceId: instance.id, contactId: id, facts, atMs });
        factsWritten();
      },
    },
    maxDialDelayMs: config.dialling.maxDialDelayMs,
    contactEnded: metrics.contactEnded,
    resources,
    createContact: (request) => acceptContact(request, accepting),
    agents: {
      routing: agents.routing,
      desks: agents.desks,
      media,
      transfers: new ContactTransfers(),
      conversations: new WatchedConversations(),
      contactsPerAgentQueue: ({ tenant, id }) =>
        quotas.resource('contactsPerAgentQueue', { tenant, instanceId: id }),
      queueMetrics: (contact, target) => queueMetricsFor(agents.routing, contact, target),
    },
  };
  const active = openActiveContacts({
    node,
    store: contacts,
    clock,
    logger,
    writing: { advance: (advance) => contacts.advance(advance), clock, newEventId: randomUUID, factsWritten },
    story,
  });
  const accepting = {
    store: contacts,
    active,
    node,
    clock,
    newEventId: randomUUID,
    initiatedEvents: new InitiatedEvents(),
    factsWritten,
  };
  const orderStore = openContactOrderStore(database);
  const orders = openContactOrders({
    node,
    store: orderStore,
    active,
    directory,
    monitor: (order, instance) => monitorContact(order, instance, story, accepting),
    bus,
    clock,
    logger,
    // A dead node's lease runs out, and its contacts are taken over, well within.
    patienceMs: 2 * leaseMs,
  });
  agents.desks.dial = (desk, phoneNumber) => callByAgent(desk, phoneNumber, story, accepting);
  // What can no longer be written is not waited for.
  stopWriting.signal.addEventListener('abort', () => active.abandon());
  if (stopWriting.signal.aborted) active.abandon();
  const decisions = opened.keep(
    await openOperatorDecisions({
      store: operatorStore,
      quotas,
      clock,
      logger,
      onDialling: (now, before) => {
        if (now.stopped || config.dialling.paused) gate.close();
        else gate.open();
        if (now.stopped && !before?.stopped) logger.warn({ stopped: now.stopped }, 'dialling is stopped');
        if (!now.stopped && before?.stopped) logger.warn('dialling goes on');
        if (before && now.hangUpRound > before.hangUpRound) {
          logger.warn({ calls: active.size }, 'an administrator ends all calls');
          active.stopAll(endings.diallingStopped);
        }
      },
    }),
    (running) => running.close(),
  );
  opened.keep(
    keepOwnership({
      node,
      nodes,
      active,
      orders,
      watch: leases,
      clock,
      logger,
      onLost: () => fatal('Another node judged this one dead; its contacts are run there now.'),
    }),
    (ownership) => ownership.close(),
  );
  const maintain = async (): Promise<void> => {
    const works = [
      () => facts.maintain(),
      () => contacts.removeExpiredTokens(clock.now(), 10_000),
      () => orderStore.removeOld(),
      () => agents.sessions.removeOld(),
      () => storedKeys.removeOld(clock.now() - endedKeysKeptMs),
      () => operatorStore.removeOldCounts(clock.now() - callCountsKeptMs, 10_000),
    ];
    // One that fails, be it for weeks, keeps neither the others from theirs nor the service from starting.
    for (const work of works)
      await work().catch((error: unknown) => logger.error({ err: error }, 'maintenance failed'));
  };
  await maintain();
  const maintenance = setInterval(() => void maintain(), maintenanceEveryMs);
  opened.keep(maintenance, clearInterval);

  // Edge.
  metrics.watch('ringback_audit_records_lost', 'Audit records that could not be written.', () => audit.lost);
  metrics.watch(
    'ringback_audit_files_deleted',
    'Files of the audit log that were deleted because there are as many newer ones as audit.keepFiles says.',
    () => audit.filesDeleted,
  );
  metrics.watch(
    'ringback_flow_log_records_lost',
    'Flow-log records that could not be written.',
    () => flowLogs.lost,
  );
  metrics.watchEach(
    'ringback_certificate_ends_seconds',
    'When the certificate of a setting expires, seconds since 1970.',
    'setting',
    () => Object.fromEntries(config.certificates.map(({ setting, endsAtMs }) => [setting, endsAtMs / 1000])),
  );
  watchMedia(metrics, media);
  watchSip(metrics, sip, clock);
  if (config.recordingUpload) {
    opened.keep(
      openRecordingUpload(recordingsDirectory, config.recordingUpload, { clock, logger }),
      (upload) => upload.close(),
    );
  }
  metrics.watch('ringback_agents', 'Agents whose page is on this node.', () => agents.desks.size);
  metrics.watch('ringback_active_contacts', 'Contacts that this node runs.', () => active.size);
  let address = '';
  const http = opened.keep(
    await openHttpServer({
      config,
      accessKeys,
      authenticate: openAuthentication({ accessKeys, clock, region: config.region }),
      audit,
      clock,
      logger,
      throttle: openThrottle((of, operation) => quotas.rate(of, operation), clock),
      throttled: metrics.requestThrottled,
      answered: metrics.answered,
      metrics: metrics.render,
      ...(observe ? { observe } : {}),
      api: {
        clock,
        directory,
        resources,
        contacts,
        routing: agents.routing,
        orders,
        changeContactData: openContactData({
          orders,
          contacts,
          clock,
          newEventId: randomUUID,
          factsWritten,
        }),
        buckets,
        promptAudio,
        promptLinks: openPromptLinks(config.secretKey, () => config.prompts.publicUrl ?? address),
        accepting,
        policies,
        quotas,
        decisions,
        quotaRequests: { store: operatorStore, granted: carrier ? 'at once' : 'by an administrator' },
        previewAllowedFor: config.previewAllowedFor,
        callRefused: metrics.callRefused,
        tokenMisused: (contactId) =>
          logger.warn(
            { contactId },
            'a ClientToken came again with other parameters; its contact was answered',
          ),
      },
      traceDoor: {
        traces: sip.traces,
        attemptsOf: (instanceId, contactId) => dialAttemptsOf(database, instanceId, contactId),
      },
      agentDoor: {
        sessions: agents.sessions,
        agents: resources.agents,
        instances: () => resources.allInstances(),
        openSocket: (session, socket) => agents.desks.open(session, socket),
        // The data directory may have been an emulator's before.
        ...(isOpenEmulator(config) ? {} : { refusedPassword: emulatorAgentPassword }),
        transport: config.http.tls ? 'tls' : 'plain',
        logger,
      },
      health: async () => {
        const stored = await databaseState(database, clock);
        return {
          ok: stored === 'ok',
          parts: {
            database: stored,
            sip: `${userAgent.endpoint.host}:${userAgent.endpoint.port}`,
            carrier: carrier ? `simulated ${carrier.endpoint.host}:${carrier.endpoint.port}` : 'trunk',
            trunks: Object.fromEntries(trunks.status.map((status) => [status.name, describeTrunk(status)])),
            speech: speech.describe().renderer ?? 'unavailable',
            dialling: decisions.dialling.stopped ? 'stopped' : config.dialling.paused ? 'paused' : 'ok',
            activeContacts: active.size,
          },
        };
      },
    }),
    (server) => server.close(),
  );
  watchHeld(metrics, http);
  address = urlOf(config, http);
  return serviceOf({
    config,
    http,
    userAgent,
    carrier,
    active,
    facts,
    lost: stopWriting.signal,
    opened,
  });
}

function isOpenEmulator({ accessKeys, signatures, trunks }: Config): boolean {
  return accessKeys.length === 0 && signatures !== 'strict' && trunks.length === 0;
}

function serviceOf(parts: {
  config: Config;
  http: HttpServer;
  userAgent: UserAgent;
  carrier: SimulatedCarrier | undefined;
  active: ActiveContacts;
  facts: FactsOut;
  /** Aborted when the database or the ownership is lost. */
  lost: AbortSignal;
  opened: Opened;
}): Service {
  const { config, http, userAgent, carrier, active, facts, lost, opened } = parts;
  let closed: Promise<void> | undefined;
  const hurry = new AbortController();
  return {
    url: urlOf(config, http),
    sip: userAgent.endpoint,
    carrier,
    active,
    close({ patienceMs }) {
      if (patienceMs === 0) hurry.abort();
      closed ??= (async () => {
        await http.refuseNewRequests();
        await active.drain(patienceMs, hurry.signal);
        // The last facts of the day; what a sink does not take now, it gets after the next start.
        if (!lost.aborted) await facts.catchUp(lastDeliveryMs);
        await opened.close();
      })();
      return closed;
    },
  };
}

function watchHeld(metrics: Metrics, { held: { connections, bodies } }: HttpServer): void {
  metrics.watch(
    'ringback_http_connections',
    'Open HTTP connections, those of agents pages among them.',
    () => connections.size,
  );
  metrics.watch(
    'ringback_http_connections_cut',
    'HTTP connections that were cut or refused because there were as many as http.connections says.',
    () => connections.cut,
  );
  metrics.watch(
    'ringback_http_unproven_bytes',
    'Memory held by bodies of requests whose signatures are not checked yet.',
    () => bodies.bytes,
  );
  metrics.watch(
    'ringback_http_bodies_given_up',
    'Requests refused because bodies of unproven senders filled what http.unprovenMegabytes says.',
    () => bodies.givenUp,
  );
}

const urlOf = (config: Config, http: HttpServer): string =>
  `${config.http.tls ? 'https' : 'http'}://${http.host}:${http.port}`;
