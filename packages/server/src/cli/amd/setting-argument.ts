/** Settings of detection on a command line, `name=value`, within the bounds that the configuration file has for them. */
import type { AmdSettings } from '@ringback/media';
import { InvalidArgumentError } from 'commander';
import { AnsweringMachineDetection } from '../../config-file.ts';

/** The schema's type does not tell its bounds; all settings have them. */
const bounds = AnsweringMachineDetection.properties as object as Readonly<
  Record<keyof AmdSettings, { readonly minimum: number; readonly maximum: number }>
>;

/** Collects one more setting. */
export function settingArgument(text: string, before: Partial<AmdSettings>): Partial<AmdSettings> {
  const at = text.indexOf('=');
  const [name, value] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  if (!isSetting(name)) {
    throw new InvalidArgumentError(`Settings are ${Object.keys(bounds).join(', ')}.`);
  }
  const number = Number(value);
  const { minimum, maximum } = bounds[name];
  if (value.trim() === '' || !(number >= minimum && number <= maximum)) {
    throw new InvalidArgumentError(`${name} is a number from ${minimum} to ${maximum}.`);
  }
  return { ...before, [name]: number };
}

const isSetting = (name: string): name is keyof AmdSettings => Object.hasOwn(bounds, name);
