/** The part of sdp-transform 3 that `session-description.ts` uses; the package has no types of its own. */
declare module 'sdp-transform' {
  export interface ParsedMedia {
    type?: string;
    port?: number | string;
    protocol?: string;
    payloads?: string | number;
    connection?: { version?: number | string; ip?: string | number };
    direction?: string;
    crypto?: { id: number; suite: string; config: string; sessionConfig?: string }[];
    rtcp?: { port?: number | string };
    rtp: {
      payload?: number | string;
      codec?: string | number;
      rate?: number | string;
      encoding?: number | string;
    }[];
  }
  export interface ParsedSession {
    version?: number | string;
    connection?: { version?: number | string; ip?: string | number };
    direction?: string;
    media: ParsedMedia[];
  }
  export interface WrittenMedia {
    type: string;
    port: number;
    protocol: string;
    payloads: string;
    rtp: { payload: number; codec: string; rate: number }[];
    fmtp: { payload: number; config: string }[];
    crypto?: { id: number; suite: string; config: string }[];
    ptime?: number;
    direction?: string;
  }
  export interface WrittenSession {
    version: number;
    origin: {
      username: string;
      sessionId: number;
      sessionVersion: number;
      netType: string;
      ipVer: number;
      address: string;
    };
    name: string;
    connection: { version: number; ip: string };
    timing: { start: number; stop: number };
    media: WrittenMedia[];
  }
  export function parse(sdp: string): ParsedSession;
  export function write(session: WrittenSession): string;
}
