import type { z } from 'zod';
import type { Awaitable } from '../domain/awaitable.ts';
import { AbpError } from '../domain/error.ts';
import { type Job, needsPerson } from '../domain/job.ts';
import type { Clock } from '../ports/clock.ts';
import type { Dispatcher } from '../ports/dispatcher.ts';
import type { EventFeed } from '../ports/event-feed.ts';
import type { Repository } from '../ports/repository.ts';
import type { Workers } from '../ports/worker.ts';
import type { PromptSynthesizer } from '../prompt/synthesizer.ts';
import type { Launcher } from '../supervision/launch.ts';
import type { StorePaths } from '../supervision/store-paths.ts';

/** Defaults for new jobs, from the environment. */
export interface Defaults {
  readonly maxWorkers: number;
  readonly maxRetries: number;
  readonly skipTest: boolean;
  readonly leaseMs: number;
}

/** What the orchestrator works with. */
export interface OrchestratorDeps {
  readonly repository: Repository;
  readonly dispatcher: Dispatcher;
  readonly feed: EventFeed;
  readonly workers: Workers;
  readonly promptSynthesizer: PromptSynthesizer;
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly places: StorePaths;
  readonly defaults: Defaults;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Why jobs were refused after their caller had an answer, by job id. */
  readonly refusals: Map<string, AbpError>;
}

/** How far along a call is, for interfaces that can show it. */
export interface Progress {
  readonly done: number;
  readonly total: number | null;
  readonly message: string;
}

/** A batch file that a job is made from. */
export interface BatchFileRun {
  /** Absolute, without links. */
  readonly path: string;
  /** Whether this process carries the job out, in front of a person. */
  readonly carriedOut: boolean;
  /** Whether the person wants one more, beside a job of the file that is at work. */
  readonly another: boolean;
}

/** What an interface knows about one call. */
export interface Call {
  /** Absolute: relative paths of the caller start here. */
  readonly workingDirectory: string;
  /** Absolute: where the caller works, which a job may read; absent where that is not known (HTTP). Never from an argument. */
  readonly home?: string | null;
  /** Whether a human is known to have decided this very call: a terminal, the dashboard, an answered elicitation. */
  readonly human: 'cli' | 'dashboard' | 'elicitation' | null;
  /** No call takes longer: what goes on, goes on behind it. ms; Infinity where the caller wants to wait. */
  readonly maxWaitMs: number;
  /** Of the request that made this call: what it causes carries it. */
  readonly requestId?: string;
  readonly signal?: AbortSignal;
  /** Of whoever makes a job from a batch file. */
  readonly batchFile?: BatchFileRun;
  readonly onProgress?: (progress: Progress) => void;
}

/** The longest that a call from a host may take (hosts give up at about 60 s). */
export const MAX_WAIT_S = 45;

/** One verb: what interfaces show, check and run. `effect` and `openWorld` are what hosts are told of it before they allow it. */
export interface Operation<Name extends string, Input extends z.ZodObject, Output extends z.ZodObject> {
  readonly name: Name;
  readonly title: string;
  /** What it does, when to use it and when not, what comes back. The first sentence carries the point. */
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  /**
   * The worst that a call may do to what was there before: nothing, add to it, or take it away or replace it (files as
   * well as work). Agents that a call sets to work count: they may change what their job permits.
   */
  readonly effect: 'read' | 'write' | 'destructive';
  /** Set where a call reaches beyond ABP's own store and machinery: a source's files and hosts, agents and their tools. */
  readonly openWorld?: true;
  readonly run: (deps: OrchestratorDeps, input: z.output<Input>, call: Call) => Awaitable<z.input<Output>>;
}

/** Types an operation from its schemas. */
export function operation<const Name extends string, Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: Operation<Name, Input, Output>,
): Operation<Name, Input, Output> {
  return definition;
}

/** The job, or `not_found` with what to do; for one that was refused while its units were being stored, the refusal. */
export function requireJob(
  { repository, refusals }: Pick<OrchestratorDeps, 'repository'> & Partial<Pick<OrchestratorDeps, 'refusals'>>,
  jobId: string,
): Job {
  const job = repository.jobs.get(jobId);
  if (job) return job;
  const refusal = refusals?.get(jobId);
  if (refusal) throw refusal;
  throw new AbpError('not_found', `No job ${jobId}.`, { hint: 'list_jobs shows the jobs.' });
}

/** The same for what reads units or settings: a job that is still being stored has none yet, and may yet be refused. */
export function requireStoredJob(deps: Parameters<typeof requireJob>[0], jobId: string): Job {
  const job = requireJob(deps, jobId);
  if (job.status !== 'enumerating') return job;
  throw refuse(job, 'its units are still being stored', 'get_job_status tells when it is ready; cancel_job ends it.');
}

/** A refusal because of the job's state: names the state, what it must be, and the next step. */
export function refuse(job: Job, wanted: string, hint: string): AbpError {
  const reason = job.pauseReason ? ` (${job.pauseReason})` : job.test ? ` (test ${job.test.state})` : '';
  return new AbpError('conflict', `${job.jobId} is ${job.status}${reason}; ${wanted}.`, {
    hint,
    details: { job_id: job.jobId, status: job.status, ...(needsPerson(job) ? { person: true } : {}) },
  });
}
