/** Settings of detection on a command line, `name=value`. */
import { type AmdSettings, defaultAmdSettings } from '@ringback/media';
import { InvalidArgumentError } from 'commander';

/** Collects one more setting. */
export function settingArgument(text: string, before: Partial<AmdSettings>): Partial<AmdSettings> {
  const [name = '', value = ''] = text.split('=');
  if (!Object.hasOwn(defaultAmdSettings, name)) {
    throw new InvalidArgumentError(`Settings are ${Object.keys(defaultAmdSettings).join(', ')}.`);
  }
  const number = Number(value);
  if (value === '' || !Number.isFinite(number)) throw new InvalidArgumentError(`${name} is a number.`);
  return { ...before, [name]: number };
}
