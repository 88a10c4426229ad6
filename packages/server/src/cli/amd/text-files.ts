/** Pictures and documents that `ringback amd` reads and writes; what the system refuses is told with the path. */
import { readFileSync, writeFileSync } from 'node:fs';

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

function orRefused<T>(path: string, done: 'read' | 'written', use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new TextFileUnusable(`${path} cannot be ${done} (${(error as NodeJS.ErrnoException).code}).`);
  }
}
