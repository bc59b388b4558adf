import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-root.ts';
import { README, readReadme, withTables } from './tables.ts';

describe('the README', () => {
  test('has the tables that the code has (npm run docs brings them up to date)', async () => {
    expect(readReadme()).toBe(await withTables(readReadme()));
  });

  test('names only scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { scripts: object };
    const named = [...readReadme().matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name);
    expect(named.filter((name) => !Object.hasOwn(scripts, name ?? ''))).toEqual([]);
  });

  test('links only to files and headings that exist', () => {
    const text = readReadme();
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(
      ([, title = '']) =>
        `#${title
          .toLowerCase()
          .replaceAll(/[^\w\- ]/g, '')
          .replaceAll(' ', '-')}`,
    );
    const targets = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = targets.filter((target) =>
      target.startsWith('#')
        ? !headings.includes(target)
        : !existsSync(join(dirname(README), target.split('#')[0] ?? '')),
    );
    expect(broken).toEqual([]);
  });
});

test('the guide quotes messages that the code has', () => {
  const code = globSync('src/**/*.ts', { cwd: packageRoot() })
    .map((file) => readFileSync(join(packageRoot(), file), 'utf8'))
    .join('\n');
  const guide = readFileSync(join(packageRoot(), 'docs', 'guide.md'), 'utf8');
  const rows = guide.slice(guide.indexOf('| message |')).split('\n');
  const quoted = rows.flatMap((row) =>
    [...(row.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, text = '']) => text),
  );
  expect(quoted.length).toBeGreaterThan(10);
  // What differs from case to case stands there as … or X.
  const parts = quoted.flatMap((text) => text.split(/(?:job-)?…|\bX\b/)).map((part) => part.trim());
  expect(parts.filter((part) => !code.includes(part))).toEqual([]);
});
