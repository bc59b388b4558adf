import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { identify } from '../../../src/workers/process/processes.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { seedJob } from '../../helpers/store.ts';
import { type Workspace, withStore, workspace } from './abp.ts';

/** A job made from the batch file, not started. */
async function created(space: Workspace, ...args: readonly string[]): Promise<string> {
  const { exitCode, document } = await space.json('create', 'batch.yaml', ...args);
  expect(exitCode, JSON.stringify(document)).toBe(0);
  return document.job_id;
}

/** A job that runs by itself. */
async function running(space: Workspace): Promise<string> {
  const ran = await space.abp('run', 'batch.yaml', '--skip-test', '--yes', '--detach');
  expect(ran.exitCode, ran.stderr).toBe(0);
  return (await space.jobs())[0] ?? '';
}

/** A job that has run to its end. */
async function ended(space: Workspace): Promise<string> {
  const { document } = await space.json('run', 'batch.yaml', '--skip-test', '--yes');
  expect(['completed', 'failed'], JSON.stringify(document)).toContain(document.status);
  return document.job_id;
}

describe('ids', () => {
  test('can be shortened to a prefix, with or without job-; an ambiguous prefix is an error', async () => {
    const space = workspace();
    const ids = [await created(space), await created(space)];
    const [one = ''] = ids;
    for (const typed of [one, one.slice(4), one.slice(0, -1)]) {
      expect((await space.json('status', typed)).document.job_id, typed).toBe(one);
    }
    await withStore(space.storagePath, async (store) => {
      for (const jobId of ['job-same1', 'job-same2']) await seedJob(store, { jobId });
    });
    expect(await space.abp('status', 'same')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/same matches several jobs: job-same[12], job-same[12][\s\S]*Type more/),
    });
    expect(await space.abp('status', 'job-')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/Expected the id of a job, found "job-"/),
    });
  });
});

describe('deciding', () => {
  test('start tests, reject makes the test units pending, start and approve run the rest', async () => {
    const space = workspace();
    const jobId = await created(space);
    await space.allow();
    expect(await space.abp('start', jobId)).toMatchObject({
      exitCode: 3,
      stdout: expect.stringMatching(/Test passed/),
    });
    expect(await space.json('reject', jobId, '--note', 'again')).toMatchObject({
      exitCode: 0,
      document: { status: 'created', units: { pending: 3 } },
    });
    expect(await space.abp('approve', jobId)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('abp start'),
    });
    expect(await space.abp('start', jobId, '--yes', '--detach')).toMatchObject({ exitCode: 0 });
    expect(await space.json('wait', jobId)).toMatchObject({ exitCode: 0, document: { status: 'completed' } });
  });
});

describe('control', () => {
  test('wait times out, pause pauses a job, and wait and watch exit with action required', async () => {
    const space = workspace(['wait', 'wait'], { limits: { max_workers: 1 } });
    const jobId = await running(space);
    expect(await space.abp('wait', jobId, '--timeout', '1s')).toMatchObject({ exitCode: 3 });
    expect(await space.abp('pause', jobId, '--hard')).toMatchObject({ exitCode: 0 });
    const waited = await space.abp('wait', jobId);
    expect(waited).toMatchObject({ exitCode: 3, stdout: expect.stringContaining('paused (user)') });
    expect(await space.abp('watch', jobId)).toMatchObject({ exitCode: 3 });
  });

  test('resume changes the slots, cancel ends a job for good', async () => {
    const space = workspace(['wait', 'wait', 'three', 'four'], { limits: { max_workers: 1 } });
    const jobId = await running(space);
    await space.abp('pause', jobId);
    expect(await space.abp('resume', jobId, '--max-workers', '3')).toMatchObject({ exitCode: 0 });
    expect(await space.job(jobId)).toMatchObject({ status: 'running', maxWorkers: 3 });
    expect(await space.abp('cancel', jobId, '--yes')).toMatchObject({ exitCode: 0 });
    expect(await space.abp('wait', jobId)).toMatchObject({ exitCode: 5 });
  });

  test('retry runs failed units again; skip, reopen and cancel change only the named units', async () => {
    const space = workspace(['later', 'fail', 'fail', 'four'], { limits: { max_retries: 0 } });
    const jobId = await created(space);
    expect((await space.json('skip', jobId, '2-3')).document.units).toMatchObject({ skipped: 2, pending: 2 });
    expect((await space.json('reopen', jobId, '--status', 'skipped')).document.units).toMatchObject({ pending: 4 });
    expect((await space.json('cancel', jobId, '2', '--yes')).document.units).toMatchObject({ cancelled: 1 });
    space.go();
    expect(await space.abp('start', jobId, '--skip-test', '--yes')).toMatchObject({ exitCode: 1 });
    space.write('in/0001.txt', 'fixed');
    const again = await space.json('retry', jobId, '--watch');
    expect(again).toMatchObject({
      exitCode: 0,
      document: { status: 'completed', units: { completed: 3, cancelled: 1 } },
    });
    expect(await space.json('retry', jobId)).toMatchObject({ document: { status: 'completed' } });
  });

  test('update changes settings and rejects those that cannot change', async () => {
    const space = workspace();
    const jobId = await created(space);
    const changed = await space.json('update', jobId, '--set', 'limits.max_retries=7', '--set', 'worker.env={A: b}');
    expect(changed).toMatchObject({ exitCode: 0, document: { status: 'created' } });
    const { document } = await space.json('show', jobId);
    expect(document.revisions.at(-1)).toMatchObject({
      revision: 2,
      limits: { max_retries: 7, max_workers: 4 },
      steps: [{ worker: { type: 'command', env: { A: '[set]' } } }],
    });
    expect(await space.abp('update', jobId, '--set', 'source.pattern=*')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/source\.pattern of a job cannot be changed[\s\S]*abp clone/),
    });
    space.write('own.md', '---\nname: own\n---\nRead {file_path} well.\n');
    expect(await space.abp('update', jobId, '--template-file', 'own.md')).toMatchObject({ exitCode: 0 });
    expect((await space.abp('prompt', 'preview', jobId)).stdout).toMatch(/Read \/.*0000\.txt well\./);
  });

  test('recover starts a new executor for a job whose executor was killed', async () => {
    const space = workspace(['wait', 'two']);
    Object.assign(space.environment, { ABP_AUTO_RECOVER: '0' });
    const jobId = await running(space);
    const { document } = await space.json('status', jobId);
    process.kill(document.executor.pid, 'SIGKILL');
    await expect.poll(() => identify(document.executor.pid).startedAt, PATIENCE).toBeNull();
    expect((await space.json('status', jobId)).document.executor.state).toBe('lost');
    expect(await space.abp('watch', jobId)).toMatchObject({
      exitCode: 3,
      stdout: expect.stringContaining('abp resume'),
    });
    expect(await space.json('recover')).toMatchObject({ exitCode: 0, document: { recovered: [jobId] } });
    space.go();
    expect(await space.abp('wait', jobId)).toMatchObject({ exitCode: 0 });
  });
});

describe('queries', () => {
  test('status, units, show and logs describe jobs and units', async () => {
    const space = workspace(['one', 'fail', 'three']);
    const jobId = await ended(space);
    expect((await space.abp('status', jobId)).stdout).toContain(
      `Next: abp retry ${jobId} --watch, or abp export ${jobId} results.csv`,
    );
    expect((await space.abp('status')).stdout).toMatch(new RegExp(`${jobId}\\s+texts\\s+failed\\s+3\\s+2\\s+1`));
    expect((await space.json('status', '--search', 'nosuch')).document).toMatchObject({ jobs: [], total: 0 });
    expect((await space.json('units', jobId, '--status', 'failed')).document.units).toMatchObject([
      { unit: 1, failure_class: 'agent_error' },
    ]);
    expect((await space.json('units', jobId, '-n', '2')).document).toMatchObject({ next_cursor: '1' });
    const shown = await space.abp('show', jobId, '1');
    expect(shown.stdout).toMatch(/Unit 1 0001\.txt[\s\S]*agent_error[\s\S]*Attempt 1 failed/);
    expect((await space.abp('show', jobId)).stdout).toMatch(/intent: Count the letters\.[\s\S]*Prompt template/);
    expect((await space.abp('logs', jobId, '0')).stdout).toMatch(/reading 0000\.txt/);
    expect((await space.abp('logs', jobId)).stdout).toMatch(/info \[\d+\] executor started/);
    expect(await space.abp('show', jobId, '99')).toMatchObject({ exitCode: 4 });
    expect(await space.abp('logs', jobId, '0', '--attempt', '9')).toMatchObject({ exitCode: 4 });
  });

  test('logs --follow prints the conversation of a running agent and ends with it', async () => {
    const space = workspace(['wait']);
    const jobId = await running(space);
    await expect.poll(async () => (await space.abp('logs', jobId, '0')).stdout, PATIENCE).toMatch(/reading/);
    const following = space.abp('logs', jobId, '0', '--follow');
    space.go();
    expect(await following).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('reading 0000.txt') });
  });

  test('control characters in items do not reach the terminal', async () => {
    const space = workspace(['\u001b[2J\u001b]0;owned\u0007 \u202egnp.exe']);
    const jobId = await ended(space);
    for (const args of [
      ['watch', jobId],
      ['units', jobId],
      ['show', jobId, '0'],
    ]) {
      const { stdout } = await space.abp(...args);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
      expect(stdout, args.join(' ')).not.toMatch(/[\u001b\u0007\u202e]/);
    }
  });

  test('preview, enumerators, prompt preview and schema look at sources without a job', async () => {
    const space = workspace();
    expect((await space.json('preview', 'batch.yaml')).document).toMatchObject({ total: 3, complete: true });
    space.write('rows.csv', 'id,text\na,x\nb,y\n');
    const rows = await space.json('preview', 'csv', 'file_path=rows.csv', 'id_column=id', '-n', '1');
    expect(rows.document).toMatchObject({ total: 2, items: [{ id: 'a', text: 'x' }] });
    expect((await space.abp('enumerators')).stdout).toMatch(/file[\s\S]*csv[\s\S]*json[\s\S]*sql[\s\S]*dynamic/);
    expect((await space.abp('enumerators', 'csv')).stdout).toMatch(/delimiter[\s\S]*Example/);
    const prompts = await space.json('prompt', 'preview', 'batch.yaml', '-n', '2');
    expect(prompts.document.prompts).toHaveLength(2);
    expect(prompts.document.prompts[1].user).toContain('0001.txt');
    expect(await space.jobs()).toEqual([]);
  });

  test('a preview shows the beginning of each item and says how much is missing', async () => {
    const long = 'x'.repeat(30_000);
    const space = workspace([]);
    space.write('rows.csv', `text\n${`${long}\n`.repeat(8)}`);
    const { stdout } = await space.abp('preview', 'csv', 'file_path=rows.csv', '-n', '8');
    expect(stdout).toMatch(/Item 7\n {2}text: x+…\s+\(\d+ more characters\)\n/);
    expect(stdout.length).toBeLessThan(20_000);
  });

  test('prompt preview shows the prompts of the first n units of a job', async () => {
    const space = workspace([]);
    space.write('rows.csv', `text\n${'a long text of this row\n'.repeat(130)}`);
    const jobId = await created(space, '--set', 'source={ type: csv, file_path: rows.csv }');
    const { document } = await space.json('prompt', 'preview', jobId, '-n', '120');
    expect(document.prompts.map(({ unit }: { unit: number }) => unit)).toEqual([...Array(120).keys()]);
  });
});

describe('maintenance', () => {
  test('clone creates a job with the settings of another and changes, or prints its batch file', async () => {
    const space = workspace();
    const first = await created(space);
    const cloned = await space.json('clone', first, '--name', 'again', '--limit', '2', '--set', 'limits.max_workers=1');
    expect(cloned).toMatchObject({ exitCode: 0, document: { name: 'again', units: { total: 2 } } });
    const settings = (await space.json('show', cloned.document.job_id)).document;
    expect(settings.intent).toBe('Count the letters.');
    // The prompt is made again: it names the output directory of its own job.
    expect(settings.revisions[0].steps[0].template).not.toContain(first);
    const printed = await space.abp('clone', first, '--print');
    space.write('copy.yaml', printed.stdout);
    expect((await space.json('create', 'copy.yaml')).document).toMatchObject({ name: 'texts', units: { total: 3 } });
    expect(await space.jobs()).toHaveLength(3);
  });

  test('clone --print applies --set and works the same from any folder', async () => {
    const space = workspace();
    const worker = { type: 'command', command: ['sh', '-c', 'pwd >&2; cat > /dev/null; cat in/0000.txt'] };
    space.write('own.yaml', JSON.stringify({ intent: 'x', source: { type: 'file', base_directory: 'in' }, worker }));
    const first = (await space.json('create', 'own.yaml')).document.job_id;
    const set = ['--name', 'again', '--limit', '1', '--set', 'limits.max_workers=2', '--set', 'worker.env.A=b'];
    const printed = await space.abp('clone', first, '--print', ...set);
    expect(await space.jobs()).toEqual([first]);
    const document = (await space.json('clone', first, '--print', ...set)).document;
    expect(document).toMatchObject({
      name: 'again',
      source: { limit: 1 },
      limits: { max_workers: 2 },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a batch file says
      worker: { ...worker, env: { A: '${A}' } },
      env: ['A'],
    });
    space.write('elsewhere/batch.yaml', printed.stdout);
    space.environment.A = 'b';
    const ran = await space.json('run', 'elsewhere/batch.yaml', '--skip-test', '--yes');
    expect(ran).toMatchObject({ exitCode: 0, document: { units: { total: 1, completed: 1 } } });
    expect(await space.abp('clone', first, '--print', '--set', 'limits.max_wrokers=2')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('"max_workers"'),
    });
  });

  test('clone --print and show hide values of variables and secret arguments; the clone keeps them', async () => {
    const space = workspace();
    const command = ['node', 'w.mjs', '--token=abc1', '--password', 'x9', '-u', 'anna:hunter2', 'API_KEY=zzzz'];
    const worker = { type: 'command', command, env: { GREETING: 'planted value' } };
    space.write('own.yaml', JSON.stringify({ intent: 'x', source: { type: 'file', base_directory: 'in' }, worker }));
    const first = (await space.json('create', 'own.yaml')).document.job_id;
    const told = [
      await space.abp('clone', first, '--print'),
      await space.abp('clone', first, '--print', '--json'),
      await space.abp('show', first),
      await space.abp('show', first, '--json'),
    ];
    for (const { exitCode, stdout } of told) {
      expect(exitCode).toBe(0);
      expect(stdout).not.toMatch(/planted value|abc1|x9|hunter2|zzzz/);
      expect(stdout).toContain('GREETING');
    }
    const cloned = (await space.json('clone', first)).document.job_id;
    await withStore(space.storagePath, async ({ repository }) => {
      expect((await repository.jobs.revision(cloned, 1))?.steps[0]?.worker).toEqual(worker);
    });
  });

  test('prune lists and deletes run directories, with --jobs the jobs, and keeps outputs', async () => {
    const space = workspace();
    const jobId = await ended(space);
    const runs = join(space.folder, '.store/runs', jobId);
    const output = space.write(`.store/outputs/${jobId}/made.txt`, 'mine');
    const stray = join(space.folder, '.store/runs/job-gone22');
    space.write('.store/runs/job-gone22/main/0/0.1/stdout', 'left');
    expect((await space.json('prune', '--older-than', '1d', '--yes')).document.jobs).toEqual([]);
    expect(existsSync(stray)).toBe(false);
    const dry = (await space.json('prune', '--older-than', '0s', '--dry-run')).document;
    expect(dry).toMatchObject({ dry_run: true, jobs: [{ job_id: jobId, status: 'completed' }] });
    expect(dry.bytes).toBeGreaterThan(0);
    expect(existsSync(runs)).toBe(true);
    expect(await space.abp('prune', '--older-than', '0s')).toMatchObject({ exitCode: 2 });
    expect(await space.abp('prune', '--older-than', '0s', '--yes')).toMatchObject({ exitCode: 0 });
    expect(existsSync(runs)).toBe(false);
    expect((await space.json('units', jobId)).document.units).toHaveLength(3);
    expect((await space.abp('logs', jobId, '0')).stdout).toBe(
      'Attempt 1 of unit 0 has said nothing, or its files were pruned.',
    );
    expect(await space.abp('prune', '--older-than', '0s', '--jobs', '--yes')).toMatchObject({ exitCode: 0 });
    expect(await space.jobs()).toEqual([]);
    expect(readFileSync(output, 'utf8')).toBe('mine');
  });

  test('prune reports another process that keeps the store from shrinking', async () => {
    const space = workspace();
    const jobId = await ended(space);
    const reader = new Database(space.storagePath, { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM jobs').get();
    const held = await space.abp('prune', '--older-than', '0s', '--jobs', '--yes');
    expect(held).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/Another process is reading the store/) });
    reader.close();
    const { document } = await space.json('prune', '--older-than', '0s', '--yes');
    expect(document.store.held_by_reader).toBe(false);
    expect(document.store.bytes_after).toBeLessThan(document.store.bytes_before);
    expect(await space.jobs()).not.toContain(jobId);
  });

  test('delete removes a job that is not active', async () => {
    const space = workspace(['wait']);
    const jobId = await running(space);
    expect(await space.abp('delete', jobId, '--yes')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('abp cancel'),
    });
    await space.abp('cancel', jobId, '--yes');
    await expect.poll(async () => (await space.abp('delete', jobId, '--yes')).exitCode, PATIENCE).toBe(0);
    expect(await space.jobs()).toEqual([]);
  });

  test('skipped and renamed parts of a source are named, not only counted', async () => {
    const space = workspace();
    space.write('rows.csv', 'id,,id\na,b,c\n');
    const batch = space.write(
      'rows.yaml',
      'name: rows\nintent: Read it.\nsource: { type: csv, file_path: rows.csv }\nworker: { type: command, command: [cat] }\n',
    );
    for (const args of [
      ['preview', 'csv', 'file_path=rows.csv'],
      ['run', batch, '--dry-run'],
      ['create', batch],
    ]) {
      const { stdout } = await space.abp(...args);
      const named = /2 × Columns without a name.*\n {2}column 2 "" → "column_2"\n {2}column 3 "id" → "id_2"$/m;
      expect(stdout, args.join(' ')).toMatch(named);
    }
  });

  test('doctor reports passes and problems with fixes, and creates no store', async () => {
    const space = workspace();
    Object.assign(space.environment, { PATH: '/nonexistent', ABP_MAX_WORKER: '3' });
    const ran = await space.abp('doctor');
    expect(ran.exitCode, ran.stdout).toBe(0);
    expect(ran.stdout).toMatch(/pass {2}Platform .*Node \d+/);
    expect(ran.stdout).toMatch(/warn {2}Settings .*ABP_MAX_WORKER is not a setting.*Did you mean "ABP_MAX_WORKERS"/);
    expect(ran.stdout).toMatch(/warn {2}Claude Code .*not installed[\s\S]*Install it/);
    expect(existsSync(space.storagePath)).toBe(false);
  });

  test('doctor fails where no store can be created', async () => {
    const space = workspace();
    const path = join(space.folder, 'batch.yaml', 'deeper', 'batch.db');
    Object.assign(space.environment, { ABP_STORAGE_PATH: path });
    const ran = await space.abp('doctor');
    expect(ran).toMatchObject({
      exitCode: 3,
      stdout: expect.stringContaining(`${path} cannot be created by this user`),
    });
  });

  test('doctor and --dry-run name commands instead of tools', async () => {
    const space = workspace(['fail', 'fail', 'three', 'four'], {
      limits: { max_retries: 0, failure_threshold: 2, max_workers: 1 },
    });
    const dry = await space.abp('run', 'batch.yaml', '--dry-run', '--set', 'worker.command[0]=noode');
    expect(dry.stdout).toMatch(/"noode" is not found.*worker\.command\[0\] with abp update/);
    expect(dry.stdout).not.toContain('update_job');
    const { document } = await space.json('run', 'batch.yaml', '--skip-test', '--yes');
    expect(document).toMatchObject({ status: 'paused', pause_reason: 'failures' });
    const status = await space.json('status', String(document.job_id));
    expect(status.document.advice).toMatch(
      new RegExp(`^Look .* with abp logs ${document.job_id} 0, .*, then retry\\.$`),
    );
    expect(JSON.stringify(status.document)).not.toMatch(/"operation":|_job\b/);
    const doctor = await space.abp('doctor');
    expect(doctor.stdout).toMatch(new RegExp(`warn {2}Jobs .*${document.job_id} is paused .*abp`));
    expect(doctor.stdout).not.toMatch(/_job\b/);
  });

  test('doctor finds a damaged store and a job that awaits a decision', async () => {
    const space = workspace();
    const jobId = await created(space, '--yes');
    await space.abp('start', jobId);
    expect((await space.abp('doctor')).stdout).toMatch(new RegExp(`warn {2}Jobs .*${jobId} awaits a decision`));
    rmSync(join(space.folder, '.store'), { recursive: true });
    space.write('.store/batch.db', 'this is no database, but long enough to be looked at as one'.repeat(50));
    const ran = await space.json('doctor');
    expect(ran).toMatchObject({ exitCode: 3, document: { ok: false } });
    rmSync(join(space.folder, '.store/batch.db'));
  });
});

describe('export', () => {
  test('selects status, fields and format, escapes formulas unless --raw, and replaces only its own file', async () => {
    const space = workspace(['one', 'fail', 'three']);
    const jobId = await ended(space);
    const out = (name: string) => join(space.folder, name);
    const args = ['--status', 'completed', '--fields', 'key,result.title,result.note'];
    expect((await space.json('export', jobId, 'a.csv', ...args)).document).toMatchObject({ rows: 2, guarded: 2 });
    expect(readFileSync(out('a.csv'), 'utf8')).toMatch(/0000\.txt,one,'=1\+1/);
    expect((await space.json('export', jobId, 'b.csv', ...args, '--raw')).document).toMatchObject({ guarded: 0 });
    expect((await space.json('export', jobId, 'a.csv')).document).toMatchObject({ rows: 3 });
    space.write('a.csv', 'mine');
    expect(await space.abp('export', jobId, 'a.csv')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/was changed since it was exported[\s\S]*--force/),
    });
    expect(readFileSync(out('a.csv'), 'utf8')).toBe('mine');
    expect(await space.abp('export', jobId, 'a.csv', '--force')).toMatchObject({ exitCode: 0 });
    expect((await space.json('export', jobId, 'c.txt', '--format', 'jsonl')).document).toMatchObject({ rows: 3 });
    expect(await space.abp('export', jobId, 'd.csv', '--fields', 'titel')).toMatchObject({ exitCode: 2 });
    expect(await space.abp('export', jobId, 'd.csv', '--status', 'done')).toMatchObject({ exitCode: 2 });
    expect(existsSync(out('d.csv'))).toBe(false);
  });

  test('to - writes only the results to stdout', async () => {
    const space = workspace(['one', 'fail', 'three']);
    const jobId = await ended(space);
    const read = async (...args: readonly string[]) => {
      const ran = await space.abp('export', jobId, '-', ...args);
      expect(ran).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/rows? written to stdout/) });
      return ran.stdout.split('\n');
    };
    expect(await read('--status', 'completed', '--fields', 'key,unit')).toEqual([
      'key,unit',
      '0000.txt,0',
      '0002.txt,2',
    ]);
    expect((await read('--format', 'jsonl')).map((line) => JSON.parse(line).unit)).toEqual([0, 1, 2]);
    expect((await read('--format', 'tsv'))[0]).toMatch(/^file_path\t/);
    expect(await space.abp('export', jobId, '-', '--json')).toMatchObject({ exitCode: 2 });
    expect(await space.abp('export', jobId, '-', '--fields', 'nope')).toMatchObject({ exitCode: 2, stdout: '' });
    expect(existsSync(join(space.folder, '-'))).toBe(false);
  });

  test.each(['x.xlsx', 'x.parquet', 'x.txt', 'x'])('as %s is refused unless a format is given', async (file) => {
    const space = workspace();
    const jobId = await created(space);
    const ran = await space.abp('export', jobId, file);
    expect(ran).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/\.csv, \.tsv, \.jsonl, \.json, \.md/) });
    expect(existsSync(join(space.folder, file))).toBe(false);
    expect(await space.abp('export', jobId, file, '--format', 'csv')).toMatchObject({ exitCode: 0 });
  });

  test('reports cells that a spreadsheet cannot hold', async () => {
    const space = workspace(['one']);
    space.write('long.mjs', "process.stdout.write(JSON.stringify({ text: 'x'.repeat(40000) + '\\0' }))");
    space.write(
      'long.yaml',
      JSON.stringify({
        intent: 'x',
        source: { type: 'file', base_directory: 'in' },
        worker: { type: 'command', command: ['node', 'long.mjs'] },
        output: { path: 'long.csv' },
      }),
    );
    const ran = await space.abp('run', 'long.yaml', '--yes', '--skip-test');
    expect(ran.stdout).toMatch(
      /NUL characters removed from 1 cell; 1 cell over 32,767 characters.*unit 0, text: 40,000/,
    );
    expect((await space.json('preview', 'csv', 'file_path=long.csv')).document.total).toBe(1);
  });

  test('is marked as partial before the job has ended', async () => {
    const space = workspace();
    const jobId = await created(space);
    expect((await space.abp('export', jobId, 'part.csv')).stdout).toMatch(/partial: the job has not ended/);
    expect(
      await withStore(space.storagePath, async ({ repository }) => (await repository.jobs.get(jobId))?.status),
    ).toBe('created');
  });
});
