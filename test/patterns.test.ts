import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkSync } from 'recheck';
import { parseSync } from 'vite';
import { describe, expect, test } from 'vitest';
import { FAILURE_REPORT } from '../src/domain/report.ts';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** Whose proof takes longer is as good as not proved, and rightly an exception: none of those that are proved takes so long. */
const SOON_PROVED_MS = 15_000;

/** A pattern of the sources. */
interface Pattern {
  readonly file: string;
  readonly source: string;
  readonly flags: string;
}

/** Patterns that are not proved to be linear, with what keeps their texts short, or why they are linear all the same. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  'each has its own proof on long texts, in redact.test.ts': [
    'domain/redact/addresses.ts',
    'domain/redact/commands.ts',
    'domain/redact/headers.ts',
    'domain/redact/shapes.ts',
  ],
  'a rule for a tool, written by the user': ['workers/claude/powers.ts'],
  'one line of a template, written by the user': ['prompt/blocks.ts'],
  'a prompt file of the user': ['prompt/prompt-file.ts'],
  'a connection string of the user': ['enumerators/sql/connection.ts', 'enumerators/sql/source.ts'],
  'a header, which Node bounds': ['http/guard.ts'],
  'a line of ps about one process': ['workers/process/processes.ts'],
  'each alternative is one character, or a run that nothing follows': ['export/markdown.ts'],
  'a route of the user': ['enumerators/json/route.ts'],
  'the output of JSON.stringify: no string in it is open': ['dashboard/parts/json.tsx'],
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .sort();
const excepted = new Set(Object.values(EXCEPTIONS).flat());

/** A proof takes seconds of a core, and some are many. */
const PROOFS_MS = 600_000;

describe('a pattern that may meet text of items or agents', { timeout: PROOFS_MS }, () => {
  const patterns = files.filter((file) => !excepted.has(file)).flatMap(patternsOf);

  test('takes linear time on any text', () => {
    expect(patterns.length).toBeGreaterThan(100);
    expect(patterns.filter((pattern) => !isLinear(pattern)).map(({ file, source }) => `${file}: /${source}/`)).toEqual(
      [],
    );
  });

  test('is written down where it can be looked at; those that are put together are of words, or proved in redact.test.ts', () => {
    const assembled = files.filter((file) => /new RegExp\(/.test(readFileSync(join(SRC, file), 'utf8')));
    expect(assembled.filter((file) => !file.startsWith('domain/redact/'))).toEqual([
      'domain/report.ts',
      'domain/unseen-characters.ts',
    ]);
    expect(isLinear(FAILURE_REPORT)).toBe(true);
  });

  test('is excepted only where there is one that cannot be proved', () => {
    const needless = [...excepted].filter((file) =>
      patternsOf(file).every((pattern) => isLinear(pattern, SOON_PROVED_MS)),
    );
    expect(needless).toEqual([]);
  });

  test.each([
    ['^(([a-z0-9.-]+)(,|, )?)+$', ''],
    ['\\s+$', ''],
    ['^[\\s>#]*ABP_FAILED:', 'm'],
    ['(?:[A-Za-z0-9]+[_-])*password', 'i'],
  ])('the proof itself finds /%s/%s', (source, flags) => {
    expect(isLinear({ source, flags })).toBe(false);
  });
});

/**
 * Proved by an automaton, not tried out: the same answer on every machine that is given enough time. The native program of
 * recheck does it, where there is one for the machine.
 */
function isLinear({ source, flags }: Omit<Pattern, 'file'>, timeout = 120_000): boolean {
  return checkSync(source, flags, { checker: 'automaton', timeout }).status === 'safe';
}

function patternsOf(file: string): readonly Pattern[] {
  const found: Pattern[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { regex } = node as { regex?: { pattern: string; flags: string } };
    if (regex) found.push({ file, source: regex.pattern, flags: regex.flags });
    for (const inner of Object.values(node)) visit(inner);
  };
  visit(parseSync(file, readFileSync(join(SRC, file), 'utf8')).program);
  return found;
}
