/** Dates that come again: every other week, each month's last Friday, the fourth of July. Days are counted from 1970-01-01. Pure. */

/** In the wire's spelling (`RecurrencePattern`, API reference). */
export interface RecurrencePattern {
  readonly Frequency: 'WEEKLY' | 'MONTHLY' | 'YEARLY';
  /** Every so many weeks, months or years, counted from the one of the first day. */
  readonly Interval: number;
  /** With `YEARLY`: 1 to 12. Absent: the first day's month. */
  readonly ByMonth?: readonly number[] | undefined;
  /** 1 to 31, or -1 for the last day of the month. Absent, as the next: the first day's day of the month. */
  readonly ByMonthDay?: readonly number[] | undefined;
  /** Which one of the month's days of that name: 1 to 4, or -1 for the last. */
  readonly ByWeekdayOccurrence?: readonly number[] | undefined;
}

const weekdays = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];
const daysOfWeek = weekdays.length;
const monthsOfYear = 12;
const msOfDay = 86_400_000;

/** 1970-01-01 was a Thursday. */
const firstWeekday = 4;

export function weekdayOf(day: number): string {
  return weekdays[weekdayNumber(day)] ?? '';
}

/** Days since 1970-01-01 of a date; the month counts from 1. */
export function daysOf(year: number, month: number, dayOfMonth: number): number {
  return Date.UTC(year, month - 1, dayOfMonth) / msOfDay;
}

/** Whether a pattern that begins on the first day names another day. Which weekday it is, others decide. */
export function isEffectiveOn(pattern: RecurrencePattern, first: number, day: number): boolean {
  const from = calendar(first);
  const { year, month, dayOfMonth } = calendar(day);
  const months = (year - from.year) * monthsOfYear + month - from.month;
  switch (pattern.Frequency) {
    case 'WEEKLY':
      return isMultiple((weekStart(day) - weekStart(first)) / daysOfWeek, pattern.Interval);
    case 'MONTHLY':
      return isMultiple(months, pattern.Interval) && isNamedDay();
    case 'YEARLY':
      return (
        isMultiple(year - from.year, pattern.Interval) &&
        (pattern.ByMonth && pattern.ByMonth.length > 0 ? pattern.ByMonth : [from.month]).includes(month) &&
        isNamedDay()
      );
  }

  function isNamedDay(): boolean {
    const lastOfMonth = daysOf(year, month + 1, 1) - daysOf(year, month, 1);
    const occurrences = pattern.ByWeekdayOccurrence ?? [];
    if (occurrences.length > 0) {
      const isLast = dayOfMonth + daysOfWeek > lastOfMonth;
      return occurrences.some((wanted) =>
        wanted === -1 ? isLast : wanted === Math.ceil(dayOfMonth / daysOfWeek),
      );
    }
    const named =
      pattern.ByMonthDay && pattern.ByMonthDay.length > 0 ? pattern.ByMonthDay : [from.dayOfMonth];
    return named.some((wanted) => (wanted === -1 ? lastOfMonth : wanted) === dayOfMonth);
  }
}

const isMultiple = (count: number, of: number): boolean => count % of === 0;

/** The Sunday that the week of a day begins with. */
const weekStart = (day: number): number => day - weekdayNumber(day);

const weekdayNumber = (day: number): number =>
  (((day + firstWeekday) % daysOfWeek) + daysOfWeek) % daysOfWeek;

function calendar(day: number): { year: number; month: number; dayOfMonth: number } {
  const date = new Date(day * msOfDay);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, dayOfMonth: date.getUTCDate() };
}
