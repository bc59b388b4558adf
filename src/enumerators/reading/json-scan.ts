import type { Step, ValueKind } from './json-route.ts';
import { wantedValues } from './json-values.ts';

/** The deepest nesting that is read: more is no data, and would break what serializes it later. */
export const MAX_DEPTH = 500;

/** A wanted value, as text, and where it starts (from 1; columns in UTF-16 units). */
export interface FoundValue {
  readonly text: string;
  /** Its key, where it is one of an object. */
  readonly key: string | null;
  readonly line: number;
  readonly column: number;
}

/** What a scan looks for, and how it complains. */
export interface ScanOptions {
  /**
   * Steps from the root of each text to the array or object whose values are wanted. `whole`: the root is that array, or
   * there are several texts that are the values themselves. Null: one text, only to be checked.
   */
  readonly path: readonly Step[] | 'whole' | null;
  /** Of one value or token, in characters. */
  readonly maxLength: number;
  /** Makes the error for a fault at a place. */
  fault(line: number, column: number, message: string): Error;
  /** Told where a path with wildcards leads nowhere. */
  missed?(line: number, column: number, message: string): void;
}

/** Takes JSON text in pieces of any size. */
export interface JsonScan {
  /** The wanted values that end in this piece. */
  push(piece: string): readonly FoundValue[];
  /** There is no more text; a number may end with it. */
  end(): readonly FoundValue[];
}

type Expected =
  | 'a value'
  | 'a value or "]"'
  | 'a key'
  | 'a key or "}"'
  | '":"'
  | '"," or "]"'
  | '"," or "}"'
  | 'the end';

/** Before each text of a sequence (RFC 7464). */
const RECORD_SEPARATOR = '\u001e';
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = /[ \t\r]+/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LONGEST_ESCAPE = 6;
const WORD_RUN = /[-+.\w]+/y;
const WORD = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;

/**
 * Checks JSON text of any size against the grammar, in constant memory, and cuts out the values of one array for
 * JSON.parse: faster than building them from tokens, and every fault has its line and column.
 */
export function scanJson({ path, maxLength, fault, missed }: ScanOptions): JsonScan {
  const values = wantedValues(path, (message) => missed?.(line, columnOf(at), message));
  let route = values.route();
  const containers: ValueKind[] = [];
  let expected: Expected = 'a value';
  let inString = false;

  let text = '';
  let at = 0;
  let isLast = false;
  /** Characters before `text`; how many of all came before the present line. */
  let before = 0;
  let beforeLine = 0;
  let line = 1;

  /** What is being cut out: its text in earlier pieces, where it goes on in this one, where it began. */
  let cut: { text: string; from: number; line: number; column: number } | null = null;
  let found: FoundValue[] = [];
  /** The first of several texts that are values; the only one would be none. */
  let held: FoundValue | null = null;

  function push(piece: string): readonly FoundValue[] {
    before += at;
    text = text.slice(at) + piece;
    at = 0;
    found = [];
    let more = true;
    while (more && at < text.length) more = inString ? readString() : readToken();
    if (cut) {
      cut.text += text.slice(cut.from, at);
      cut.from = 0;
    }
    if (values.mayBeTheOnly() && (cut?.text.length ?? 0) > maxLength) refuseTheOnly(cut);
    if (text.length - at > maxLength || (cut?.text.length ?? 0) > maxLength) {
      throw refuse(`expected at most ${maxLength} characters in one value, found more`);
    }
    return found;
  }

  function end(): readonly FoundValue[] {
    isLast = true;
    const last = push('');
    const wanted = inString ? 'the end of a string' : expected;
    if (wanted !== 'the end') throw refuse(`expected ${wanted}, found the end of the text`);
    if (values.mayBeTheOnly()) refuseTheOnly(held);
    return last;
  }

  function refuseTheOnly(place: Pick<FoundValue, 'line' | 'column'> | null): void {
    throw fault(place?.line ?? line, place?.column ?? 1, 'expected an array at the top, found an object');
  }

  /** Reads on in a string; false when the rest of the text says too little. */
  function readString(): boolean {
    let code = text.charCodeAt(at);
    while (code >= 0x20 && code !== QUOTE && code !== BACKSLASH) code = text.charCodeAt(++at);
    if (at === text.length) return false;
    if (code === QUOTE) {
      at++;
      inString = false;
      endString();
      return true;
    }
    if (code === BACKSLASH && matches(ESCAPE)) return true;
    if (code === BACKSLASH && !isLast && text.length - at < LONGEST_ESCAPE) return false;
    throw unexpected('a character of a string or a whole escape');
  }

  /** Reads one token outside strings; false when the rest of the text says too little. */
  function readToken(): boolean {
    const character = text[at];
    switch (character) {
      case '\n':
        at++;
        line++;
        beforeLine = before + at;
        return true;
      case ' ':
      case '\t':
      case '\r':
        return matches(SPACE);
      case RECORD_SEPARATOR:
        if (containers.length > 0 || !startsValue()) throw unexpected(expected);
        break;
      case '"':
        startString();
        return true;
      case '{':
      case '[':
        open(character === '[' ? 'array' : 'object');
        return true;
      case '}':
      case ']':
        close(character === ']' ? 'array' : 'object');
        return true;
      case ':':
        if (expected !== '":"') throw unexpected(expected);
        expected = 'a value';
        break;
      case ',':
        if (expected !== '"," or "]"' && expected !== '"," or "}"') throw unexpected(expected);
        expected = expected === '"," or "]"' ? 'a value' : 'a key';
        break;
      default:
        return readWord();
    }
    at++;
    return true;
  }

  function readWord(): boolean {
    const start = at;
    if (!matches(WORD_RUN)) throw unexpected(expected);
    const word = text.slice(start, at);
    const whole = at < text.length || isLast;
    at = start;
    if (!whole) return false;
    if (expected === 'the end' && !WORD.test(word)) throw unexpected(expected);
    startValue(word === 'null' ? 'null' : 'scalar');
    if (!WORD.test(word)) throw refuse(`expected a value, found ${JSON.stringify(word.slice(0, 40))}`);
    at += word.length;
    endValue();
    return true;
  }

  function startString(): void {
    if (!awaitsKey()) startValue('scalar');
    else if (route?.wantsKey(containers.length)) startCut();
    at++;
    inString = true;
  }

  function endString(): void {
    if (awaitsKey()) {
      expected = '":"';
      if (route?.wantsKey(containers.length)) complain(route.key(JSON.parse(endCut().text) as string));
    } else endValue();
  }

  function awaitsKey(): boolean {
    return expected === 'a key' || expected === 'a key or "}"';
  }

  function open(kind: ValueKind): void {
    startValue(kind);
    containers.push(kind);
    if (containers.length > MAX_DEPTH) throw refuse(`expected at most ${MAX_DEPTH} levels of nesting, found more`);
    expected = kind === 'array' ? 'a value or "]"' : 'a key or "}"';
    at++;
  }

  function close(kind: ValueKind): void {
    const closing = kind === 'array' ? '"]"' : '"}"';
    if (!expected.endsWith(closing)) throw unexpected(expected);
    complain(route?.close(containers.length));
    containers.pop();
    at++;
    endValue();
  }

  function startValue(kind: ValueKind): void {
    if (!startsValue()) throw unexpected(expected);
    if (containers.length === 0) {
      complain(values.startText(kind));
      route = values.route();
      if (held) found.push(held);
      held = null;
    }
    if (takes(containers.length)) startCut();
    else complain(route?.startValue(containers.length, kind));
    expected = 'the end';
  }

  function takes(depth: number): boolean {
    return route ? route.takesValues(depth) : depth === 0 && values.areTexts();
  }

  /** One text may follow another. */
  function startsValue(): boolean {
    return expected === 'a value' || expected === 'a value or "]"' || (expected === 'the end' && path !== null);
  }

  function endValue(): void {
    const container = containers.at(-1);
    expected = container === undefined ? 'the end' : container === 'array' ? '"," or "]"' : '"," or "}"';
    if (!cut || !takes(containers.length)) return;
    if (values.mayBeTheOnly()) held = endCut();
    else found.push(endCut());
  }

  function startCut(): void {
    cut = { text: '', from: at, line, column: columnOf(at) };
  }

  function endCut(): FoundValue {
    const { text: earlier, from, ...place } = cut ?? { text: '', from: at, line, column: columnOf(at) };
    cut = null;
    return { text: earlier + text.slice(from, at), key: route?.member() ?? null, ...place };
  }

  /** Whether the expression matches here; then what it matched is read. */
  function matches(expression: RegExp): boolean {
    expression.lastIndex = at;
    if (!expression.test(text)) return false;
    at = expression.lastIndex;
    return true;
  }

  function columnOf(position: number): number {
    return before + position - beforeLine + 1;
  }

  function complain(problem: string | null | undefined): void {
    if (problem) throw refuse(problem);
  }

  function unexpected(wanted: string): Error {
    return refuse(`expected ${wanted}, found ${JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))}`);
  }

  function refuse(message: string): Error {
    return fault(line, columnOf(at), message);
  }

  return { push, end };
}
