/** The flows of phase B, in the Flow language, created through the API as an application would. */
import type { BenchService } from './bench-service.ts';

/** Plays the seeded beep (200 ms) and hangs up. */
export const beepFlow = {
  name: 'Benchmark beep',
  actions: [
    {
      Identifier: 'beep',
      Type: 'MessageParticipant',
      Parameters: { PromptId: 'Beep.wav' },
      Transitions: { NextAction: 'end', Errors: [{ NextAction: 'end', ErrorType: 'NoMatchingError' }] },
    },
    { Identifier: 'end', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} },
  ],
} as const;

/** Holds the call, longer than the benchmark needs. */
export const holdFlow = {
  name: 'Benchmark hold',
  actions: [
    {
      Identifier: 'hold',
      Type: 'Wait',
      Parameters: { TimeLimitSeconds: '600' },
      Transitions: {
        NextAction: 'end',
        Errors: [{ NextAction: 'end', ErrorType: 'NoMatchingError' }],
        Conditions: [{ NextAction: 'end', Condition: { Operator: 'Equals', Operands: ['WaitCompleted'] } }],
      },
    },
    { Identifier: 'end', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} },
  ],
} as const;

/** Creates a flow and answers its id. */
export async function createFlow(
  service: BenchService,
  {
    name,
    actions,
    type = 'CONTACT_FLOW',
  }: {
    readonly name: string;
    readonly actions: readonly (Readonly<Record<string, unknown>> & { readonly Identifier: string })[];
    readonly type?: string;
  },
): Promise<string> {
  const created = await service.call('PUT', `/contact-flows/${service.instanceId}`, {
    Name: name,
    Type: type,
    Content: JSON.stringify({
      Version: '2019-10-30',
      StartAction: actions[0]?.Identifier,
      Metadata: {},
      Actions: actions,
    }),
  });
  return (created as { ContactFlowId: string }).ContactFlowId;
}
