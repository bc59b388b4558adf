import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import { fileEnumerator } from '../../src/enumerators/file.ts';
import { parseConfig } from '../../src/enumerators/index.ts';
import { noneSkipped, readItems } from '../../src/enumerators/items.ts';
import { scopeOf } from '../../src/enumerators/reading/glob/scope.ts';
import { walk } from '../../src/enumerators/reading/walk.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { enumerateAll, refusal } from './helpers.ts';

/** A directory with these files (paths relative to it), each with its own path in it. */
function tree(...files: string[]): string {
  const base = temporaryDirectory();
  for (const file of files) {
    mkdirSync(dirname(join(base, file)), { recursive: true });
    writeFileSync(join(base, file), file);
  }
  return base;
}

async function paths(base: string, config: JsonObject = {}): Promise<string[]> {
  const { payloads } = await enumerateAll('file', { base_directory: base, ...config });
  return payloads.map(({ relative_path }) => relative_path as string);
}

test('the payload has path, name, extension, size and time of the file', async () => {
  const base = tree('a/Report.final.MD');
  utimesSync(join(base, 'a/Report.final.MD'), new Date(0), new Date('2024-02-29T12:30:00.500Z'));
  const { items } = await enumerateAll('file', { base_directory: base });
  expect(items).toEqual([
    {
      key: 'a/Report.final.MD',
      place: 'a/Report.final.MD',
      payload: {
        file_path: join(base, 'a/Report.final.MD'),
        relative_path: 'a/Report.final.MD',
        file_name: 'Report.final.MD',
        file_extension: '.MD',
        file_size: 17,
        modified_at: '2024-02-29T12:30:00.500Z',
      },
    },
  ]);
});

describe('selection', () => {
  const files = [
    '.env',
    '.git/config',
    '.github/workflows/ci.yml',
    'a.txt',
    'a/b.txt',
    'a/b/c.md',
    'a/node_modules/x/index.js',
    'drafts/d.md',
    'node_modules/x/index.js',
    'sub/drafts/e.md',
    'sub/file.bak',
  ];
  const visible = ['a.txt', 'a/b.txt', 'a/b/c.md', 'drafts/d.md', 'sub/drafts/e.md', 'sub/file.bak'];

  test.each<[string, JsonObject, readonly string[]]>([
    ['all but hidden ones, node_modules and .git, at every depth', {}, visible],
    ['hidden ones too, on demand', { include_hidden: true }, ['.env', '.github/workflows/ci.yml', ...visible]],
    ['a hidden directory that the pattern names', { pattern: '.github/**/*.yml' }, ['.github/workflows/ci.yml']],
    ['a pattern with an extension', { pattern: '**/*.md' }, ['a/b/c.md', 'drafts/d.md', 'sub/drafts/e.md']],
    ['braces', { pattern: '**/*.{md,bak}' }, ['a/b/c.md', 'drafts/d.md', 'sub/drafts/e.md', 'sub/file.bak']],
    ['braces over directories', { pattern: '{a,sub}/**/*.{txt,md}' }, ['a/b.txt', 'a/b/c.md', 'sub/drafts/e.md']],
    ['only the top', { pattern: '*' }, ['a.txt']],
    ['one level down', { pattern: '*/*.txt' }, ['a/b.txt']],
    ['below a directory', { pattern: 'sub/**' }, ['sub/drafts/e.md', 'sub/file.bak']],
    ['with ./ in front', { pattern: './sub/*' }, ['sub/file.bak']],
    ['one file by its name', { pattern: 'a/b.txt' }, ['a/b.txt']],
    ['a directory that is not there: nothing', { pattern: 'nowhere/**' }, []],
    ['nothing that matches: nothing', { pattern: '**/*.pdf' }, []],
    [
      'an exclude holds at every depth',
      { exclude_patterns: ['drafts/**', 'node_modules'] },
      ['a.txt', 'a/b.txt', 'a/b/c.md', 'sub/file.bak'],
    ],
    ['an exclude by name', { pattern: 'sub/**', exclude_patterns: ['*.bak'] }, ['sub/drafts/e.md']],
    [
      'an exclude with / in front only at the top',
      { pattern: '**/*.md', exclude_patterns: ['/drafts/'] },
      ['a/b/c.md', 'sub/drafts/e.md'],
    ],
    [
      'no exclude at all',
      { pattern: '**/*.js', exclude_patterns: [] },
      ['a/node_modules/x/index.js', 'node_modules/x/index.js'],
    ],
  ])('%s', async (_, config, expected) => {
    expect(await paths(tree(...files), config)).toEqual(expected);
  });
});

test('sorts by whole path, also where directories and files interleave', async () => {
  const files = ['a.txt', 'a/z', 'a0', 'a-b/x', 'B', 'é', 'a/b/c', 'a/b.c', 'ab'];
  expect(await paths(tree(...files))).toEqual(files.toSorted());
});

test('yields the same files without sorting', async () => {
  const files = ['a.txt', 'a/z', 'b/c/d', 'b/e'];
  expect((await paths(tree(...files), { sort: 'none' })).toSorted()).toEqual(files);
});

test('accepts names with spaces, line breaks, quotes, glob characters and other scripts', async () => {
  const names = ['two words', 'line\nbreak', 'a"b\'c', '[x]{y}(z)!*?', 'back\\slash', '日本語', '🙂', ' ', '\u{FFFD}'];
  const files = names.flatMap((name) => [`${name}.txt`, `in ${name}/${name}`]);
  expect(await paths(tree(...files))).toEqual(files.toSorted());
  expect(await paths(tree(...files), { pattern: '[x]{y}(z)!*?.txt' })).toEqual(['[x]{y}(z)!*?.txt']);
});

describe('reads patterns as bash does', () => {
  test.each<[string, readonly string[], JsonObject, readonly string[]]>([
    ['a negated class', ['ch01.md', 'ch02.md'], { pattern: 'ch0[!1].md' }, ['ch02.md']],
    ['a negated class with ^', ['ch01.md', 'ch02.md'], { pattern: 'ch0[^1].md' }, ['ch02.md']],
    ['a negated range', ['a1', 'b1'], { pattern: '[!a-a]?' }, ['b1']],
    ['a negated class in an exclude', ['a1.md', 'private.md'], { exclude_patterns: ['[!a]*.md'] }, ['a1.md']],
    ['a negated group in an exclude', ['a.md', 'b.md'], { exclude_patterns: ['!(a).md'] }, ['a.md']],
    ['a negated class in a folder of an exclude', ['a/x', 'b/x'], { exclude_patterns: ['[!a]/**'] }, ['a/x']],
    ['a range', ['ch0', 'ch1', 'ch12', 'ch2'], { pattern: 'ch{1..12}' }, ['ch1', 'ch12', 'ch2']],
    ['a padded range', ['p0008', 'p0010', 'p8'], { pattern: 'p{0008..0010}' }, ['p0008', 'p0010']],
    ['a range of folders', ['1/a', '10/a', '3/a'], { pattern: '{2..10}/a' }, ['10/a', '3/a']],
    ['? in a folder', ['1999/r', '2023/r', '2024/r'], { pattern: '202?/r' }, ['2023/r', '2024/r']],
    ['a class in a folder', ['2023/r', '2024/r'], { pattern: '202[!3]/r' }, ['2024/r']],
    ['a group in a folder', ['a/r', 'aa/r', 'b/r'], { pattern: '+(a)/r' }, ['a/r', 'aa/r']],
    ['hidden files and a negated class', ['.env', '_d', 'a'], { pattern: '[^_]*' }, ['a']],
    ['hidden files and a negated group', ['.env', 'a', 'b'], { pattern: '!(b)' }, ['a']],
    ['hidden folders and a negated class', ['.git/x', 'a/x'], { pattern: '[!b]*/x' }, ['a/x']],
    ['escapes at the end', ['notes 1', 'notes [1]'], { pattern: 'notes \\[1\\]' }, ['notes [1]']],
    ['an escaped folder', ['a*b/x', 'acb/x'], { pattern: 'a\\*b/x' }, ['a*b/x']],
    ['an escape of a plain character', ['abc'], { pattern: 'a\\bc' }, ['abc']],
    ['a doubled slash', ['docs/a.md'], { pattern: 'docs//*.md' }, ['docs/a.md']],
    ['a step that changes nothing', ['docs/a.md'], { pattern: 'docs/./a.md' }, ['docs/a.md']],
    ['a doubled slash in an exclude', ['docs/a', 'docs/b'], { exclude_patterns: ['docs//a'] }, ['docs/b']],
    ['a name as the pattern has it, when nothing matches', ['[x]', 'y'], { pattern: '[x]' }, ['[x]']],
    ['no such name when something matches', ['[x]', 'x'], { pattern: '[x]' }, ['x']],
    ['a name as the exclude has it', ['[x]', 'x', 'y'], { exclude_patterns: ['[x]'] }, ['y']],
    ['letters as they are written', ['A.MD', 'a.md'], { pattern: '*.md' }, ['a.md']],
    ['accents as they are written', ['e\u0301', '\u00e9'], { pattern: '\u00e9' }, ['\u00e9']],
    ['a temporary file of an office', ['a.docx', '~$a.docx'], { exclude_patterns: ['~$*'] }, ['a.docx']],
    ['a folder that is excluded with all below', ['a/b/c', 'a/d', 'e'], { exclude_patterns: ['a'] }, ['e']],
  ])('%s', async (_, files, config, expected) => {
    expect(await paths(tree(...files), config)).toEqual(expected);
  });
});

describe('names that are not UTF-8', () => {
  const bad = ['bad\xff.txt', 'sub/\xe9t\xe9', 'dir\xfe/inside', '.\xff'];
  const withBadNames = () => {
    const base = tree('good.txt', 'sub/good.txt');
    for (const name of bad) {
      const path = Buffer.from(`${base}/${name}`, 'latin1');
      mkdirSync(path.subarray(0, path.lastIndexOf('/')), { recursive: true });
      writeFileSync(path, 'x');
    }
    return base;
  };
  const listed = async (config: JsonObject) => {
    const skipped = noneSkipped();
    const parsed = parseConfig(fileEnumerator, { base_directory: withBadNames(), ...config });
    const paths = [];
    for await (const item of readItems(fileEnumerator, parsed, { workingDirectory: '/' }, skipped))
      paths.push(item.key);
    return { paths, invalid: skipped.invalid, places: skipped.records.map(({ place }) => place).toSorted() };
  };

  test('are skipped, counted and listed with escaped bytes', async () => {
    expect(await listed({})).toEqual({
      paths: ['good.txt', 'sub/good.txt'],
      invalid: 3,
      places: ['bad\\xff.txt', 'dir\\xfe', 'sub/\\xe9t\\xe9'],
    });
    expect((await enumerateAll('file', { base_directory: withBadNames() })).payloads).toHaveLength(2);
  });

  test.each<[string, JsonObject, readonly string[]]>([
    ['by the pattern', { pattern: '*.txt' }, ['bad\\xff.txt']],
    ['by an exclude', { exclude_patterns: ['sub/*', 'dir*'] }, ['bad\\xff.txt']],
    ['hidden ones too', { include_hidden: true, exclude_patterns: ['*/**', '*.txt'] }, ['.\\xff']],
  ])('count only if selected: %s', async (_, config, places) => {
    expect((await listed(config)).places).toEqual(places);
  });

  test('refuse the source with on_invalid "refuse"', async () => {
    for (const run of [
      listed,
      (config: JsonObject) => enumerateAll('file', { base_directory: withBadNames(), ...config }),
    ]) {
      const error = await refusal(() => run({ on_invalid: 'refuse', pattern: '*.txt' }));
      expect(error.message).toMatch(/, bad\\xff\.txt: expected a name in UTF-8, found bytes that are not$/);
      expect(error.hint).toMatch(/Rename it.* on_invalid: "skip"/);
    }
  });
});

describe('symbolic links', () => {
  const linked = () => {
    const base = tree('real/a.txt', 'outside.txt');
    symlinkSync('real/a.txt', join(base, 'file-link'));
    symlinkSync('real', join(base, 'directory-link'));
    symlinkSync('..', join(base, 'real/loop'));
    symlinkSync('nowhere', join(base, 'broken'));
    symlinkSync('self', join(base, 'self'));
    return base;
  };

  test('are not followed', async () => {
    const { payloads, warnings } = await enumerateAll('file', { base_directory: linked() });
    expect(payloads.map(({ relative_path }) => relative_path)).toEqual(['outside.txt', 'real/a.txt']);
    expect(warnings).toEqual([]);
    expect(await paths(linked(), { pattern: 'directory-link/**' })).toEqual([]);
  });

  test('are followed with follow_symlinks; loops and broken links are reported', async () => {
    const { payloads, warnings } = await enumerateAll('file', { base_directory: linked(), follow_symlinks: true });
    expect(payloads.map(({ relative_path, file_size }) => [relative_path, file_size])).toEqual([
      ['directory-link/a.txt', 10],
      ['file-link', 10],
      ['outside.txt', 11],
      ['real/a.txt', 10],
    ]);
    expect(warnings.toSorted((a, b) => (a.kind < b.kind ? -1 : 1))).toEqual([
      expect.objectContaining({
        kind: 'symlink_loop',
        count: 2,
        examples: expect.arrayContaining(['directory-link/loop', 'real/loop']),
      }),
      expect.objectContaining({
        kind: 'unreadable',
        count: 2,
        examples: expect.arrayContaining(['broken (ENOENT)', 'self (ELOOP)']),
      }),
    ]);
    expect(await paths(linked(), { pattern: 'directory-link/*', follow_symlinks: true })).toEqual([
      'directory-link/a.txt',
    ]);
  });

  test('follows a base that is a link to a directory', async () => {
    expect(await paths(join(linked(), 'directory-link'))).toEqual(['a.txt']);
  });
});

test('ignores what is neither file nor directory', async () => {
  const base = tree('a.txt');
  const server = createServer().listen(join(base, 'socket'));
  await once(server, 'listening');
  expect(await paths(base)).toEqual(['a.txt']);
  server.close();
});

test.each([['has a name that is too long', `a/${'x'.repeat(300)}/*.txt`, /^a\/x+ \(ENAMETOOLONG\)$/]])(
  'reports a directory named by the pattern that %s',
  async (_, pattern, example) => {
    const { items, warnings } = await enumerateAll('file', { base_directory: tree('a/b.txt'), pattern });
    expect(items).toEqual([]);
    expect(warnings).toEqual([expect.objectContaining({ kind: 'unreadable', count: 1 })]);
    expect(warnings[0]?.examples[0]).toMatch(example);
  },
);

test('reports an unreadable directory named by the pattern instead of failing', () => {
  const seen: string[] = [];
  const warnings = { add: (kind: string, example: string) => seen.push(`${kind}: ${example}`), report() {} };
  const scope = scopeOf({ pattern: '**', excludes: [], hidden: true });
  const all = { scope, followSymlinks: false, sorted: true, warnings, unnamed: () => {} };
  const base = tree('a/b.txt');
  expect([...walk({ base, start: 'gone', ...all })]).toEqual([]);
  expect(seen).toEqual(['unreadable: gone (ENOENT)']);
  expect(() => [...walk({ base: join(base, 'gone'), start: '', ...all })]).toThrow('ENOENT');
});

test('yields to other work during a walk without matches', () => {
  const base = tree(...Array.from({ length: 100 }, (_, n) => `${n}.txt`));
  const scope = scopeOf({ pattern: '*.md', excludes: [], hidden: false });
  const warnings = { add() {}, report() {} };
  const unnamed = () => {};
  const found = [...walk({ base, start: '', scope, followSymlinks: false, sorted: true, warnings, unnamed })];
  expect(new Set(found)).toEqual(new Set([null]));
});

test('reports an unreadable subdirectory and yields the other files', async () => {
  const base = tree('a.txt', 'z.txt');
  // Deeper than a path may be long: nobody, not even root, can read it by its whole path.
  execFileSync('bash', [
    '-c',
    `cd "$0" && for i in {1..22}; do mkdir ${'d'.repeat(200)} && cd ${'d'.repeat(200)}; done`,
    base,
  ]);
  const { payloads, warnings } = await enumerateAll('file', { base_directory: base });
  execFileSync('rm', ['-rf', base]);
  expect(payloads.map(({ relative_path }) => relative_path)).toEqual(['a.txt', 'z.txt']);
  expect(warnings).toEqual([expect.objectContaining({ kind: 'unreadable', count: 1 })]);
  expect(warnings[0]?.examples[0]).toMatch(/ddd \(ENAMETOOLONG\)$/);
});

describe('refusals', () => {
  test.each<[string, (base: string) => string, RegExp]>([
    [
      'a base that is not there',
      (base) => `${base}/nowhere`,
      /^base_directory: expected a directory.*found nothing: .*\/nowhere$/,
    ],
    [
      'a base that is a file',
      (base) => `${base}/a.txt`,
      /^base_directory: expected a directory, found a file: .*a\.txt$/,
    ],
    ['a base that no file can be', (base) => `${base}/\0`, /cannot be read \(ERR_INVALID_ARG_VALUE\)/],
    ['a base below a file', (base) => `${base}/a.txt/x`, /cannot be read \(ENOTDIR\)/],
  ])('%s', async (_, base, message) => {
    const error = await refusal(() => enumerateAll('file', { base_directory: base(tree('a.txt')) }));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/\w/);
  });

  test.each<[string, JsonObject, RegExp]>([
    ['an absolute one', { pattern: '/etc/*' }, /absolute: write it relative to base_directory; at character 1 of/],
    ['one out of braces', { pattern: '{a,/etc}/*' }, /absolute.* at character 1 of "\/etc\/\*"/],
    ['one that leaves the base', { pattern: '../other/*' }, /"\.\." leaves the directory.* at character 1 of /],
    ['one that seems to leave it', { pattern: 'a/../b' }, /"\.\." leaves the directory.* at character 3 of /],
    ['an escaped way out', { pattern: 'a/\\.\\./b' }, /"\.\." leaves the directory/],
    ['a home directory', { pattern: '~/*.md' }, /"~" is not expanded here: write the home directory in base_directory/],
    ['a directory', { pattern: 'docs/' }, /ends with a directory, and items are files: write "docs\/\*\*"/],
    ['a directory with a dot', { pattern: 'docs/.' }, /ends with a directory.*"docs\/\*\*"/],
    ['nothing', { pattern: '{,}' }, /matches no name at all$/],
    [
      'a slash in a group',
      { pattern: '@(a/b|c)' },
      /a group matches one name and cannot contain "\/".* at character 4 of /,
    ],
    [
      'an unknown class',
      { pattern: 'x[[:letter:]]' },
      /"\[:letter:\]" is not a character class.*alnum, alpha.* at character 3 of /,
    ],
    ['an equivalence class', { pattern: '[[=a=]]' }, /"\[=a=\]" depends on the locale/],
    ['a collating symbol', { pattern: 'a[[.-.]]' }, /"\[\.-\.\]" depends on the locale.* at character 3 of /],
    ['a NUL', { pattern: 'a/\0/*.txt' }, /a name cannot contain a NUL character; at character 3 of /],
    ['a directory with an escaped dot', { pattern: 'docs/\\.' }, /ends with a directory.*"docs\/\*\*"/],
    ['an escaped dot at every depth', { pattern: '**/\\.' }, /ends with a directory/],
    ['an escaped dot alone', { pattern: '\\.' }, /ends with a directory/],
    ['an escaped dot in braces', { pattern: '{a,**/\\.}' }, /ends with a directory/],
    ['an exclude that is an escaped dot', { exclude_patterns: ['**/\\.'] }, /ends with a directory/],
    ['a range without end', { pattern: '{1..1000000}' }, /at most 10000 words, found more in \{1\.\.1000000\}$/],
    ['ranges that multiply', { pattern: '{1..999}{1..999}' }, /at most 10000 words, found more/],
    ['words that are too long', { pattern: `{1..9000}${'x'.repeat(3000)}` }, /at most 1000000 characters/],
    ['a number that is not exact', { pattern: '{1..9007199254740993}' }, /at most 10000 words/],
    ['too many braces', { pattern: '{a}'.repeat(1001) }, /at most 1000 braces, found 1001$/],
    ['a text that is too long', { pattern: 'x'.repeat(70_000) }, /at most 65536 characters, found 70000$/],
    ['a path that is too long', { pattern: 'x'.repeat(5000) }, /at most 4096 characters in a path, found 5000/],
    ['too many groups', { pattern: '+(a)'.repeat(51) }, /at most 50 groups .* at character 201 of /],
    ['too many wildcards in groups', { pattern: `+(${'a*|'.repeat(60)})` }, /at most 50 groups/],
    [
      'an exclude that takes back',
      { exclude_patterns: ['a', '!b.md'] },
      /^.*exclude_patterns\[1\]: .*"!" cannot re-include files/,
    ],
    ['an exclude out of braces', { exclude_patterns: ['{a,!b}'] }, /"!" cannot re-include files/],
    [
      'an exclude that leaves the base',
      { exclude_patterns: ['a/../b'] },
      /exclude_patterns\[0\]: .*leaves the directory/,
    ],
    [
      'an exclude that is too long',
      { exclude_patterns: ['a', 'x'.repeat(70_000)] },
      /exclude_patterns\[1\]: expected a glob/,
    ],
  ])('refuses a glob with %s', async (_, config, message) => {
    const error = await refusal(() => parseConfig(fileEnumerator, { base_directory: '.', ...config }));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(/expected a glob, found one that cannot be read/);
    expect(error.message).toMatch(message);
  });

  test.each(['!(a)', '\\!a', '/a', './a', 'a/', '~$*.docx', '{!(a),b}'])('accepts the exclude %s', (exclude) => {
    expect(() => parseConfig(fileEnumerator, { base_directory: '.', exclude_patterns: [exclude] })).not.toThrow();
  });
});

test.each([
  ['~', homedir()],
  ['~/docs', join(homedir(), 'docs')],
  ['docs/../notes/', '/home/u/place/notes'],
  ['.', '/home/u/place'],
  ['/absolute//path', '/absolute/path'],
  ['~user', '/home/u/place/~user'],
])('resolves base %s to %s', (base_directory, expected) => {
  const config = parseConfig(fileEnumerator, { base_directory });
  expect(fileEnumerator.resolve(config, { workingDirectory: '/home/u/place' }).base_directory).toBe(expected);
});
