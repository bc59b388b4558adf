import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { connect, jobOver, makePlace } from './clients.ts';

test('a model with the tools cannot write into the store, nor over a file without force', async () => {
  const place = makePlace();
  const { ok, call } = await connect('v2 auto', place);
  const { job_id } = await ok('create_job', jobOver(place));
  const store = join(place.root, 'store');
  for (const name of ['batch.db', 'batch.db-wal', 'batch.db-shm', 'batch.db.server.json', 'logs/x', 'new.csv']) {
    const answer = await call('export_results', { job_id, format: 'csv', path: join(store, name), force: true });
    expect([name, answer.isError, answer.text]).toEqual([name, true, expect.stringContaining("ABP's store")]);
  }
  for (const directory of [store, join(store, 'runs'), place.root, '/']) {
    const answer = await call('create_job', jobOver(place, { output: { directory } }));
    expect([directory, answer.isError]).toEqual([directory, true]);
  }
  const mine = join(place.root, '.bashrc');
  writeFileSync(mine, 'mine');
  const force = { job_id, format: 'csv', path: mine, force: true };
  expect((await call('export_results', force)).text).toContain('only a person may write results there');
  const data = join(place.root, 'data.csv');
  writeFileSync(data, 'mine');
  expect((await call('export_results', { job_id, format: 'csv', path: data })).text).toContain('already exists');
  expect(readFileSync(data, 'utf8')).toBe('mine');
  expect(readFileSync(mine, 'utf8')).toBe('mine');
  expect((await ok('list_jobs')).jobs).toHaveLength(1);
});

test('results with content by a model become no file that a program reads by itself', async () => {
  const place = makePlace();
  const { ok, call } = await connect('v2 auto', place);
  const { job_id, output } = await ok('create_job', jobOver(place));
  const user = place.environment.HOME ?? '';
  mkdirSync(join(place.root, '.git', 'hooks'), { recursive: true });
  for (const path of [
    join(user, '.zshenv'),
    join(user, '.ssh', 'rc'),
    join(user, '.config', 'autostart', 'x.csv'),
    join(user, 'Library', 'LaunchAgents', 'x.json'),
    join(user, 'results.csv'),
    join(place.root, '.git', 'hooks', 'pre-commit'),
    join(place.root, '.git', 'hooks', 'x.csv'),
    join(place.root, '.envrc'),
    join(place.root, '.results.csv'),
    join(place.root, 'conftest.py'),
    join(place.root, 'Makefile'),
    join(place.root, 'CLAUDE.md'),
    join(place.root, 'QWEN.md'),
    join(place.root, 'skills', 'x', 'SKILL.md'),
    join(place.root, 'package.json'),
    join(place.root, 'results.jsonl'),
    join(String(output.directory), 'results.md'),
    join(place.root, 'docs', 'AGENTS.md'),
    join(String(output.directory), 'run.sh'),
    join(String(output.directory), '.hidden.csv'),
    join(temporaryDirectory(), 'results.csv'),
    '/etc/cron.d/abp.csv',
  ]) {
    for (const force of [false, true]) {
      const answer = await call('export_results', { job_id, format: 'csv', path, force });
      expect([path, answer.isError, answer.text]).toEqual([path, true, expect.stringContaining('only a person')]);
    }
    expect(existsSync(path)).toBe(false);
  }
  for (const [format, path] of [
    ['csv', join(String(output.directory), 'results.csv')],
    ['markdown', join(String(output.directory), 'results.md')],
    ['jsonl', join(place.root, 'results.jsonl')],
    ['csv', join(place.root, 'out', 'deeper', 'results.csv')],
  ]) {
    expect(await ok('export_results', { job_id, format, path })).toMatchObject({ path });
  }
  for (const [format, path] of [
    ['json', join(place.root, 'opencode.json')],
    ['markdown', join(place.root, 'WARP.md')],
  ]) {
    expect(await call('export_results', { job_id, format, path })).toMatchObject({ isError: true });
  }
});
