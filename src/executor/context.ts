import type { JobDefinition } from '../approval/definition.ts';
import type { Job, Revision } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import type { LeaseToken } from '../domain/lease.ts';
import type { RecordedNeeds } from '../domain/needs.ts';
import type { Step } from '../domain/step.ts';
import type { Scope } from '../domain/unit.ts';
import type { Clock } from '../ports/clock.ts';
import type { Repository } from '../ports/repository.ts';
import type { Policy, Worker } from '../ports/worker.ts';
import type { PromptRenderer } from '../prompt/render.ts';
import type { JobLog } from '../supervision/log.ts';
import type { StorePaths } from '../supervision/store-paths.ts';
import type { Compressor } from './compressor.ts';

/** Dependencies of an executor: its lease, and everything loaded before the lease was confirmed. */
export interface ExecutorContext {
  readonly repository: Repository;
  readonly clock: Clock;
  readonly places: StorePaths;
  readonly lease: LeaseToken;
  readonly leaseMs: number;
  readonly maxTotalWorkers: number;
  /** Returns a number in [0, 1): the jitter of back-offs. */
  readonly random: () => number;
  readonly log: JobLog;
  readonly load: LoadRevision;
  /** Compresses the output of settled attempts; absent = output stays as it is. */
  readonly compressor?: Compressor;
}

/** A step ready to run. */
export interface LoadedStep {
  readonly step: Step;
  readonly worker: Worker;
  readonly config: JsonObject;
  /** What its config decides outside its worker. */
  readonly policy: Policy;
  readonly renderer: PromptRenderer;
  /** Needs recorded at the start of the job; null = none. */
  readonly needs: RecordedNeeds | null;
  /** Environment of this executor, with the PATH recorded at the start. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A revision ready to run. */
export interface LoadedRevision {
  readonly revision: Revision;
  /** The steps of each scope, in their order. */
  readonly steps: Readonly<Record<Scope, readonly LoadedStep[]>>;
  /** Definition to compare with the approval before every run. */
  readonly definition: JobDefinition;
}

/** Returns a step that is loaded. */
export function loadedStep(
  { steps }: LoadedRevision,
  { scope, step }: { readonly scope: Scope; readonly step: number },
): LoadedStep {
  const found = steps[scope][step];
  if (!found) throw new RangeError(`scope ${scope} of the job has no step ${step}`);
  return found;
}

/** Returns the types of the workers of its steps. */
export function workerTypes({ steps }: LoadedRevision): readonly string[] {
  return [...new Set([...steps.unit, ...steps.job].map(({ worker }) => worker.type))];
}

/** Loads the drivers and prompts of a revision (default the current one), once per executor. */
export type LoadRevision = (job: Job, revision?: number) => Promise<LoadedRevision>;
