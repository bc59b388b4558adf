/** Tolerance for a past reset time: clocks differ, and a time in text has no seconds. */
const JUST_OVER_MS = 5 * 60_000;
/** Longest quota window; a later time is not a reset time. */
const LONGEST_WINDOW_MS = 32 * 86_400_000;
const MONTHS: readonly string[] = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS: readonly string[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };

/**
 * Parses the reset time of a limit, epoch ms: `limit reached|1760000000`, `resets in 2h 30m`, `resets 1:30am (UTC)`,
 * `resets Oct 6, 1pm (Europe/Berlin)`, `will reset at 17:00`, `resets Mon 9am`, `regain access on 2026-12-01 at 00:00
 * UTC`. A time without a zone is local; one without a date is the next after `now`, the time of the message. Null = no
 * time found.
 */
export function resetTime(words: string, now: number): number | null {
  const exact = epochIn(words) ?? relativeIn(words, now);
  if (exact !== null) return exact;
  const at = wallTimeIn(words, now);
  return at !== null && at >= now - JUST_OVER_MS && at <= now + LONGEST_WINDOW_MS ? at : null;
}

function epochIn(words: string): number | null {
  const digits = /\|(\d{13}|\d{10})\b/.exec(words)?.[1];
  if (digits === undefined) return null;
  return Number(digits) * (digits.length === 10 ? 1000 : 1);
}

function relativeIn(words: string, now: number): number | null {
  const length = /\b(?:resets?|again) in ([^·∙()]{1,40})/i.exec(words)?.[1];
  if (length === undefined) return null;
  const parts = [...length.matchAll(/(\d{1,4}) ?([dhms])/gi)];
  if (parts.length === 0) return null;
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit.toLowerCase()] ?? 0), now);
}

/** A wall clock time in a time zone. */
interface Wall {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly minutes: number;
}

function wallTimeIn(words: string, now: number): number | null {
  const said = /\b(?:resets?(?: (?:at|on))?|(?:regain access|again) (?:at|on)) ([^·∙\n"]{1,60})/i.exec(words)?.[1];
  if (said === undefined) return null;
  const minutes = minutesIn(said);
  const date = dateIn(said);
  if (minutes === null && date === null) return null;
  const zone = zoneIn(said);
  const today = wallAt(now, zone);
  const wall = { ...today, minutes: minutes ?? 0 };
  if (date !== null) {
    const year = date.year ?? today.year;
    const at = epochOf({ ...wall, ...date, year }, zone);
    // December text about a day in January.
    return date.year === null && at < now - LONGEST_WINDOW_MS
      ? epochOf({ ...wall, ...date, year: year + 1 }, zone)
      : at;
  }
  const ahead = daysAhead(said, today);
  const at = epochOf({ ...wall, day: wall.day + (ahead ?? 0) }, zone);
  if (at >= now - JUST_OVER_MS) return at;
  return epochOf({ ...wall, day: wall.day + (ahead === null ? 1 : 7) }, zone);
}

/** Minutes since midnight: `1pm`, `1:30 am`, `17:00`. */
function minutesIn(said: string): number | null {
  const [, hour, minute = '0', half] =
    /\b(\d{1,2})(?::(\d{2}))? ?([ap])\.?m\b/i.exec(said) ?? /(?:\b|T)(\d{1,2}):(\d{2})\b/.exec(said) ?? [];
  if (hour === undefined || Number(hour) > 23 || Number(minute) > 59) return null;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
  return hours * 60 + Number(minute);
}

/** `Oct 6`, `October 6, 2026`, `6 Oct`, `2026-10-06`. */
function dateIn(said: string): (Pick<Wall, 'month' | 'day'> & { readonly year: number | null }) | null {
  const iso = /\b(\d{4})-(\d{2})-(\d{2})(?!\d)/.exec(said);
  if (iso) return { year: Number(iso[1]), month: Number(iso[2]) - 1, day: Number(iso[3]) };
  const name = /\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\b/i.exec(said);
  if (!name) return null;
  const month = MONTHS.indexOf(name[1]?.toLowerCase() ?? '');
  const after = /^\.? (\d{1,2})(?:st|nd|rd|th)?\b(?!:)(?:,? (\d{4})\b)?/.exec(said.slice(name.index + name[0].length));
  const before = /\b(\d{1,2})\.? $/.exec(said.slice(0, name.index));
  const day = after?.[1] ?? before?.[1];
  if (day === undefined) return null;
  return { year: after?.[2] === undefined ? null : Number(after[2]), month, day: Number(day) };
}

/** Days from today to the named day; null if none is named. */
function daysAhead(said: string, { year, month, day }: Wall): number | null {
  if (/\btomorrow\b/i.test(said)) return 1;
  const name = /\b(sun|mon|tue|wed|thu|fri|sat)(?:day|sday|s|nesday|rsday|rs|r|urday)?\b/i.exec(said)?.[1];
  if (name === undefined) return null;
  const wanted = DAYS.indexOf(name.toLowerCase());
  return (wanted - new Date(Date.UTC(year, month, day)).getUTCDay() + 7) % 7;
}

/** `(Europe/Berlin)`, `UTC`, `Z`; undefined = local zone, also for an unknown one. */
function zoneIn(said: string): string | undefined {
  const zone = /\(([\w+/-]{2,40})\)/.exec(said)?.[1] ?? (/\b(?:UTC|GMT)\b|\dZ\b/.test(said) ? 'UTC' : undefined);
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

function wallAt(epoch: number, timeZone: string | undefined): Wall {
  const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
  const format = new Intl.DateTimeFormat('en-US', { ...fields, timeZone, hourCycle: 'h23' });
  const part = Object.fromEntries(format.formatToParts(epoch).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = part;
  return { year, month: month - 1, day, minutes: hour * 60 + minute };
}

/** Epoch of a wall clock time. For an hour skipped or repeated by a DST change, one of the two. */
function epochOf({ year, month, day, minutes }: Wall, zone: string | undefined): number {
  const asUtc = Date.UTC(year, month, day, 0, minutes);
  let epoch = asUtc;
  for (let round = 0; round < 2; round++) {
    const shown = wallAt(epoch, zone);
    epoch += asUtc - Date.UTC(shown.year, shown.month, shown.day, 0, shown.minutes);
  }
  return epoch;
}
