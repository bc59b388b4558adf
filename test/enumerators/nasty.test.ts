import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { enumerateAll, refusal } from './helpers.ts';

/** 500 inputs of each kind; a failure prints the seed that repeats it. */
const runs = { numRuns: 500 };
/** Each is a file and an enumeration: generous, for a machine with much else to do. */
const TIMEOUT_MS = 240_000;

/** What an enumeration gives, or the message of its refusal, which must name a place. */
async function outcome(type: string, config: JsonObject): Promise<readonly JsonObject[] | 'refused'> {
  try {
    return (await enumerateAll(type, config)).payloads;
  } catch (thrown) {
    const error = await refusal(() => {
      throw thrown;
    });
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(/line \d+/);
    return 'refused';
  }
}

test(
  'CSV: agrees with a plain reader of the rules',
  async () => {
    const file_path = join(temporaryDirectory(), 'nasty.csv');
    const piece = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('a', 'bc', ',', ',', '\n', '\r\n', '"', '""', '","', '"\n') },
      {
        weight: 1,
        arbitrary: fc.constantFrom('\r', ' ', '\t', ';', 'é', '🙂', '\u{2028}', '\u{FEFF}', '#', "'", '\\', '=1'),
      },
      {
        weight: 2,
        arbitrary: fc
          .string({ unit: fc.constantFrom('x', '"', ',', '\n', '\r', 'ü') })
          .map((text) => `"${text.replaceAll('"', '""')}"`),
      },
    );
    const rows = fc.array(
      fc.array(
        piece.filter((text) => !/[",\r\n]/.test(text) || /^"[^"]*"$/.test(text)),
        { minLength: 2, maxLength: 2 },
      ),
    );
    const input = fc.oneof(
      fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join('')),
      fc
        .tuple(rows, fc.constantFrom('\n', '\r\n', '\r'))
        .map(([all, end]) => all.map((row) => row.join(',') + end).join('')),
    );
    const seen = { enumerated: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(input, async (text) => {
        writeFileSync(file_path, text);
        const found = await outcome('csv', { file_path, has_header: false, delimiter: ',' });
        const values =
          found === 'refused' ? found : found.map(({ _row_index, _id, ...columns }) => Object.values(columns));
        expect(values).toEqual(readCsv(text.replace(/^\u{FEFF}/u, '')) ?? 'refused');
        seen[values === 'refused' ? 'refused' : 'enumerated']++;
      }),
      runs,
    );
    expect(Math.min(seen.enumerated, seen.refused)).toBeGreaterThan(50);
  },
  TIMEOUT_MS,
);

/** RFC 4180, read character by character; empty lines are skipped; null = against the rules, or ragged. */
function readCsv(text: string): string[][] | null {
  const rows: string[][] = [];
  let rest = text;
  while (rest !== '') {
    const row: string[] = [];
    const blank = /^(?:\r\n|\n|\r)/.exec(rest);
    if (blank) {
      rest = rest.slice(blank[0].length);
      continue;
    }
    for (let more = true; more; ) {
      const field = /^"((?:[^"]|"")*)"(?!")/.exec(rest) ?? /^([^",\r\n]*)/.exec(rest);
      row.push((field?.[0].startsWith('"') ? field[1]?.replaceAll('""', '"') : field?.[1]) ?? '');
      rest = rest.slice(field?.[0].length);
      const end = /^(?:,|\r\n|\n|\r|$)/.exec(rest);
      if (!end) return null;
      rest = rest.slice(end[0].length);
      more = end[0] === ',';
    }
    rows.push(row);
  }
  return rows.every((row) => row.length === rows[0]?.length) ? rows : null;
}

/** JSON values with hard keys and texts, without numbers that a double cannot hold. */
const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }) as fc.Arbitrary<Json>;
const keys = fc.constantFrom('__proto__', 'constructor', '_id', '_index', '', 'a.b', '"', '\n', 'é');
const hard = fc.oneof(json, fc.dictionary(keys, json, { noNullPrototype: true })) as fc.Arbitrary<Json>;

/**
 * A key with a backslash in it: V8 13.6 (Node 24) takes it for any later key that begins with an escape there
 * (`JSON.parse('{"x":1,"\\\\":1}')`, then `JSON.parse('{"x":1,"\\n":1}')`), so it is no judge of such texts.
 */
const CONFUSES_V8 = /"(?:[^"\\]|\\.)*\\\\(?:[^"\\]|\\.)*"\s*:/;

/** A text with something wrong, perhaps. */
function damaged(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.tuple(
    fc.nat(),
    fc.nat({ max: 2 }),
    fc.constantFrom('', '', ',', '"', '\\', '\n', ']', '}', '[', '{', ':', '0', '-', 'e', '\u{1}', 'tru', '\u{A0}'),
  );
  const all = fc.tuple(text, fc.array(change, { maxLength: 2 })).map(([whole, changes]) =>
    changes.reduce((now, [at, cut, insert]) => {
      const place = at % (now.length + 1);
      return (now.slice(0, place) + insert + now.slice(place + cut)).toWellFormed();
    }, whole.toWellFormed()),
  );
  return all.filter((given) => !CONFUSES_V8.test(given));
}

/** What the payloads of these values should be. */
function payloads(values: readonly Json[]): string {
  return written(
    values.map((value, at) => {
      const fields: JsonObject =
        typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : { value };
      return {
        ...fields,
        ...(Object.hasOwn(fields, '_index') ? {} : { _index: at }),
        ...(Object.hasOwn(fields, '_id') ? {} : { _id: `${at}` }),
      };
    }),
  );
}

/** Values as text; a number and its digits are one here, since a number that a double cannot hold is kept as its digits. */
function written(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === 'string' && /^-?\d[\d.eE+-]*$/.test(inner) ? Number(inner) : inner,
  );
}

function tryParse(text: string): { readonly value: Json } | null {
  try {
    return { value: JSON.parse(text) as Json };
  } catch {
    return null;
  }
}

/** The values of one array or several, one behind the other; null = anything else. */
function valuesOf(content: string): readonly Json[] | null {
  for (let end = content.indexOf(']'); end >= 0; end = content.indexOf(']', end + 1)) {
    const first = tryParse(content.slice(0, end + 1));
    if (!first || !Array.isArray(first.value)) continue;
    const rest = content.slice(end + 1);
    if (/^[ \t\r\n]*$/.test(rest)) return first.value;
    const others = valuesOf(rest);
    if (others) return [...first.value, ...others];
  }
  return null;
}

test(
  'JSON: agrees with JSON.parse',
  async () => {
    const file_path = join(temporaryDirectory(), 'nasty.json');
    const array = fc.array(hard, { maxLength: 6 });
    const text = fc
      .tuple(array, fc.constantFrom(0, 1, '\t', ' \t '))
      .map(([values, indent]) => JSON.stringify(values, null, indent));
    const seen = { enumerated: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(damaged(text), async (content) => {
        writeFileSync(file_path, content);
        const found = await outcome('json', { file_path, format: 'json' });
        const values = valuesOf(content);
        const expected = values ? payloads(values) : 'refused';
        expect(found === 'refused' ? found : written(found)).toBe(expected);
        seen[found === 'refused' ? 'refused' : 'enumerated']++;
      }),
      runs,
    );
    expect(Math.min(seen.enumerated, seen.refused)).toBeGreaterThan(50);
  },
  TIMEOUT_MS,
);

test(
  'JSON below a path: yields what JSON.parse finds there, or refuses the text',
  async () => {
    const file_path = join(temporaryDirectory(), 'nasty.json');
    const around = fc.dictionary(fc.constantFrom('a', 'data', 'x y', '__proto__'), json, { noNullPrototype: true });
    const text = fc
      .tuple(fc.array(hard, { maxLength: 4 }), around, around)
      .map(([rows, outer, inner]) => JSON.stringify({ ...outer, data: { ...inner, 'the.rows': rows } }));
    await fc.assert(
      fc.asyncProperty(damaged(text), async (content) => {
        writeFileSync(file_path, content);
        const found = await outcome('json', { file_path, items_path: 'data.the\\.rows' });
        const parsed = tryParse(content)?.value as { data?: { 'the.rows'?: Json } } | undefined;
        const rows = parsed?.data?.['the.rows'];
        // A key that is there twice is refused here; JSON.parse takes the last.
        if (found !== 'refused' || !Array.isArray(rows)) {
          expect(found === 'refused' ? found : written(found)).toBe(Array.isArray(rows) ? payloads(rows) : 'refused');
        } else expect(content.split('"data"').length + content.split('"the.rows"').length).toBeGreaterThan(4);
      }),
      runs,
    );
  },
  TIMEOUT_MS,
);

test(
  'JSON Lines: agrees with JSON.parse for each line',
  async () => {
    const file_path = join(temporaryDirectory(), 'nasty.jsonl');
    const text = fc
      .array(fc.tuple(hard, fc.constantFrom('\n', '\r\n', '\n\n', ' \n')), { maxLength: 6 })
      .map((lines) => lines.map(([value, end]) => JSON.stringify(value) + end).join(''));
    await fc.assert(
      fc.asyncProperty(damaged(text), async (content) => {
        writeFileSync(file_path, content);
        const found = await outcome('json', { file_path });
        const parsed = content
          .split('\n')
          .filter((line) => /[^ \t\r]/.test(line))
          .map(tryParse);
        const values = parsed.flatMap((line) => (line ? [line.value] : []));
        expect(found === 'refused' ? found : written(found)).toBe(
          values.length === parsed.length ? payloads(values) : 'refused',
        );
      }),
      runs,
    );
  },
  TIMEOUT_MS,
);

test(
  'file names: enumerates every name or counts it as not UTF-8',
  async () => {
    const parent = temporaryDirectory();
    const readable = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).map((text) => Buffer.from(text));
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 30 }).map((array) => Buffer.from(array));
    const glob = fc
      .string({
        unit: fc.constantFrom('*', '?', '[', ']', '{', '}', '!', '(', ')', '\\', '.', ' ', '\n', '-', '~'),
        minLength: 1,
        maxLength: 12,
      })
      .map((text) => Buffer.from(text));
    const name = fc
      .oneof(readable, bytes, glob)
      .filter((given) => !given.includes('/') && !given.includes(0) && !['.', '..'].includes(given.toString()));
    await fc.assert(
      fc.asyncProperty(
        fc.array(name, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('path', 'none'),
        async (names, sort) => {
          const base = mkdtempSync(join(parent, 'names-'));
          const inside = Buffer.concat([Buffer.from(`${base}/`), names[0] ?? Buffer.alloc(0)]);
          mkdirSync(inside);
          for (const given of names.slice(1)) {
            writeFileSync(Buffer.concat([inside, Buffer.from('/'), given]), 'x');
            if (!names[0]?.equals(given)) writeFileSync(Buffer.concat([Buffer.from(`${base}/`), given]), 'x');
          }
          let rejected = 0;
          const reject = () => {
            rejected++;
          };
          const config = { base_directory: base, include_hidden: true, exclude_patterns: [], sort };
          const { payloads: found } = await enumerateAll('file', config, { reject });
          const paths = found.map(({ relative_path }) => relative_path as string);
          const { good, bad } = readNames(Buffer.from(base), '');
          expect(sort === 'path' ? paths : paths.toSorted()).toEqual(good.toSorted());
          expect(rejected).toBe(bad);
          rmSync(base, { recursive: true });
        },
      ),
      runs,
    );
  },
  TIMEOUT_MS,
);

/** Relative paths of the files below a directory, and how many names in it are not UTF-8. */
function readNames(directory: Buffer, relative: string): { good: string[]; bad: number } {
  const all = { good: [] as string[], bad: 0 };
  for (const entry of readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })) {
    let name: string;
    try {
      name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(entry.name);
    } catch {
      all.bad++;
      continue;
    }
    if (!entry.isDirectory()) all.good.push(relative + name);
    else {
      const below = readNames(Buffer.concat([directory, Buffer.from('/'), entry.name]), `${relative}${name}/`);
      all.good.push(...below.good);
      all.bad += below.bad;
    }
  }
  return all;
}
