/** A host that runs a flow without a telephone, a queue or a function: everything it needs to know is a scenario. Used by `ringback flow run`. */
import {
  type AgentView,
  type ContactView,
  done,
  type Endpoint,
  type EventHook,
  type EventHookSetting,
  type Flow,
  type FlowHost,
  type FlowLogRecord,
  type FlowNote,
  type FlowStep,
  failed,
  type HostResult,
  type OutboundCallStatus,
  type QueueMetrics,
  type QueueView,
  type RoutingTarget,
  type ServiceAnswer,
} from '@ringback/flow';
import { idOf } from '../../arn.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import type { SimulatedClock } from './simulated-clock.ts';
import type { SimulatedAgent } from './simulated-journey.ts';
import type { LambdaReply, SimulationEntry } from './simulation-entry.ts';

/** A queue as a flow meets it. */
export interface SimulatedQueue {
  readonly capacity: 'free' | 'full';
  readonly metrics: Omit<QueueMetrics, 'queueName' | 'queueArn'>;
}

/** How the world around the flow answers. */
export interface SimulatedWorld {
  readonly attributes: ReadonlyMap<string, string>;
  readonly customerNumber: string;
  readonly systemNumber: string;
  /** Queue of the request, before the flow sets one. */
  readonly queue: string | undefined;
  /** The function's next answer; undefined when nobody has one. */
  readonly lambda: (request: {
    readonly functionArn: string;
    readonly parameters: Readonly<Record<string, unknown>>;
  }) => Promise<LambdaReply | undefined>;
  /** By id, ARN or name; `undefined` asks for the hours of the target queue. `undefined` when there are no such hours. */
  readonly isOpen: (hours: string | undefined) => boolean | undefined;
  /** undefined when there is no such queue. */
  readonly findQueue: (idOrName: string) => SimulatedQueue | undefined;
  readonly outboundCallStatus: OutboundCallStatus;
  /** How transfers to telephone numbers end: `connected`, or the error that the flow meets. */
  readonly thirdParty: 'connected' | 'CallFailed' | 'ConnectionTimeLimitExceeded';
  /** Answers of services beyond voice by action type, in order. */
  readonly service: (actionType: string) => ServiceAnswer | undefined;
  /** Takes the contact once it is queued; without one the run ends there. */
  readonly agent: SimulatedAgent | undefined;
  readonly random: () => number;
  readonly findFlow: (reference: string) => Flow | undefined;
}

export interface SimulatedHostOptions {
  readonly clock: SimulatedClock;
  readonly world: SimulatedWorld;
  readonly caller: SimulatedCaller | undefined;
  /** Hears whispers, where an agent takes the contact. */
  readonly agent?: SimulatedCaller;
  readonly report: (entry: SimulationEntry) => void;
  readonly log: (record: FlowLogRecord) => void;
}

/** Identity of the simulated contact; made of noughts, so that nobody takes it for a real one. */
const contactId = '00000000-0000-4000-8000-000000000001';
export const simulatedInstanceArn =
  'arn:aws:connect:us-east-1:000000000000:instance/00000000-0000-4000-8000-000000000000';

/** A transferred call lasts this long before the third party hangs up, ms. */
const thirdPartyTalkMs = 10_000;

/** The host, and the contact's attributes as the flow left them. */
export interface SimulatedHost {
  readonly host: FlowHost;
  /** The same contact, for flows that speak to the agent. */
  readonly agentHost: FlowHost;
  /** For flows that speak to the customer once an agent has accepted. */
  readonly joiningHost: FlowHost;
  /** For the disconnect flow, once the agent is gone. */
  readonly remainingHost: FlowHost;
  /** What flows set with UpdateContactEventHooks. */
  readonly hooks: ReadonlyMap<EventHook, EventHookSetting>;
  readonly attributes: ReadonlyMap<string, string>;
  readonly queue: () => string | undefined;
}

export function simulatedFlowHost(options: SimulatedHostOptions): SimulatedHost {
  const { clock, world, caller, report } = options;
  const startMs = clock.now();
  const elapsedMs = (): number => clock.now() - startMs;
  const contact = new SimulatedContact(world);
  const hooks = new Map<EventHook, EventHookSetting>();

  const effect = (what: string, detail: string): HostResult => {
    report({ kind: 'effect', atMs: elapsedMs(), what, detail });
    return done();
  };
  const queueOf = (target: RoutingTarget | undefined): string | undefined =>
    target === undefined ? contact.queueName : nameOf(target);
  const known = (flow: Flow | undefined, reference: string): HostResult<Flow> =>
    flow
      ? done(flow)
      : failed(`"${reference}" is none of the given files; give its file too, as ${idOf(reference)}=FILE.`);

  const host: FlowHost = {
    clock,
    random: world.random,
    contact,
    participant: caller,
    log: options.log,
    note: (note: FlowNote) => report({ kind: 'note', atMs: elapsedMs(), note }),
    trace: (step: FlowStep) => {
      caller?.actionEnded();
      report({ kind: 'step', atMs: elapsedMs(), step });
    },

    updateAttributes(target, attributes) {
      if (target === 'current') for (const [key, value] of attributes) contact.attributes.set(key, value);
      return effect(
        target === 'current' ? 'attributes' : 'attributes of the related contact',
        inWords(attributes),
      );
    },
    updateContactData: (_target, fields) => effect('contact data', inWords(fields)),
    setRecordingBehavior: ({ recordedParticipants, ivrRecording }) =>
      effect(
        'recording',
        [recordedParticipants.join(' and ') || 'nobody', ivrRecording && `automated part ${ivrRecording}`]
          .filter(Boolean)
          .join(', '),
      ),
    setMediaStreaming: ({ state }) => effect('media streaming', state),
    setEventHook(setting) {
      hooks.set(setting.hook, setting);
      return effect('event hook', `${setting.hook}: ${setting.flowId ?? setting.execution}`);
    },
    tagContact: (tags) => effect('tags', inWords(tags)),
    untagContact: (keys) => effect('tags removed', keys.join(', ')),

    async invokeLambda({ functionArn, event, invocation }) {
      const parameters = event.Details.Parameters;
      const answer = await clock.outside(world.lambda({ functionArn, parameters }));
      if (!answer) return failed(`The scenario has no answer of the function ${functionArn}.`);
      report({ kind: 'lambda', atMs: elapsedMs(), functionArn, parameters, answer });
      if (invocation === 'asynchronous') return done('{}');
      if (answer.afterMs > 0) await new Promise<void>((go) => clock.setTimeout(go, answer.afterMs));
      return answer.kind === 'answer' ? done(JSON.stringify(answer.payload)) : failed(answer.message);
    },
    findFlow: (reference) => known(world.findFlow(reference), reference),
    findModule: (reference) => known(world.findFlow(reference), reference),

    setTargetQueue(target) {
      const name = nameOf(target);
      if (target.kind === 'queue' && !world.findQueue(name)) return failed(`There is no queue ${name}.`);
      contact.queueName = name;
      return effect('target queue', name);
    },
    transferToQueue() {
      if (contact.queueName === undefined) return failed('No target queue is set.');
      if (world.findQueue(contact.queueName)?.capacity === 'full') {
        return failed(`The queue ${contact.queueName} is full.`, 'QueueAtCapacity');
      }
      return effect('queued', contact.queueName);
    },
    dequeueAndTransfer(target) {
      const name = queueOf(target);
      if (name === undefined) return failed('No target queue is set.');
      if (world.findQueue(name)?.capacity === 'full') {
        return failed(`The queue ${name} is full.`, 'QueueAtCapacity');
      }
      contact.queueName = name;
      return effect('moved to the queue', name);
    },
    transferToAgent: () => effect('transferred', 'to the agent'),
    async transferToThirdParty({ phoneNumber, afterwards, connectionTimeLimitMs }) {
      if (world.thirdParty !== 'connected') {
        await new Promise<void>((go) => clock.setTimeout(go, connectionTimeLimitMs));
        return failed(`The call to ${phoneNumber} failed.`, world.thirdParty);
      }
      effect('transferred', `to ${phoneNumber}`);
      if (afterwards === 'resume') await new Promise<void>((go) => clock.setTimeout(go, thirdPartyTalkMs));
      return done();
    },
    setRoutingPriority: ({ queuePriority, queueTimeAdjustmentMs }) =>
      effect('routing', `priority ${queuePriority ?? 'as it is'}, time ${queueTimeAdjustmentMs ?? 0} ms`),
    setRoutingCriteria: (criteria) => effect('routing criteria', JSON.stringify(criteria)),
    setCallbackNumber: (phoneNumber) => effect('callback number', phoneNumber),
    createCallback: ({ maximumAttempts, initialDelayMs }) =>
      effect('callback', `in ${initialDelayMs / 1000} s, ${maximumAttempts} attempts`),
    createTask: ({ name }) => {
      effect('task', name);
      return done({ contactId: '00000000-0000-4000-8000-000000000002' });
    },

    isOpen: (hours) => {
      if (hours === undefined && contact.queueName === undefined) {
        return failed('No hours are named, and no target queue is set whose hours could be asked.');
      }
      const isOpen = world.isOpen(hours);
      return isOpen === undefined
        ? failed(`There are no hours of operation ${hours ?? 'of the target queue'}.`)
        : done(isOpen);
    },
    queueMetrics(target) {
      const name = queueOf(target);
      const queue = name === undefined ? undefined : world.findQueue(name);
      if (name === undefined || !queue) return failed(`There is no queue ${name ?? '(none is set)'}.`);
      return done({ ...queue.metrics, queueName: name, queueArn: queueArn(name) });
    },
    outboundCallStatus: () => done(world.outboundCallStatus),
    completeOutboundCall: () => effect('dialled', world.customerNumber),
    setPreviousParticipantState: (state) => effect('parties of the previous contact', state),
    runServiceAction({ actionType }) {
      const answer = world.service(actionType);
      if (!answer) return { kind: 'unsupported', detail: `The scenario has no answer for ${actionType}.` };
      return done(answer);
    },
    encryptInput: ({ plaintext }) => done(`encrypted(${plaintext.length} keys)`),
    disconnect: () => effect('hung up', 'by the flow'),
  };
  // They read through to the contact, so that what one flow changes the others see.
  const seenAs = (view: Partial<ContactView>): ContactView =>
    Object.create(
      contact,
      Object.fromEntries(Object.entries(view).map(([name, value]) => [name, { value }])),
    ) as ContactView;
  const joiningHost: FlowHost = { ...host, contact: seenAs({ agent: simulatedAgentView }) };
  const agentHost: FlowHost = { ...joiningHost, participant: options.agent };
  const remainingHost: FlowHost = {
    ...host,
    contact: seenAs({ agent: simulatedAgentView, initiationMethod: 'DISCONNECT' }),
  };
  return {
    host,
    agentHost,
    joiningHost,
    remainingHost,
    hooks,
    attributes: contact.attributes,
    queue: () => contact.queueName,
  };
}

/** Flows around a conversation may speak of the agent; nobody takes this one for a real one. */
const simulatedAgentView: AgentView = {
  arn: `${simulatedInstanceArn}/agent/00000000-0000-4000-8000-000000000003`,
  userName: 'agent',
  firstName: 'Simulated',
  lastName: 'Agent',
};

class SimulatedContact implements ContactView {
  readonly contactId = contactId;
  readonly initialContactId = contactId;
  readonly channel = 'VOICE';
  readonly initiationMethod = 'API';
  readonly instanceArn = simulatedInstanceArn;
  readonly awsRegion = 'us-east-1';
  readonly attributes: Map<string, string>;
  readonly customerEndpoint: Endpoint;
  readonly systemEndpoint: Endpoint;
  queueName: string | undefined;

  constructor(world: SimulatedWorld) {
    this.attributes = new Map(world.attributes);
    this.customerEndpoint = { address: world.customerNumber, type: 'TELEPHONE_NUMBER' };
    this.systemEndpoint = { address: world.systemNumber, type: 'TELEPHONE_NUMBER' };
    this.queueName = world.queue;
  }

  get queue(): QueueView | undefined {
    return this.queueName === undefined ? undefined : { arn: queueArn(this.queueName), name: this.queueName };
  }
}

const queueArn = (name: string): string =>
  name.startsWith('arn:') ? name : `${simulatedInstanceArn}/queue/${name}`;

const nameOf = (target: RoutingTarget): string =>
  target.kind === 'queue' ? idOf(target.queueId) : `agent ${idOf(target.agentId)}`;

const inWords = (values: ReadonlyMap<string, string>): string =>
  [...values].map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join(', ');
