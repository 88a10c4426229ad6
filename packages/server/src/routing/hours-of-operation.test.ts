// Weekly hours: time zones, nights, whole days, changes of the clocks.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type HoursOfOperation, isOpenAt, type OpenSpan } from './hours-of-operation.ts';

const weekdays = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY'];
const office: HoursOfOperation = {
  timeZone: 'Europe/Berlin',
  config: weekdays.map((day) => span(day, '09:00', '17:30')),
};
const night: HoursOfOperation = { timeZone: 'UTC', config: [span('SATURDAY', '22:00', '06:00')] };

// 2026-01-05 is a Monday; Berlin is at UTC+1 in winter and at UTC+2 in summer.
const cases: readonly (readonly [what: string, hours: HoursOfOperation, at: string, isOpen: boolean])[] = [
  ['before it opens', office, '2026-01-05T07:59:59Z', false],
  ['when it opens', office, '2026-01-05T08:00:00Z', true],
  ['in its last minute', office, '2026-01-05T16:29:59Z', true],
  ['when it closes', office, '2026-01-05T16:30:00Z', false],
  ['on a closed day', office, '2026-01-04T10:00:00Z', false],
  ['in summer time', office, '2026-07-06T07:00:00Z', true],
  ['in summer time, an hour early', office, '2026-07-06T06:59:59Z', false],
  [
    'where the zone is on the next day already',
    { ...office, timeZone: 'Pacific/Auckland' },
    '2026-01-04T21:00:00Z',
    true,
  ],
  [
    'where the zone is on the day before still',
    { ...office, timeZone: 'America/Los_Angeles' },
    '2026-01-10T01:00:00Z',
    true,
  ],
  ['before a night', night, '2026-01-10T21:59:00Z', false],
  ['in a night', night, '2026-01-10T23:30:00Z', true],
  ['after midnight of a night', night, '2026-01-11T05:59:00Z', true],
  ['at the end of a night', night, '2026-01-11T06:00:00Z', false],
  ['after midnight before the night', night, '2026-01-10T03:00:00Z', false],
  [
    'all day, written as 00:00 to 00:00',
    zoned(span('MONDAY', '00:00', '00:00')),
    '2026-01-05T23:59:59Z',
    true,
  ],
  ['the day after a whole day', zoned(span('MONDAY', '00:00', '00:00')), '2026-01-06T00:00:00Z', false],
  [
    'all day, written as 00:00 to 23:59',
    zoned(span('MONDAY', '00:00', '23:59')),
    '2026-01-05T23:59:30Z',
    true,
  ],
  [
    'in the second of two spans',
    zoned(span('MONDAY', '08:00', '12:00'), span('MONDAY', '13:00', '18:00')),
    '2026-01-05T13:00:00Z',
    true,
  ],
  [
    'between two spans',
    zoned(span('MONDAY', '08:00', '12:00'), span('MONDAY', '13:00', '18:00')),
    '2026-01-05T12:30:00Z',
    false,
  ],
  ['without any span', zoned(), '2026-01-05T12:30:00Z', false],
  ['with a day that is none', zoned(span('SOMEDAY', '00:00', '00:00')), '2026-01-04T12:00:00Z', false],
];

describe('hours of operation', () => {
  for (const [what, hours, at, isOpen] of cases) {
    it(`${isOpen ? 'open' : 'closed'} ${what}`, () => assert.equal(isOpenAt(hours, Date.parse(at)), isOpen));
  }

  it('skips the hour that the clocks skip, and has the repeated hour twice', () => {
    const berlin = (start: string, end: string): HoursOfOperation => ({
      timeZone: 'Europe/Berlin',
      config: [span('SUNDAY', start, end)],
    });
    // 2026-03-29: 02:00 becomes 03:00. 2026-10-25: 03:00 becomes 02:00.
    const spring = Array.from({ length: 240 }, (_, n) => Date.parse('2026-03-28T23:00:00Z') + n * 60_000);
    assert.equal(spring.filter((at) => isOpenAt(berlin('01:00', '04:00'), at)).length, 120);
    const autumn = Array.from({ length: 360 }, (_, n) => Date.parse('2026-10-24T22:00:00Z') + n * 60_000);
    assert.equal(autumn.filter((at) => isOpenAt(berlin('02:00', '03:00'), at)).length, 120);
  });

  it('refuses a time zone that does not exist', () => {
    assert.throws(() => isOpenAt({ timeZone: 'Mars/Olympus', config: [] }, 0), RangeError);
  });
});

function span(day: string, start: string, end: string): OpenSpan {
  const time = (text: string) => ({ Hours: Number(text.slice(0, 2)), Minutes: Number(text.slice(3)) });
  return { Day: day, StartTime: time(start), EndTime: time(end) };
}

function zoned(...config: OpenSpan[]): HoursOfOperation {
  return { timeZone: 'UTC', config };
}
