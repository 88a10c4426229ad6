// Phone numbers typed by callers: from keys to E.164.

import { callingCodeOf } from './calling-codes.ts';

/** E.164: country code and national number, 15 digits at most; shorter than 7 nobody can be called. */
const E164_DIGITS = /^[1-9]\d{6,14}$/;

/** National numbers that keep their leading zero (Italy, San Marino, Vatican City). */
const KEEPS_LEADING_ZERO: readonly string[] = ['39', '378'];

/**
 * The number in E.164, or undefined when the keys cannot be one.
 *
 * @param country undefined: the keys hold the country code. Otherwise an ISO 3166 code or a calling code, and the
 * keys are a number as dialled inside that country (a trunk prefix 0 is dropped).
 */
export function normalizePhoneNumber(keys: string, country: string | undefined): string | undefined {
  if (!/^\d{1,20}$/.test(keys)) return undefined;
  if (country === undefined) {
    const digits = keys.replace(/^00/, '');
    return E164_DIGITS.test(digits) ? `+${digits}` : undefined;
  }
  const code = callingCodeOf(country);
  if (code === undefined) return undefined;
  if (code === '1') {
    const national = keys.length === 11 && keys.startsWith('1') ? keys.slice(1) : keys;
    return /^[2-9]\d{9}$/.test(national) ? `+1${national}` : undefined;
  }
  const national = KEEPS_LEADING_ZERO.includes(code) ? keys : keys.replace(/^0/, '');
  const digits = code + national;
  return national.length >= 4 && E164_DIGITS.test(digits) ? `+${digits}` : undefined;
}
