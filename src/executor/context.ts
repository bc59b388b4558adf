import type { JobDefinition } from '../approval/definition.ts';
import type { Job, Revision } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import type { LeaseToken } from '../domain/lease.ts';
import type { Stage } from '../domain/unit.ts';
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

/** A revision ready to run. */
export interface LoadedRevision {
  readonly revision: Revision;
  readonly worker: Worker;
  readonly config: JsonObject;
  /** Definition to compare with the approval before every run. */
  readonly definition: JobDefinition;
  readonly renderer: (stage: Stage) => PromptRenderer;
  /** Environment of this executor, with the PATH recorded at the start. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly policy: Policy;
}

/** Loads the driver and prompt of a revision (default the current one), once per executor. */
export type LoadRevision = (job: Job, revision?: number) => Promise<LoadedRevision>;
