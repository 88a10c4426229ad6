/**
 * The errors of the door. Those of SDP and WAV files live beside their parsers.
 */

/** No RTP port could be bound. `code` is the system's, when it was not simply that all ports are taken. */
export class NoMediaPort extends Error {
  readonly host: string;
  readonly code: string;
  constructor(host: string, first: number, last: number, code: string) {
    super(`no RTP port free on ${host} in ${first}-${last} (${code}). ${remedyFor(code)}`);
    this.name = 'NoMediaPort';
    this.host = host;
    this.code = code;
  }
}

function remedyFor(code: string): string {
  return code === 'EMFILE' || code === 'ENFILE'
    ? 'Raise the limit of open files: ulimit -n, or LimitNOFILE of systemd.'
    : 'Widen the range, or end calls that still hold ports.';
}

/**
 * The engine takes no further session: `sessions` as many as configured are open · `load` every worker is so busy that
 * audio would suffer.
 */
export class MediaAtCapacity extends Error {
  readonly reason: 'sessions' | 'load';
  constructor(reason: 'sessions' | 'load', sessions: number) {
    const why = {
      sessions: `its configured most, ${sessions} sessions`,
      load: `${sessions} sessions, and every worker is so busy that their audio would suffer`,
    };
    super(`the media engine already carries ${why[reason]}`);
    this.name = 'MediaAtCapacity';
    this.reason = reason;
  }
}

/** The engine is closed, or the worker that carried the request has died. */
export class MediaEngineClosed extends Error {
  constructor(message = 'the media engine is closed') {
    super(message);
    this.name = 'MediaEngineClosed';
  }
}

export class MediaSessionClosed extends Error {
  readonly sessionId: number;
  constructor(sessionId: number) {
    super(`media session ${sessionId} is closed`);
    this.name = 'MediaSessionClosed';
    this.sessionId = sessionId;
  }
}

export class PromptUnknown extends Error {
  readonly promptId: string;
  constructor(promptId: string) {
    super(`prompt ${JSON.stringify(promptId)} is not loaded; call loadPrompt first`);
    this.name = 'PromptUnknown';
    this.promptId = promptId;
  }
}

/** Digits were to be sent before an answer said how the far end takes them. */
export class DigitsNotNegotiated extends Error {
  constructor() {
    super(
      'digits cannot be sent before the far end has answered; send them after acceptAnswer or answerOffer',
    );
    this.name = 'DigitsNotNegotiated';
  }
}

/**
 * A recording could not be started, or did not reach the disk whole. `code` is the system's (`ENOSPC`, `EACCES`,
 * `ENOENT` …), `DISK_TOO_SLOW`, `ALREADY_RECORDING` or `NOT_RECORDING`.
 */
export class RecordingFailed extends Error {
  readonly path: string;
  readonly code: string;
  constructor(path: string, code: string, detail: string) {
    super(`recording ${path || '(none)'} failed: ${detail} (${code})`);
    this.name = 'RecordingFailed';
    this.path = path;
    this.code = code;
  }
}

/**
 * Why sessions were not bridged: `otherWorker` open one with `beside` the other · `otherEngine` it is no session of ours ·
 * `twoBridges` each is in a bridge of its own · `full` four members · `itself`.
 */
export type BridgeRefusal = 'otherWorker' | 'otherEngine' | 'twoBridges' | 'full' | 'itself';

export class BridgeRefused extends Error {
  readonly reason: BridgeRefusal;
  constructor(sessionId: number, otherId: number, reason: BridgeRefusal) {
    super(`media sessions ${sessionId} and ${otherId} cannot be bridged: ${reason}`);
    this.name = 'BridgeRefused';
    this.reason = reason;
  }
}

/** The WebRTC library failed in a way that no description is to blame for. */
export class PeerFailed extends Error {
  constructor(detail: string) {
    super(`the WebRTC connection failed: ${detail}`);
    this.name = 'PeerFailed';
  }
}
