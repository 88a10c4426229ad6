/** When a business is open: weekly hours in a time zone, asked for one moment. Pure. */

/** A time of day on the wall clock. */
export interface TimeOfDay {
  /** 0 to 23. */
  readonly Hours: number;
  /** 0 to 59. */
  readonly Minutes: number;
}

/** One span, in the wire's spelling (`HoursOfOperationConfig`, API reference). */
export interface OpenSpan {
  readonly Day: string;
  readonly StartTime: TimeOfDay;
  readonly EndTime: TimeOfDay;
}

export interface HoursOfOperation {
  /** IANA name such as `Europe/Berlin`. */
  readonly timeZone: string;
  readonly config: readonly OpenSpan[];
}

const days = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];
const minutesOfDay = 1440;

/**
 * Whether it is open at a moment, ms since the epoch.
 *
 * A span holds from its start until just before its end. An end at or before the start lies on the next day, so
 * 22:00–06:00 is a night and 00:00–00:00 a whole day. An end of 23:59 means midnight: clients write it for "all day",
 * since 24:00 cannot be written. Around a change of the clocks, what the wall clock shows counts.
 *
 * @throws {RangeError} the time zone is unknown.
 */
export function isOpenAt(hours: HoursOfOperation, atMs: number): boolean {
  const { day, minute } = wallClock(hours.timeZone, atMs);
  return hours.config.some((span) => {
    const start = minuteOf(span.StartTime);
    const written = minuteOf(span.EndTime);
    const end = written === minutesOfDay - 1 ? minutesOfDay : written;
    const passesMidnight = end <= start;
    const opened = days.indexOf(span.Day);
    if (opened === day) return minute >= start && (passesMidnight || minute < end);
    return passesMidnight && opened >= 0 && (opened + 1) % days.length === day && minute < end;
  });
}

/** Day of the week (0 is Sunday) and minute of the day. */
function wallClock(timeZone: string, atMs: number): { day: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'long',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  return {
    day: days.indexOf((parts.get('weekday') ?? '').toUpperCase()),
    minute: 60 * Number(parts.get('hour')) + Number(parts.get('minute')),
  };
}

const minuteOf = ({ Hours, Minutes }: TimeOfDay): number => 60 * Hours + Minutes;
