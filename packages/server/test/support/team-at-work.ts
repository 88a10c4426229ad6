/** Agents at work against a running service, for story tests with several of them: made, signed in, asked what they see, measured by what they hear. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import {
  CreateQuickConnectCommand,
  CreateUserCommand,
  ListContactFlowsCommand,
  ListRoutingProfilesCommand,
  ListSecurityProfilesCommand,
  type QuickConnectConfig,
} from '@aws-sdk/client-connect';
import { decodeMulaw, toneLevel } from '@ringback/media';
import { ScriptedAgent } from '@ringback/testkit';
import type { TestService } from './test-service.ts';

/** Password of every user that is made here. */
export const teamPassword = 'Ringback-2';

/** Makes a user of the first routing profile; resolves with the id. */
export async function createTeamUser(
  ringback: TestService,
  Username: string,
  securityProfile: string,
): Promise<string> {
  const InstanceId = ringback.instanceId;
  const profiles = await ringback.client.send(new ListRoutingProfilesCommand({ InstanceId }));
  const security = await ringback.client.send(new ListSecurityProfilesCommand({ InstanceId }));
  const allowed = security.SecurityProfileSummaryList?.find(({ Name }) => Name === securityProfile);
  const created = await ringback.client.send(
    new CreateUserCommand({
      InstanceId,
      Username,
      Password: teamPassword,
      IdentityInfo: { FirstName: Username, LastName: 'Agent' },
      PhoneConfig: { PhoneType: 'SOFT_PHONE', AfterContactWorkTimeLimit: 0 },
      RoutingProfileId: profiles.RoutingProfileSummaryList?.[0]?.Id,
      SecurityProfileIds: [allowed?.Id ?? ''],
    }),
  );
  return created.UserId ?? '';
}

/** The id of a published flow. */
export async function flowNamed(ringback: TestService, name: string): Promise<string> {
  const { ContactFlowSummaryList } = await ringback.client.send(
    new ListContactFlowsCommand({ InstanceId: ringback.instanceId, MaxResults: 1000 }),
  );
  return ContactFlowSummaryList?.find(({ Name }) => Name === name)?.Id ?? '';
}

/** Makes a quick connect that no queue has yet; resolves with its id. */
export async function createQuickConnect(
  ringback: TestService,
  Name: string,
  config: QuickConnectConfig,
): Promise<string> {
  const created = await ringback.client.send(
    new CreateQuickConnectCommand({ InstanceId: ringback.instanceId, Name, QuickConnectConfig: config }),
  );
  return created.QuickConnectId ?? '';
}

/** Signs in, connects the softphone and speaks a tone from then on. */
export async function agentAtWork(
  ringback: TestService,
  username: string,
  password: string,
  toneHz: number,
): Promise<ScriptedAgent> {
  const agent = await ScriptedAgent.signIn({ url: ringback.service.url, username, password, toneHz });
  await agent.connectSoftphone();
  agent.speak();
  return agent;
}

/** A customer at `number`, and the agent who took the call; resolves with the contact's id. */
export async function conversationOf(
  ringback: TestService,
  agent: ScriptedAgent,
  number: string,
  flowId: string,
): Promise<string> {
  await agent.setStatus('Available');
  const contactId = await ringback.call(number, flowId);
  await acceptOffer(agent);
  await agent.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');
  return contactId;
}

/** Accepts what is offered next; resolves with its id. */
export async function acceptOffer(agent: ScriptedAgent): Promise<string> {
  const { contact } = await agent.until('an offer', (state) => state.contact?.state === 'CONNECTING');
  const contactId = contact?.contactId ?? '';
  await agent.do({ do: 'accept', contactId });
  return contactId;
}

/** Ends the agent's after-contact work, when it has begun. */
export async function finishWork(agent: ScriptedAgent, contactId: string): Promise<void> {
  await agent.until('after-contact work', ({ contact }) => contact?.state === 'ENDED');
  await clear(agent, contactId);
  await agent.until('nothing', ({ contact }) => contact === undefined);
}

/** Puts away what stands on the page. That the page shows it no more may be told after the answer: what is waited for next must not find it there. */
export async function clear(agent: ScriptedAgent, contactId: string | undefined): Promise<void> {
  await agent.do({ do: 'clear', contactId });
  await agent.until('another contact or none', ({ contact }) => contact?.contactId !== contactId);
}

/** Resolves when the page shows exactly these parties: id → state. */
export function untilParties(agent: ScriptedAgent, shown: Readonly<Record<string, string>>) {
  return agent.until(
    JSON.stringify(shown),
    ({ contact }) =>
      contact !== undefined &&
      isDeepStrictEqual(Object.fromEntries(contact.parties.map(({ id, state }) => [id, state])), shown),
  );
}

/** Half a second of packets. */
const measured = 25;

/** Resolves when the newest half second that the agent heard is mostly the tone. */
export const hears = (agent: ScriptedAgent, hz: number) => untilLevel(agent, hz, (level) => level > 0.3);

/** Resolves when there is none of it. */
export const hearsNot = (agent: ScriptedAgent, hz: number) => untilLevel(agent, hz, (level) => level < 0.05);

async function untilLevel(agent: ScriptedAgent, hz: number, isSo: (level: number) => boolean): Promise<void> {
  const giveUpAtMs = Date.now() + 60_000;
  const from = agent.heard.length;
  for (;;) {
    // Only what came since: the packets of before tell of before.
    if (agent.heard.length >= from + measured) {
      const level = toneLevel(decodeMulaw(Buffer.concat(agent.heard.slice(-measured))), 8000, hz);
      if (isSo(level)) return;
      assert.ok(Date.now() < giveUpAtMs, `${hz} Hz stands at ${level}`);
    }
    assert.ok(Date.now() < giveUpAtMs, 'nothing is heard');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
