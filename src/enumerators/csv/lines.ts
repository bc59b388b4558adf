/** Counters that csv-parse reports with a record or an error. */
export interface RecordInfo {
  readonly lines: number;
  readonly empty_lines: number;
  readonly comment_lines: number;
}

/**
 * Tracks the line on which each record starts. csv-parse counts lines, but counts a CRLF inside quotes twice and does
 * not report where a record starts.
 */
export function lineCounter() {
  /** Line on which the next record starts, unless empty lines or comments precede it. */
  let line = 1;
  let seen: RecordInfo = { lines: 0, empty_lines: 0, comment_lines: 0 };
  /** A faulty record was passed: the lines it still had become known with the next record. */
  let isPassed = false;

  const before = (info: RecordInfo) => info.empty_lines - seen.empty_lines + (info.comment_lines - seen.comment_lines);

  return {
    next: () => line,

    skip(count: number): void {
      line += count;
    },

    startOf(fields: readonly string[], info: RecordInfo): number {
      const extra = before(info);
      const breaks = info.lines - seen.lines - extra - 1;
      let start = line + extra;
      if (isPassed) start += Math.max(0, breaks - countIn(fields, /[\r\n]/g));
      line = start + 1 + (breaks === 0 ? 0 : countIn(fields, /\r\n|\n|\r/g));
      seen = { lines: info.lines, empty_lines: info.empty_lines, comment_lines: info.comment_lines };
      isPassed = false;
      return start;
    },

    startOfFault: (info: RecordInfo) =>
      line + before(info) + (isPassed ? info.lines - seen.lines - before(info) - 1 : 0),

    passFault(info: RecordInfo): void {
      line += info.lines - seen.lines;
      seen = { lines: info.lines, empty_lines: info.empty_lines, comment_lines: info.comment_lines };
      isPassed = true;
    },
  };
}

function countIn(fields: readonly string[], breaks: RegExp): number {
  return fields.reduce((sum, field) => sum + (field.match(breaks)?.length ?? 0), 0);
}
