import { describe, expect, it } from 'vitest';
import { resetTime } from '../../../src/workers/claude/reset-time.ts';

/** A Monday. */
const NOW = Date.parse('2026-10-05T22:00:00Z');

describe('the reset time of a limit', () => {
  it.each<[words: string, at: string | null]>([
    ['Claude AI usage limit reached|1760000000', '2025-10-09T08:53:20Z'],
    ['Claude AI usage limit reached|1791300000000', '2026-10-06T15:20:00Z'],
    ['resets in 2 hours', '2026-10-06T00:00:00Z'],
    ['resets in 2h 30m', '2026-10-06T00:30:00Z'],
    ['try again in 45 minutes', '2026-10-05T22:45:00Z'],
    ['resets in 3 days and 1 hour', '2026-10-08T23:00:00Z'],
    ['resets 1:30am (UTC)', '2026-10-06T01:30:00Z'],
    ['resets 11pm (UTC)', '2026-10-05T23:00:00Z'],
    ['resets 12am (UTC)', '2026-10-06T00:00:00Z'],
    ['resets 12:15 PM UTC', '2026-10-06T12:15:00Z'],
    ['resets at 17:00 (UTC)', '2026-10-06T17:00:00Z'],
    ['Your limit will reset at 7pm (America/Vancouver).', '2026-10-06T02:00:00Z'],
    ['resets 5pm (Asia/Kolkata)', '2026-10-06T11:30:00Z'],
    ['resets Oct 6, 1pm (Europe/Berlin)', '2026-10-06T11:00:00Z'],
    ['resets October 6 at 1pm (UTC)', '2026-10-06T13:00:00Z'],
    ['resets Oct 6, 2026, 1pm (UTC)', '2026-10-06T13:00:00Z'],
    ['resets 6 Oct 13:00 (UTC)', '2026-10-06T13:00:00Z'],
    ['resets Nov 1 (UTC)', '2026-11-01T00:00:00Z'],
    ['resets 2026-10-07T10:00:00Z', '2026-10-07T10:00:00Z'],
    ['resets Oct 26, 1pm (Europe/Berlin)', '2026-10-26T12:00:00Z'],
    ['resets Mon 9am (UTC)', '2026-10-12T09:00:00Z'],
    ['resets Monday 11pm (UTC)', '2026-10-05T23:00:00Z'],
    ['resets Thursday at 9am (UTC)', '2026-10-08T09:00:00Z'],
    ['resets tomorrow at 5:15pm (UTC)', '2026-10-06T17:15:00Z'],
    ['resets 9:58pm (UTC)', '2026-10-05T21:58:00Z'],
    ['resets 9:50pm (UTC)', '2026-10-06T21:50:00Z'],
    ['resets 1:30am (UTC) · /upgrade to Max at 5pm', '2026-10-06T01:30:00Z'],
    ['You will regain access on 2026-11-01 at 00:00 UTC.', '2026-11-01T00:00:00Z'],
    ['"message":"You will regain access on 2026-11-01 at 06:00 UTC."},"request_id":"9pm"', '2026-11-01T06:00:00Z'],
    ['Spending cap reached resets 9am (UTC)', '2026-10-06T09:00:00Z'],
    ['try again at 11pm (UTC)', '2026-10-05T23:00:00Z'],
    ['You will regain access on 2027-11-01 at 00:00 UTC.', null],
    ['This is usually temporary — try again in a moment.', null],
    ['resets next month', null],
    ['resets soon', null],
    ['it resets 25 things', null],
    ['resets Mar 2, 1pm (UTC)', null],
    ["You've hit your limit", null],
    ['', null],
  ])('"%s" is %s', (words, at) => {
    const found = resetTime(words, NOW);
    expect(found === null ? null : new Date(found).toISOString()).toBe(at && new Date(at).toISOString());
  });

  it('uses the local zone if the zone is missing or unknown', () => {
    const here = new Date(NOW);
    here.setHours(17, 0, 0, 0);
    if (here.getTime() < NOW) here.setDate(here.getDate() + 1);
    for (const words of ['resets 5pm', 'resets 17:00 (Nowhere/Land)'])
      expect(resetTime(words, NOW)).toBe(here.getTime());
  });

  it('may be in the next year', () => {
    expect(resetTime('resets Jan 2, 9am (UTC)', Date.parse('2026-12-30T00:00:00Z'))).toBe(
      Date.parse('2027-01-02T09:00:00Z'),
    );
  });
});
