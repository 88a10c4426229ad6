/** What the agents' door and socket do with those who should not come in, or not that far: refused in words, and the service lives on. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import * as sdk from '@aws-sdk/client-connect';
import { CommandRefused, ScriptedAgent } from '@ringback/testkit';
import { WebSocket } from 'ws';
import { hashPassword } from '../src/identity/passwords.ts';
import type { AccountId } from '../src/ids.ts';
import { type OpenState, openState } from '../src/store/open-state.ts';
import { seed } from '../src/store/seed.ts';
import { transferToQueue } from './support/flow-actions.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const protocol = 'ringback.agent.v1';
const sessionPath = '/_ringback/session';
const socketPath = '/_ringback/agent-socket';
/** Says hello and listens. */
const person = '+12065550101';
const strangerAccount = '222222222222';
const password = 'Correct-horse-1';

describe('the agents’ door', () => {
  let ringback: TestService;
  let state: OpenState;
  let url: string;
  const agents: ScriptedAgent[] = [];

  before(async () => {
    ringback = await startTestService();
    url = ringback.service.url;
    state = await openState({
      dataDir: ringback.dataDir,
      databaseUrl: undefined,
      onProgress: () => undefined,
    });
    await seed(state.database, {
      tenant: { accountId: strangerAccount as AccountId, region: 'us-east-1' },
      nowMs: Date.now(),
      flows: [],
      prompts: [],
      agentPasswordHash: () => hashPassword(password),
      phoneNumbers: [],
      pools: { activeCalls: 10, campaignCalls: 0 },
    });
    await createUser('colleague', ['BasicAgentAccess', 'OutboundCallAccess']);
    await createUser('novice', ['BasicAgentAccess']);
  });

  after(async () => {
    await Promise.all(agents.map((agent) => agent.close()));
    await state?.close();
    await ringback?.close();
  });

  async function createUser(Username: string, Permissions: string[]): Promise<void> {
    const { client, instanceId: InstanceId } = ringback;
    const { SecurityProfileId } = await client.send(
      new sdk.CreateSecurityProfileCommand({
        InstanceId,
        SecurityProfileName: `Of ${Username}`,
        Permissions,
      }),
    );
    const { RoutingProfileSummaryList } = await client.send(
      new sdk.ListRoutingProfilesCommand({ InstanceId }),
    );
    await client.send(
      new sdk.CreateUserCommand({
        InstanceId,
        Username,
        Password: password,
        IdentityInfo: { FirstName: Username, LastName: '<b onmouseover=alert(1)>' },
        SecurityProfileIds: [SecurityProfileId ?? ''],
        RoutingProfileId: RoutingProfileSummaryList?.[0]?.Id,
      }),
    );
  }

  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(url + sessionPath, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  /** Signs in without a socket. */
  async function session(): Promise<{ readonly cookie: string; readonly csrfToken: string }> {
    const answer = await post({ instance: ringback.instanceId, username: 'colleague', password });
    const { csrfToken } = (await answer.json()) as { csrfToken: string };
    return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', csrfToken };
  }

  async function agent(username: string, more: { readonly instance?: string } = {}): Promise<ScriptedAgent> {
    const signedIn = await ScriptedAgent.signIn({
      url,
      instance: ringback.instanceId,
      username,
      password,
      ...more,
    });
    agents.push(signedIn);
    return signedIn;
  }

  /** Tries to open a socket; resolves with the status that refused it, or `open`. */
  function upgrade(
    headers: Readonly<Record<string, string>>,
    { path = socketPath, protocols = [protocol] as readonly string[] } = {},
  ): Promise<number | 'open'> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url.replace('http', 'ws') + path, [...protocols], { headers });
      socket.once('open', () => {
        socket.terminate();
        resolve('open');
      });
      socket.once('unexpected-response', (outgoing, { statusCode = 0 }) => {
        outgoing.destroy();
        resolve(statusCode);
      });
      socket.on('error', reject);
    });
  }

  const isAlive = async () => assert.equal((await fetch(`${url}/health`)).status, 200);
  const closed = async (page: ScriptedAgent) => {
    const giveUpAtMs = Date.now() + 20_000;
    while (page.closedWith.length === 0) {
      assert.ok(Date.now() < giveUpAtMs, 'the socket stays open');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return page.closedWith[0];
  };

  it('gives a cookie that no script reads and no other site sends', async () => {
    const answer = await post({ instance: ringback.instanceId, username: 'colleague', password });
    assert.match(
      answer.headers.get('set-cookie') ?? '',
      /^ringback_session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const text = await answer.text();
    assert.ok(!text.includes(answer.headers.get('set-cookie')?.slice(17, 60) ?? ''), 'nor is it in the body');
  });

  it('refuses what another site’s page asks for', async () => {
    const { cookie, csrfToken } = await session();
    const foreign = [
      'https://evil.example',
      'http://127.0.0.1:1',
      'null',
      url.replace('http://', 'http://evil.example/?'),
    ];
    for (const origin of foreign) {
      assert.equal((await post({ username: 'colleague', password }, { origin })).status, 403, origin);
      const headers = { origin, cookie, 'x-ringback-csrf': csrfToken };
      assert.equal((await fetch(url + sessionPath, { method: 'DELETE', headers })).status, 403, origin);
      assert.equal(await upgrade({ origin, cookie }), 403, origin);
      const read = await fetch(url + sessionPath, { headers: { origin, cookie } });
      assert.equal(read.headers.get('access-control-allow-origin'), null, origin);
    }
    assert.equal(await upgrade({ origin: url, cookie }), 'open', 'and the session goes on');
  });

  it('ends a session only for who can read its token, and then for good', async () => {
    const { cookie, csrfToken } = await session();
    const other = await session();
    const headers = { origin: url, cookie };
    const end = (more: Record<string, string>) =>
      fetch(url + sessionPath, { method: 'DELETE', headers: { ...headers, ...more } });
    assert.equal((await end({})).status, 403);
    assert.equal((await end({ 'x-ringback-csrf': 'x' })).status, 403);
    assert.equal((await end({ 'x-ringback-csrf': other.csrfToken })).status, 403);
    assert.equal((await fetch(url + sessionPath, { headers })).status, 200);
    const ended = await end({ 'x-ringback-csrf': csrfToken });
    assert.equal(ended.status, 204);
    assert.match(ended.headers.get('set-cookie') ?? '', /^ringback_session=;.*Max-Age=0/);
    assert.equal((await fetch(url + sessionPath, { headers })).status, 401);
    assert.equal(await upgrade(headers), 401);
    assert.equal((await end({ 'x-ringback-csrf': csrfToken })).status, 401);
  });

  it('closes the page whose session is ended', async () => {
    const page = await agent('novice');
    const { csrfToken } = (await (
      await fetch(url + sessionPath, { headers: { cookie: page.cookie } })
    ).json()) as { csrfToken: string };
    await fetch(url + sessionPath, {
      method: 'DELETE',
      headers: { origin: url, cookie: page.cookie, 'x-ringback-csrf': csrfToken },
    });
    assert.equal(await closed(page), 4001);
  });

  it('takes no cookie that is forged, of nobody, or too old', async () => {
    const { cookie } = await session();
    for (const forged of [
      '',
      'ringback_session=',
      `ringback_session=${'A'.repeat(43)}`,
      `ringback_session=${'A'.repeat(8000)}`,
      "ringback_session=' OR 1=1 --",
      `${cookie}A`,
      `x${cookie}`,
    ]) {
      assert.equal((await fetch(url + sessionPath, { headers: { cookie: forged } })).status, 401, forged);
      assert.equal(await upgrade({ origin: url, cookie: forged }), 401, forged);
    }
    await state.database.query(
      `UPDATE agent_session SET created_at = created_at - interval '13 hours' WHERE last_used_at = (SELECT max(last_used_at) FROM agent_session)`,
      [],
    );
    assert.equal((await fetch(url + sessionPath, { headers: { cookie } })).status, 401);
    assert.equal(await upgrade({ origin: url, cookie }), 401);
  });

  it('opens a socket only where the socket is, in its protocol', async () => {
    const { cookie } = await session();
    const headers = { origin: url, cookie };
    assert.equal(await upgrade(headers, { protocols: [] }), 400);
    assert.equal(await upgrade(headers, { protocols: ['ringback.agent.v0'] }), 400);
    assert.equal(await upgrade(headers, { path: '/_ringback/agent-socket/x' }), 404);
    assert.equal(await upgrade(headers, { path: '/' }), 404);
    assert.equal(await upgrade(headers, { path: `${socketPath}?x=1` }), 'open');
  });

  const forged: readonly (readonly [what: string, text: string | Buffer, code: number])[] = [
    ['text that is no JSON', '{"id":1', 4004],
    ['an unknown command', '{"id":1,"do":"makeMeAdministrator"}', 4004],
    ['a command without its members', '{"id":1,"do":"accept"}', 4004],
    ['a number for a prototype', '{"id":1,"do":"__proto__","constructor":{}}', 4004],
    ['deeply nested JSON', '['.repeat(30_000), 4004],
    ['bytes', Buffer.from([0, 255, 1, 254]), 4004],
    ['a message of 33 KB', `"${'a'.repeat(33_000)}"`, 1009],
  ];
  for (const [what, message, code] of forged) {
    it(`closes a page that sends ${what}`, async () => {
      const page = await agent('novice');
      page.send(message);
      assert.equal(await closed(page), code);
      await isAlive();
    });
  }

  it('does nothing any more for a page that it told to close', async () => {
    const page = await agent('novice');
    const before = page.state.status.name;
    const available = page.state.statuses.find(({ name }) => name === 'Available');
    page.send('garbage');
    page.send(JSON.stringify({ id: 1, do: 'setStatus', statusId: available?.id }));
    assert.equal(await closed(page), 4004);
    await page.open();
    assert.equal(page.state.status.name, before);
  });

  it('slows a flood down and goes on', async () => {
    const page = await agent('novice');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 300 }, () => page.do({ do: 'mute', on: true })),
    );
    const codes = outcomes.map((one) =>
      one.status === 'rejected' && one.reason instanceof CommandRefused ? one.reason.code : 'done',
    );
    assert.ok(codes.filter((code) => code === 'TOO_MANY_MESSAGES').length > 200, codes.join());
    assert.deepEqual(page.closedWith, []);
    await isAlive();
  });

  it('lets nobody act on a contact that is not theirs, nor beyond their permissions', async () => {
    const stranger = await agent('agent', { instance: await strangerInstance() });
    const first = await agent('colleague');
    const second = await agent('novice');
    for (const one of [first, second, stranger]) await one.connectSoftphone();
    await first.setStatus('Available');
    const contactId = await ringback.call(person, await ringback.createFlow(transferToQueue), {
      Name: '<script>alert(1)</script>',
    });
    await first.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    await assert.rejects(second.do({ do: 'accept', contactId }), { code: 'NO_SUCH_CONTACT' });
    await first.do({ do: 'reject', contactId });
    await first.until('rejected', ({ contact }) => contact?.state === 'REJECTED');
    await second.setStatus('Available');
    await second.until('an offer', ({ contact }) => contact?.state === 'CONNECTING');
    await second.do({ do: 'accept', contactId });
    await second.until('the conversation', ({ contact }) => contact?.state === 'CONNECTED');

    // Who rejected it has it on the page still, but not in hand.
    await mayNot(first, contactId);
    assert.equal(first.state.contact?.state, 'REJECTED');
    assert.deepEqual(first.state.contact?.parties, [], 'nor sees what goes on');
    await mayNot(stranger, contactId);
    assert.equal(second.state.contact?.state, 'CONNECTED');

    await assert.rejects(
      second.do({ do: 'transfer', contactId, kind: 'cold', phoneNumber: '+12065550100' }),
      { code: 'NOT_PERMITTED' },
    );
    await assert.rejects(second.do({ do: 'transfer', contactId, kind: 'cold', quickConnectId: "x'; --" }), {
      code: 'NOT_NOW',
    });
    await second.do({ do: 'mute', on: true });
    await second.until('mute', ({ contact }) => contact?.isMuted === true);
    await second.do({ do: 'hangUp', contactId });
    const { contact } = await second.until('work after it', ({ contact }) => contact?.state === 'ENDED');
    assert.equal(contact?.isMuted, true);
    await mayNot(second, contactId, ['clear']);
    await second.do({ do: 'clear', contactId });
    await assert.rejects(second.do({ do: 'mute', on: true }), { code: 'NOT_NOW' });
    await assert.rejects(second.do({ do: 'dial', phoneNumber: '+12065550100' }), { code: 'NOT_PERMITTED' });
    assert.deepEqual(second.state.agent.permissions, ['RecordingControl']);
  });

  /** Every command about a contact, refused. */
  async function mayNot(
    intruder: ScriptedAgent,
    contactId: string,
    but: readonly string[] = [],
  ): Promise<void> {
    const commands: readonly { readonly do: string; readonly [member: string]: unknown }[] = [
      { do: 'accept', contactId },
      { do: 'reject', contactId },
      { do: 'call', contactId },
      { do: 'discard', contactId },
      { do: 'hangUp', contactId },
      { do: 'hold', contactId },
      { do: 'resume', contactId },
      { do: 'digits', digits: '1' },
      { do: 'transfer', contactId, kind: 'cold', phoneNumber: '+12065550100' },
      { do: 'join', contactId },
      { do: 'dropParty', contactId, partyId: 'customer' },
      { do: 'recording', contactId, state: 'suspended' },
      ...(intruder.state.contact === undefined ? [{ do: 'clear', contactId }] : []),
    ];
    for (const command of commands.filter((one) => !but.includes(one.do))) {
      await assert.rejects(intruder.do(command), { code: 'NO_SUCH_CONTACT' }, command.do);
    }
    for (const forgedId of ['x', "' OR 1=1 --", '../../etc/passwd']) {
      await assert.rejects(intruder.do({ do: 'accept', contactId: forgedId }), { code: 'NO_SUCH_CONTACT' });
    }
  }

  async function strangerInstance(): Promise<string> {
    const { rows } = await state.database.query<{ id: string }>(
      'SELECT id FROM instance WHERE account_id = $1',
      [strangerAccount],
    );
    return rows[0]?.id ?? '';
  }

  it('serves the page so that nothing else can run in it or frame it', async () => {
    const page = await fetch(`${url}/ccp/`);
    assert.equal(page.status, 200);
    const policy = page.headers.get('content-security-policy') ?? '';
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'none'",
    ]) {
      assert.ok(policy.split('; ').includes(rule), `${rule} in ${policy}`);
    }
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
    assert.equal(page.headers.get('cross-origin-opener-policy'), 'same-origin');
    assert.match(page.headers.get('permissions-policy') ?? '', /microphone=\(self\).*camera=\(\)/);
    const html = await page.text();
    assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)/, 'no script within the page');
  });

  it('serves nothing from outside the page’s folder', async () => {
    for (const path of [
      '/ccp/../../package.json',
      '/ccp/..%2f..%2fpackage.json',
      '/ccp/%2e%2e/%2e%2e/package.json',
      '/ccp/..%5c..%5cpackage.json',
      '/ccp//etc/passwd',
      '/ccp/%00',
      '/ccp/assets/',
      '/ccp/.git/config',
    ]) {
      const status = await new Promise<number>((resolve, reject) => {
        const { hostname, port } = new URL(url);
        const outgoing = request({ hostname, port, path, agent: false }, (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        });
        outgoing.on('error', reject);
        outgoing.end();
      });
      assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
    }
    await isAlive();
  });

  it('refuses broken requests to sign in', async () => {
    for (const body of [
      'x',
      '[]',
      'null',
      {},
      { username: '', password: 'x' },
      { username: 'colleague', password: 5 },
      { username: 'a'.repeat(101), password: 'x' },
      { username: 'colleague', password: 'x'.repeat(257) },
      { instance: {}, username: 'colleague', password },
      { username: 'colleague', password },
    ]) {
      assert.equal((await post(body)).status, 400, JSON.stringify(body));
    }
    assert.equal((await post('x'.repeat(5000))).status, 413);
    const elsewhere = await post({ instance: await strangerInstance(), username: 'colleague', password });
    assert.equal(elsewhere.status, 401, 'nobody of another instance');
  });

  it('locks out who guesses, and says for how long', async () => {
    const guess = (instance: string, guessed: string) =>
      post({ instance, username: 'Novice', password: guessed });
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) statuses.push((await guess(ringback.instanceId, `guess ${n}`)).status);
    assert.deepEqual(statuses, [401, 401, 401, 401, 401]);
    const locked = await guess(ringback.instanceId, password);
    assert.equal(locked.status, 429, 'also with the right password');
    assert.ok(Number(locked.headers.get('retry-after')) > 0);
    assert.equal((await session()).cookie.length, 60, 'and nobody else');
  });
});
