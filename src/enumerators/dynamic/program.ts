import { readFileSync, writeSync } from 'node:fs';
import { isBuiltin, registerHooks } from 'node:module';
import { inspect } from 'node:util';
import type { JsonObject } from '../../domain/json.ts';

/**
 * Program of the child process that runs a user's `enumerate`. Reads a request (JSON) from stdin, writes lines to descriptor
 * 3: JSON, one item each, then `!` and the ending. Imports only modules of Node: under Node's permission model it may read
 * this file and no other one of ours.
 */

/** The code, the argument of its `enumerate`, and the number of items to stop at; null = all. */
export interface CodeRequest {
  readonly code: string;
  readonly context: JsonObject;
  readonly limit: number | null;
}

/** How the code ended; `items`: how many it yielded before. */
export type CodeEnding =
  | { readonly done: true }
  | { readonly expected: string; readonly found: string }
  /** Something that it awaits can no longer be settled. */
  | { readonly waits: string; readonly items: number }
  | { readonly threw: string; readonly place: string; readonly items: number };

const BATCH_CHARACTERS = 64 * 1024;
/** Longest time that an item waits for others before it is written. */
const DELAY_MS = 20;

const { code, context, limit } = JSON.parse(readFileSync(0, 'utf8')) as CodeRequest;
let lines = '';
let later: NodeJS.Timeout | undefined;
let due = 0;

function flush(): void {
  clearTimeout(later);
  later = undefined;
  due = performance.now() + DELAY_MS;
  const bytes = Buffer.from(lines);
  lines = '';
  for (let at = 0; at < bytes.length; ) at += writeSync(3, bytes, at);
}

function write(line: string): void {
  lines += `${line}\n`;
  // Code that never waits lets no timer fire.
  if (lines.length > BATCH_CHARACTERS || performance.now() > due) flush();
  else later ??= setTimeout(flush, DELAY_MS);
}

function end(ending: CodeEnding): never {
  write(`!${JSON.stringify(ending)}`);
  flush();
  process.exit(0);
}

/** For JSON.stringify: a bigint as number, or as text where a double cannot hold it. */
function exact(_: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  return BigInt.asIntN(54, value) === value ? Number(value) : String(value);
}

function kind(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

function describe(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  const text = () => (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : inspect(thrown, { depth: 1 }));
  return safely(text, 'something that cannot be shown');
}

/** `, line 3, column 9` where the stack of an error names the code, else nothing. */
function place(error: unknown): string {
  const stack = safely(() => String((error as Error | null)?.stack), '');
  const [, line, column] = /abp:code:(\d+):(\d+)/.exec(stack) ?? [];
  return line === undefined ? '' : `, line ${line}, column ${column}`;
}

/** What a user's object may make throw. */
function safely(read: () => string, otherwise: string): string {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** An address without a file, short enough for stack traces. */
const CODE = { url: 'abp:code', format: 'module', shortCircuit: true } as const;
registerHooks({
  resolve(name, from, next) {
    if (name === CODE.url) return CODE;
    if (from.parentURL !== CODE.url || isBuiltin(name) || name.startsWith('file:')) return next(name, from);
    throw new Error(`it imports "${name}", but has only the modules of Node ("node:fs") and file: addresses`);
  },
  load: (url, from, next) => (url === CODE.url ? { ...CODE, source: code } : next(url, from)),
});

let items = 0;
let waits = 'an await outside of its functions';
// Nothing is left that could wake the code. Not emitted when the code exits by itself.
process.once('beforeExit', () => end({ waits, items }));
try {
  const { enumerate } = (await import(CODE.url)) as { readonly enumerate?: (context: JsonObject) => unknown };
  waits = 'its promise';
  if (typeof enumerate !== 'function') end({ expected: 'a function exported as "enumerate"', found: kind(enumerate) });
  const source = await enumerate(context);
  if (!isIterable(source)) end({ expected: 'enumerate to return a list or an iterable', found: kind(source) });
  waits = 'its iterator';
  for await (const item of source) {
    const line = JSON.stringify(item, exact) as string | undefined;
    if (line === undefined) end({ expected: `JSON in item ${items + 1}`, found: kind(item) });
    write(line);
    if (++items === limit) break;
  }
  end({ done: true });
} catch (error) {
  // Node writes the place of a syntax error only when it is not caught.
  if (error instanceof SyntaxError && place(error) === '') throw error;
  end({ threw: describe(error), place: place(error), items });
}
