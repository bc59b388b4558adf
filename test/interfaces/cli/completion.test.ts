import { existsSync } from 'node:fs';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { withStore, workspace } from './abp.ts';

/** What the shell would offer for a line, the last word being typed. */
async function offered(space: ReturnType<typeof workspace>, ...words: readonly string[]): Promise<readonly string[]> {
  const { exitCode, stdout, stderr } = await space.program('complete', '--', ...words);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter((line) => !line.startsWith(':'))
    .map((line) => line.split('\t')[0] ?? '');
}

test('commands, options and ids of jobs are completed, files where a file is wanted', async () => {
  const space = workspace();
  expect(await offered(space, 'sta')).toEqual(expect.arrayContaining(['start', 'status']));
  expect(await offered(space, 'status', '')).toEqual([]);
  expect(existsSync(space.storagePath)).toBe(false);
  const { document } = await space.json('create', 'batch.yaml');
  expect(await offered(space, 'watch', 'job-')).toEqual([document.job_id]);
  expect(await offered(space, 'run', 'ba')).toEqual(['batch.yaml']);
  expect(await offered(space, 'run', './ba')).toEqual(['./batch.yaml']);
  expect(await offered(space, 'run', `${space.folder}/ba`)).toEqual([`${space.folder}/batch.yaml`]);
  expect(await offered(space, 'run', 'in/')).toEqual(['in/0000.txt', 'in/0001.txt', 'in/0002.txt']);
  expect(await offered(space, 'run', 'batch.yaml', '--d')).toEqual(['--dry-run', '--detach']);
  withStore(space.storagePath, ({ repository }) => expect(repository.jobs.list({ limit: 1 }).total).toBe(1));
});

test('words that an option takes are completed, those of a list one after the other', async () => {
  const space = workspace([]);
  expect(await offered(space, 'retry', 'x', '--status', 'f')).toEqual(['failed']);
  expect(await offered(space, 'export', 'x', 'y', '--format', '')).toEqual(['csv', 'tsv', 'jsonl', 'json', 'markdown']);
  expect(await offered(space, 'logs', 'x', '--stage', 'p')).toEqual(['post']);
  expect(await offered(space, 'completion', 'z')).toEqual(['zsh']);
  for (const command of ['units', 'retry', 'skip', 'reopen']) {
    expect(await offered(space, command, 'x', '--class', 'time')).toEqual(['timeout']);
  }
  for (const command of ['units', 'export']) {
    expect(await offered(space, command, 'x', '--status', 'c')).toEqual(['completed', 'cancelled']);
    expect(await offered(space, command, 'x', '--status', 'completed,c')).toEqual(['completed,cancelled']);
    expect(await offered(space, command, 'x', '--status=failed,s')).toEqual(['failed,skipped']);
  }
});

test('a file is not offered whose name a shell would read as something else, or run', async () => {
  const space = workspace([]);
  for (const name of ['x$(touch made).yaml', 'x`id`.yaml', 'x y.yaml', 'x;y.yaml', "x'y.yaml", 'xäöü_日本.yaml']) {
    space.write(name, '');
  }
  expect(await offered(space, 'run', 'x')).toEqual(['xäöü_日本.yaml']);
});

test('the script for bash can be read twice in one shell', async () => {
  const space = workspace([]);
  space.write('script', (await space.program('completion', 'bash')).stdout);
  const ran = await execa('bash', ['--norc', '-c', '. ./script; . ./script; complete -p abp'], { cwd: space.folder });
  expect(ran).toMatchObject({ stdout: expect.stringMatching(/^complete -F \w+ abp$/), stderr: '' });
});

test.each(['bash', 'zsh', 'fish'])('abp completion %s prints a script that asks abp', async (shell) => {
  const { exitCode, stdout } = await workspace().program('completion', shell);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/abp complete --/);
});
