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
import { walk } from '../../src/enumerators/reading/walk.ts';
import { enumerateAll, refusal, temporaryDirectory } from './helpers.ts';

/** A directory with these files (paths relative to it), each with its own path in it. */
function tree(...files: string[]): string {
  const base = temporaryDirectory();
  for (const file of files) {
    mkdirSync(dirname(join(base, file)), { recursive: true });
    writeFileSync(join(base, file), file);
  }
  return base;
}

async function paths(base: string, config: JsonObject = {}): Promise<unknown[]> {
  const { payloads } = await enumerateAll('file', { base_directory: base, ...config });
  return payloads.map(({ relative_path }) => relative_path);
}

test('a payload tells path, name, extension, size and time of the file', async () => {
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

describe('which files', () => {
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

test('the order is that of whole paths, whichever way directories and files interleave', async () => {
  const files = ['a.txt', 'a/z', 'a0', 'a-b/x', 'B', 'é', 'a/b/c', 'a/b.c', 'ab'];
  expect(await paths(tree(...files))).toEqual(files.toSorted());
});

test('without an order it gives the same files', async () => {
  const files = ['a.txt', 'a/z', 'b/c/d', 'b/e'];
  expect((await paths(tree(...files), { sort: 'none' })).toSorted()).toEqual(files);
});

test('names with spaces, line breaks, quotes, glob characters and other scripts are names like any other', async () => {
  const names = ['two words', 'line\nbreak', 'a"b\'c', '[x]{y}(z)!*?', 'back\\slash', '日本語', '🙂', ' ', '\u{FFFD}'];
  const files = names.flatMap((name) => [`${name}.txt`, `in ${name}/${name}`]);
  expect(await paths(tree(...files))).toEqual(files.toSorted());
  expect(await paths(tree(...files), { pattern: '[x]{y}(z)!*?.txt' })).toEqual(['[x]{y}(z)!*?.txt']);
});

test('names that are not UTF-8 are reported with escaped bytes and count, and are no items', async () => {
  const base = tree('good.txt', 'sub/good.txt');
  for (const name of ['bad\xff.txt', 'sub/\xe9t\xe9', 'dir\xfe/inside']) {
    const path = Buffer.from(`${base}/${name}`, 'latin1');
    mkdirSync(path.subarray(0, path.lastIndexOf('/')), { recursive: true });
    writeFileSync(path, 'x');
  }
  const { payloads, warnings } = await enumerateAll('file', { base_directory: base });
  expect(payloads.map(({ relative_path }) => relative_path)).toEqual(['good.txt', 'sub/good.txt']);
  expect(warnings).toEqual([expect.objectContaining({ kind: 'not_utf8', count: 3 })]);
  expect(warnings[0]?.examples.toSorted()).toEqual(['bad\\xff.txt', 'dir\\xfe', 'sub/\\xe9t\\xe9']);
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

  test('are followed on demand; loops and broken ones are reported', async () => {
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

  test('a base that is a link to a directory is that directory', async () => {
    expect(await paths(join(linked(), 'directory-link'))).toEqual(['a.txt']);
  });
});

test('what is neither file nor directory is no item', async () => {
  const base = tree('a.txt');
  const server = createServer().listen(join(base, 'socket'));
  await once(server, 'listening');
  expect(await paths(base)).toEqual(['a.txt']);
  server.close();
});

test.each([
  ['has a name that is too long', `a/${'x'.repeat(300)}/*.txt`, /^a\/x+ \(ENAMETOOLONG\)$/],
  ['has a name that no file can have', 'a/\0/*.txt', /^a\/\0 \(ERR_INVALID_ARG_VALUE\)$/],
])('a directory that the pattern names is reported when it %s', async (_, pattern, example) => {
  const { items, warnings } = await enumerateAll('file', { base_directory: tree('a/b.txt'), pattern });
  expect(items).toEqual([]);
  expect(warnings).toEqual([expect.objectContaining({ kind: 'unreadable', count: 1 })]);
  expect(warnings[0]?.examples[0]).toMatch(example);
});

test('a directory that the pattern names is not the base: when it cannot be read it is reported', () => {
  const seen: string[] = [];
  const warnings = { add: (kind: string, example: string) => seen.push(`${kind}: ${example}`), report() {} };
  const all = { entersDirectory: () => true, takesFile: () => true, followSymlinks: false, sorted: true, warnings };
  const base = tree('a/b.txt');
  expect([...walk({ base, start: 'gone', ...all })]).toEqual([]);
  expect(seen).toEqual(['unreadable: gone (ENOENT)']);
  expect(() => [...walk({ base: join(base, 'gone'), start: '', ...all })]).toThrow('ENOENT');
});

test('a directory below that cannot be read is reported and the others are given', async () => {
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

  test.each(['/etc/*', '../other/*', 'a/../b'])('a pattern that leaves the base: %s', async (pattern) => {
    const error = await refusal(() => parseConfig(fileEnumerator, { base_directory: '.', pattern }));
    expect(error.message).toContain('pattern: expected a glob relative to base_directory');
  });
});

test.each([
  ['pattern', { pattern: '{1..1000000}' }, 'pattern: expected a glob, found one that cannot be read: expanded array'],
  ['pattern', { pattern: 'x'.repeat(70_000) }, 'pattern: expected a glob, found one that cannot be read: Input length'],
  ['exclude', { exclude_patterns: ['a', 'x'.repeat(70_000)] }, 'exclude_patterns[1]: expected a glob'],
])('a %s that is no glob is refused', async (_, config, message) => {
  const error = await refusal(() => parseConfig(fileEnumerator, { base_directory: '.', ...config }));
  expect(error.code).toBe('invalid_input');
  expect(error.message).toContain(message);
});

test.each([
  ['~', homedir()],
  ['~/docs', join(homedir(), 'docs')],
  ['docs/../notes/', '/home/u/place/notes'],
  ['.', '/home/u/place'],
  ['/absolute//path', '/absolute/path'],
  ['~user', '/home/u/place/~user'],
])('base %s is resolved and shown as %s', (base_directory, expected) => {
  const config = parseConfig(fileEnumerator, { base_directory });
  expect(fileEnumerator.resolve(config, { workingDirectory: '/home/u/place' }).base_directory).toBe(expected);
});
