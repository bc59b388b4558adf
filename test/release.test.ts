import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Candidate, linksOf, type Manifest, refusals } from '../.ci/release.ts';
import { packageRoot } from '../src/package-root.ts';

const REPOSITORY = 'git+https://host.example/owner/abp.git';

const manifest: Manifest = {
  name: 'agentic-batch-processor',
  version: '1.2.0',
  repository: { type: 'git', url: REPOSITORY },
  homepage: 'https://host.example/owner/abp#readme',
  bugs: { url: 'https://host.example/owner/abp/issues' },
};

const good: Candidate = {
  manifest,
  changelog: '# Changelog\n\n## 1.2.0 (2026-12-01)\n\n- New.\n\n## 1.1.0 (2026-11-01)\n\nNo unreleased fix.\n',
  changes: [],
  tags: ['v1.1.0'],
};

const package_ = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as Manifest & {
  readonly author: string;
};

describe('the release script', () => {
  test('accepts a clean tree with a dated version, its links and no tag of that name', () => {
    expect(refusals(good)).toEqual([]);
  });

  const changed = (part: Partial<Manifest>) => ({ manifest: { ...manifest, ...part } });
  test.each<[string, Partial<Candidate>, RegExp]>([
    [
      'an empty repository',
      changed({ repository: { type: 'git', url: '' }, ...linksOf('') }),
      /repository\.url: expected .* found ""/,
    ],
    [
      'a repository that is no address',
      changed({ repository: { type: 'git', url: 'owner/abp' }, ...linksOf('owner/abp') }),
      /found "owner\/abp"/,
    ],
    [
      'a homepage of another repository',
      changed({ homepage: 'https://else.example' }),
      /npm pkg set homepage=https:\/\/host/,
    ],
    ['an address for bugs of another repository', changed({ bugs: { url: '' } }), /bugs\.url=https:\/\/host\.example/],
    ['a dirty tree', { changes: [' M src/main.ts'] }, /clean work tree, found 1 .*src\/main\.ts/],
    ['a version that the changelog does not name', changed({ version: '1.3.0' }), /expected the heading "## 1\.3\.0/],
    [
      'a version that the changelog names without a date',
      { changelog: '## 1.2.0\n\n- New.\n' },
      /expected the heading "## 1\.2\.0 \(YYYY-MM-DD\)"/,
    ],
    ['an unreleased heading', { changelog: `${good.changelog}\n## Unreleased\n` }, /found "## Unreleased"/],
    ['a pending heading', { changelog: `${good.changelog}\n### Pending\n` }, /found "### Pending"/],
    ['a tag that exists', { tags: ['v1.2.0'] }, /tag v1\.2\.0 exists/],
  ])('refuses %s, and says what to do', (_, part, reason) => {
    const found = refusals({ ...good, ...part });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(reason);
  });

  test('refuses a version whose heading says that it is unreleased for both reasons', () => {
    expect(refusals({ ...good, changelog: '## 1.2.0 (unreleased)\n' })).toHaveLength(2);
  });
});

describe('package.json', () => {
  test('derives homepage and bugs from its repository', () => {
    const { homepage, bugs, repository } = package_;
    expect({ homepage, bugs }).toEqual(linksOf(repository.url));
  });

  test('names the author of the licence', () => {
    const licence = readFileSync(join(packageRoot(), 'LICENSE'), 'utf8');
    expect(licence).toContain(package_.author);
  });
});
