/** ListPhoneNumbersV2. */
import { instanceArn, phoneNumberArn } from '../../arn.ts';
import { type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';

const defaultPageSize = 100;

/** Without an instance it lists the numbers of all instances in the Region. */
export const listPhoneNumbersV2: OperationCode<'ListPhoneNumbersV2'> = async (input, caller, deps) => {
  const named = input.InstanceId ?? input.TargetArn;
  const instance = named === undefined ? undefined : await requireInstance(named, caller, deps);
  const countries = new Set<string>(input.PhoneNumberCountryCodes ?? []);
  const types = new Set<string>(input.PhoneNumberTypes ?? []);
  const prefix = input.PhoneNumberPrefix?.replace(/^\+?/, '+') ?? '';
  const numbers = (await deps.resources.listPhoneNumbers(caller.tenant)).filter(
    (number) =>
      (!instance || number.instanceId === instance.id) &&
      (countries.size === 0 || countries.has(number.countryCode)) &&
      (types.size === 0 || types.has(number.type)) &&
      number.e164.startsWith(prefix),
  );
  const page = pageOf(numbers, input.MaxResults ?? defaultPageSize, input.NextToken);
  return {
    ListPhoneNumbersSummaryList: page.items.map((number) => ({
      PhoneNumberId: number.id,
      PhoneNumberArn: phoneNumberArn(number.tenant, number.id),
      PhoneNumber: number.e164,
      PhoneNumberCountryCode: number.countryCode as 'US',
      PhoneNumberType: number.type as 'DID',
      TargetArn: instanceArn(number.tenant, number.instanceId),
      InstanceId: number.instanceId,
      PhoneNumberDescription: number.description,
    })),
    NextToken: page.nextToken,
  };
};
