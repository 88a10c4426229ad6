/** The Contact Control Panel in a real browser: signs in, takes calls, previews; what is heard is measured at both ends. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  AssociateQueueQuickConnectsCommand,
  CreateAgentStatusCommand,
  ListSecurityProfilesCommand,
  ListUsersCommand,
  MonitorContactCommand,
  type StartOutboundVoiceContactCommandInput,
  UpdateAgentStatusCommand,
  UpdateUserSecurityProfilesCommand,
} from '@aws-sdk/client-connect';
import { toneLevel } from '@ringback/media';
import type { ScriptedAgent } from '@ringback/testkit';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { transferToQueue } from './support/flow-actions.ts';
import {
  acceptOffer,
  agentAtWork,
  conversationOf,
  createQuickConnect,
  createTeamUser,
  finishWork,
  flowNamed,
  teamPassword,
  untilParties,
} from './support/team-at-work.ts';
import { startTestService, type TestService } from './support/test-service.ts';

/** Screenshots are kept where the documents show them; a run elsewhere may name another folder. */
const pictures = process.env.RINGBACK_TEST_PICTURES ?? path.join(import.meta.dirname, '../../../docs/ccp');

/** Answers at once, says hello, listens. */
const person = '+12065550101';
const busy = '+12065550120';
const ringsForEight = '+12065550142';

/** Nothing may need scrolling sideways, px (WCAG 1.4.10). */
const narrowest = 320;

/** Chromium's fake microphone beeps with this frequency. */
const beepHz = 400;

const chromiumFlags = [
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe('the Contact Control Panel', () => {
  let ringback: TestService;
  let browser: Browser;
  let page: Page;
  let flowId: string;
  let colleague: ScriptedAgent;
  const complaints: string[] = [];

  before(async () => {
    await mkdir(pictures, { recursive: true });
    ringback = await startTestService('preview: { allowedFor: everyone }');
    flowId = await ringback.createFlow(transferToQueue);
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: chromiumFlags });
    const context = await browser.newContext({ viewport: { width: 480, height: 860 } });
    await context.grantPermissions(['microphone'], { origin: ringback.service.url });
    await context.addInitScript(listenToConnections);
    page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
  });

  after(async () => {
    await browser?.close();
    await colleague?.close();
    await ringback?.close();
  });

  /** Keeps a picture, and lets nobody be shut out of what it shows (WCAG 2.2, levels A and AA). */
  async function picture(name: string): Promise<void> {
    await page.screenshot({ path: path.join(pictures, `${name}.png`) });
    await page.evaluate(axe.source);
    const violations = await page.evaluate(findViolations);
    assert.deepEqual(violations, [], `${name}: WCAG`);
    const viewport = page.viewportSize();
    assert.ok(viewport);
    await page.setViewportSize({ ...viewport, width: narrowest });
    const width = await page
      .locator('html')
      .evaluate((html) => (html as unknown as { scrollWidth: number }).scrollWidth);
    assert.ok(width <= narrowest, `${name}: ${width} px wide in a window of ${narrowest}`);
    await page.setViewportSize(viewport);
  }
  const title = (text: string) =>
    page.getByRole('heading', { level: 1, name: text, exact: true }).waitFor({ timeout: 60_000 });
  /** Loads the page until it is so: what the instance has changed shows after a moment. */
  async function comesTrue(isSo: () => Promise<boolean>): Promise<void> {
    const giveUpAtMs = Date.now() + 90_000;
    for (;;) {
      await page.reload();
      await page.getByLabel(/^Status/).waitFor();
      if (await isSo()) return;
      assert.ok(Date.now() < giveUpAtMs, 'the page does not show it');
    }
  }
  const press = (name: string | RegExp) => page.getByRole('button', { name }).click();

  it('refuses a wrong password in words, and takes the right one', async () => {
    await page.goto(`${ringback.service.url}/ccp`);
    await page.getByLabel('User name').fill('agent');
    await page.getByLabel('Password').fill('wrong');
    await press('Sign in');
    await page.getByText('The name or the password is wrong.').waitFor();
    await picture('sign-in');
    await page.getByLabel('Password').fill('ringback');
    await press('Sign in');
    await page.getByText('You are Offline').waitFor();
    await page.getByText(/^Network good/).waitFor({ timeout: 60_000 });
    await picture('offline');
  });

  it('goes Available, takes a call, hears and is heard, holds, resumes, hangs up, finishes', async () => {
    await page.getByLabel(/^Status/).selectOption({ label: 'Available' });
    await page.getByText('Waiting for the next contact').waitFor();
    await picture('available');
    await press('Settings');
    const contactId = await ringback.call(person, flowId, {
      Name: 'Grace Hopper',
      Description: 'Wants to know where the compiler is.\nCalled twice last week.',
      References: {
        Order: { Type: 'URL', Value: 'https://example.com/orders/42' },
        Trap: { Type: 'STRING', Value: '<img src=x onerror=alert(1)>' },
      },
      Attributes: { tier: 'gold', note: 'javascript:alert(1)' },
    });
    await title('Incoming contact');
    assert.equal(await page.title(), 'Incoming contact: Grace Hopper');
    await page.getByRole('status').filter({ hasText: 'Incoming contact: Grace Hopper' }).waitFor();
    await page.mouse.click(1, 1);
    await picture('incoming');
    await press(/^Accept/);
    await title('Connected');
    await loudIn(page);
    await sentBy(page, 150);
    await picture('connected');
    await press(/^Hold/);
    await title('On hold');
    await picture('on-hold');
    await press(/^Resume/);
    await title('Connected');
    await press(/^Mute/);
    await page.getByRole('button', { name: /^Unmute/ }).click();
    await press('Hang up');
    await title('After-contact work');
    await picture('after-contact-work');
    await press(/^Finish/);
    await page.getByText('Waiting for the next contact').waitFor();

    const record = await ringback.record(contactId);
    assert.equal(record.DisconnectReason, 'AGENT_DISCONNECT');
    const [heard] = (await ringback.phoneHeard(person)) ?? [];
    assert.ok(heard);
    assert.ok(hasBeep(heard), 'the phone heard the microphone');
    assert.equal(await page.locator('img[src="x"]').count(), 0, 'markup of a reference stays text');
    assert.equal(await page.locator('a[href^="javascript:"]').count(), 0);
  });

  const preview = (
    seconds: number,
    actions: ('CALL' | 'DISCARD')[],
  ): Partial<StartOutboundVoiceContactCommandInput> => ({
    Name: 'Ada Lovelace',
    Description: 'Asked for a call back about her engine.',
    OutboundStrategy: {
      Type: 'AGENT_FIRST',
      Config: {
        AgentFirst: {
          Preview: {
            PostAcceptTimeoutConfig: { DurationInSeconds: seconds },
            AllowedUserActions: actions,
          },
        },
      },
    },
  });

  it('previews, calls, hears it ring, talks', async () => {
    const contactId = await ringback.call(ringsForEight, flowId, preview(300, ['CALL', 'DISCARD']));
    await title('Incoming contact');
    // Whoever clicks twice, or leans on a key, presses nothing of what takes the button's place.
    await page.getByRole('button', { name: /^Accept/ }).hover();
    await page.mouse.down();
    await page.mouse.up();
    await title('Preview');
    await page.mouse.down({ clickCount: 2 });
    await page.mouse.up({ clickCount: 2 });
    await picture('preview');
    await page.getByRole('button', { name: 'Call now' }).focus();
    await page.keyboard.down('Enter');
    await title('Calling …');
    await page.keyboard.down('Enter');
    await page.keyboard.up('Enter');
    await loudIn(page);
    await picture('calling');
    await title('Connected');
    await press('Hang up');
    await title('After-contact work');
    await press(/^Finish/);
    const record = await ringback.record(contactId);
    assert.equal(record.DisconnectReason, 'AGENT_DISCONNECT');
    assert.deepEqual(
      ringback.events(contactId).map(({ eventType }) => eventType),
      [
        'INITIATED',
        'QUEUED',
        'CONTACT_DATA_UPDATED',
        'CONNECTED_TO_SYSTEM',
        'CONNECTED_TO_AGENT',
        'DISCONNECTED',
        'COMPLETED',
      ],
    );
  });

  it('discards a preview', async () => {
    const contactId = await ringback.call(person, flowId, preview(300, ['CALL', 'DISCARD']));
    await title('Incoming contact');
    await press(/^Accept/);
    await title('Preview');
    await press('Discard');
    await page.getByText('Waiting for the next contact').waitFor({ timeout: 60_000 });
    assert.equal((await ringback.record(contactId)).DisconnectReason, 'OUTBUND_PREVIEW_DISCARDED');
  });

  it('calls when the countdown ends, and tells in words that the line is busy', async () => {
    const contactId = await ringback.call(busy, flowId, preview(2, ['CALL']));
    await title('Incoming contact');
    await press(/^Accept/);
    await title('The call failed');
    await page.getByText('The line is busy.').waitFor();
    await picture('busy');
    await press(/^Close contact/);
    await page.getByText('Waiting for the next contact').waitFor();
    assert.equal((await ringback.record(contactId)).DisconnectReason, 'TELECOM_BUSY');
  });

  it('asks a colleague, makes a conference, and leaves the customer to him', async () => {
    const { client, instanceId: InstanceId, queueId: QueueId } = ringback;
    const UserId = await createTeamUser(ringback, 'grace', 'Agent');
    const users = await client.send(new ListUsersCommand({ InstanceId }));
    const agentId = users.UserSummaryList?.find(({ Username }) => Username === 'agent')?.Id;
    const ContactFlowId = await flowNamed(ringback, 'Default agent transfer');
    const toAgent = await createQuickConnect(ringback, 'Agent', {
      QuickConnectType: 'USER',
      UserConfig: { UserId: agentId, ContactFlowId },
    });
    const QuickConnectIds = [
      toAgent,
      await createQuickConnect(ringback, 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerk', {
        QuickConnectType: 'PHONE_NUMBER',
        PhoneConfig: { PhoneNumber: busy },
      }),
      await createQuickConnect(ringback, 'Grace', {
        QuickConnectType: 'USER',
        UserConfig: { UserId, ContactFlowId },
      }),
      await createQuickConnect(ringback, 'Service', {
        QuickConnectType: 'QUEUE',
        QueueConfig: { QueueId, ContactFlowId: await flowNamed(ringback, 'Default queue transfer') },
      }),
    ];
    await client.send(new AssociateQueueQuickConnectsCommand({ InstanceId, QueueId, QuickConnectIds }));
    colleague = await agentAtWork(ringback, 'grace', teamPassword, 1000);
    const contactId = await ringback.call(person, flowId, { Name: 'Grace Hopper' });
    await title('Incoming contact');
    await press(/^Accept/);
    await title('Connected');
    await colleague.setStatus('Available');
    await press('Transfer');
    await page.getByRole('button', { name: 'Hand over to Service' }).waitFor();
    assert.equal(await page.getByRole('searchbox').count(), 0, 'few are seen at a glance');
    await picture('transfer');
    await press('Speak first with Grace');
    const next = await acceptOffer(colleague);
    await title('On hold');
    await page.getByRole('button', { name: 'Swap' }).waitFor();
    await loudIn(page);
    await picture('consulting');
    await press('Swap');
    await title('Connected');
    await press('Join all');
    await page.getByRole('button', { name: 'Join all' }).waitFor({ state: 'detached' });
    await picture('conference');
    await press('Leave the call');
    await title('After-contact work');
    await press(/^Finish/);
    await page.getByText('Waiting for the next contact').waitFor();
    await untilParties(colleague, { customer: 'connected' });

    await colleague.do({ do: 'transfer', contactId: next, kind: 'warm', quickConnectId: toAgent });
    await title('grace asks you');
    await picture('asked');
    await press(/^Accept/);
    await title('Connected');
    await page.getByRole('button', { name: 'Leave the call' }).waitFor();
    await colleague.do({ do: 'hangUp', contactId: next });
    await finishWork(colleague, next);
    await press(/^Hang up/);
    await title('After-contact work');
    await press(/^Finish/);
    await page.getByText('Waiting for the next contact').waitFor();
    assert.equal((await ringback.record(contactId)).NextContactId, next);
    assert.equal((await ringback.record(next)).InitiationMethod, 'TRANSFER');
  });

  it('finds one of many quick connects by name or number', async () => {
    const { client, instanceId: InstanceId, queueId: QueueId } = ringback;
    const QuickConnectIds = [];
    for (const n of [1, 2, 3, 4, 5, 6])
      QuickConnectIds.push(
        await createQuickConnect(ringback, `Branch ${n}`, {
          QuickConnectType: 'PHONE_NUMBER',
          PhoneConfig: { PhoneNumber: `+1206555014${n}` },
        }),
      );
    await client.send(new AssociateQueueQuickConnectsCommand({ InstanceId, QueueId, QuickConnectIds }));
    await colleague.setStatus('Offline');
    await ringback.call(person, flowId);
    await title('Incoming contact');
    await press(/^Accept/);
    await title('Connected');
    await press('Transfer');
    const rows = page.getByRole('button', { name: /^Speak first with/ });
    const find = page.getByRole('searchbox', { name: 'Find' });
    await find.fill('grace');
    await rows.nth(1).waitFor({ state: 'detached' });
    assert.equal(await rows.first().getAttribute('aria-label'), 'Speak first with Grace');
    await picture('transfer-search');
    await find.fill('5550143');
    await page.getByRole('button', { name: 'Speak first with Branch 3' }).waitFor();
    assert.equal(await rows.count(), 1);
    await find.fill('nobody');
    await page.getByText('None of 9 is called so.').waitFor();
    await press(/^Hang up/);
    await title('After-contact work');
    await press(/^Finish/);
    await page.getByText('Waiting for the next contact').waitFor();
  });

  it('listens to a colleague, and takes part', async () => {
    const { client, instanceId: InstanceId } = ringback;
    const users = await client.send(new ListUsersCommand({ InstanceId }));
    const UserId = users.UserSummaryList?.find(({ Username }) => Username === 'agent')?.Id;
    const profiles = await client.send(new ListSecurityProfilesCommand({ InstanceId }));
    const SecurityProfileIds = profiles.SecurityProfileSummaryList?.filter(
      ({ Name }) => Name === 'CallCenterManager',
    ).map(({ Id = '' }) => Id);
    await client.send(new UpdateUserSecurityProfilesCommand({ InstanceId, UserId, SecurityProfileIds }));
    await page.getByLabel(/^Status/).selectOption({ label: 'Offline' });
    await page.getByText('You are Offline').waitFor();
    const ContactId = await conversationOf(ringback, colleague, person, flowId);
    await client.send(
      new MonitorContactCommand({
        InstanceId,
        ContactId,
        UserId,
        AllowedMonitorCapabilities: ['SILENT_MONITOR', 'BARGE'],
      }),
    );
    await title('Listening');
    await page.getByText(`Contact ${ContactId}`).waitFor();
    await page.getByText('Agent grace').waitFor();
    await loudIn(page);
    await picture('listening');
    await press('Barge in');
    await title('Taking part');
    await untilParties(colleague, { customer: 'connected', supervisor: 'connected' });
    await picture('barging-in');
    await press('Stop listening');
    await page.getByText('You are Offline').waitFor();
    await colleague.do({ do: 'hangUp', contactId: ContactId });
    await finishWork(colleague, ContactId);
    // Idle for longer, the next contact would ring there first.
    await colleague.setStatus('Offline');
  });

  it('shows settings with level and echo test, and complained of nothing', async () => {
    await press('Settings');
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await press(/^Echo test/);
    await page.getByRole('button', { name: 'End the echo test' }).waitFor();
    await loudIn(page);
    await picture('settings');
    await press('End the echo test');
    await page.evaluate(() => (globalThis as unknown as Disturbances).ringbackUnplug());
    await page.getByText('No microphone was found.').waitFor();
    await page.evaluate(() => (globalThis as unknown as Disturbances).ringbackPlugIn());
    await press('Try again');
    await page.getByText('No microphone was found.').waitFor({ state: 'detached' });
    assert.deepEqual(
      complaints.filter((text) => !text.includes('401')),
      [],
    );
  });

  it('comes back by itself, from a break and from silence', async () => {
    const broken = page.getByText('The connection is broken.');
    const refused = page.getByText('it is being made again');
    await page.evaluate(() => (globalThis as unknown as Disturbances).ringbackLeave());
    await broken.waitFor();
    await press(/^Echo test/);
    await refused.waitFor();
    await page.evaluate(() => (globalThis as unknown as Disturbances).ringbackReturn());
    await broken.waitFor({ state: 'detached', timeout: 60_000 });
    await refused.waitFor({ state: 'detached' });

    const sockets = () => page.evaluate(() => (globalThis as unknown as Disturbances).ringbackSockets());
    const before = await sockets();
    await page.evaluate(() => (globalThis as unknown as Disturbances).ringbackFallSilent());
    const giveUpAtMs = Date.now() + 120_000;
    while ((await sockets()) === before) {
      assert.ok(Date.now() < giveUpAtMs, 'the page waits for a service that says nothing');
      await page.waitForTimeout(200);
    }
    await broken.waitFor({ state: 'detached', timeout: 60_000 });
  });

  it('says what may help where no connection comes about, and goes on trying', async () => {
    const other = await page.context().newPage();
    await other.clock.install();
    await other.addInitScript(swallowSockets);
    await other.goto(`${ringback.service.url}/ccp`);
    await other.getByText('Connecting …').waitFor();
    const tries = () => other.evaluate(() => (globalThis as unknown as Swallowed).ringbackTries);
    assert.equal(await tries(), 1);
    while ((await tries()) < 3) await other.clock.runFor(5_000);
    await other.getByText('may not let WebSockets').waitFor();
    await other.close();
  });

  it('says who is still signed in where the service is away', async () => {
    const session = '**/_ringback/session';
    await page.evaluate(() => (globalThis as unknown as Disturbances).ringbackLeave());
    await page.route(session, (route) => route.abort());
    await press('Sign out');
    await page.getByText('You are still signed in').waitFor();
    await page.unroute(session);
    await page.evaluate(() => (globalThis as unknown as Disturbances).ringbackReturn());
    await page.getByText('The connection is broken.').waitFor({ state: 'detached', timeout: 60_000 });
  });

  it('leaves the agent, the microphone and the name of the contact to the newest window', async () => {
    await page.getByLabel(/^Status/).selectOption({ label: 'Available' });
    await ringback.call(person, flowId, { Name: 'Grace Hopper' });
    await title('Incoming contact');
    const newest = await page.context().newPage();
    await newest.goto(`${ringback.service.url}/ccp`);
    await newest.getByRole('button', { name: /^Reject/ }).waitFor({ timeout: 60_000 });
    await title('Open in another window');
    assert.equal(await page.title(), 'Ringback – Contact Control Panel');
    assert.equal(
      await page.evaluate(() => (globalThis as unknown as Disturbances).ringbackMicrophone()),
      'ended',
    );
    await newest.close();
    await press('Use it here');
    await page.getByLabel(/^Status/).waitFor();
  });

  it('shows a status that was taken out of use while the agent is in it', async () => {
    const { client, instanceId: InstanceId } = ringback;
    const { AgentStatusId } = await client.send(
      new CreateAgentStatusCommand({ InstanceId, Name: 'Lunch', State: 'ENABLED' }),
    );
    const menu = page.getByLabel(/^Status/);
    const chosen = page.locator('option:checked');
    await comesTrue(async () => (await menu.textContent())?.includes('Lunch') ?? false);
    await menu.selectOption({ label: 'Lunch' });
    await client.send(new UpdateAgentStatusCommand({ InstanceId, AgentStatusId, State: 'DISABLED' }));
    await comesTrue(async () => (await chosen.textContent()) === 'Lunch' && (await chosen.isDisabled()));
  });

  it('shows the sign-in when the session ended while the connection was broken', async () => {
    await page.context().clearCookies();
    await page.evaluate(() => (globalThis as unknown as Disturbances).ringbackBreak());
    await page.getByRole('button', { name: 'Sign in' }).waitFor({ timeout: 60_000 });
  });
});

/** Runs in the page, after axe. */
async function findViolations(): Promise<string[]> {
  interface Axe {
    run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
  }
  const { axe } = globalThis as unknown as { axe: Axe };
  const { violations } = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

interface Swallowed {
  ringbackTries: number;
}

/** Runs in the page before its own code: no socket ever opens, nor fails. */
function swallowSockets(): void {
  const world = globalThis as unknown as Swallowed & { WebSocket: { prototype: object } };
  world.ringbackTries = 0;
  class Swallowing {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    readonly readyState = 0;
    constructor() {
      world.ringbackTries += 1;
    }
    close(): void {}
  }
  world.WebSocket = Swallowing;
}

/** What a test may do to the page's network and microphone. */
interface Disturbances {
  ringbackBreak(): void;
  /** Breaks the connection, and lets no other be made before `ringbackReturn`. */
  ringbackLeave(): void;
  ringbackReturn(): void;
  /** Nothing that the page sends arrives any more, though its sockets stay open. */
  ringbackFallSilent(): void;
  /** Sockets opened so far. */
  ringbackSockets(): number;
  /** Takes every microphone away. */
  ringbackUnplug(): void;
  ringbackPlugIn(): void;
  /** Whether the microphone is `live` or `ended`. */
  ringbackMicrophone(): string;
}

/**
 * Runs in the page before its own code: keeps its peer connections, so that what arrives on them can be measured, its sockets and its
 * microphone, to be broken.
 */
function listenToConnections(): void {
  interface Connection {
    getStats(): Promise<Iterable<[string, { type: string; audioLevel?: number; packetsSent?: number }]>>;
  }
  interface Microphone {
    getTracks(): { readonly readyState: string; dispatchEvent(event: Event): boolean }[];
  }
  interface Socket {
    close(): void;
    send(text: string): void;
  }
  const world = globalThis as unknown as Disturbances & {
    RTCPeerConnection: new (...args: unknown[]) => Connection;
    WebSocket: new (url: string, protocol: string) => Socket;
    navigator: { mediaDevices: { getUserMedia: (wanted: unknown) => Promise<Microphone> } };
    ringbackHeard: () => Promise<number>;
    ringbackSent: () => Promise<number>;
  };
  const sockets: Socket[] = [];
  let isAway = false;
  world.WebSocket = class extends world.WebSocket {
    constructor(url: string, protocol: string) {
      super(isAway ? `${url}/nowhere` : url, protocol);
      sockets.push(this);
    }
  };
  world.ringbackSockets = () => sockets.length;
  world.ringbackBreak = () => {
    for (const socket of sockets) socket.close();
  };
  world.ringbackLeave = () => {
    isAway = true;
    world.ringbackBreak();
  };
  world.ringbackReturn = () => {
    isAway = false;
  };
  world.ringbackFallSilent = () => {
    for (const socket of sockets) socket.send = () => undefined;
  };
  const { mediaDevices } = world.navigator;
  const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
  let microphone: Microphone | undefined;
  world.ringbackPlugIn = () => {
    mediaDevices.getUserMedia = async (wanted) => {
      microphone = await getUserMedia(wanted);
      return microphone;
    };
  };
  world.ringbackPlugIn();
  world.ringbackUnplug = () => {
    mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'));
    for (const track of microphone?.getTracks() ?? []) track.dispatchEvent(new Event('ended'));
  };
  world.ringbackMicrophone = () => microphone?.getTracks()[0]?.readyState ?? 'missing';
  const connections: Connection[] = [];
  world.RTCPeerConnection = class extends world.RTCPeerConnection {
    constructor(...args: unknown[]) {
      super(...args);
      connections.push(this);
    }
  };
  world.ringbackHeard = async () => {
    let loudest = 0;
    for (const connection of connections) {
      for (const [, report] of await connection.getStats()) {
        if (report.type === 'inbound-rtp') loudest = Math.max(loudest, report.audioLevel ?? 0);
      }
    }
    return loudest;
  };
  world.ringbackSent = async () => {
    let packets = 0;
    for (const connection of connections) {
      for (const [, report] of await connection.getStats()) {
        if (report.type === 'outbound-rtp') packets += report.packetsSent ?? 0;
      }
    }
    return packets;
  };
}

/** Resolves when the browser has sent so many packets more. */
async function sentBy(page: Page, packets: number): Promise<void> {
  const sent = () =>
    page.evaluate(() => (globalThis as unknown as { ringbackSent(): Promise<number> }).ringbackSent());
  const enough = (await sent()) + packets;
  const giveUpAtMs = Date.now() + 60_000;
  while ((await sent()) < enough) {
    assert.ok(Date.now() < giveUpAtMs, 'the browser sends nothing');
    await page.waitForTimeout(200);
  }
}

/** Resolves when the browser plays something loud from the service. */
async function loudIn(page: Page): Promise<void> {
  const giveUpAtMs = Date.now() + 60_000;
  for (;;) {
    const level = await page.evaluate(() => {
      const seen = globalThis as unknown as { ringbackHeard?: () => Promise<number> };
      return seen.ringbackHeard?.() ?? Promise.resolve(-1);
    });
    if (level > 0.01) return;
    assert.ok(Date.now() < giveUpAtMs, `the browser heard nothing (${level})`);
    await page.waitForTimeout(200);
  }
}

/** Whether there is a quarter of a second of the microphone's beep: its note among overtones, with nothing beside it. */
function hasBeep(pcm: Int16Array): boolean {
  for (let at = 0; at + 2000 <= pcm.length; at += 500) {
    const part = pcm.subarray(at, at + 2000);
    const note = toneLevel(part, 8000, beepHz);
    if (note > 0.03 && [300, 340, 460, 500].every((hz) => note > 3 * toneLevel(part, 8000, hz))) return true;
  }
  return false;
}
