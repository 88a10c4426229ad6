// One story between our user agent and SIPp: both must be content at its end.
import {
  callBySipp,
  type ForeignProgram,
  freePort,
  type SippOptions,
  type SippStep,
  startSipp,
} from '@ringback/testkit';
import type { UserAgentOptions } from '../../src/index.ts';
import { type InteropAgent, withAgent } from './interop-agent.ts';

/** SIPp waits for our call and follows its scenario; `story` calls it. */
export async function withCallee(
  scenario: readonly SippStep[],
  story: (ours: InteropAgent, sippPort: number, callee: ForeignProgram) => Promise<void>,
  options: Partial<UserAgentOptions> & { readonly sipp?: Partial<SippOptions> } = {},
): Promise<void> {
  const { sipp, ...ours } = options;
  const port = sipp?.port ?? (await freePort());
  const callee = await startSipp({ scenario, port, ...sipp });
  try {
    await withAgent(ours, (agent) => story(agent, port, callee));
    await callee.finished;
  } finally {
    await callee.close();
  }
}

/** SIPp calls us and follows its scenario; `onInvite` among the options answers. The story ends when SIPp is content. */
export async function withCaller(
  scenario: readonly SippStep[],
  options: Partial<UserAgentOptions>,
  check: (ours: InteropAgent) => void | Promise<void> = () => undefined,
): Promise<void> {
  await withAgent(options, async (ours) => {
    await callBySipp(scenario, ours.agent.endpoint);
    await check(ours);
  });
}
