import { stripVTControlCharacters } from 'node:util';

/** Final lines of a failed program that do not name the error. Lines that begin with a blank never do. */
const NOT_THE_ERROR: readonly RegExp[] = [
  // Below the line that names the error: Java, .NET, PHP, Rust, objects of Node, the line that bash could not read.
  /^(?:Caused by|Suppressed):/,
  /^stack (?:back)?trace:?$/i,
  /^#\d+ /,
  /^\.{3} \d+ /,
  /^[)\]}]+[,;]?$/,
  /^[^:]+: line \d+: `/,
  // Final lines of runtimes and of programs that run others.
  /^Node\.js v\d/,
  /^\(Use `node /,
  /^exit status \d+$/,
  /^npm (?:ERR!|error) /,
  /^make(?:\[\d+\])?: \*\*\* /,
  /^(?:real|user|sys)\s+\d/,
  // Advice, and ordinary log lines.
  /^(?:usage|try|see|hint|help|note|for more)\b/i,
  /^[^a-z]*\b(?:INFO|DEBUG|TRACE|NOTICE)\b/,
];
/** A stack frame: Node, Java, .NET, Ruby. */
const FRAME = /^\s+(?:at|from) \S/;
/** Frame that Python draws around the errors of a group, and its separator lines. */
const BOX = /^ +\| /;
const BOX_RULE = /^ +\+[-+ \d]*$/;
/** Line that names an error with a multi-line message above its stack. */
const NAMES = /(?:Error|Exception)\b|^(?:error|fatal|panic|uncaught)\b|^[A-Z][\w$.]*: |:\d+:in [`']/;
/** Lines searched above a stack for the name of the error. */
const MESSAGE_LINES = 20;
/** Words that suggest an error, anywhere in a line. */
const ERROR_WORDS =
  /error|fail|fatal|exception|panic|denied|cannot|can't|could not|unable|invalid|not found|no such|missing|unknown|refused|abort|killed|time(?:d )?out/i;
/** Line marked as an error: `error: …`, `tool: error: …`, `2026-01-01 12:00:00 ERROR …`. */
const MARKED: readonly RegExp[] = [
  /^\W{0,9}(?:error|fatal|critical)\b/i,
  /^[^\s:]{1,40}: (?:error|fatal|critical)\b/i,
  /^[^a-z]{0,60}\b(?:ERROR|FATAL|CRITICAL)\b/,
];

/** Errors that begin with a header: its pattern, and how to find the line that names the error. */
const HEADERS: readonly {
  readonly begins: RegExp;
  readonly name: (lines: readonly string[], at: number) => string | undefined;
}[] = [
  // Python, and Ruby when it prints the stack first: the first line below that is not part of the stack.
  {
    begins: /^Traceback \(most recent call last\):/,
    name: (lines, at) => lines.slice(at + 1).find((line) => /^[^\s^~]/.test(line)),
  },
  // Python exception groups: the name of the group comes first.
  {
    begins: /^ *\+ Exception Group Traceback \(most recent call last\):/,
    name: (lines, at) =>
      lines
        .slice(at + 1)
        .map(unboxed)
        .find((line) => /^[^\s^~]/.test(line)),
  },
  // Go: only goroutines follow.
  { begins: /^(?:panic|fatal error): /, name: (lines, at) => lines[at] },
  // Rust: the message is on the same line before 1.73, on the next one since.
  {
    begins: /^thread '[^']*' (?:\(\d+\) )?panicked at /,
    name: (lines, at) => (lines[at]?.includes("panicked at '") ? lines[at] : lines[at + 1]),
  },
];

/**
 * Finds the line of a failed program's output that names the error: in a stack trace the line with its name, else the
 * last line that is not advice or a frame. Null if there is no output.
 */
export function errorLine(said: string): string | null {
  const lines = stripVTControlCharacters(said)
    .split('\n')
    .map((line) => line.trimEnd().split('\r').at(-1) ?? '');
  const last = lines.findLastIndex(mayNameError);
  const plain = lines[last] ?? lines.findLast((line) => line.trim() !== '' && !BOX_RULE.test(line));
  if (plain === undefined) return null;
  const named = namedAbove(lines) ?? namedBySpread(lines, last) ?? plain;
  const marked = ERROR_WORDS.test(named) || NAMES.test(named) ? undefined : lines.findLast(isMarked);
  return unboxed(marked ?? named)
    .replace(/ \{$/, '')
    .trim();
}

function mayNameError(line: string): boolean {
  return /^\S/.test(line) && !NOT_THE_ERROR.some((pattern) => pattern.test(line));
}

function unboxed(line: string): string {
  return line.replace(BOX, '');
}

/** Errors within a group do not count: the group has a name. */
function isMarked(line: string): boolean {
  return !BOX.test(line) && MARKED.some((pattern) => pattern.test(line));
}

/** The name of the last error with a header, unless another error is marked below it. */
function namedAbove(lines: readonly string[]): string | undefined {
  for (let at = lines.length - 1; at >= 0; at--) {
    const line = lines[at] ?? '';
    const head = HEADERS.find(({ begins }) => begins.test(line));
    if (head) return head.name(lines, at);
    if (isMarked(line)) return undefined;
  }
  return undefined;
}

/** The name of an error with a multi-line message above its stack. */
function namedBySpread(lines: readonly string[], last: number): string | undefined {
  if (!FRAME.test(lines[last + 1] ?? '') || NAMES.test(lines[last] ?? '')) return undefined;
  return lines.slice(Math.max(0, last - MESSAGE_LINES), last).findLast((line) => NAMES.test(line));
}
