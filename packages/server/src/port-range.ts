/** A range of UDP ports, as environment and configuration file write it. Used by config.ts and config-file.ts. */

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Reads `first-last`, at least two ports from 1024 to 65535; undefined when it is none. */
export function readPortRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2]);
  return match && first >= 1024 && last <= 65_535 && last > first ? { first, last } : undefined;
}
