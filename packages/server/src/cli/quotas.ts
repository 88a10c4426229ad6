/** `ringback quotas`: shows, approves and denies requests to raise quotas, and sets values, beside a running service or without one. */
import { Command, InvalidArgumentError } from 'commander';
import { instanceArn } from '../arn.ts';
import type { AccountId } from '../ids.ts';
import { type AppliedQuota, openQuotas, type Quota } from '../policy/quotas.ts';
import { isResourceQuotaKey, resourceQuotas } from '../policy/resource-quotas.ts';
import { type OperatorStore, openOperatorStore, type QuotaRequest } from '../store/operator-store.ts';
import { checkedAccount } from './checked-account.ts';
import { columns } from './columns.ts';
import { whereStateIs, withState } from './with-state.ts';

const examples = `
Examples:
  ringback quotas list
  ringback quotas approve 01a203c5-9005-74a5-a9f2-2d17d3fad546
  ringback quotas deny 01a203c5-9005-74a5-a9f2-2d17d3fad546
  ringback quotas set activeCalls 500 --instance ringback
  ringback quotas set L-4E9BCC96 20
      20 requests a second of StartOutboundVoiceContact

A quota is named by its code, as Service Quotas shows it, or by its key in the configuration file
(quotas.resources, activeCalls, campaignCalls). ${whereStateIs}`;

/** Codes, names and pools do not depend on the configuration; its values are the service's business. */
const catalogue = openQuotas({ rates: 'aws', resources: {} });

/** A command cannot do what it was told. */
class QuotaCommandRefused extends Error {
  override readonly name = 'QuotaCommandRefused';
}

interface SetOptions {
  readonly instance?: string;
  readonly account?: string;
  readonly json: boolean;
}

/** The command with its subcommands; `print` writes one line to stdout. */
export function quotasCommand(print: (text: string) => void): Command {
  const quotas = new Command('quotas')
    .description('show and decide requests to raise quotas; set quotas')
    .addHelpText('afterAll', examples);

  quotas
    .command('list')
    .description('list requests, and the values that were raised or set')
    .option('--json', 'print JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const state = await withState(async (database) => {
        const store = openOperatorStore(database);
        return { requests: await store.listRequests(), values: await store.appliedQuotas() };
      });
      if (json) {
        print(
          JSON.stringify(
            { Requests: state.requests.map(requestShown), Values: state.values.map(valueShown) },
            null,
            2,
          ),
        );
      } else printList(state, print);
    });

  for (const [name, decision, done] of [
    ['approve', 'APPROVED', 'is approved; its value is in force'],
    ['deny', 'DENIED', 'is denied'],
  ] as const) {
    quotas
      .command(name)
      .description(`${name} a pending request`)
      .argument('<request-id>', 'from ringback quotas list', checkedRequestId)
      .option('--json', 'print JSON', false)
      .action(async (id: string, { json }: { json: boolean }) => {
        const request = await withState((database) =>
          openOperatorStore(database).decideRequest(
            id,
            decision,
            (code) => catalogue.find(code)?.pool,
            Date.now(),
          ),
        );
        if (!request) {
          throw new QuotaCommandRefused(`There is no pending request ${id}. ringback quotas list shows all.`);
        }
        print(json ? JSON.stringify(requestShown(request)) : `The request ${id} ${done}.`);
      });
  }

  quotas
    .command('set')
    .description('set a quota, higher or lower, without a request')
    .argument('<quota>', 'code or key', checkedQuota)
    .argument('<value>', 'the new value', checkedValue)
    .option('--instance <alias-or-id>', 'for this instance only (default: the account and all its instances)')
    .option('--account <id>', 'the account, 12 digits (default: that of the first instance)', checkedAccount)
    .option('--json', 'print JSON', false)
    .action(async (quota: Quota, value: number, options: SetOptions) => {
      refuseMeaningless(quota, value, options);
      const set = await withState(async (database) => {
        const store = openOperatorStore(database);
        const applied: AppliedQuota = { ...(await placeOf(store, options)), code: quota.code, value };
        await store.setQuota(applied, quota.pool, Date.now());
        return applied;
      });
      print(
        options.json
          ? JSON.stringify(valueShown(set))
          : `${quota.name} is ${value} for ${set.context === '*' ? `account ${set.accountId}` : `instance ${set.context}`}.`,
      );
    });
  return quotas;
}

function refuseMeaningless(quota: Quota, value: number, { instance }: SetOptions): void {
  if (quota.kind === 'count' && !Number.isInteger(value))
    throw new QuotaCommandRefused(`${quota.name} is a whole number.`);
  if (quota.level === 'account' && instance !== undefined)
    throw new QuotaCommandRefused(`${quota.name} is a quota of the account, not of an instance.`);
}

/** Account, Region and context that the options name. */
async function placeOf(
  store: OperatorStore,
  { instance, account }: SetOptions,
): Promise<Pick<AppliedQuota, 'accountId' | 'region' | 'context'>> {
  const [found, another] = await store.findInstances({ idOrAlias: instance, accountId: account });
  if (!found) throw new QuotaCommandRefused('There is no such instance or account.');
  if (instance !== undefined && another) {
    throw new QuotaCommandRefused(`Several instances are named "${instance}"; use --account or the id.`);
  }
  return { ...found.tenant, context: instance === undefined ? '*' : found.id };
}

function printList(
  state: { readonly requests: readonly QuotaRequest[]; readonly values: readonly AppliedQuota[] },
  print: (text: string) => void,
): void {
  if (state.requests.length === 0) print('There are no requests.');
  else {
    const rows = state.requests
      .map(requestShown)
      .map((request) => [
        request.RequestId,
        request.Status,
        request.QuotaCode,
        request.QuotaName,
        String(request.DesiredValue),
        request.Context,
        request.Created,
      ]);
    print(columns([['REQUEST', 'STATUS', 'QUOTA', 'NAME', 'VALUE', 'FOR', 'ASKED'], ...rows]));
  }
  if (state.values.length === 0) return;
  const rows = state.values
    .map(valueShown)
    .map((value) => [value.QuotaCode, value.QuotaName, String(value.Value), value.Context]);
  print('');
  print(columns([['QUOTA', 'NAME', 'VALUE', 'FOR'], ...rows]));
}

function requestShown(request: QuotaRequest) {
  const { tenant, context } = request;
  return {
    RequestId: request.id,
    Status: request.status,
    QuotaCode: request.code,
    QuotaName: catalogue.find(request.code)?.name ?? '',
    DesiredValue: request.desiredValue,
    Context: contextShown({ ...tenant, context }),
    Requester: request.requester,
    Created: new Date(request.createdAtMs).toISOString(),
  };
}

function valueShown(applied: AppliedQuota) {
  return {
    QuotaCode: applied.code,
    QuotaName: catalogue.find(applied.code)?.name ?? '',
    Value: applied.value,
    Context: contextShown(applied),
  };
}

function contextShown({
  accountId,
  region,
  context,
}: Pick<AppliedQuota, 'accountId' | 'region' | 'context'>): string {
  if (context === '*') return `account ${accountId} in ${region}`;
  return instanceArn({ accountId: accountId as AccountId, region }, context);
}

function checkedQuota(text: string): Quota {
  const code = isResourceQuotaKey(text) ? resourceQuotas[text].code : text;
  const quota = catalogue.find(code);
  if (quota) return quota;
  throw new InvalidArgumentError(`Codes and keys are: ${Object.keys(resourceQuotas).join(', ')}, L-….`);
}

function checkedValue(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0 && value <= 1_000_000_000) return value;
  throw new InvalidArgumentError('A value is a number from 0 to 1000000000.');
}

function checkedRequestId(text: string): string {
  if (/^[0-9a-f-]{36}$/i.test(text)) return text;
  throw new InvalidArgumentError('A request id is a UUID.');
}
