// A file name for a call: its Call-ID, which comes from outside and may hold anything.
import { hash } from 'node:crypto';

/** File systems allow 255 bytes; room is left for the ending. */
const LONGEST_NAME = 200;

/**
 * Name of the recording of a call: the Call-ID, with what has no place in a file name percent-encoded, and `.wav`.
 * Distinct Call-IDs have distinct names.
 */
export function recordingFileName(callId: string): string {
  const name = encodeURIComponent(callId.toWellFormed()).replace(/^\.|[*~]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  const readable = name.replaceAll('%40', '@');
  if (readable.length <= LONGEST_NAME) return `${readable}.wav`;
  return `${readable.slice(0, LONGEST_NAME - 65)}~${hash('sha256', callId)}.wav`;
}
