/** The option `--account`, which several commands have. */
import { InvalidArgumentError } from 'commander';

/** @throws {InvalidArgumentError} it is none. */
export function checkedAccount(text: string): string {
  if (/^\d{12}$/.test(text)) return text;
  throw new InvalidArgumentError('An account id has 12 digits.');
}
