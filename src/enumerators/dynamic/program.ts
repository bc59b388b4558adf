/**
 * Runs a user's `enumerate` and writes what it gives to descriptor 3: an item a line, then a line that begins with `!`
 * and says how it ended. Plain text, because it must run from our sources and from a bundle alike, without a file that the
 * permissions would have to name.
 */
export const PROGRAM = `
import { readFileSync, writeSync } from 'node:fs';
import { isBuiltin, registerHooks } from 'node:module';
import { inspect } from 'node:util';
const { code, context, limit } = JSON.parse(readFileSync(0, 'utf8'));

let lines = '';
let later = null;
let due = 0;
const flush = () => {
  clearTimeout(later);
  later = null;
  due = performance.now() + 20;
  const bytes = Buffer.from(lines);
  lines = '';
  for (let at = 0; at < bytes.length; ) at += writeSync(3, bytes, at);
};
const say = (line) => {
  lines += line + '\\n';
  // Code that never waits leaves no turn to a timer.
  if (lines.length > 65536 || performance.now() > due) flush();
  else later ??= setTimeout(flush, 20);
};
const end = (ending) => {
  say('!' + JSON.stringify(ending));
  flush();
  process.exit(0);
};

const exact = (_, value) => {
  if (typeof value !== 'bigint') return value;
  return BigInt.asIntN(54, value) === value ? Number(value) : String(value);
};
const kind = (value) => (value === null ? 'null' : typeof value);
const safely = (read, otherwise) => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};
const describe = (thrown) => {
  if (typeof thrown === 'string') return thrown;
  const text = () => (thrown instanceof Error ? thrown.name + ': ' + thrown.message : inspect(thrown, { depth: 1 }));
  return safely(text, 'something that cannot be shown');
};
const place = (error) => {
  const [, line, column] = /abp:code:(\\d+):(\\d+)/.exec(safely(() => String(error?.stack), '')) ?? [];
  return line ? ', line ' + line + ', column ' + column : '';
};

// The code has an address without a file, short enough for stack traces.
const CODE = { url: 'abp:code', format: 'module', shortCircuit: true };
registerHooks({
  resolve(name, context, next) {
    if (name === CODE.url) return CODE;
    if (context.parentURL !== CODE.url || isBuiltin(name) || name.startsWith('file:')) return next(name, context);
    throw new Error('it imports "' + name + '", but has only the modules of Node ("node:fs") and file: addresses');
  },
  load: (url, context, next) => (url === CODE.url ? { ...CODE, source: code } : next(url, context)),
});

let items = 0;
let waits = 'an await outside of its functions';
// Nothing is left that could wake the code. Not reached by code that leaves by itself.
process.once('beforeExit', () => end({ waits, items }));
try {
  const { enumerate } = await import(CODE.url);
  waits = 'its promise';
  if (typeof enumerate !== 'function') end({ expected: 'a function exported as "enumerate"', found: kind(enumerate) });
  const source = await enumerate(context);
  const iterable = typeof source === 'object' && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source);
  if (!iterable) end({ expected: 'enumerate to return a list or an iterable', found: kind(source) });
  waits = 'its iterator';
  for await (const item of source) {
    const line = JSON.stringify(item, exact);
    if (line === undefined) end({ expected: 'JSON in item ' + (items + 1), found: kind(item) });
    say(line);
    if (++items === limit) break;
  }
  end({ done: true });
} catch (error) {
  // Only what Node writes about a syntax error says where it is.
  if (error instanceof SyntaxError && place(error) === '') throw error;
  end({ threw: describe(error), place: place(error), items });
}
`;
