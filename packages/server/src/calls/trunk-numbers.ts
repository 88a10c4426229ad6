/** How a carrier wants telephone numbers written: E.164 in, the user part of a SIP URI out. Pure. Used by ring.ts. */
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { PhoneNumber } from '../ids.ts';

export interface NumberFormat {
  /**
   * `e164`: +12065550100. `plain`: the same without the plus. `national`: as dialled within `country`: its own numbers with their
   * trunk prefix (02079460000), others with its international prefix.
   */
  readonly format: 'e164' | 'plain' | 'national';
  /** ISO 3166-1 alpha-2; needed for `national`. */
  readonly country: string | undefined;
  /** Taken off the front of the destination, where it stands there; after `format`. */
  readonly strip: string;
  /** Put before the destination; after `strip`. */
  readonly add: string;
}

export const e164: NumberFormat = { format: 'e164', country: undefined, strip: '', add: '' };

/** The destination as the carrier wants it dialled. */
export function writeDestination(number: PhoneNumber, numbers: NumberFormat): string {
  const written = write(number, numbers);
  const { strip, add } = numbers;
  return add + (strip !== '' && written.startsWith(strip) ? written.slice(strip.length) : written);
}

/** The caller's number: in the same format, without the dialling prefixes. */
export function writeCaller(number: PhoneNumber, numbers: NumberFormat): string {
  return write(number, numbers);
}

function write(number: PhoneNumber, { format, country }: NumberFormat): string {
  if (format === 'e164') return number;
  if (format === 'plain') return number.slice(1);
  const parsed = parsePhoneNumberFromString(number);
  // A number without a plan goes out as it is; the carrier may know better.
  if (!parsed || country === undefined || !isSupportedCountry(country)) return number;
  const written =
    parsed.country === country
      ? parsed.formatNational()
      : parsed.format('IDD', { fromCountry: country as CountryCode });
  return written ? written.replace(/[^0-9*#]/g, '') : number;
}

/** Whether there is a plan of that country. */
export function isKnownCountry(country: string): boolean {
  return isSupportedCountry(country);
}
