import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Awaitable } from '../../src/domain/awaitable.ts';
import { JOB_STATUSES, type Job } from '../../src/domain/job.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { Limits } from '../../src/domain/limits.ts';
import type { Unit } from '../../src/domain/unit.ts';
import type { InputOf, OutputOf } from '../../src/orchestrator/index.ts';
import type { OperationName } from '../../src/orchestrator/operations.ts';
import { createLeaseObserver } from '../../src/supervision/lease.ts';
import { createRecovery, type Recovery } from '../../src/supervision/recovery.ts';
import { type Abp, wire } from '../../src/wire.ts';
import { isStill } from '../../src/workers/process/processes.ts';
import { stopGroup } from '../../src/workers/process/stop.ts';
import { PERSON, personAllowsJob } from './approvals.ts';
import { compileCache, installed } from './installation.ts';
import { expectLedger } from './ledger.ts';
import { PATIENCE } from './patience.ts';
import { temporaryDirectory } from './temporary.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/process/${name}`, import.meta.url));
/** A program that calls one operation: `node CALL name input`. */
export const CALL = installed().program('call');
/** A line that an agent wrote, in the order of events. */
export interface AgentNote {
  readonly what: 'start' | 'end';
  readonly unit: number;
  readonly attempt: number;
  readonly pid: number;
}

/** A store with real executors and real agents. */
export interface World {
  readonly abp: Abp;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  call<Name extends OperationName>(name: Name, input: InputOf<Name>): Promise<OutputOf<Name>>;
  /** Creates a job over these items and starts it without a test, as a person; each item says what its agent does. */
  begin(items: readonly JsonObject[], job?: WorldJob): Promise<string>;
  /** Creates the job only. Its definition is approved: its worker runs a program. */
  create(items: readonly JsonObject[], job?: WorldJob): Promise<string>;
  job(jobId: string): Promise<Job>;
  units(jobId: string): Promise<readonly Unit[]>;
  statuses(jobId: string): Promise<string>;
  notes(what?: AgentNote['what']): readonly AgentNote[];
  /** Lets waiting agents continue: all of them, or that of a unit. */
  go(unit?: number): void;
  executorPid(jobId: string): Promise<number>;
  /** Waits until `what` returns a value; returns it. */
  until<T>(what: () => Awaitable<T>): Promise<NonNullable<T>>;
  ended(jobId: string): Promise<Job>;
  /** Creates a recovery whose observer watches from now on. */
  recovery(): Recovery;
}

/** Options of a job of a world. */
export type WorldJob = Partial<Omit<InputOf<'create_job'>, 'limits'>> & { readonly limits?: Partial<Limits> };

/** Creates a world. After the test, stops what it started and checks the store. */
export function world(extra: Readonly<Record<string, string>> = {}): World {
  const directory = temporaryDirectory('process');
  const environment = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    // A folder that is, or holds, the home directory is no home of a job.
    HOME: temporaryDirectory('home'),
    DIR: directory,
    ABP_STORAGE_PATH: join(directory, 'store', 'batch.db'),
    ABP_AUTO_RECOVER: '0',
    ...compileCache(),
    ...extra,
  };
  const abp = wire(environment, installed().program('executor/main'));
  const { repository } = abp.store;
  onTestFinished(async () => {
    await stopEverything(abp);
    try {
      await expectLedger(repository);
    } finally {
      abp.close();
    }
  });

  const self: World = {
    abp,
    directory,
    environment,
    call: (name, input) =>
      abp.orchestrator.call(name, input, {
        interface: 'cli',
        workingDirectory: directory,
        human: null,
        maxWaitMs: 60_000,
      }),
    async create(items, job = {}) {
      const source = join(directory, `items-${items.length}.json`);
      writeFileSync(source, JSON.stringify(items));
      const { job_id } = await self.call('create_job', {
        name: 'Process',
        intent: 'Do it.',
        source: { type: 'json', file_path: source },
        worker: { type: 'command', command: ['sh', fixture('agent.sh')], env: { DIR: directory } },
        ...job,
      });
      await personAllowsJob(abp.orchestrator.deps, job_id);
      return job_id;
    },
    async begin(items, job) {
      const job_id = await self.create(items, job);
      const start = { job_id, skip_test: true, wait_seconds: 0 };
      await abp.orchestrator.call('start_job', start, { ...PERSON, workingDirectory: directory });
      return job_id;
    },
    async job(jobId) {
      const job = await repository.jobs.get(jobId);
      if (!job) throw new Error(`no job ${jobId}`);
      return job;
    },
    units: async (jobId) => (await repository.units.list(jobId, {}, 1000)).map(({ unit }) => unit),
    statuses: async (jobId) => (await self.units(jobId)).map(({ status }) => status).join(' '),
    notes(what) {
      const file = join(directory, 'ledger');
      const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
      const notes = lines.filter(Boolean).map((line): AgentNote => {
        const [word = '', ...numbers] = line.split(' ');
        const [unit = 0, attempt = 0, pid = 0] = numbers.map(Number);
        return { what: word as AgentNote['what'], unit, attempt, pid };
      });
      return what ? notes.filter((note) => note.what === what) : notes;
    },
    go: (unit) => writeFileSync(join(directory, unit === undefined ? 'go' : `go-${unit}`), ''),
    async executorPid(jobId) {
      const lease = await repository.leases.get(jobId);
      if (!lease || lease.released) throw new Error(`${jobId} has no executor`);
      return lease.pid;
    },
    until: <T>(what: () => Awaitable<T>) =>
      vi.waitFor(async () => {
        const found = await what();
        if (found === false || found === null || found === undefined) throw new Error(`not yet: ${String(what)}`);
        return found;
      }, PATIENCE),
    async ended(jobId) {
      await self.until(async () =>
        ['completed', 'failed', 'paused', 'cancelled'].includes((await self.job(jobId)).status),
      );
      await self.until(async () => (await repository.leases.get(jobId))?.released);
      return self.job(jobId);
    },
    recovery: () =>
      createRecovery({
        repository,
        launcher: abp.launcher,
        observer: createLeaseObserver(systemClock),
        clock: systemClock,
        leaseMs: abp.config.leaseMs,
      }),
  };
  return self;
}

/** Tells whether a process with this pid exists and is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\S+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux';
  }
}

/** Stops executors by their lease and agents by their random id: no other process is signalled. */
async function stopEverything({ store: { repository } }: Abp): Promise<void> {
  for (const { jobId } of (await repository.jobs.list({ statuses: JOB_STATUSES, limit: 100 })).jobs) {
    const lease = await repository.leases.get(jobId);
    if (lease && !lease.released && lease.pid !== process.pid && isStill(lease)) process.kill(lease.pid, 'SIGKILL');
    for (const { attemptId } of await repository.attempts.running(jobId)) await stopGroup(attemptId);
  }
}
