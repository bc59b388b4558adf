import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { redactJson } from '../../../src/domain/redact.ts';
import { packageRoot } from '../../../src/package-root.ts';
import { runNode, workspace } from './abp.ts';

const EXAMPLES = join(packageRoot(), 'examples');
/** This one is run by the demo. */
const DEMO = 'documents';
const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Compares an export with the results that an example expects; how many it has. */
function expectResults(name: string, file: string): number {
  const results = new Map(linesOf(file).map((row) => [row.key, row.result]));
  for (const { key, result } of linesOf(join(EXAMPLES, name, 'expected', 'results.jsonl'))) {
    // What looks like a secret never reaches the store.
    expect({ key, result: results.get(key) }).toEqual({ key, result: redactJson(result, 'results') });
  }
  return results.size;
}

/** Folders in the output directory: of the step that makes a file. */
const PLACE_OF: Readonly<Record<string, string>> = { 'report.md': 'report' };

describe('the examples, run as a person runs them', () => {
  test.each(readdirSync(EXAMPLES).filter((name) => name !== DEMO && existsSync(join(EXAMPLES, name, 'batch.yaml'))))(
    '%s',
    async (name) => {
      const space = workspace([]);
      const folder = join(space.folder, 'examples', name);
      cpSync(join(EXAMPLES, name), folder, { recursive: true });
      const file = join(folder, 'batch.yaml');
      const ran = await space.json('run', file, '--yes', '--output', 'results.jsonl');
      expect(ran, JSON.stringify(ran.document)).toMatchObject({ exitCode: 0, document: { status: 'completed' } });
      const { units } = ran.document;
      expect(units).toMatchObject({ completed: units.total });
      expect(expectResults(name, join(space.folder, 'results.jsonl'))).toBe(units.total);
      const expected = join(folder, 'expected');
      for (const made of readdirSync(expected).filter((other) => other !== 'results.jsonl')) {
        expect(readFileSync(join(folder, 'output', PLACE_OF[made] ?? '', made), 'utf8'), made).toBe(
          readFileSync(join(expected, made), 'utf8'),
        );
      }
      if (name === 'catalogue') expectPage(readFileSync(join(folder, 'output/page/catalogue.html'), 'utf8'));
    },
  );
});

/** Twelve pictures on one page that needs no other file. */
function expectPage(page: string): void {
  expect(page.match(/<figure><img src="data:image\/png;base64,/g)).toHaveLength(12);
  expect(page).not.toMatch(/(?:src|href)="(?!data:)/);
}

describe('the demo', () => {
  test('runs offline without a terminal, shows results, export and database, and accounts for every unit', async () => {
    const space = workspace([]);
    const environment = { ...space.environment, ABP_DASHBOARD_PORT: '0' };
    // From its clone: the examples are no part of an installation.
    const ran = await runNode({ ...space, environment }, [join(packageRoot(), 'src/main.ts'), 'demo']);
    onTestFinished(async () => void (await space.program('serve', '--stop')));
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(ran.stdout).toMatch(/OFFLINE worker/);
    expect(ran.stdout).toMatch(/elements\/carbon\.md/);
    expect(ran.stdout).toContain(`56 rows written to ${join(space.folder, '.store', 'outputs', 'documents.csv')}`);
    expect(ran.stdout).toContain(`Database: ${space.storagePath}`);
    expect(ran.stdout).toMatch(/All 56 units are accounted for\./);
    const [link = ''] = /http:\/\/127\.0\.0\.1:\d+\/jobs\/job-\w+/.exec(ran.stdout) ?? [];
    expect(link.endsWith(`/jobs/${(await space.jobs())[0]}`)).toBe(true);
    // It is there, and asks who is looking.
    expect((await fetch(link)).status).toBe(401);
    expect(ran.stdout + ran.stderr).not.toContain('code=');
    await space.abp('export', (await space.jobs())[0] ?? '', 'results.jsonl');
    expectResults(DEMO, join(space.folder, 'results.jsonl'));
  });
});
