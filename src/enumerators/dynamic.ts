import { z } from 'zod';
import { AbpError } from '../domain/error.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { absolutePath } from '../domain/paths.ts';
import { redact } from '../domain/redact.ts';
import { firstUnseen, type Unseen } from '../domain/unseen-characters.ts';
import { show } from '../domain/validate.ts';
import { programPath } from '../package-root.ts';
import type { EnumeratedItem, EnumerationContext, Enumerator } from '../ports/enumerator.ts';
import type { CodeEnding, CodeRequest } from './dynamic/program.ts';
import { MAX_DEPTH } from './json/scan.ts';
import { type ChildEnding, childLines } from './reading/child.ts';
import { limitField, onInvalidField } from './reading/fields.ts';
import { reject, textFault } from './reading/invalid.ts';
import { MAX_ITEM_LENGTH } from './reading/rows.ts';

const MEBIBYTE = 1024 * 1024;
/** Memory of Node itself, in addition to what the code may use. */
const NODE_BYTES = 96 * MEBIBYTE;

const configSchema = z.strictObject({
  code: z
    .string()
    .min(1)
    .max(1_000_000)
    .check(({ value, issues }) => {
      const unseen = firstUnseen(value);
      if (unseen) issues.push({ code: 'custom', input: value, message: unseenInCode(unseen) });
    })
    .describe(
      'JavaScript module text that exports `enumerate(context)`, sync or async, and returns a list or an (async) iterable of JSON objects. A human approves this very text before it runs.',
    ),
  context: z.record(z.string(), z.json()).default({}).describe('Given to enumerate as it is.'),
  read_paths: z
    .array(
      z
        .string()
        .min(1)
        .refine((path) => !path.includes('*'), { error: 'expected a path without "*"' }),
    )
    .default([])
    .describe(
      'Files and directories that the code may read; everything else is closed to it. Part of what is approved.',
    ),
  env: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
        .refine((name) => !/^(NODE|LD|DYLD)_/.test(name), {
          error: 'expected no variable that steers the process itself',
        }),
    )
    .default([])
    .describe('Names of environment variables that the code sees; all others are hidden. Part of what is approved.'),
  timeout_s: z.int().min(1).max(86_400).default(300).describe('Seconds that it may take.'),
  memory_mb: z.int().min(16).max(16_384).default(512).describe('Memory that it may use, in MB.'),
  max_output_mb: z.int().min(1).max(16_384).default(1024).describe('How much it may yield, in MB of JSON.'),
  on_invalid: onInvalidField,
  limit: limitField,
});

/** Message for an unseen character: a person cannot approve it, not even in a string or a comment. */
function unseenInCode({ line, column, name }: Unseen): string {
  const way =
    name === 'U+000D' ? 'end lines with LF or CRLF' : 'in a string or pattern, write it as an escape such as \\u200b';
  return `line ${line}, column ${column}: expected code that can be read as it is, found the unseen character ${name}; ${way}`;
}

type DynamicConfig = z.infer<typeof configSchema>;

const EXAMPLE = `export async function* enumerate({ repository }) {
  const issues = 'https://api.github.com/repos/' + repository + '/issues?per_page=100&page=';
  for (let page = 1; ; page++) {
    const found = await (await fetch(issues + page)).json();
    for (const { number, title, body } of found) yield { number, title, body };
    if (found.length < 100) return;
  }
}
`;

/** Items from a user's own JavaScript, which runs in a child process. */
export const dynamicEnumerator: Enumerator<DynamicConfig> = {
  type: 'dynamic',
  description:
    'Items that your own JavaScript yields: for sources that the other enumerators do not cover. A human must approve the code first. Fields: those of each item (or value, for anything but an object).',
  configSchema,
  example: {
    code: EXAMPLE,
    context: { repository: 'nodejs/node' },
  },
  resolve: (config, { workingDirectory }) => ({
    ...config,
    read_paths: config.read_paths.map((path) => absolutePath(path, workingDirectory)),
  }),
  root: () => null,
  readable: () => [],
  powers: ({ read_paths, env }) => [
    { kind: 'programs', what: 'runs its JavaScript, which may use the network' },
    ...(read_paths.length > 0 ? [{ kind: 'reads', what: read_paths.join(', ') } as const] : []),
    ...(env.length > 0 ? [{ kind: 'environment', what: `sees ${env.join(', ')}` } as const] : []),
  ],
  enumerate,
};

async function* enumerate(given: DynamicConfig, context: EnumerationContext): AsyncGenerator<EnumeratedItem> {
  const config = dynamicEnumerator.resolve(given, context);
  let count = 0;
  const lines = childLines(
    {
      program: programPath('enumerators/dynamic/program'),
      input: { code: config.code, context: config.context, limit: config.limit ?? null } satisfies CodeRequest,
      flags: flagsFor(config),
      environment: Object.fromEntries(
        config.env.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
      ),
      workingDirectory: context.workingDirectory,
      signal: context.signal,
      limits: {
        timeMs: config.timeout_s * 1000,
        memoryBytes: config.memory_mb * MEBIBYTE + NODE_BYTES,
        outputBytes: config.max_output_mb * MEBIBYTE,
        // Its own threads count too.
        cpuSeconds: config.timeout_s * 4 + 60,
      },
      failed: (ending) => broken(ending, config, count),
    },
    (log) => {
      if (log !== '') context.warn?.({ kind: 'log', message: 'The code wrote a log.', count: 1, examples: [log] });
    },
  );
  let done = false;
  for await (const batch of lines) {
    for (const line of batch) {
      if (line.startsWith('!')) {
        refuseUnlessDone(parseEnding(line.slice(1)));
        done = true;
      } else {
        const item = parseItem(line);
        const place = `item ${++count}`;
        const fault = isDeeper(item, MAX_DEPTH) ? TOO_DEEP : textFault(item);
        if (fault === null) yield { place, payload: isObject(item) ? item : { value: item } };
        else
          await reject(context, config, {
            source: 'code',
            place,
            reason: fault,
            hint: 'Yield the part that an agent needs, or the rest of it as text.',
          });
      }
    }
  }
  if (!done) throw broken({ reason: 'exit', exit: 'exit code 0', log: '' }, config, count);
}

/** Parses a line; only code that writes to the descriptor itself makes one that is not JSON. */
function parseItem(line: string): Json {
  try {
    return JSON.parse(line) as Json;
  } catch (cause) {
    const message = `code: expected only yielded items on file descriptor 3, found ${show(redact(line, 'logs'))}`;
    throw new AbpError('invalid_input', message, {
      hint: 'Yield the items, and write other output with console.log.',
      cause,
    });
  }
}

/** Whether a value nests deeper than so many levels, which the store does not accept. */
function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

const TOO_DEEP = `expected at most ${MAX_DEPTH} levels of nesting, found more`;

/**
 * Flags of Node for the code. The permission model allows reading of the granted paths and of the program itself; no writing,
 * processes, threads or addons. It does not cover node:sqlite, which opens and writes any file: that is switched off. Later
 * versions also restrict the network: it is allowed there, so that code does the same on all versions.
 */
function flagsFor({ read_paths, memory_mb }: DynamicConfig): string[] {
  const network = process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : [];
  return [
    '--permission',
    '--no-experimental-sqlite',
    ...network,
    ...read_paths.map((path) => `--allow-fs-read=${path}`),
    `--max-old-space-size=${memory_mb}`,
  ];
}

/** Parses the ending; code that replaced JSON.stringify, or gave every object a toJSON, changes it too. */
function parseEnding(text: string): CodeEnding {
  const ending = safeJson(text);
  if (typeof ending === 'object' && ending !== null && !Array.isArray(ending)) return ending as unknown as CodeEnding;
  const message = `code: expected it to leave JavaScript's built-in functions unchanged, found ${show(text)} as its ending`;
  throw new AbpError('invalid_input', message, {
    hint: 'Do not replace JSON.stringify, and define toJSON only on your own objects.',
  });
}

function safeJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

function refuseUnlessDone(ending: CodeEnding): void {
  if ('done' in ending) return;
  if ('expected' in ending) {
    throw new AbpError('invalid_input', `code: expected ${ending.expected}, found ${ending.found}`, {
      hint: 'For example: export function* enumerate(context) { yield { url: "https://example.org" }; }',
    });
  }
  if ('waits' in ending) {
    const found = `${ending.waits} pending with nothing left to settle it`;
    throw new AbpError('invalid_input', `code: expected enumerate to finish, found ${found}${after(ending.items)}`, {
      hint: 'Fix the code: something that still runs must settle every promise that it awaits.',
    });
  }
  throw new AbpError(
    'invalid_input',
    `code${ending.place}: expected it to run to its end, found ${redact(ending.threw, 'logs')}${after(ending.items)}`,
    {
      hint: 'The code cannot read files outside read_paths, write files, start processes, or see environment variables not named in env.',
    },
  );
}

function broken({ reason, exit, log }: ChildEnding, config: DynamicConfig, items: number): AbpError {
  const found = {
    time: { expected: `it to end within ${config.timeout_s} s`, found: 'it still running', field: 'timeout_s' },
    memory: { expected: `at most ${config.memory_mb} MB of memory`, found: 'more', field: 'memory_mb' },
    output: { expected: `at most ${config.max_output_mb} MB of items`, found: 'more', field: 'max_output_mb' },
    item: { expected: `at most ${MAX_ITEM_LENGTH / MEBIBYTE} MB in one item`, found: 'more', field: null },
    exit: { expected: 'it to return', found: `that its process ended with ${exit}`, field: null },
  }[reason];
  // V8's report about its memory does not help.
  const tail = reason === 'memory' ? '' : redact(withoutInsides(log), 'logs');
  const line = /^abp:code:(\d+)$/m.exec(tail)?.[1];
  const place = line === undefined ? 'code' : `code, line ${line}`;
  const end = tail === '' ? '' : ` The end of its log:\n${tail}`;
  return new AbpError(
    'invalid_input',
    `${place}: expected ${found.expected}, found ${found.found}${after(items)}.${end}`,
    {
      hint: found.field
        ? `Raise ${found.field} if that is intended, or let the code do less.`
        : reason === 'item'
          ? 'This limit is fixed. Yield smaller items: the part that an agent needs, or the path of a file with the rest.'
          : 'Fix the code; enumerate must return, not exit.',
    },
  );
}

/** Removes the frames of Node's own modules and of our program, and Node's signature, from a log. */
function withoutInsides(log: string): string {
  const lines = log.split('\n').filter((line) => !isInside(line));
  return lines
    .join('\n')
    .replace(/Node\.js v[\d.]+$/, '')
    .trim();
}

/** Checks whether a line is a stack frame of Node's own modules or of our program. */
function isInside(line: string): boolean {
  if (!/^ +at /.test(line)) return false;
  return line.includes('node:') || (line.includes('file:') && /\/dynamic\/program\.[jt]s:/.test(line));
}

function after(items: number): string {
  return items === 0 ? '' : ` after ${items} items`;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
