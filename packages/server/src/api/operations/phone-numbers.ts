/** ListPhoneNumbersV2, ListPhoneNumbers and DescribePhoneNumber. */
import { resourceNotFoundException } from '@ringback/connect-api';
import { idOf, instanceArn, phoneNumberArn } from '../../arn.ts';
import type { Caller } from '../../identity/caller.ts';
import type { OwnPhoneNumber } from '../../store/resource-store.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';

/** Without an instance it lists the numbers of all instances in the Region. */
export const listPhoneNumbersV2: OperationCode<'ListPhoneNumbersV2'> = async (input, caller, deps) => {
  const named = input.InstanceId ?? input.TargetArn;
  const prefix = input.PhoneNumberPrefix?.replace(/^\+?/, '+') ?? '';
  const numbers = (await numbersOf(named, input, caller, deps)).filter(({ e164 }) => e164.startsWith(prefix));
  const page = pageOf(numbers, input);
  return { ListPhoneNumbersSummaryList: page.items.map(wireNumber), NextToken: page.nextToken };
};

export const listPhoneNumbers: OperationCode<'ListPhoneNumbers'> = async (input, caller, deps) => {
  const numbers = await numbersOf(input.InstanceId, input, caller, deps);
  const page = pageOf(numbers, input);
  return {
    PhoneNumberSummaryList: page.items.map((number) => ({
      Id: number.id,
      Arn: phoneNumberArn(number.tenant, number.id),
      PhoneNumber: number.e164,
      PhoneNumberType: number.type as 'DID',
      PhoneNumberCountryCode: number.countryCode as 'US',
    })),
    NextToken: page.nextToken,
  };
};

/** Every number here is claimed: the configuration names those that the carrier has given. */
export const describePhoneNumber: OperationCode<'DescribePhoneNumber'> = async (input, caller, deps) => {
  const number = await ownPhoneNumber(input.PhoneNumberId, caller, deps);
  if (!number) throw resourceNotFoundException('There is no phone number with this PhoneNumberId.');
  const { id, instanceId } = number;
  const Tags = await deps.resources.tagsOf({ instanceId, kind: 'phone-number', id });
  return {
    ClaimedPhoneNumberSummary: { ...wireNumber(number), Tags, PhoneNumberStatus: { Status: 'CLAIMED' } },
  };
};

/** A number of the caller's account and Region by id or ARN. */
export async function ownPhoneNumber(
  reference: string,
  caller: Caller,
  deps: ApiDeps,
): Promise<OwnPhoneNumber | undefined> {
  const id = idOf(reference).toLowerCase();
  const number = (await deps.resources.listPhoneNumbers(caller.tenant)).find((own) => own.id === id);
  const isOther =
    reference.startsWith('arn:') &&
    number &&
    reference.toLowerCase() !== phoneNumberArn(number.tenant, number.id);
  return isOther ? undefined : number;
}

async function numbersOf(
  instanceReference: string | undefined,
  filter: {
    readonly PhoneNumberCountryCodes?: readonly string[] | undefined;
    readonly PhoneNumberTypes?: readonly string[] | undefined;
  },
  caller: Caller,
  deps: ApiDeps,
): Promise<readonly OwnPhoneNumber[]> {
  const instance =
    instanceReference === undefined ? undefined : await requireInstance(instanceReference, caller, deps);
  const countries = new Set(filter.PhoneNumberCountryCodes ?? []);
  const types = new Set(filter.PhoneNumberTypes ?? []);
  return (await deps.resources.listPhoneNumbers(caller.tenant)).filter(
    (number) =>
      (!instance || number.instanceId === instance.id) &&
      (countries.size === 0 || countries.has(number.countryCode)) &&
      (types.size === 0 || types.has(number.type)),
  );
}

function wireNumber(number: OwnPhoneNumber) {
  return {
    PhoneNumberId: number.id,
    PhoneNumberArn: phoneNumberArn(number.tenant, number.id),
    PhoneNumber: number.e164,
    PhoneNumberCountryCode: number.countryCode as 'US',
    PhoneNumberType: number.type as 'DID',
    TargetArn: instanceArn(number.tenant, number.instanceId),
    InstanceId: number.instanceId,
    PhoneNumberDescription: number.description,
  };
}
