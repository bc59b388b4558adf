import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { onTestFinished, vi } from 'vitest';
import type { CliHost } from '../../../src/cli/host.ts';
import { runCli } from '../../../src/cli/index.ts';
import { systemClock } from '../../../src/clock.ts';
import type { Job, JobStatus } from '../../../src/domain/job.ts';
import { packageVersion } from '../../../src/package-root.ts';
import { openStore } from '../../../src/repository/index.ts';
import { wire } from '../../../src/wire.ts';
import { isStill } from '../../../src/workers/process/processes.ts';
import { compileCache, installed } from '../../helpers/installation.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** The bin as it is installed. */
export const MAIN = installed().program('main');
export const FIXTURES = join(ROOT, 'test', 'fixtures', 'cli');

/** How one command ended. */
export interface Ran {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with items and a batch file, and a store of its own: where `abp` runs as a person would run it. */
export interface Workspace {
  readonly folder: string;
  readonly storagePath: string;
  /** Of every run; a test may add to it. */
  readonly environment: Record<string, string>;
  /**
   * Runs `abp` without a terminal, in this process: all of it but the start of one. One at a time, as it borrows the
   * working directory and the streams.
   */
  abp(...args: readonly string[]): Promise<Ran>;
  /** The same as a program of its own. */
  program(...args: readonly string[]): Promise<Ran>;
  /** As `abp`, with --json; its document. */
  json(...args: readonly string[]): Promise<{ readonly exitCode: number | undefined; readonly document: Json }>;
  write(file: string, text: string): string;
  /** A person allows what a batch file would do, as a shell of theirs does: its worker runs a program. */
  allow(file?: string): Promise<void>;
  /** What `abp approvals` lists. */
  approvals(): Promise<Json[]>;
  /** Lets workers go on that wait. */
  go(): void;
  /** Ids of all jobs, newest first; those that are still being stored only where they are asked for. */
  jobs(statuses?: readonly JobStatus[]): Promise<readonly string[]>;
  /** A job as stored. */
  job(jobId: string): Promise<Job>;
}

// biome-ignore lint/suspicious/noExplicitAny: documents are looked into, field by field
export type Json = any;

/** What the batch file says beside name, intent, source and worker. */
const REST = { limits: { max_retries: 0, max_workers: 4 } };

/** Makes a workspace with one item for each text; executors that still live when the test ends are stopped. */
export function workspace(items: readonly string[] = ['one', 'two', 'three'], rest: object = REST): Workspace {
  const folder = temporaryDirectory('cli');
  const storagePath = join(folder, '.store', 'batch.db');
  const environment: Record<string, string> = {
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    // A folder that is, or holds, the home directory is no home of a job.
    HOME: temporaryDirectory('home'),
    ABP_STORAGE_PATH: storagePath,
    ...compileCache(),
  };
  const write = (file: string, text: string) => {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  items.forEach((text, index) => {
    write(`in/${String(index).padStart(4, '0')}.txt`, text);
  });
  mkdirSync(join(folder, 'in'), { recursive: true });
  write('batch.yaml', JSON.stringify({ ...BATCH, ...rest }, null, 2));
  onTestFinished(() => stopExecutors(storagePath));
  const abp = (...args: readonly string[]) => runHere(folder, environment, args);
  const json: Workspace['json'] = async (...args) => {
    const { exitCode, stdout } = await abp(...args, '--json');
    return { exitCode, document: JSON.parse(stdout) };
  };
  const program = (...args: readonly string[]) => runNode({ folder, environment }, [MAIN, ...args]);
  return {
    folder,
    storagePath,
    environment,
    write,
    abp,
    program,
    json,
    approvals: async () => (await json('approvals')).document.approvals,
    async allow(file = 'batch.yaml') {
      const { exitCode, stderr } = await abp('approvals', 'allow', file, '--yes');
      if (exitCode !== 0) throw new Error(stderr);
    },
    go: () => void write('go', ''),
    async job(jobId) {
      const job = await withStore(storagePath, ({ repository }) => repository.jobs.get(jobId));
      if (!job) throw new Error(`No ${jobId} in the store`);
      return job;
    },
    jobs: (statuses) =>
      withStore(storagePath, async ({ repository }) =>
        (await repository.jobs.list({ limit: 100, ...(statuses && { statuses }) })).jobs.map((j) => j.jobId),
      ),
  };
}

const BATCH = {
  name: 'texts',
  intent: 'Count the letters.',
  source: { type: 'file', base_directory: 'in', pattern: '**/*.txt' },
  worker: { type: 'command', command: ['sh', join(FIXTURES, 'worker.sh')] },
};

/** Runs a program with Node where `abp` runs, without a terminal. */
export async function runNode(
  { folder, environment }: Pick<Workspace, 'folder' | 'environment'>,
  args: readonly string[],
): Promise<Ran> {
  const options = { cwd: folder, env: environment, extendEnv: false, stdin: 'ignore', reject: false } as const;
  const { exitCode, stdout, stderr } = await execa(process.execPath, args, options);
  return { exitCode, stdout, stderr };
}

/** One command at a time: it moves this process to its folder, and takes what it writes. */
export async function runHere(
  folder: string,
  environment: Workspace['environment'],
  args: readonly string[],
  open: CliHost['open'] = (_environment, whenMissing) =>
    Promise.resolve(wire(environment, installed().program('executor/main'), whenMissing)),
): Promise<Ran> {
  const said = { stdout: '', stderr: '' };
  const before = process.cwd();
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text, ...rest) => {
      said[name] += String(text);
      rest.findLast((last) => typeof last === 'function')?.();
      return true;
    }),
  );
  process.chdir(folder);
  try {
    const exitCode = await runCli(args, {
      version: packageVersion(),
      environment,
      open,
      interfaces: { mcp: notHere, serve: notHere, dashboard: notHere },
    });
    return { exitCode, stdout: said.stdout.trimEnd(), stderr: said.stderr.trimEnd() };
  } finally {
    process.chdir(before);
    for (const spy of spies) spy.mockRestore();
  }
}

const notHere = (): never => {
  throw new Error('Servers are started as programs of their own.');
};

/** Opens a store for the duration of `look`. */
export async function withStore<T>(
  path: string,
  look: (store: ReturnType<typeof openStore>) => Promise<T>,
): Promise<T> {
  const store = openStore(path, systemClock);
  try {
    return await look(store);
  } finally {
    store.repository.close();
  }
}

/** Ends the executors of a store, by the process that each lease names, and waits until they are gone. */
async function stopExecutors(storagePath: string): Promise<void> {
  const alive = (await withStore(storagePath, ({ repository }) => repository.leases.held())).filter((lease) =>
    isStill(lease),
  );
  for (const { pid } of alive) process.kill(pid, 'SIGTERM');
  await vi.waitFor(() => {
    if (alive.some((lease) => isStill(lease))) throw new Error('an executor still lives');
  }, PATIENCE);
}
