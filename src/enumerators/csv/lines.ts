/** What csv-parse tells with a record, and with a fault in one. */
export interface RecordInfo {
  readonly lines: number;
  readonly empty_lines: number;
  readonly comment_lines: number;
}

/**
 * The lines of a file on which its records start. csv-parse counts lines, but a CRLF between quotes twice, and not where a
 * record starts.
 */
export function lineCounter() {
  /** Line on which the next record starts, if neither an empty line nor a comment comes before it. */
  let line = 1;
  let seen: RecordInfo = { lines: 0, empty_lines: 0, comment_lines: 0 };
  /** A record with a fault was left: the lines that it still had are known with the next one. */
  let isLeft = false;

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
      if (isLeft) start += Math.max(0, breaks - countIn(fields, /[\r\n]/g));
      line = start + 1 + (breaks === 0 ? 0 : countIn(fields, /\r\n|\n|\r/g));
      seen = { lines: info.lines, empty_lines: info.empty_lines, comment_lines: info.comment_lines };
      isLeft = false;
      return start;
    },

    startOfFault: (info: RecordInfo) => line + before(info) + (isLeft ? info.lines - seen.lines - before(info) - 1 : 0),

    leaveFault(info: RecordInfo): void {
      line += info.lines - seen.lines;
      seen = { lines: info.lines, empty_lines: info.empty_lines, comment_lines: info.comment_lines };
      isLeft = true;
    },
  };
}

function countIn(fields: readonly string[], breaks: RegExp): number {
  return fields.reduce((sum, field) => sum + (field.match(breaks)?.length ?? 0), 0);
}
