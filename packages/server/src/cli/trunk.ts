/** `ringback trunk`: `test` tries a trunk of the configuration file without placing a call, `status` asks a running service how its trunks fare. */
import { isIPv6 } from 'node:net';
import {
  CallTraces,
  cachedResolver,
  formatLadder,
  nodeResolver,
  openUserAgent,
  systemClock,
} from '@ringback/sip';
import { Command } from 'commander';
import { examineTrunk, type TrunkFinding } from '../calls/examine-trunk.ts';
import type { Trunk } from '../calls/trunk.ts';
import { TrunkServers } from '../calls/trunk-servers.ts';
import { loadConfig } from '../config.ts';
import { columns } from './columns.ts';
import { type ConnectionFlags, connectionOf, withConnection } from './connection-options.ts';
import { askService } from './service-door.ts';
import type { Terminal } from './terminal.ts';

const testExamples = `
Examples:
  ringback trunk test main
      tries the trunk "main" of the file that RINGBACK_CONFIG names

  ringback trunk test main --config /etc/ringback.yaml --json
  ringback trunk test main --sip-port 5060
      from the service's own port, for carriers that let in one address and port; stop the service first

Nobody is called. It ends with 0 when everything works, with 1 when something does not, with 2 when there is no such
trunk.`;

const statusExamples = `
Examples:
  ringback trunk status
  ringback trunk status --endpoint http://127.0.0.1:8642 --json

It ends with 1 when a trunk is side-lined, left alone because it asked for that, or not registered.`;

/** An option has no meaning. */
class TrunkOptionUnusable extends Error {
  override readonly name = 'TrunkOptionUnusable';
}

interface TestFlags {
  readonly config?: string;
  readonly sipPort: string;
  readonly timeout: string;
  readonly json: boolean;
}

export function trunkCommand(terminal: Terminal): Command {
  const test = new Command('test')
    .description('try a trunk: DNS, connection, OPTIONS, password, registration')
    .argument('<name>', 'as in the configuration file')
    .option('--config <file>', 'the configuration file (default: RINGBACK_CONFIG)')
    .option('--sip-port <port>', 'port to ask from; 0 takes a free one', '0')
    .option('--timeout <seconds>', 'how long each answer may take, at most 32', '5')
    .option('--json', 'print JSON', false)
    .addHelpText('after', testExamples)
    .action((name: string, flags: TestFlags) => testTrunk(name, flags, terminal));
  const status = withConnection(new Command('status'))
    .description('how the trunks of a running service fare')
    .option('--json', 'print JSON', false)
    .addHelpText('after', statusExamples)
    .action((flags: ConnectionFlags & { readonly json: boolean }) => showStatus(flags, terminal));
  return new Command('trunk')
    .description('try trunks, and see how they fare')
    .addHelpText('after', '\nExamples:\n  ringback trunk test main\n  ringback trunk status')
    .addCommand(test)
    .addCommand(status);
}

async function testTrunk(name: string, flags: TestFlags, terminal: Terminal): Promise<void> {
  const env = { ...terminal.env, ...(flags.config ? { RINGBACK_CONFIG: flags.config } : {}) };
  if (!env.RINGBACK_CONFIG) {
    terminal.exitWith(2);
    terminal.complain('Name the configuration file that has the trunk, with --config or RINGBACK_CONFIG.');
    return;
  }
  const config = loadConfig(env);
  const trunk = config.trunks.find((each) => each.name === name);
  if (!trunk) {
    terminal.exitWith(2);
    const known = config.trunks.map((each) => each.name).join(', ');
    terminal.complain(
      `There is no trunk "${name}" in the configuration. ${known ? `There are: ${known}.` : 'It has none.'}`,
    );
    return;
  }
  const { findings, ladders } = await examine(trunk, config.sip.host, flags);
  const fails = findings.some(({ result }) => result === 'fails');
  if (flags.json) {
    terminal.print(
      JSON.stringify(
        { Trunk: name, Result: fails ? 'fails' : 'works', Findings: findings, Ladders: ladders },
        null,
        2,
      ),
    );
  } else printFindings(trunk, findings, ladders, terminal);
  if (fails) terminal.exitWith(1);
}

async function examine(
  trunk: Trunk,
  host: string,
  flags: TestFlags,
): Promise<{ readonly findings: readonly TrunkFinding[]; readonly ladders: readonly string[] }> {
  const clock = systemClock;
  const traces = new CallTraces();
  let challenges = 0;
  const servers = new TrunkServers({
    trunks: [trunk],
    resolver: cachedResolver(nodeResolver(), clock),
    clock,
    random: Math.random,
    udpFamilies: isIPv6(host) ? [6] : [4],
  });
  const userAgent = await openUserAgent({
    host,
    port: wholeNumber('--sip-port', flags.sipPort, 65_535),
    userAgentName: 'Ringback',
    acceptsFrom: servers.acceptsFrom,
    tlsFor: servers.tlsFor,
    onTrace: (entry) => {
      traces.record(entry);
      const { message } = entry;
      if (message.kind === 'response' && (message.status === 401 || message.status === 407)) challenges += 1;
    },
    clock,
  });
  try {
    const timeoutMs = wholeNumber('--timeout', flags.timeout, 32) * 1_000;
    const findings = await examineTrunk(trunk, {
      servers,
      userAgent,
      timeoutMs,
      wasChallenged: () => challenges > 0,
    });
    const ladders = traces.callIds.flatMap((callId) => {
      const trace = traces.get(callId);
      return trace ? [formatLadder(trace)] : [];
    });
    return { findings, ladders };
  } finally {
    await userAgent.close();
  }
}

const marks = {
  works: ['green', 'works  '],
  fails: ['red', 'fails  '],
  unknown: ['yellow', 'unclear'],
} as const;

function printFindings(
  { name, domain, credentials }: Trunk,
  findings: readonly TrunkFinding[],
  ladders: readonly string[],
  terminal: Terminal,
): void {
  const as = credentials ? `, as ${credentials.username}` : '';
  terminal.print(terminal.style('bold', `Trunk ${name} (${domain}${as})`));
  for (const { check, result, says, remedy } of findings) {
    const [style, word] = marks[result];
    terminal.print(`  ${terminal.style(style, word)}  ${check.padEnd(12)}  ${says}`);
    if (remedy) terminal.print(`${' '.repeat(25)}${remedy}`);
  }
  for (const ladder of ladders) terminal.print(`\n${ladder.trimEnd()}`);
}

async function showStatus(
  flags: ConnectionFlags & { readonly json: boolean },
  terminal: Terminal,
): Promise<void> {
  const { trunks = {} } = await askService(connectionOf(flags, terminal.env), '/health');
  const rows = Object.entries(trunks as Readonly<Record<string, string>>);
  if (flags.json) terminal.print(JSON.stringify(Object.fromEntries(rows), null, 2));
  else terminal.print(columns([['TRUNK', 'STATE'], ...rows]));
  if (rows.some(([, state]) => state !== 'in service')) terminal.exitWith(1);
}

function wholeNumber(option: string, text: string, highest: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= highest) return number;
  throw new TrunkOptionUnusable(`${option} is a whole number from 0 to ${highest}, not "${text}".`);
}
