import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PAUSE_REASONS, type PauseReason } from '../../../src/domain/job.ts';
import { revokeApproval } from '../../../src/orchestrator/operations/revoke-approval.ts';
import { PERSON, personAllowsJob } from '../../helpers/approvals.ts';
import { type Flow, type FlowJob, flow } from '../../helpers/flow.ts';
import { fails, hangs, ok } from '../../helpers/scripted-worker.ts';
import { seedJob } from '../../helpers/store.ts';
import { nextOf } from '../../helpers/told.ts';
import { abp, type Space, said, still } from './on-flow.ts';

/**
 * The table of what ABP suggests: in every state, for every kind of worker and approval, each command that a status, the
 * doctor or a refusal names is run in that very state, and must be accepted.
 */

type Reach = (f: Flow, job: FlowJob) => Promise<string>;

const LIMITS = { max_retries: 0, failure_threshold: 0 };

async function created(f: Flow, job: FlowJob): Promise<string> {
  const jobId = await f.create({ units: 2, limits: LIMITS, ...job });
  await personAllowsJob(f.orchestrator.deps, jobId);
  return jobId;
}

async function tested(f: Flow, job: FlowJob, ending: Flow['worker']['otherwise']): Promise<string> {
  f.worker.on(0, ending);
  const jobId = await created(f, job);
  await f.call('start_job', { job_id: jobId, wait_seconds: 0 });
  await f.until(async () =>
    ending === hangs ? f.worker.running().length === 1 : (await f.job(jobId)).test?.state !== 'running',
  );
  return jobId;
}

async function begun(f: Flow, job: FlowJob, ending: Flow['worker']['otherwise']): Promise<string> {
  f.worker.on(0, ending);
  const jobId = await created(f, job);
  await f.call('start_job', { job_id: jobId, skip_test: true, wait_seconds: 0 }, { human: 'cli' });
  await f.tick(2);
  return jobId;
}

async function lost(f: Flow, jobId: string): Promise<string> {
  await f.killExecutor(jobId);
  const { repository } = f.store;
  await repository.transaction({ job: jobId }, async (tx) => {
    const lease = await tx.leases.get(jobId);
    if (lease) await tx.leases.release(lease);
  });
  f.clock.advance(60_000);
  return jobId;
}

const ended = async (f: Flow, jobId: string) => {
  await f.until(async () => ['completed', 'failed'].includes((await f.job(jobId)).status) && !f.hasExecutor(jobId));
  return jobId;
};

async function paused(f: Flow, job: FlowJob, pauseReason: PauseReason): Promise<string> {
  const jobId = await begun(f, job, hangs);
  await f.call('pause_job', { job_id: jobId, hard: true });
  await f.until(() => !f.hasExecutor(jobId));
  const { repository } = f.store;
  const resumeAt = pauseReason === 'usage_limit' ? f.clock.now() + 1000 : null;
  await repository.transaction({ job: jobId }, async (tx) =>
    tx.jobs.patch(jobId, { pauseReason, pauseMode: 'soft', resumeAt }),
  );
  if (pauseReason === 'usage_limit') await f.recover(jobId);
  return jobId;
}

const STATES: Readonly<Record<string, Reach>> = {
  enumerating: async (f) => Promise.resolve((await seedJob(f.store, { status: 'enumerating' })).jobId),
  created,
  'created, not allowed': (f, job) => f.create({ units: 2, limits: LIMITS, ...job }),
  'being tested': (f, job) => tested(f, job, hangs),
  'being tested by nobody': async (f, job) => lost(f, await tested(f, job, hangs)),
  'tested well': (f, job) => tested(f, job, ok()),
  'tested in vain': (f, job) => tested(f, job, fails('agent_error')),
  'tested without a login': (f, job) => tested(f, job, fails('auth')),
  rejected: async (f, job) => {
    const jobId = await tested(f, job, ok());
    await f.call('start_job', { job_id: jobId, approve: false, wait_seconds: 0 });
    return jobId;
  },
  running: (f, job) => begun(f, job, hangs),
  'running with a failure': async (f, job) => {
    f.worker.on(1, hangs);
    return begun(f, job, fails('invalid_output'));
  },
  lost: async (f, job) => lost(f, await begun(f, job, hangs)),
  completed: async (f, job) => ended(f, await begun(f, job, ok())),
  failed: async (f, job) => ended(f, await begun(f, job, fails('invalid_output'))),
  'failed with post-processing': async (f, job) =>
    ended(
      f,
      await begun(f, { ...job, steps: [{ name: 'report', scope: 'job', intent: 'Sum up.' }] }, fails('incomplete')),
    ),
  cancelled: async (f, job) => {
    const jobId = await created(f, job);
    await f.call('cancel_job', { job_id: jobId });
    return jobId;
  },
  ...Object.fromEntries(
    (Object.keys(PAUSE_REASONS) as PauseReason[]).map((reason) => [
      `paused (${reason})`,
      (f: Flow, job: FlowJob) => paused(f, job, reason),
    ]),
  ),
};

/** What a person has to do with it: nothing; allow it; and what was allowed may be revoked or changed since. */
const APPROVALS: Readonly<Record<string, { readonly job: FlowJob; readonly since?: (space: Space) => unknown }>> = {
  'only reads': { job: {} },
  'was made to need a person': { job: { require_human_approval: true } },
  'runs programs': { job: { worker: { type: 'scripted', permission: 'full' } } },
  'runs programs, revoked since': {
    job: { worker: { type: 'scripted', permission: 'full' } },
    since: async ({ f }) => {
      const { repository } = f.store;
      for (const { definition } of await repository.approvals.list(10))
        await revokeApproval.run(f.orchestrator.deps, { definition }, PERSON);
    },
  },
  'runs a script, changed since': {
    job: { worker: { type: 'scripted', permission: 'full', files: ['script'] } },
    since: ({ f }) => writeFileSync(join(f.directory, 'script'), 'changed'),
  },
};

const VERBS: readonly (readonly string[])[] = [
  ['start'],
  ['start', '--again'],
  ['start', '--skip-test'],
  ['approve'],
  ['reject'],
  ['pause'],
  ['resume'],
  ['cancel', '--yes'],
  ['retry'],
  ['skip'],
  ['reopen'],
  ['update', '--set', 'limits.max_workers=2'],
  ['delete', '--yes'],
  ['retry', '--post-processing'],
];

async function reached(state: string, approval: string): Promise<Space> {
  const f = flow();
  const { job, since } = APPROVALS[approval] ?? { job: {} };
  writeFileSync(join(f.directory, 'script'), 'as it was');
  const files = (job.worker as { files?: readonly string[] } | undefined)?.files?.map((name) =>
    join(f.directory, name),
  );
  const jobId = await (STATES[state] as Reach)(
    f,
    files ? { ...job, worker: { ...(job.worker as object), type: 'scripted', files } } : job,
  );
  const space = { f, jobId };
  await since?.(space);
  f.worker.otherwise = ok();
  return space;
}

/** The commands about a job that a text names, in the order of the text; what depends on the one before is behind it. */
function commandsIn(text: string, jobId: string): readonly (readonly (readonly string[])[])[] {
  const named = [
    ...text.matchAll(
      /\babp (recover\b|(?:approvals )?[a-z]+(?: --[a-z-]+)* job-[a-z0-9]+(?: --?[a-z-]+| \d+\b| [\w-]+\.csv)*)/g,
    ),
  ];
  const chains: string[][][] = [];
  let end = 0;
  for (const { 0: found, 1: words = '', index } of named) {
    const between = text.slice(end, index);
    end = index + found.length;
    const args = completed(words.split(' '));
    if (/\bthen\b|\bafter\b/.test(between) && !between.includes('\n') && chains.length > 0) chains.at(-1)?.push(args);
    else chains.push([args]);
  }
  return chains.filter((chain) => chain.every((args) => args[0] === 'recover' || args.includes(jobId)));
}

/** With what only the person knows. */
function completed(args: readonly string[]): string[] {
  const verb = args[0] === 'approvals' ? 'allow' : args[0];
  const more: Readonly<Record<string, readonly string[]>> = {
    update: ['--set', 'limits.max_workers=3'],
    export: args.some((arg) => arg.endsWith('.csv')) ? [] : ['out.csv'],
    allow: ['--yes'],
    cancel: ['--yes'],
    delete: ['--yes'],
  };
  const given = more[verb ?? ''] ?? [];
  return [...args, ...given.filter((arg) => !arg.startsWith('--y') || !args.includes(arg))];
}

/** Chains of commands that were accepted in a state as it is. */
const proven = new Set<string>();

async function expectAccepted(
  state: string,
  approval: string,
  before: readonly string[] | null,
  text: string,
  jobId: string,
) {
  const chains = commandsIn(text, jobId);
  for (const chain of new Map(chains.map((each) => [JSON.stringify(each), each])).values()) {
    // A verb that was refused has changed nothing: what it names is looked at once in that state.
    const row = `${state}, ${approval}: ${JSON.stringify(chain).replaceAll(jobId, '')}`;
    if (before === null && proven.has(row)) continue;
    const space = await reached(state, approval);
    const here = (args: readonly string[]) => args.map((arg) => arg.replace(jobId, space.jobId));
    if (before) await abp(space, ...here(before));
    for (const args of chain) {
      const ran = await abp(space, ...here(args));
      const refused = /^error:/m.test(ran.stderr) || [2, 4, 70].includes(ran.exitCode ?? 0);
      const where = `${state}, ${approval}: abp ${args.join(' ')}, named after ${before?.join(' ') ?? 'a look'} by: ${text}`;
      expect(refused, `${where}\n${said(ran)}`).toBe(false);
    }
    if (before === null) proven.add(row);
  }
  return chains.length;
}

const ROWS = Object.keys(STATES).flatMap((state) =>
  Object.keys(APPROVALS)
    // Nobody is asked about it there, or all of it is as in another row.
    .filter((approval) => state !== 'enumerating' || approval === 'only reads')
    .filter((approval) => state !== 'created, not allowed' || !approval.includes('since'))
    .map((approval) => [state, approval] as const),
);

describe.each(ROWS)('a job that is %s and %s', (state, approval) => {
  test('gets next commands, each of which is accepted', async () => {
    const space = await reached(state, approval);
    const status = said(await abp({ ...space, f: still(space.f) }, 'status', space.jobId));
    expect(status).toMatch(/Next: abp /);
    expect(await expectAccepted(state, approval, null, status, space.jobId)).toBeGreaterThan(0);
    const again = await reached(state, approval);
    const doctor = said(await abp({ ...again, f: still(again.f) }, 'units', again.jobId));
    await expectAccepted(state, approval, null, doctor, again.jobId);
  });
});

describe.each(['runs a script, changed since', 'runs programs, revoked since'])('a failed test that %s', (approval) => {
  test('is repeated by any command that a message names', async () => {
    const space = await reached('tested in vain', approval);
    const again = `abp start ${space.jobId} --again`;
    for (const look of [
      ['status', space.jobId],
      ['show', space.jobId, '0'],
      ['start', space.jobId, '--again'],
    ]) {
      const text = said(await abp({ ...space, f: still(space.f) }, ...look));
      expect(text, look.join(' ')).not.toMatch(/abp approvals allow.*abp start/);
      for (const [command] of text.matchAll(/abp start [^,.\n]*/g)) expect(command).toBe(`${again} --yes`);
    }
    const { stdout } = await abp({ ...space, f: still(space.f) }, 'status', space.jobId);
    expect(stdout).toContain(`Next: ${again} --yes, or abp reject ${space.jobId}`);
    space.f.worker.otherwise = ok();
    expect(await abp(space, 'start', space.jobId, '--again', '--yes')).toMatchObject({ exitCode: 0 });
  });
});

/** Pauses differ in nothing that a verb looks at, but these. */
const PAUSES: readonly string[] = ['paused (user)', 'paused (usage_limit)'];
const REFUSING = ROWS.filter(([state]) => !state.startsWith('paused') || PAUSES.includes(state)).filter(
  ([, approval]) => approval === 'only reads' || approval === 'runs programs, revoked since',
);

describe.each(REFUSING)('messages about a job that is %s and %s', (state, approval) => {
  test('from any command name only commands that are accepted', async () => {
    for (const [verb = '', ...options] of VERBS) {
      const space = await reached(state, approval);
      const before = [verb, space.jobId, ...options];
      const ran = await abp(space, ...before);
      expect(ran.exitCode, said(ran)).not.toBe(70);
      await expectAccepted(state, approval, /^error:/m.test(ran.stderr) ? null : before, said(ran), space.jobId);
    }
  });
});

describe.each(ROWS)('messages to a model about a job that is %s and %s', (state, approval) => {
  test('name only accepted calls, or the command with which a person approves', async () => {
    const next = await (async () => {
      const { f, jobId } = await reached(state, approval);
      return nextOf(f, jobId);
    })();
    expect(next.length).toBeGreaterThan(0);
    expect(next.length).toBeLessThanOrEqual(3);
    for (let n = 0; n < next.length; n++) {
      const space = await reached(state, approval);
      const { f, jobId } = space;
      const call = (await nextOf(f, jobId))[n];
      if (!call) throw new Error('the same state has other calls');
      const given = call.tool === 'update_job' ? { ...call.arguments, limits: { max_workers: 2 } } : call.arguments;
      const run = (human: 'elicitation' | null) =>
        f.orchestrator.callUnknown(call.tool, given, {
          ...PERSON,
          interface: 'mcp',
          workingDirectory: f.directory,
          human,
          maxWaitMs: 0,
        });
      if (call.person?.startsWith('abp approvals allow')) {
        const command = call.person.split(' ').slice(1);
        expect(await abp({ ...space, f: still(f) }, ...command, '--yes'), call.person).toMatchObject({ exitCode: 0 });
        await expect(run(null), call.tool).resolves.toMatchObject({ job_id: jobId });
      } else if (call.person) {
        const ran = await abp(
          space,
          ...completed(call.person.split(' ').slice(1)),
          ...(approval.includes('since') ? ['--yes'] : []),
        );
        expect(ran.stderr, call.person).not.toMatch(/^error:/m);
      } else await expect(run(null), call.tool).resolves.toMatchObject({ job_id: jobId });
    }
  });
});
