/** The story of a callback that a flow ordered: its time comes, it waits for an agent, who hears his whisper and then the customer's telephone ring. */
import { createContactFlowState, runFlow } from '@ringback/flow';
import { DialFailure } from '../calls/dial-failure.ts';
import { delay } from '../clock.ts';
import { callAndTalk } from './agent-first-contact.ts';
import { acceptCallback } from './callback-order.ts';
import type { ContactRequest } from './contact.ts';
import { contactFlowHost } from './contact-flow-host.ts';
import type { HeldByContact } from './end-contact.ts';
import { type Ending, endings } from './endings.ts';
import type { OpenContact } from './open-contact.ts';
import type { OutboundContactDeps } from './outbound-contact.ts';
import { queuedContact, waitForAgent } from './queued-contact.ts';
import { outboundWhisperOf } from './whispers.ts';

/** Lives a callback to its end: its time comes, it waits for an agent, who then hears it ring. */
export async function liveCallback(
  contact: OpenContact,
  held: HeldByContact,
  deps: OutboundContactDeps,
  signal: AbortSignal,
): Promise<Ending> {
  const { request, instanceId, attributes } = contact.current;
  const instance = await deps.directory.instance(instanceId);
  const { callback } = request;
  if (!instance || !callback) return endings.flowUnavailable;
  await delay(deps.clock, Math.max(0, callback.notBeforeMs - deps.clock.now()), signal);

  held.hooks = new Map(callback.hooks?.map((setting) => [setting.hook, setting]));
  const host = contactFlowHost(contact, instance, held, deps);
  const flowState = createContactFlowState();
  if (callback.agentId) await host.setTargetQueue?.({ kind: 'agent', agentId: callback.agentId });
  else if (request.queueId) await host.setTargetQueue?.({ kind: 'queue', queueId: request.queueId });
  if (callback.contactFlowId) {
    const flow = await deps.flows.find(instance, callback.contactFlowId, 'flow');
    if (!flow) return endings.flowUnavailable;
    const outcome = await runFlow(flow, host, { signal, state: flowState });
    signal.throwIfAborted();
    if (outcome.kind !== 'queued' && outcome.kind !== 'transferredToAgent') return endings.flowEnded;
  } else {
    const queued = await host.transferToQueue?.();
    if (queued?.kind !== 'done') return endings.queueRefused;
  }
  const queued = queuedContact(contact, instance, held, host, flowState, deps);
  if (!queued) return endings.flowEnded;
  queued.card.enter({ phase: 'DIALLING', parties: [] }, {});
  const desk = await waitForAgent(queued, signal);
  signal.throwIfAborted();
  if (!desk) return endings.flowEnded;
  try {
    const queue = request.queueId && (await deps.directory.queue(instanceId, request.queueId));
    return await callAndTalk(queued, desk, outboundWhisperOf(queue), deps, signal);
  } catch (error) {
    if (error instanceof DialFailure && callback.attemptsLeft > 1) {
      const again: ContactRequest = {
        ...request,
        previousContactId: contact.current.id,
        callback: {
          ...callback,
          attemptsLeft: callback.attemptsLeft - 1,
          notBeforeMs: deps.clock.now() + callback.retryDelayMs,
        },
      };
      const refusal = await acceptCallback(again, attributes, instance, deps);
      if (refusal !== undefined) {
        deps.logger.warn({ contactId: contact.current.id, refusal }, 'a callback is not tried again');
      }
    }
    throw error;
  }
}
