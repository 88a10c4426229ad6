// The witness: every INVITE on disk before its first response leaves, so that a test that kills the service can still count
// who was rung. One JSON object a line.
import { closeSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.ts';
import type { PhoneEvent } from './phone-event.ts';

/** What is worth a line; the rest is for the eye. */
const LOGGED: ReadonlySet<PhoneEvent['kind']> = new Set<PhoneEvent['kind']>([
  'invite',
  'challenged',
  'answered',
  'rejected',
  'ignored',
  'cancel',
  'bye',
  'failed',
  'ended',
]);

export class InviteLog {
  readonly #file: number;
  #isOpen = true;

  /** Appends to the file, making it and its folder when missing. @throws {FolderUnusable}, or the system's error */
  constructor(path: string) {
    makeFolder(dirname(path));
    this.#file = openSync(path, 'a');
  }

  /**
   * Writes synchronously: the line has left this process when `write` returns, and outlives it. Not an fsync: it does not
   * outlive the machine.
   *
   * @throws the system's error
   */
  write(event: PhoneEvent): void {
    if (!LOGGED.has(event.kind) || !this.#isOpen) return;
    const { atMs, kind, ...rest } = event;
    writeSync(this.#file, `${JSON.stringify({ at: new Date(atMs).toISOString(), kind, ...rest })}\n`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#file);
  }
}
