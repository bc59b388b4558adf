import type { z } from 'zod';
import type { Awaitable } from '../domain/awaitable.ts';
import { AbpError } from '../domain/error.ts';
import { type Hint, hint, mention } from '../domain/hint.ts';
import { type Job, needsPerson } from '../domain/job.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventFeed } from '../ports/event-feed.ts';
import type { Repository } from '../ports/repository.ts';
import type { Workers } from '../ports/worker.ts';
import type { PromptSynthesizer } from '../prompt/synthesizer.ts';
import type { Launcher } from '../supervision/launch.ts';
import type { Recovery } from '../supervision/recovery.ts';
import type { StorePaths } from '../supervision/store-paths.ts';

/** Defaults for new jobs, from the environment. */
export interface Defaults {
  readonly maxWorkers: number;
  readonly maxRetries: number;
  readonly skipTest: boolean;
  readonly leaseMs: number;
}

/** Dependencies of the orchestrator. */
export interface OrchestratorDeps {
  readonly repository: Repository;
  readonly feed: EventFeed;
  readonly workers: Workers;
  readonly promptSynthesizer: PromptSynthesizer;
  readonly launcher: Launcher;
  readonly recovery: Recovery;
  readonly clock: Clock;
  readonly places: StorePaths;
  readonly defaults: Defaults;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Errors of jobs that were refused after their caller had an answer, by job id. */
  readonly refusals: Map<string, AbpError>;
}

/** Recovery of jobs whose executor died, as a long-lived interface runs it until the signal aborts. */
export interface Watch {
  watch(
    signal: AbortSignal,
    onReport?: (report: {
      readonly recovered: readonly string[];
      readonly refused: readonly { readonly jobId: string; readonly reason: string }[];
    }) => void,
  ): Promise<void>;
}

/** Progress of a call, for interfaces that can show it; `total` null = unknown. */
export interface Progress {
  readonly done: number;
  readonly total: number | null;
  readonly message: string;
}

/** Interfaces of ABP. */
export type Interface = 'mcp' | 'http' | 'cli';

/** A batch file that a job is made from. */
export interface BatchFileRun {
  /** Absolute real path, without links. */
  readonly path: string;
  /** True when this process runs the job in the foreground, in front of a person. */
  readonly carriedOut: boolean;
  /** True when the person wants another job while one of the file is active (`--new`). */
  readonly another: boolean;
}

/** Context of one call, from its interface. */
export interface Call {
  /** The interface that calls: a name from outside reaches only the operations that it shows. */
  readonly interface: Interface;
  /** Absolute; relative paths of the caller start here. */
  readonly workingDirectory: string;
  /**
   * Absolute; the caller's own folder, which a job may read; null or absent where it is not known (HTTP). Never from an
   * argument.
   */
  readonly home?: string | null;
  /**
   * Where a person decided this very call: a terminal, the dashboard, an answered elicitation; null = no person is known
   * to.
   */
  readonly human: 'cli' | 'dashboard' | 'elicitation' | null;
  /** Time until the call answers, ms; longer work continues in the background. Infinity where the caller wants to wait. */
  readonly maxWaitMs: number;
  /** Id of the request that made this call; recorded with everything that the call causes. */
  readonly requestId?: string;
  readonly signal?: AbortSignal;
  /** The batch file, when the call creates a job from one. */
  readonly batchFile?: BatchFileRun;
  readonly onProgress?: (progress: Progress) => void;
}

/** Longest time of a call from an MCP host, seconds (hosts stop waiting after about 60 s). */
export const MAX_WAIT_S = 45;

/** For every interface: its MCP tool answers as much of it as fits. */
export const EVERYWHERE = ['mcp', 'http', 'cli'] as const;
/** For screens, and for decisions of a person: never a tool. */
export const SCREENS = ['http', 'cli'] as const;
/** For a person at a terminal. */
export const TERMINAL = ['cli'] as const;
/** For the code of interfaces alone: streams, downloads, completions. No name from outside reaches it. */
export const IN_PROCESS = [] as const;

/**
 * One verb: the table entry that interfaces show, check and run. `effect` and `openWorld` become the annotations of its MCP
 * tool.
 */
export interface Operation<
  Name extends string,
  Input extends z.ZodObject,
  Output extends z.ZodObject,
  On extends readonly Interface[],
> {
  readonly name: Name;
  readonly title: string;
  /** Interfaces that show it. */
  readonly interfaces: On;
  /** Effect, when to use it and when not, and the answer. The first sentence stands alone in lists. */
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  /**
   * Worst effect of a call on existing data: none, adding to it, or removing or replacing it (files as well as work). The
   * agents that a call starts count: they may change what their job permits.
   */
  readonly effect: 'read' | 'write' | 'destructive';
  /**
   * Set when a call reaches beyond ABP's own store and processes: files and servers of a source, agents and their tools.
   */
  readonly openWorld?: true;
  readonly run: (deps: OrchestratorDeps, input: z.output<Input>, call: Call) => Awaitable<z.input<Output>>;
}

/** Defines an operation; its types come from its schemas. */
export function operation<
  const Name extends string,
  Input extends z.ZodObject,
  Output extends z.ZodObject,
  const On extends readonly Interface[],
>(definition: Operation<Name, Input, Output, On>): Operation<Name, Input, Output, On> {
  return definition;
}

/** Returns the job. Throws `not_found`, or the refusal of a job that was refused while its units were being stored. */
export async function requireJob(
  {
    repository,
    refusals,
  }: { readonly repository: Pick<Repository, 'jobs'> } & Partial<Pick<OrchestratorDeps, 'refusals'>>,
  jobId: string,
): Promise<Job> {
  const job = await repository.jobs.get(jobId);
  if (job) return job;
  const refusal = refusals?.get(jobId);
  if (refusal) throw refusal;
  throw new AbpError('not_found', `No job ${jobId}.`, { hint: hint`${mention('list_jobs')} shows the jobs.` });
}

/**
 * Same, for readers of units or settings. Throws `conflict` while the units are being stored: the job may still be refused.
 */
export async function requireStoredJob(deps: Parameters<typeof requireJob>[0], jobId: string): Promise<Job> {
  const job = await requireJob(deps, jobId);
  if (job.status !== 'enumerating') return job;
  throw refuse(
    job,
    'its units are still being stored',
    hint`${mention('get_job_status')} shows when it is ready; ${mention('cancel_job')} removes it.`,
  );
}

/** Makes the error for a job in the wrong state: its state, the expected one (`wanted`), and the next step (`next`). */
export function refuse(job: Job, wanted: string, next: Hint): AbpError {
  const reason = job.pauseReason ? ` (${job.pauseReason})` : job.test ? ` (test ${job.test.state})` : '';
  return new AbpError('conflict', `${job.jobId} is ${job.status}${reason}; ${wanted}.`, {
    hint: next,
    details: { job_id: job.jobId, status: job.status, ...(needsPerson(job) ? { person: true } : {}) },
  });
}

/** Hint about a job in another state than it has to be in. */
export const NEXT_STEPS = hint`${mention('get_job_status')} shows the possible next steps.`;

/** Hint about a job that has ended. */
export const RUN_UNITS_AGAIN = hint`${mention('manage_units', { action: 'retry' })} or ${mention('manage_units', { action: 'reopen' })} runs its units again.`;

/** Makes the error for a compare-and-set that another call won. */
export function changedMeanwhile(job: Pick<Job, 'jobId'>): AbpError {
  return new AbpError('conflict', `${job.jobId} was changed by another call at the same time.`, {
    hint: hint`${mention('get_job_status')} shows its current state.`,
    details: { job_id: job.jobId },
  });
}
