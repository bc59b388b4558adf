import { AbpError } from './domain/error.ts';
import { DEFAULT_LIMITS, MAX_WORKERS_CEILING } from './domain/limits.ts';
import { absolutePath } from './domain/paths.ts';

/** Validated settings from the environment. */
export interface Config {
  /** Absolute path of the database; run directories, logs and outputs are in its folder. */
  readonly storagePath: string;
  readonly maxWorkers: number;
  readonly maxRetries: number;
  readonly maxTotalWorkers: number;
  readonly skipTest: boolean;
  readonly dashboardPort: number;
  readonly leaseMs: number;
  readonly autoRecover: boolean;
  readonly confirmStart: boolean;
}

/** Folders beside the database that only ABP writes to. */
export const OWN_FOLDERS = { runs: 'runs', logs: 'logs', owners: 'owners' } as const;

/** The folder beside the database for what jobs make: the only one that others write and read. */
export const OUTPUTS_FOLDER = 'outputs';

type Environment = Readonly<Record<string, string | undefined>>;

/** One variable: how it is parsed, and its text in the README's table. */
interface Variable<T> {
  readonly name: string;
  readonly fallback: string;
  readonly meaning: string;
  readonly read: (text: string, name: string) => T;
}

/** Every ABP_* variable: the source of the README's table. An empty value counts as unset. */
export const VARIABLES = {
  storagePath: {
    name: 'ABP_STORAGE_PATH',
    fallback: '~/.agentic-batch/batch.db',
    meaning: 'the database; run directories, logs and outputs are in its folder',
    read: (text: string) => absolutePath(text, process.cwd()),
  },
  maxWorkers: {
    name: 'ABP_MAX_WORKERS',
    fallback: String(DEFAULT_LIMITS.max_workers),
    meaning: 'slots of a new job',
    read: integer(1, MAX_WORKERS_CEILING),
  },
  maxRetries: {
    name: 'ABP_MAX_RETRIES',
    fallback: String(DEFAULT_LIMITS.max_retries),
    meaning: 'retries of a unit after its first try, for a new job',
    read: integer(0, 100),
  },
  maxTotalWorkers: {
    name: 'ABP_MAX_TOTAL_WORKERS',
    fallback: '16',
    meaning: 'slots of all jobs of this store in total',
    read: integer(1, 1024),
  },
  skipTest: {
    name: 'ABP_SKIP_TEST',
    fallback: '0',
    meaning: 'start new jobs without a test unit; approvals are still required (1, true; 0, false)',
    read: flag,
  },
  dashboardPort: {
    name: 'ABP_DASHBOARD_PORT',
    fallback: '3847',
    meaning: 'port of the dashboard and HTTP API',
    read: integer(0, 65_535),
  },
  leaseMs: {
    name: 'ABP_LEASE_S',
    fallback: '15',
    meaning: 'seconds without a heartbeat after which another executor may take the job',
    read: (text: string, name: string) => integer(1, 3600)(text, name) * 1000,
  },
  autoRecover: {
    name: 'ABP_AUTO_RECOVER',
    fallback: '1',
    meaning: 'start a new executor for a job whose executor died (1, true; 0, false)',
    read: flag,
  },
  confirmStart: {
    name: 'ABP_CONFIRM_START',
    fallback: '0',
    meaning: 'Claude Code asks its user at every start_job, even if it was allowed before (1, true; 0, false)',
    read: flag,
  },
} as const satisfies { readonly [K in keyof Config]: Variable<Config[K]> };

/** Reads the environment. Throws AbpError `invalid_input` that names the variable, the expected and the found. */
export function readConfig(environment: Environment = process.env): Config {
  const value = <K extends keyof Config>(key: K): Config[K] => {
    const { name, fallback, read } = VARIABLES[key];
    const text = environment[name]?.trim();
    return read(text ? text : fallback, name) as Config[K];
  };
  return {
    storagePath: value('storagePath'),
    maxWorkers: value('maxWorkers'),
    maxRetries: value('maxRetries'),
    maxTotalWorkers: value('maxTotalWorkers'),
    skipTest: value('skipTest'),
    dashboardPort: value('dashboardPort'),
    leaseMs: value('leaseMs'),
    autoRecover: value('autoRecover'),
    confirmStart: value('confirmStart'),
  };
}

function integer(min: number, max: number): (text: string, name: string) => number {
  return (text, name) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new AbpError('invalid_input', `${name}: expected a whole number from ${min} to ${max}, found "${text}".`, {
      hint: `Correct ${name} in the environment of the program that starts ABP, or unset it.`,
    });
  };
}

function flag(text: string, name: string): boolean {
  const known: Readonly<Record<string, boolean>> = { '1': true, true: true, '0': false, false: false };
  const value = known[text.toLowerCase()];
  if (value !== undefined) return value;
  throw new AbpError('invalid_input', `${name}: expected 1, true, 0 or false, found "${text}".`, {
    hint: `Correct ${name} in the environment of the program that starts ABP, or unset it.`,
  });
}
