import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { listEnumerators } from '../../src/enumerators/index.ts';
import { getWorker, parseWorker, WORKER_TYPES } from '../../src/workers/index.ts';
import { type Flow, flow } from '../helpers/flow.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { type Request, requests, sourceFields, workerFields } from './requests.ts';
import { CANARY, makeWorld, type World } from './world.ts';

/**
 * Whatever fields of sources and workers a caller without a person combines: either nothing leaves the bounds, judged
 * here by what a fake CLI was really started with, or a person was asked before the first process.
 */

test('every field of every worker and every source is among what is tried', async () => {
  const world = await makeWorld();
  const [workers, sources] = [workerFields(world), sourceFields(world)];
  const namesOf = (schema: z.ZodType) => Object.keys(z.toJSONSchema(schema, { io: 'input' }).properties ?? {}).sort();
  expect(Object.keys(workers).sort()).toEqual([...WORKER_TYPES].sort());
  for (const type of WORKER_TYPES) {
    expect([type, ...Object.keys(workers[type] ?? {}).sort()]).toEqual([
      type,
      ...namesOf((await getWorker(type)).configSchema),
    ]);
  }
  const enumerators = await listEnumerators();
  expect(Object.keys(sources).sort()).toEqual(enumerators.map(({ type }) => type).sort());
  for (const { type, configSchema } of enumerators) {
    expect([type, ...Object.keys(sources[type] ?? {}).sort()]).toEqual([type, ...namesOf(configSchema)]);
  }
});

/** Tools that reach nothing beyond the directories of a run. */
const BOUNDED = [
  'Read',
  'Glob',
  'Grep',
  'LS',
  'NotebookRead',
  'TodoWrite',
  'Write',
  'Edit',
  'MultiEdit',
  'NotebookEdit',
];
const INHERITED =
  /^(PATH|HOME|LANG|ANTHROPIC_API_KEY|ANTHROPIC_BASE_URL|PWD|OLDPWD|_|SHLVL|ABP_(JOB_ID|UNIT|STEP|ATTEMPT|OUTPUT_DIR|ATTEMPT_ID))$/;
const OWN = /^(DISABLE_AUTOUPDATER|CLAUDE_CODE_(DISABLE_\w+|ATTRIBUTION_HEADER|MAX_RETRIES))$/;
const HARMLESS = /^(LANG|LANGUAGE|LC_\w+|TZ)$/;

/** Judges how the CLI was started, from what it saw itself. */
function judge(
  world: World,
  report: string,
  bounds: { readonly home: string | null; readonly root: string | null; readonly outputs: readonly string[] },
): void {
  const { environment } = world;
  const read = (what: string) => readFileSync(join(world.reports, `${report}.${what}`), 'utf8');
  const argv = read('argv').split('\0').slice(0, -1);
  const env = Object.fromEntries(
    read('env')
      .split('\0')
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const argumentOf = (flag: string) => argv[argv.indexOf(flag) + 1] ?? '';
  const within = (file: string, ...places: readonly (string | null)[]) => {
    const real = existsSync(file) ? realpathSync(file) : file;
    return places.some((place) => place !== null && (real === place || real.startsWith(`${place}/`)));
  };
  const { home, root, outputs } = bounds;
  for (const flag of ['--dangerously-skip-permissions', '--mcp-config', '--allowedTools', '--plugin-dir', '--agents']) {
    expect(argv.filter((argument) => argument.startsWith(flag))).toEqual([]);
  }
  expect(argv).toContain('--strict-mcp-config');
  expect(argumentOf('--setting-sources')).toBe('');
  expect(
    argumentOf('--tools')
      .split(',')
      .filter((tool) => !BOUNDED.includes(tool)),
  ).toEqual([]);
  const mode = argumentOf('--permission-mode');
  expect(['dontAsk', 'acceptEdits']).toContain(mode);
  const edits = mode === 'acceptEdits' ? [home, ...outputs] : null;
  const { permissions, ...settings } = JSON.parse(argumentOf('--settings')) as { permissions: { allow: string[] } };
  expect(settings).toEqual({});
  for (const rule of permissions.allow) {
    const [, name = '', path = ''] = /^(\w+)(?:\((.*)\))?$/s.exec(rule) ?? [];
    expect(BOUNDED).toContain(name);
    if (path.startsWith('//')) expect(within(path.slice(1).replace(/\/\*\*$/, ''), ...outputs)).toBe(true);
    else expect(path).not.toMatch(/^[/~]|(^|\/)\.\.(\/|$)|[,)(]/);
  }
  const from = argv.indexOf('--add-dir') + 1;
  const end = argv.findIndex((argument, at) => at > from && argument.startsWith('--'));
  const directories = from === 0 ? [] : argv.slice(from, end < 0 ? undefined : end);
  for (const directory of [...directories, read('cwd').trim()]) {
    expect([directory, within(directory, home, root, ...outputs)]).toEqual([directory, true]);
    if (edits) expect([directory, within(directory, ...edits)]).toEqual([directory, true]);
  }
  for (const [name, value] of Object.entries(env)) {
    expect(name).toMatch(new RegExp([INHERITED, OWN, HARMLESS].map(({ source }) => source).join('|')));
    if (name in environment && !HARMLESS.test(name)) expect([name, value]).toEqual([name, environment[name as 'PATH']]);
    if (name.startsWith('CLAUDE_CODE_DISABLE')) expect([name, value]).toEqual([name, '1']);
    if (HARMLESS.test(name)) expect(value).not.toMatch(/[/\n]/);
    expect(value).not.toContain(CANARY);
  }
}

const seen = { free: 0, asked: 0, refused: 0 };

/** Whether nothing has happened that a person would have to allow: no program but the fake CLI, no connection. */
function expectQuiet(world: World): void {
  expect(existsSync(world.marker)).toBe(false);
  expect(world.connections()).toBe(0);
}

/** What a call came to: its answer, or the code of its refusal. Only a person's absence, or a fault of the input, refuses. */
async function outcomeOf<T>(call: Promise<T>): Promise<{ readonly answer?: T; readonly code?: string }> {
  try {
    return { answer: await call };
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    expect(['approval_required', 'invalid_input', 'worker_unavailable'], message).toContain(code);
    return { code: String(code) };
  }
}

async function tryOne(world: World, f: Flow, request: Request) {
  const { worker, source, home, skip_test, output_directory: directory, report, require_human_approval } = request;
  const call = { home, workingDirectory: home ?? world.project, human: null };
  const from = { source: { type: source.type, ...source.config } };
  const preview = await outcomeOf(f.call('preview_items', from, call));
  expectQuiet(world);
  expect(JSON.stringify(preview.answer ?? '')).not.toContain(CANARY);
  const created = await outcomeOf(
    f.call(
      'create_job',
      {
        name: 'Property',
        intent: 'Look at it.',
        ...(request.template === undefined ? {} : { template: request.template }),
        ...from,
        worker,
        ...(directory === undefined ? {} : { output: { directory } }),
        ...(report ? { steps: [{ name: 'report', scope: 'job', intent: 'Sum up.' }] } : {}),
        ...(require_human_approval === undefined ? {} : { require_human_approval }),
      },
      call,
    ),
  );
  expectQuiet(world);
  if (preview.code === 'approval_required') expect(created.answer).toBeUndefined();
  if (!created.answer) {
    seen[created.code === 'approval_required' ? 'asked' : 'refused']++;
    return;
  }
  const jobId = created.answer.job_id;
  for (const { unit } of await f.store.repository.units.list(jobId, {}, 100))
    expect(JSON.stringify(unit.payload)).not.toContain(CANARY);
  const started = await outcomeOf(
    f.call('start_job', { job_id: jobId, wait_seconds: 0, ...(skip_test ? { skip_test } : {}) }, call),
  );
  const done = async () => {
    const { status, test } = await f.job(jobId);
    return status === 'testing' ? test?.state !== 'running' : status !== 'running';
  };
  for (const end = Date.now() + PATIENCE.timeout; started.answer && !(await done()) && Date.now() < end; ) {
    await f.tick();
    await sleep(2);
  }
  expectQuiet(world);
  const reports = readdirSync(world.reports).filter((name) => name.startsWith(jobId) && name.endsWith('.cwd'));
  const job = await f.job(jobId);
  if (!started.answer) {
    seen[started.code === 'approval_required' ? 'asked' : 'refused']++;
    expect(reports).toEqual([]);
    if (started.code === 'approval_required') expect(job.powers.length > 0 || job.requireHumanApproval).toBe(true);
    return;
  }
  seen.free++;
  expect(job.powers).toEqual([]);
  const root = source.type === 'file' ? realpathSync(job.enumeratorConfig.base_directory as string) : null;
  expect(root === null || !world.home.startsWith(root)).toBe(true);
  const outputs = [job.outputDirectory, ...(report ? [join(job.outputDirectory, 'report')] : [])];
  const places = [join(world.store, 'outputs'), ...(job.home === null ? [] : [job.home])];
  for (const output of outputs) {
    expect([output, places.some((place) => realpathSync(dirname(output)).startsWith(place))]).toEqual([output, true]);
    expect(output).not.toMatch(/\/\.git|\/\.ssh|runs/);
  }
  for (const report of reports) {
    judge(world, report.slice(0, -'.cwd'.length), { home: job.home, root, outputs });
  }
}

test('a job without powers stays within its bounds, and any other runs nothing before a person was asked', async () => {
  const world = await makeWorld();
  const f = flow({
    path: join(world.store, 'batch.db'),
    directory: world.store,
    environment: world.environment,
    workers: { types: WORKER_TYPES, parse: parseWorker },
  });
  await fc.assert(
    fc.asyncProperty(requests(world), (request) => tryOne(world, f, request)),
    { numRuns: Number(process.env.ABP_PROPERTY_RUNS ?? 200), endOnFailure: true },
  );
  // Of both kinds there were many: otherwise nothing has been tried.
  expect(seen.free).toBeGreaterThan(5);
  expect(seen.asked).toBeGreaterThan(20);
});
