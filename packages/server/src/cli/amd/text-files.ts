/** Pictures and documents that `ringback amd` reads and writes; what the system refuses is told with the path. */
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export class TextFileUnusable extends Error {
  override readonly name = 'TextFileUnusable';
}

/** @throws {TextFileUnusable} */
export function readText(path: string): string {
  return orRefused(path, 'read', () => readFileSync(path, 'utf8'));
}

/** @throws {TextFileUnusable} */
export function writeText(path: string, text: string): void {
  orRefused(path, 'written', () => writeFileSync(path, text));
}

/**
 * For a file that will be written after long work.
 *
 * @throws {TextFileUnusable} where its folder is missing or takes no files.
 */
export function beSureOfFolder(path: string): void {
  orRefused(path, 'written', () => accessSync(dirname(path), constants.W_OK));
}

function orRefused<T>(path: string, done: 'read' | 'written', use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new TextFileUnusable(`${path} cannot be ${done} (${(error as NodeJS.ErrnoException).code}).`);
  }
}
