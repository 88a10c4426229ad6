/** Where a call may go: pattern, emergency numbers, closed prefixes, allowed countries, possible numbers, in that order (docs/architecture.md, Destinations). */
import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  type NumberType,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';
import type { PhoneNumber } from '../ids.ts';
import { ordinaryCountryOf } from './ordinary-numbers.ts';

/** Why a destination was refused; the edge turns it into the API's exception. */
export type DestinationRefusal =
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'not allowed'; readonly message: string };

export type DestinationVerdict =
  | { readonly kind: 'allowed'; readonly number: PhoneNumber; readonly country: string }
  | DestinationRefusal;

/** Country of numbers that belong to none, such as satellite telephones (UN M.49 code of the world). */
const noCountry = '001';

/** What one instance may dial. */
export interface DestinationPolicy {
  /** ISO 3166-1 alpha-2. */
  readonly countries: ReadonlySet<string>;
  /** Prefixes that are closed by default and opened here, for example `+447`. A network without a country needs only this. */
  readonly openPrefixes: readonly string[];
}

/** The guide's pattern for a phone number, anchored (API page, member DestinationPhoneNumber). */
const e164Pattern = /^\+[1-9]\d{1,14}$/;

/** Mobile, premium and personal ranges that Connect keeps closed until asked (Administrator Guide, countries you can call). */
const closedPrefixes = [
  '+447',
  '+44111',
  '+44118',
  '+44119',
  '+448',
  '+44826',
  '+449',
  '+8170',
  '+8180',
  '+8190',
] as const;

/**
 * Networks that belong to no country and are dear to call: satellite telephones (870, 881), international networks
 * (882, 883), disaster relief (888), personal numbers (878), shared cost (808) and premium rate (979) (ITU-T E.164,
 * list of assigned country codes).
 */
const costlyNetworks = ['+870', '+878', '+881', '+882', '+883', '+888', '+808', '+979'] as const;

const northAmerica = ['US', 'CA', 'MX', 'PR', 'GB'];

/** Countries open by default to an instance created in a Region (Administrator Guide, 2023 edition). */
const defaultCountriesByRegion: Readonly<Record<string, readonly string[]>> = {
  'us-east-1': northAmerica,
  'us-west-2': northAmerica,
  'ca-central-1': northAmerica,
  'us-gov-west-1': northAmerica,
  'af-south-1': ['ZA', 'GB', 'US'],
  'ap-northeast-2': ['KR', 'GB', 'US'],
  'ap-southeast-1': ['SG', 'AU', 'HK', 'US', 'GB'],
  'ap-southeast-2': ['AU', 'NZ', 'PH', 'US'],
  'ap-northeast-1': ['JP', 'VN', 'US'],
  'eu-central-1': ['GB', 'IT', 'FR', 'IE', 'US'],
  'eu-west-2': ['GB', 'IT', 'FR', 'IE', 'US'],
};

/**
 * Numbers made up for examples often have this area code, which the North American plan gives to nobody: they count as its leading
 * country's, since there is none of its dear ones that they could be.
 */
const exampleNumbers = { prefix: '+1555', country: 'US' } as const;

/** Kinds of number that cost the caller by the minute; refused unless their prefix is opened. */
const costlyTypes: ReadonlySet<NumberType> = new Set<NumberType>([
  'PREMIUM_RATE',
  'SHARED_COST',
  'UAN',
  'PERSONAL_NUMBER',
]);

/**
 * The countries of the emulator are Connect's defaults for us-east-1; with a trunk nothing is open
 * until the operator says so, because a call then costs money.
 */
export function defaultCountries(region: string, carrier: 'simulated' | 'trunk'): ReadonlySet<string> {
  if (carrier === 'trunk') return new Set();
  return new Set(defaultCountriesByRegion[region] ?? northAmerica);
}

/** The country of a number; `ZZ` where no plan has it. */
export function countryOf(e164: string): string {
  return parsePhoneNumberFromString(e164)?.country ?? exampleCountryOf(e164) ?? 'ZZ';
}

function exampleCountryOf(e164: string): string | undefined {
  return e164.startsWith(exampleNumbers.prefix) ? exampleNumbers.country : undefined;
}

const emergencyRefusal: DestinationRefusal = {
  kind: 'not allowed',
  message: 'Emergency and service codes (N11) cannot be dialled.',
};

/** Decides about one destination. Never validates before the closed prefixes: `isValid` would mask +447. */
export function judgeDestination(text: string, policy: DestinationPolicy): DestinationVerdict {
  if (!e164Pattern.test(text)) {
    return { kind: 'malformed', message: 'The destination is not an E.164 number such as +12065550100.' };
  }
  if (isEmergencyOrServiceCode(text)) {
    return emergencyRefusal;
  }
  const isOpened = policy.openPrefixes.some((prefix) => text.startsWith(prefix));
  const network = costlyNetworks.find((prefix) => text.startsWith(prefix));
  const closed = isOpened ? undefined : (network ?? closedPrefixes.find((prefix) => text.startsWith(prefix)));
  if (closed)
    return {
      kind: 'not allowed',
      message: `Outbound calls to ${closed} are not open for this instance; openPrefixes opens them.`,
    };

  const ordinary = network ? undefined : ordinaryCountryOf(text);
  if (ordinary !== undefined && policy.countries.has(ordinary)) {
    return { kind: 'allowed', number: text as PhoneNumber, country: ordinary };
  }
  // The pattern has been checked: there is no number to look for in a text.
  const parsed = parsePhoneNumberFromString(text, { extract: false });
  if (!parsed) return { kind: 'malformed', message: 'The destination has no known country calling code.' };
  // Emergency numbers have three digits in most plans (112, 110, 999); subscribers have them in none.
  if (parsed.nationalNumber.length === 3) return emergencyRefusal;
  const country = network
    ? noCountry
    : (parsed.country ??
      exampleCountryOf(text) ??
      onlyAllowedCountry(parsed.getPossibleCountries(), parsed.countryCallingCode, policy));
  if (!country || (!network && !policy.countries.has(country))) {
    return {
      kind: 'not allowed',
      message: `Outbound calls to ${country ?? `calling code +${parsed.countryCallingCode}`} are not open for this instance; ${network ? 'openPrefixes' : 'countries'} opens them.`,
    };
  }
  if (!parsed.isPossible()) {
    const where = network ? `of ${network}` : `in ${country}`;
    return { kind: 'malformed', message: `The destination has the wrong length for a number ${where}.` };
  }
  const type = parsed.getType();
  if (!isOpened && type !== undefined && costlyTypes.has(type)) {
    return { kind: 'not allowed', message: 'Premium-rate destinations are not open for this instance.' };
  }
  return { kind: 'allowed', number: text as PhoneNumber, country };
}

/** 911, 112 and 999 behind any calling code of their countries, and the N11 codes of the North American plan. */
function isEmergencyOrServiceCode(text: string): boolean {
  return (
    /^\+1[2-9]11$/.test(text) || /^\+(?:44|1)(?:112|999|911)$/.test(text) || /^\+(?:911|112|999)$/.test(text)
  );
}

/**
 * A number that fits no country's plan exactly still belongs to its calling code: to all countries whose
 * numbers it could be, or, where its length fits none, to any that shares the code (and then fails on length).
 */
function onlyAllowedCountry(
  possible: readonly CountryCode[],
  callingCode: string,
  policy: DestinationPolicy,
): string | undefined {
  if (possible.length > 0) {
    return possible.every((country) => policy.countries.has(country)) ? possible[0] : undefined;
  }
  for (const country of policy.countries) {
    if (isSupportedCountry(country) && getCountryCallingCode(country) === callingCode) return country;
  }
  return undefined;
}
