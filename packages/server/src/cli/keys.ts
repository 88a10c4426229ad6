/** `ringback keys`: makes, lists and revokes access keys in the database, beside a running service or without one. */
import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import { emulatorAccountId, loadStateConfig } from '../config.ts';
import { type MintedAccessKey, mintAccessKey } from '../identity/mint-access-key.ts';
import { readPolicyFile } from '../identity/policy-file.ts';
import { requireReadableKeys } from '../identity/readable-keys.ts';
import { loadSecretKey, secretBox } from '../identity/secret-box.ts';
import { userNamePattern } from '../identity/user-name.ts';
import type { AccountId } from '../ids.ts';
import { type AccessKeyStore, openAccessKeyStore, type StoredAccessKey } from '../store/access-key-store.ts';
import { checkedAccount } from './checked-account.ts';
import { columns } from './columns.ts';
import { withState } from './with-state.ts';

/** Shortest and longest life of temporary credentials, seconds (STS API reference, GetFederationToken). */
const minDurationSeconds = 900;
const maxDurationSeconds = 129_600;
const defaultDurationSeconds = 3600;

const examples = `
Examples:
  ringback keys create --name crm
      a key that may do everything in the account of the first instance

  ringback keys create --name dialer --policy dialer.json
      a key that may do what the policy says (docs/configuration.md shows one)

  ringback keys create --temporary --duration 900 --name ci --json
      temporary credentials in the form that credential_process of the AWS clients reads

  ringback keys create --name campaigns --principal connect-campaigns.amazonaws.com
      a key that speaks for the outbound campaigns service

  ringback keys list
  ringback keys revoke AKIAABCDEFGHIJKLMNOP

The keys are in the database: that of RINGBACK_DATABASE_URL, or the embedded one of RINGBACK_DATA_DIR (default
./.ringback), whether the service runs or not. A running service sees a change within a second. Keys of the
configuration file are not listed here.`;

interface CreateOptions {
  readonly name?: string;
  readonly account?: string;
  readonly policy?: string;
  readonly principal?: string;
  readonly temporary: boolean;
  readonly duration?: number;
  readonly json: boolean;
}

/** The command with its three subcommands; `print` writes one line to stdout. */
export function keysCommand(print: (text: string) => void): Command {
  const keys = new Command('keys')
    .description('make, list and revoke access keys')
    .addHelpText('afterAll', examples);

  keys
    .command('create')
    .description('make an access key; its secret is shown this once')
    .option('--name <name>', 'who the key is for; the last part of its ARN', checkedName)
    .option('--account <id>', 'the account, 12 digits (default: that of the first instance)', checkedAccount)
    .option('--policy <file>', 'an IAM policy, JSON or YAML (default: everything in the account)')
    .option('--principal <service>', 'the service that the key speaks for', checkedPrincipal)
    .option('--temporary', 'credentials with a session token that expire', false)
    .addOption(
      new Option(
        '--duration <seconds>',
        `how long temporary credentials live (default: ${defaultDurationSeconds})`,
      )
        .argParser(checkedDuration)
        .implies({ temporary: true }),
    )
    .option('--json', 'print JSON', false)
    .action((options: CreateOptions) => create(options, print));

  keys
    .command('list')
    .description('list the keys, without their secrets')
    .option('--account <id>', 'only those of one account', checkedAccount)
    .option('--json', 'print JSON', false)
    .action((options: { account?: string; json: boolean }) => list(options, print));

  keys
    .command('revoke')
    .description('take a key away, for good')
    .argument('<access-key-id>')
    .option('--json', 'print JSON', false)
    .action((id: string, options: { json: boolean }) => revoke(id, options, print));
  return keys;
}

async function create(options: CreateOptions, print: (text: string) => void): Promise<void> {
  // Read before the database is opened: a mistake in it is told at once.
  const policy = options.policy === undefined ? undefined : readPolicyFile(options.policy).document;
  const { dataDir, secretKey } = loadStateConfig(process.env);
  const minted = await withStore(async (store) => {
    const box = secretBox(await loadSecretKey(secretKey, dataDir));
    // A key that the service could not open would be shown as if it worked.
    await requireReadableKeys(store, async () => box, Date.now());
    const key = mintAccessKey(
      {
        accountId:
          (options.account as AccountId | undefined) ?? (await store.firstAccount()) ?? emulatorAccountId,
        userName: options.name ?? 'ringback',
        principal: options.principal,
        policy,
        lifetimeMs: options.temporary ? 1000 * (options.duration ?? defaultDurationSeconds) : undefined,
      },
      box,
      Date.now(),
      randomBytes,
    );
    await store.add(key.stored);
    return key;
  }, 'make');
  print(options.json ? JSON.stringify(credentialsOf(minted), null, 2) : describeNew(minted));
}

async function list(
  options: { readonly account?: string; readonly json: boolean },
  print: (text: string) => void,
): Promise<void> {
  const keys = await withStore((store) => store.list(options.account as AccountId | undefined));
  if (options.json) {
    print(JSON.stringify(keys.map(listed), null, 2));
    return;
  }
  if (keys.length === 0) {
    print('There are no keys in the database. ringback keys create makes one.');
    return;
  }
  const rows = keys.map((key) => {
    const { AccessKeyId, Status, AccountId, UserName, Policy, Principal, CreateDate, Expiration } =
      listed(key);
    const notes = [
      Policy === undefined ? 'everything' : 'policy',
      Principal,
      Expiration === undefined ? undefined : `until ${Expiration}`,
    ].filter((note) => note !== undefined);
    return [AccessKeyId, Status, AccountId, UserName, CreateDate, notes.join(', ')];
  });
  print(columns([['KEY', 'STATUS', 'ACCOUNT', 'NAME', 'CREATED', 'MAY'], ...rows]));
}

async function revoke(
  accessKeyId: string,
  options: { readonly json: boolean },
  print: (text: string) => void,
): Promise<void> {
  const isRevoked = await withStore((store) => store.revoke(accessKeyId, Date.now()));
  if (options.json) print(JSON.stringify({ AccessKeyId: accessKeyId, Revoked: isRevoked }));
  else if (isRevoked) print(`${accessKeyId} is revoked; the service refuses it within a second.`);
  if (isRevoked) return;
  process.exitCode = 1;
  if (!options.json) {
    process.stderr.write(
      `${accessKeyId} is not a key of the database, or was revoked before. ringback keys list shows all; ` +
        'a key of the configuration file is taken away there.\n',
    );
  }
}

function withStore<Result>(
  work: (store: AccessKeyStore) => Promise<Result>,
  ifNone: 'refuse' | 'make' = 'refuse',
): Promise<Result> {
  return withState((database) => work(openAccessKeyStore(database)), ifNone);
}

/** The form of `credential_process` (AWS SDKs and Tools Reference Guide), and who the key is. */
function credentialsOf({ secretAccessKey, sessionToken, stored }: MintedAccessKey) {
  return {
    Version: 1,
    AccessKeyId: stored.accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: isoTime(stored.expiresAtMs),
    AccountId: stored.accountId,
    UserName: stored.userName,
  };
}

function describeNew(minted: MintedAccessKey): string {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration, AccountId, UserName } =
    credentialsOf(minted);
  return [
    `export AWS_ACCESS_KEY_ID=${AccessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${SecretAccessKey}`,
    ...(SessionToken === undefined ? [] : [`export AWS_SESSION_TOKEN=${SessionToken}`]),
    '',
    `# ${UserName} of account ${AccountId}${Expiration === undefined ? '' : `, until ${Expiration}`}.`,
    '# The secret is shown this once; keep it, or revoke the key and make another.',
  ].join('\n');
}

function listed(key: StoredAccessKey) {
  const isExpired = key.expiresAtMs !== undefined && key.expiresAtMs <= Date.now();
  return {
    AccessKeyId: key.accessKeyId,
    Status: key.revokedAtMs !== undefined ? 'revoked' : isExpired ? 'expired' : 'active',
    AccountId: key.accountId as string,
    UserName: key.userName,
    Principal: key.principal,
    Policy: key.policy,
    CreateDate: isoTime(key.createdAtMs),
    Expiration: isoTime(key.expiresAtMs),
  };
}

function isoTime(ms: number): string;
function isoTime(ms: number | undefined): string | undefined;
function isoTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function checkedName(text: string): string {
  if (new RegExp(userNamePattern).test(text)) return text;
  throw new InvalidArgumentError('A name has 1 to 64 letters, digits and any of +=,.@_-');
}

function checkedPrincipal(text: string): string {
  if (/^[a-z0-9.-]{1,128}$/.test(text)) return text;
  throw new InvalidArgumentError('A service principal looks like connect-campaigns.amazonaws.com.');
}

function checkedDuration(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= minDurationSeconds && seconds <= maxDurationSeconds)
    return seconds;
  throw new InvalidArgumentError(`Between ${minDurationSeconds} and ${maxDurationSeconds} seconds.`);
}
