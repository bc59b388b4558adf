import { ESCAPE, LONGEST_ESCAPE, SPACE, TextCursor, WORD, WORD_RUN } from './cursor.ts';
import type { JsonRoute, Step, ValueKind } from './route.ts';
import { wantedValues } from './values.ts';

/** Deepest nesting accepted: deeper JSON is not data, and would break later serialization. */
export const MAX_DEPTH = 500;

/** A selected value, as text, and its start (from 1; columns in UTF-16 units). */
export interface FoundValue {
  readonly text: string;
  /** Its key, if it is a member of an object. */
  readonly key: string | null;
  readonly line: number;
  readonly column: number;
}

/** What a scan selects, and how it reports faults. */
export interface ScanOptions {
  /**
   * Steps from the root of each text to the array or object whose values are selected. `whole`: the root is that array,
   * or several texts are the values themselves. Null: one text, only to be checked.
   */
  readonly path: readonly Step[] | 'whole' | null;
  /** Longest value or token, in characters. */
  readonly maxLength: number;
  /** Makes the error for invalid JSON; `found`: the unexpected character. */
  fault(line: number, column: number, message: string, found?: string): Error;
  /** Makes the error for valid JSON without the selected values; default: `fault`. */
  unfit?(line: number, column: number, message: string): Error;
  /** Receives places where a path with wildcards leads nowhere. */
  missed?(line: number, column: number, message: string): void;
}

/** Scans JSON text in pieces of any size. */
export interface JsonScan {
  /** Returns the selected values that end in this piece. */
  push(piece: string): readonly FoundValue[];
  /** Ends the text; returns a value that ends with it. */
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

/** Precedes each text of a JSON text sequence (RFC 7464). */
const RECORD_SEPARATOR = '\u001e';
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The value being captured: its text in earlier pieces, its offset in this one, its start. */
interface Capture {
  text: string;
  from: number;
  readonly line: number;
  readonly column: number;
}

/**
 * Creates a scanner that checks JSON of any size against the grammar, in constant memory, and captures the selected
 * values for JSON.parse: faster than building them from tokens, and every fault has its line and column.
 */
export function scanJson(options: ScanOptions): JsonScan {
  return new Scanner(options);
}

class Scanner extends TextCursor implements JsonScan {
  private readonly options: ScanOptions;
  private readonly values: ReturnType<typeof wantedValues>;
  private route: JsonRoute | null;
  private readonly containers: ValueKind[] = [];
  private expected: Expected = 'a value';
  private inString = false;

  private isLast = false;
  private capture: Capture | null = null;
  private found: FoundValue[] = [];
  /** The first text, held back until a second one follows: a single object is not an item. */
  private held: FoundValue | null = null;

  constructor(options: ScanOptions) {
    super();
    this.options = options;
    this.values = wantedValues(options.path, (message) => options.missed?.(this.line, this.column(), message));
    this.route = this.values.route();
  }

  push(piece: string): readonly FoundValue[] {
    const { maxLength } = this.options;
    this.append(piece);
    this.found = [];
    let more = true;
    while (more && this.at < this.text.length) more = this.inString ? this.readString() : this.readToken();
    const { capture } = this;
    if (capture) {
      capture.text += this.text.slice(capture.from, this.at);
      capture.from = 0;
    }
    if (this.values.mayBeTheOnly() && (capture?.text.length ?? 0) > maxLength) this.refuseSingleObject(capture);
    if (this.text.length - this.at > maxLength || (capture?.text.length ?? 0) > maxLength) {
      throw this.refuse(`expected at most ${maxLength} characters in one value, found more`);
    }
    return this.found;
  }

  end(): readonly FoundValue[] {
    this.isLast = true;
    const last = this.push('');
    const wanted = this.inString ? 'the end of a string' : this.expected;
    if (wanted !== 'the end') throw this.refuse(`expected ${wanted}, found the end of the text`);
    if (this.values.mayBeTheOnly()) this.refuseSingleObject(this.held);
    return last;
  }

  private refuseSingleObject(place: Pick<FoundValue, 'line' | 'column'> | null): void {
    throw this.unfit('expected an array at the top, found an object', place?.line ?? this.line, place?.column ?? 1);
  }

  /** Reads on in a string; false if more text is needed. */
  private readString(): boolean {
    const { text } = this;
    let { at } = this;
    let code = text.charCodeAt(at);
    while (code >= 0x20 && code !== QUOTE && code !== BACKSLASH) code = text.charCodeAt(++at);
    this.at = at;
    if (at === text.length) return false;
    if (code === QUOTE) {
      this.at++;
      this.inString = false;
      this.endString();
      return true;
    }
    if (code === BACKSLASH && this.matches(ESCAPE)) return true;
    if (code === BACKSLASH && !this.isLast && text.length - at < LONGEST_ESCAPE) return false;
    throw this.unexpected('a character of a string or a whole escape');
  }

  /** Reads one token outside strings; false if more text is needed. */
  private readToken(): boolean {
    const character = this.text[this.at];
    const { expected } = this;
    switch (character) {
      case '\n':
        this.passLine();
        return true;
      case ' ':
      case '\t':
      case '\r':
        return this.matches(SPACE);
      case RECORD_SEPARATOR:
        if (this.containers.length > 0 || !this.startsValue()) throw this.unexpected(expected);
        break;
      case '"':
        this.startString();
        return true;
      case '{':
      case '[':
        this.open(character === '[' ? 'array' : 'object');
        return true;
      case '}':
      case ']':
        this.close(character === ']' ? 'array' : 'object');
        return true;
      case ':':
        if (expected !== '":"') throw this.unexpected(expected);
        this.expected = 'a value';
        break;
      case ',':
        if (expected !== '"," or "]"' && expected !== '"," or "}"') throw this.unexpected(expected);
        this.expected = expected === '"," or "]"' ? 'a value' : 'a key';
        break;
      default:
        return this.readWord();
    }
    this.at++;
    return true;
  }

  private readWord(): boolean {
    const start = this.at;
    if (!this.matches(WORD_RUN)) throw this.unexpected(this.expected);
    const word = this.text.slice(start, this.at);
    const whole = this.at < this.text.length || this.isLast;
    this.at = start;
    if (!whole) return false;
    if (this.expected === 'the end' && !WORD.test(word)) throw this.unexpected(this.expected);
    this.startValue(word === 'null' ? 'null' : 'scalar');
    if (!WORD.test(word)) throw this.refuse(`expected a value, found ${JSON.stringify(word.slice(0, 40))}`);
    this.at += word.length;
    this.endValue();
    return true;
  }

  private startString(): void {
    if (!this.awaitsKey()) this.startValue('scalar');
    else if (this.route?.wantsKey(this.containers.length)) this.startCapture();
    this.at++;
    this.inString = true;
  }

  private endString(): void {
    if (this.awaitsKey()) {
      this.expected = '":"';
      const { route } = this;
      if (route?.wantsKey(this.containers.length))
        this.throwProblem(route.key(JSON.parse(this.endCapture().text) as string));
    } else this.endValue();
  }

  private awaitsKey(): boolean {
    return this.expected === 'a key' || this.expected === 'a key or "}"';
  }

  private open(kind: ValueKind): void {
    this.startValue(kind);
    this.containers.push(kind);
    if (this.containers.length > MAX_DEPTH) {
      throw this.refuse(`expected at most ${MAX_DEPTH} levels of nesting, found more`);
    }
    this.expected = kind === 'array' ? 'a value or "]"' : 'a key or "}"';
    this.at++;
  }

  private close(kind: ValueKind): void {
    const closing = kind === 'array' ? '"]"' : '"}"';
    if (!this.expected.endsWith(closing)) throw this.unexpected(this.expected);
    this.throwProblem(this.route?.close(this.containers.length));
    this.containers.pop();
    this.at++;
    this.endValue();
  }

  private startValue(kind: ValueKind): void {
    if (!this.startsValue()) throw this.unexpected(this.expected);
    const depth = this.containers.length;
    if (depth === 0) {
      this.throwProblem(this.values.startText(kind));
      this.route = this.values.route();
      if (this.held) this.found.push(this.held);
      this.held = null;
    }
    if (this.takes(depth)) this.startCapture();
    else this.throwProblem(this.route?.startValue(depth, kind));
    this.expected = 'the end';
  }

  private takes(depth: number): boolean {
    return this.route ? this.route.takesValues(depth) : depth === 0 && this.values.areTexts();
  }

  /** Checks whether a value may start here; one text may follow another. */
  private startsValue(): boolean {
    const { expected } = this;
    return (
      expected === 'a value' || expected === 'a value or "]"' || (expected === 'the end' && this.options.path !== null)
    );
  }

  private endValue(): void {
    const container = this.containers.at(-1);
    this.expected = container === undefined ? 'the end' : container === 'array' ? '"," or "]"' : '"," or "}"';
    if (!this.capture || !this.takes(this.containers.length)) return;
    if (this.values.mayBeTheOnly()) this.held = this.endCapture();
    else this.found.push(this.endCapture());
  }

  private startCapture(): void {
    this.capture = { text: '', from: this.at, line: this.line, column: this.column() };
  }

  private endCapture(): FoundValue {
    const { text, from, line, column } = this.capture ?? { text: '', from: this.at, line: this.line, column: 0 };
    this.capture = null;
    return { text: text + this.text.slice(from, this.at), key: this.route?.member() ?? null, line, column };
  }

  private throwProblem(problem: string | null | undefined): void {
    if (problem) throw this.unfit(problem, this.line, this.column());
  }

  private unexpected(wanted: string): Error {
    const found = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
    return this.refuse(`expected ${wanted}, found ${JSON.stringify(found)}`, found);
  }

  private unfit(message: string, line: number, column: number): Error {
    return (this.options.unfit ?? this.options.fault)(line, column, message);
  }

  private refuse(message: string, found?: string): Error {
    return this.options.fault(this.line, this.column(), message, found);
  }
}
