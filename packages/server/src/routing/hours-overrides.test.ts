// Overrides of weekly hours: which stands above which, dates, nights, and dates that come again.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  dateOfDay,
  dayOfDate,
  type HoursOfOperation,
  type HoursOverride,
  isOpenAt,
  openSpansOn,
} from './hours-of-operation.ts';
import type { RecurrencePattern } from './recurrence.ts';

const at = (text: string) => {
  const [Hours = 0, Minutes = 0] = text.split(':').map(Number);
  return { Hours, Minutes };
};
const span = (from: string, till: string, Day?: string) => ({ Day, StartTime: at(from), EndTime: at(till) });

const week = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY'];
const office: HoursOfOperation = {
  timeZone: 'UTC',
  config: week.map((Day) => ({ Day, StartTime: at('09:00'), EndTime: at('17:00') })),
};

const override = (more: Partial<HoursOverride>): HoursOverride => ({
  name: 'o',
  type: 'STANDARD',
  config: [],
  effectiveFrom: '2026-03-02',
  effectiveTill: '2026-03-08',
  ...more,
});

/** As `09:00-17:00`. */
function openOn(date: string, ...overrides: HoursOverride[]): string[] {
  const day = dayOfDate(date);
  assert.ok(day !== undefined);
  const clock = (minutes: number) =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  return openSpansOn({ ...office, overrides }, day).map(([start, end]) => `${clock(start)}-${clock(end)}`);
}

/** Dates of a year on which a recurring closure of whole days holds. */
function closedDates(
  recurrence: RecurrencePattern,
  more: Partial<HoursOverride> = {},
  Day?: string,
): string[] {
  const first = dayOfDate('2026-01-01') ?? 0;
  const closure = override({
    type: 'CLOSED',
    config: [span('00:00', '00:00', Day)],
    effectiveFrom: '2026-01-01',
    effectiveTill: '2030-12-31',
    recurrence,
    ...more,
  });
  const always: HoursOfOperation = {
    timeZone: 'UTC',
    config: [...week, 'SATURDAY', 'SUNDAY'].map((day) => ({
      Day: day,
      StartTime: at('00:00'),
      EndTime: at('00:00'),
    })),
    overrides: [closure],
  };
  return Array.from({ length: 365 }, (_, index) => first + index)
    .filter((day) => openSpansOn(always, day).length === 0)
    .map(dateOfDay);
}

describe('hours of operation › overrides', () => {
  it('replace the week on their dates, and close a date that they give no hours', () => {
    const temporary = override({ config: [span('10:00', '12:00', 'MONDAY')] });
    assert.deepEqual(openOn('2026-03-02', temporary), ['10:00-12:00']);
    assert.deepEqual(openOn('2026-03-03', temporary), []);
    assert.deepEqual(openOn('2026-02-27', temporary), ['09:00-17:00'], 'before');
    assert.deepEqual(openOn('2026-03-09', temporary), ['09:00-17:00'], 'after');
  });

  it('close whole dates without any hours', () => {
    assert.deepEqual(openOn('2026-03-04', override({ config: [] })), []);
  });

  it('open beyond what holds, and close within it', () => {
    const longer = override({ type: 'OPEN', config: [span('16:00', '20:00')] });
    const lunch = override({ type: 'CLOSED', config: [span('12:00', '16:00')] });
    assert.deepEqual(openOn('2026-03-03', longer), ['09:00-20:00']);
    assert.deepEqual(openOn('2026-03-03', lunch, longer), ['09:00-12:00', '16:00-20:00']);
    assert.deepEqual(openOn('2026-03-08', longer), ['16:00-20:00'], 'a Sunday');
    const allDay = override({ type: 'CLOSED', config: [span('00:00', '00:00')] });
    assert.deepEqual(
      openOn('2026-03-03', longer, allDay, override({ config: [span('01:00', '02:00')] })),
      [],
    );
  });

  it('reach into the next date, also when that one is no longer theirs', () => {
    const night = override({ type: 'OPEN', config: [span('22:00', '06:00')], effectiveTill: '2026-03-02' });
    assert.deepEqual(openOn('2026-03-02', night), ['09:00-17:00', '22:00-24:00']);
    assert.deepEqual(openOn('2026-03-03', night), ['00:00-06:00', '09:00-17:00']);
  });

  it("hold in the hours' own time zone", () => {
    const hours: HoursOfOperation = {
      ...office,
      timeZone: 'Pacific/Auckland',
      overrides: [
        override({ type: 'CLOSED', config: [span('00:00', '00:00')], effectiveTill: '2026-03-02' }),
      ],
    };
    // 20:30 UTC on 1 March is 09:30 on 2 March there.
    assert.equal(isOpenAt(hours, Date.parse('2026-03-01T20:30:00Z')), false);
    assert.equal(isOpenAt(hours, Date.parse('2026-03-02T20:30:00Z')), true);
  });

  it('know which dates there are', () => {
    assert.equal(dayOfDate('2026-02-29'), undefined);
    assert.equal(dayOfDate('2028-02-29'), Date.UTC(2028, 1, 29) / 86_400_000);
    assert.equal(dayOfDate('2026-13-01'), undefined);
  });
});

describe('hours of operation › recurring overrides', () => {
  it('every other week, counted from the first', () => {
    const dates = closedDates(
      { Frequency: 'WEEKLY', Interval: 2 },
      { effectiveFrom: '2026-01-07' },
      'FRIDAY',
    );
    assert.deepEqual(dates.slice(0, 3), ['2026-01-09', '2026-01-23', '2026-02-06']);
    assert.equal(dates.length, 26);
  });

  it('the fifteenth of every third month', () => {
    assert.deepEqual(closedDates({ Frequency: 'MONTHLY', Interval: 3, ByMonthDay: [15] }), [
      '2026-01-15',
      '2026-04-15',
      '2026-07-15',
      '2026-10-15',
    ]);
  });

  it('the last day of each month, and not the 31st of months without one', () => {
    const last = closedDates({ Frequency: 'MONTHLY', Interval: 1, ByMonthDay: [-1] });
    assert.deepEqual(last.slice(0, 4), ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30']);
    assert.equal(closedDates({ Frequency: 'MONTHLY', Interval: 1, ByMonthDay: [31] }).length, 7);
  });

  it('the second and the last weekday of its name', () => {
    const second = closedDates(
      { Frequency: 'MONTHLY', Interval: 6, ByWeekdayOccurrence: [2] },
      {},
      'TUESDAY',
    );
    assert.deepEqual(second, ['2026-01-13', '2026-07-14']);
    const last = closedDates({ Frequency: 'MONTHLY', Interval: 1, ByWeekdayOccurrence: [-1] }, {}, 'FRIDAY');
    assert.deepEqual(last.slice(0, 3), ['2026-01-30', '2026-02-27', '2026-03-27']);
  });

  it('a date of every year, whatever weekday it is', () => {
    const pattern: RecurrencePattern = { Frequency: 'YEARLY', Interval: 1, ByMonth: [7], ByMonthDay: [4] };
    assert.deepEqual(closedDates(pattern), ['2026-07-04']);
    assert.deepEqual(closedDates({ ...pattern, Interval: 2 }, { effectiveFrom: '2025-01-01' }), []);
    const thanksgiving = closedDates(
      { Frequency: 'YEARLY', Interval: 1, ByMonth: [11], ByWeekdayOccurrence: [4] },
      {},
      'THURSDAY',
    );
    assert.deepEqual(thanksgiving, ['2026-11-26']);
  });

  it('the day that they begin on, where nothing else is said', () => {
    assert.deepEqual(closedDates({ Frequency: 'YEARLY', Interval: 1 }, { effectiveFrom: '2025-12-25' }), [
      '2026-12-25',
    ]);
    assert.equal(
      closedDates({ Frequency: 'MONTHLY', Interval: 1 }, { effectiveFrom: '2026-01-05' }).length,
      12,
    );
  });
});
