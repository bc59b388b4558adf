import { stripVTControlCharacters } from 'node:util';

/** Lines at the end of what a failed program says that do not say what went wrong. Lines that begin with a blank never do. */
const BESIDES: readonly RegExp[] = [
  // What stands below the line that names the error: Java, .NET, PHP, Rust, objects of Node, the line that bash could not read.
  /^(?:Caused by|Suppressed):/,
  /^stack (?:back)?trace:?$/i,
  /^#\d+ /,
  /^\.{3} \d+ /,
  /^[)\]}]+[,;]?$/,
  /^[^:]+: line \d+: `/,
  // Last words of runtimes and of what runs other programs.
  /^Node\.js v\d/,
  /^\(Use `node /,
  /^exit status \d+$/,
  /^npm (?:ERR!|error) /,
  /^make(?:\[\d+\])?: \*\*\* /,
  /^(?:real|user|sys)\s+\d/,
  // Advice, and what a log says of everyday life.
  /^(?:usage|try|see|hint|help|note|for more)\b/i,
  /^[^a-z]*\b(?:INFO|DEBUG|TRACE|NOTICE)\b/,
];
/** A frame of a stack: Node, Java, .NET, Ruby. */
const FRAME = /^\s+(?:at|from) \S/;
/** What Python draws around the errors of a group, and the lines between them. */
const BOX = /^ +\| /;
const BOX_RULE = /^ +\+[-+ \d]*$/;
/** Names an error above its stack, when its message has more than one line. */
const NAMES = /(?:Error|Exception)\b|^(?:error|fatal|panic|uncaught)\b|^[A-Z][\w$.]*: |:\d+:in [`']/;
/** How far above its stack an error is looked for. */
const MESSAGE_LINES = 20;
/** Sounds like trouble, wherever it stands in a line. */
const SOUNDS_WRONG =
  /error|fail|fatal|exception|panic|denied|cannot|can't|could not|unable|invalid|not found|no such|missing|unknown|refused|abort|killed|time(?:d )?out/i;
/** Is marked as an error: `error: …`, `tool: error: …`, `2026-01-01 12:00:00 ERROR …`. */
const MARKED: readonly RegExp[] = [
  /^\W{0,9}(?:error|fatal|critical)\b/i,
  /^[^\s:]{1,40}: (?:error|fatal|critical)\b/i,
  /^[^a-z]{0,60}\b(?:ERROR|FATAL|CRITICAL)\b/,
];

/** Errors whose name is found from above: where it begins, and how many lines further down it is named. */
const HEADS: readonly {
  readonly begins: RegExp;
  readonly name: (lines: readonly string[], at: number) => string | undefined;
}[] = [
  // Python, and Ruby where it tells the stack first: the first line below that is not of the stack.
  {
    begins: /^Traceback \(most recent call last\):/,
    name: (lines, at) => lines.slice(at + 1).find((line) => /^[^\s^~]/.test(line)),
  },
  // Python, of several errors in one: their names stand below that of the group.
  {
    begins: /^ *\+ Exception Group Traceback \(most recent call last\):/,
    name: (lines, at) =>
      lines
        .slice(at + 1)
        .map(unboxed)
        .find((line) => /^[^\s^~]/.test(line)),
  },
  // Go: everything below is goroutines.
  { begins: /^(?:panic|fatal error): /, name: (lines, at) => lines[at] },
  // Rust: its message stands in the same line before 1.73, in the next one since.
  {
    begins: /^thread '[^']*' (?:\(\d+\) )?panicked at /,
    name: (lines, at) => (lines[at]?.includes("panicked at '") ? lines[at] : lines[at + 1]),
  },
];

/**
 * The line of a failed program's last words that says what went wrong: of a stack trace the one that names the error, else
 * the last that is no advice or frame. null when it said nothing.
 */
export function errorLine(said: string): string | null {
  const lines = stripVTControlCharacters(said)
    .split('\n')
    .map((line) => line.trimEnd().split('\r').at(-1) ?? '');
  const last = lines.findLastIndex(saysSomething);
  const plain = lines[last] ?? lines.findLast((line) => line.trim() !== '' && !BOX_RULE.test(line));
  if (plain === undefined) return null;
  const named = namedAbove(lines) ?? namedBySpread(lines, last) ?? plain;
  const marked = SOUNDS_WRONG.test(named) || NAMES.test(named) ? undefined : lines.findLast(isMarked);
  return unboxed(marked ?? named)
    .replace(/ \{$/, '')
    .trim();
}

function saysSomething(line: string): boolean {
  return /^\S/.test(line) && !BESIDES.some((pattern) => pattern.test(line));
}

function unboxed(line: string): string {
  return line.replace(BOX, '');
}

/** One of the errors of a group marks nothing: the group has a name. */
function isMarked(line: string): boolean {
  return !BOX.test(line) && MARKED.some((pattern) => pattern.test(line));
}

/** The name of the last error that has a head, unless another one is marked below it. */
function namedAbove(lines: readonly string[]): string | undefined {
  for (let at = lines.length - 1; at >= 0; at--) {
    const line = lines[at] ?? '';
    const head = HEADS.find(({ begins }) => begins.test(line));
    if (head) return head.name(lines, at);
    if (isMarked(line)) return undefined;
  }
  return undefined;
}

/** The name of an error whose message has several lines above its stack. */
function namedBySpread(lines: readonly string[], last: number): string | undefined {
  if (!FRAME.test(lines[last + 1] ?? '') || NAMES.test(lines[last] ?? '')) return undefined;
  return lines.slice(Math.max(0, last - MESSAGE_LINES), last).findLast((line) => NAMES.test(line));
}
