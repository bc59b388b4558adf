import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { MAIN, withStore, workspace } from './abp.ts';

test('a reader that closes the pipe early ends the command without an error', async () => {
  const space = workspace(Array.from({ length: 400 }, (_, n) => `text ${n}`));
  const { document } = await space.json('create', 'batch.yaml');
  const command = `'${process.execPath}' '${MAIN}' units ${document.job_id} --all --json; echo "exit $?" >&2`;
  const ran = await execa('sh', ['-c', `{ ${command}; } | head -c 20`], {
    cwd: space.folder,
    env: space.environment,
    extendEnv: false,
    stdin: 'ignore',
  });
  expect(ran.stdout).toHaveLength(20);
  expect(ran.stderr).toBe('exit 0');
});

test('an export to stdout whose reader closes the pipe leaves no file', async () => {
  const space = workspace(Array.from({ length: 2000 }, (_, n) => `text ${n}`));
  const { document } = await space.json('create', 'batch.yaml');
  const command = `'${process.execPath}' '${MAIN}' export ${document.job_id} -; echo "exit $?" >&2`;
  const ran = await execa('sh', ['-c', `{ ${command}; } | head -c 20`], {
    cwd: space.folder,
    env: { ...space.environment, TMPDIR: space.folder },
    extendEnv: false,
    stdin: 'ignore',
  });
  expect(ran.stdout).toHaveLength(20);
  expect(ran.stderr).toMatch(/exit 0$/);
  expect(ran.stderr).not.toMatch(/error/);
  expect(readdirSync(space.folder).filter((name) => name.startsWith('abp-export-'))).toEqual([]);
});

test('a run whose reader closes the pipe still completes', async () => {
  const space = workspace(['one', 'fail']);
  const command = `'${process.execPath}' '${MAIN}' run batch.yaml --skip-test --yes --output out.csv; echo "exit $?" >out.txt`;
  await execa('sh', ['-c', `{ ${command}; } 2>&1 | head -c 1`], {
    cwd: space.folder,
    env: space.environment,
    extendEnv: false,
    stdin: 'ignore',
  });
  const written = (file: string) => readFileSync(join(space.folder, file), 'utf8');
  await expect.poll(() => existsSync(join(space.folder, 'out.txt')) && written('out.txt'), PATIENCE).toBe('exit 1\n');
  expect(written('out.csv')).toMatch(/completed[\s\S]*failed/);
});

test('SIGINT without a terminal ends the command at once, and the job continues', async () => {
  const space = workspace(['wait', 'wait']);
  await space.abp('run', 'batch.yaml', '--skip-test', '--yes', '--detach');
  const [jobId = ''] = await space.jobs();
  const watching = execa(process.execPath, [MAIN, 'watch', jobId], {
    cwd: space.folder,
    env: space.environment,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
  });
  let said = '';
  watching.stdout.on('data', (text) => {
    said += text;
  });
  await expect.poll(() => said, PATIENCE).toMatch(/running: 0 of 2 done/);
  watching.kill('SIGINT');
  expect((await watching).exitCode).toBe(130);
  expect(said).toContain(`${jobId} continues. Follow it again with: abp watch ${jobId}`);
  expect(await space.job(jobId)).toMatchObject({ status: 'running' });
});

test('SIGINT while a source is being stored creates no job', async () => {
  const space = workspace([], { source: { type: 'json', file_path: 'endless.jsonl' }, worker: undefined });
  const items = Array.from({ length: 20_000 }, (_, n) => JSON.stringify({ n, text: 'x'.repeat(200) }));
  space.write('endless.jsonl', `${items.join('\n')}\n`);
  const creating = execa(process.execPath, [MAIN, 'create', 'batch.yaml'], {
    cwd: space.folder,
    env: space.environment,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
  });
  let ended = false;
  void creating.then(() => {
    ended = true;
  });
  const begun = async () =>
    existsSync(space.storagePath) &&
    (await withStore(
      space.storagePath,
      async ({ repository }) => (await repository.jobs.list({ statuses: ['enumerating'], limit: 1 })).total,
    ));
  await expect.poll(async () => ended || (await begun()), { ...PATIENCE, interval: 5 }).toBeTruthy();
  creating.kill('SIGINT');
  const { exitCode } = await creating;
  // It may have been ready before the signal came; then the job is whole.
  const units = exitCode === 0 ? [20_000] : [];
  const { document } = await space.json('status');
  expect(document.jobs.map((job: { units: { total: number } }) => job.units.total)).toEqual(units);
});
