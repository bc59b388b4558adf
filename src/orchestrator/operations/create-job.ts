import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AbpError, toAbpError } from '../../domain/error.ts';
import type { Job, Revision } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { LeaseToken } from '../../domain/lease.ts';
import { refuseRecursion } from '../../domain/rules/recursion.ts';
import { sentences } from '../../domain/sentences.ts';
import type { Step } from '../../domain/step.ts';
import { openSource } from '../../enumerators/index.ts';
import { checkTarget } from '../../export/atomic-file.ts';
import type { Enumerator } from '../../ports/enumerator.ts';
import type { NewJob } from '../../ports/job-store.ts';
import { isDiskFull } from '../../supervision/disk.ts';
import { deleteInChunks, vacuum, withReserve } from '../../supervision/reclaim.ts';
import { identify } from '../../workers/process/processes.ts';
import { type Call, EVERYWHERE, type OrchestratorDeps, operation, requireJob } from '../operation.ts';
import { jobStatus } from '../queries/job-status.ts';
import { shownSource } from '../queries/shown-source.ts';
import { sourceNotes } from '../queries/source-notes.ts';
import { jobStatusOutput } from '../shapes.ts';
import { requireSource } from './approval.ts';
import { type Background, background, rememberRefusal } from './background.ts';
import { type Enumerated, enumerateInto } from './enumerate-into.ts';
import { markEnumerating } from './mark-enumerating.ts';
import { createInput, newJob } from './new-job.ts';
import { jobOfRequest, refuseSecondRun, requestOf } from './repeated-request.ts';
import { limitsOf } from './settings.ts';
import { checkedSteps, withTemplates } from './steps.ts';

/** Creates a job from a source: stores the items as units and makes the prompt; spends nothing. */
export const createJob = operation({
  name: 'create_job',
  title: 'Create a batch job',
  interfaces: EVERYWHERE,
  description:
    'Creates a job that gives every item of a source its own agent: stores the items as units and makes the prompt; nothing runs, nothing is spent. Use it when many items each need judgement; call preview_items first when unsure about the source. Returns the job with its prompt template. A source that takes longer than 45 s is stored in the background: get_job_status shows when it is ready. A cancelled call creates no job, unless list_jobs shows it; with request_id the same call again returns that job.',
  input: createInput,
  output: jobStatusOutput.extend({
    template: z.string().optional(),
    templates: z.array(z.object({ name: z.string(), template: z.string() })).optional(),
    deduplicated: z.boolean().optional(),
  }),
  effect: 'write',
  openWorld: true,
  async run(deps, given, call) {
    refuseRecursion(deps.environment);
    const request = requestOf(given);
    // Before anything is read: the source of the first call may be gone by now.
    const before = await jobOfRequest(deps.repository, request);
    if (before) return { ...(await answer(deps, before.jobId)), deduplicated: true };
    const { enumerator, config } = await openSource(given.source, call);
    const steps = await checkedSteps(deps.workers, given);
    const draft = { steps, limits: limitsOf(deps, given.limits) };
    await requireSource(deps, enumerator, config, call);
    const job = await newJob(deps, given, config as JsonObject, draft, call);
    // A new job has no earlier export that it may replace.
    if (job.output) await checkTarget(job.output.path, job.output);
    deps.repository.maintenance.keepReserve();
    const lease = await insert(deps, { ...job, request, ...originOf(call) }, draft, call);
    if ('before' in lease) return { ...(await answer(deps, lease.before.jobId)), deduplicated: true };
    // A caller with a request_id can come back for the job. Without a time limit the process ends with its caller: nothing
    // can continue.
    const detachable = background(call, request !== null && Number.isFinite(call.maxWaitMs));
    const storing = store(deps, lease, enumerator, config, steps, detachable);
    const enumerated = await Promise.race([storing, timeout(call.maxWaitMs)]);
    detachable.detach();
    if (enumerated === 'timeout') storing.catch((error: unknown) => rememberRefusal(deps, job.jobId, error));
    return answer(deps, job.jobId);
  },
});

/**
 * Status of a job that was just created or is still being stored; with template, fields and directories once they are
 * known.
 */
async function answer(deps: OrchestratorDeps, jobId: string) {
  const job = await requireJob(deps, jobId);
  if (job.status === 'enumerating') return jobStatus(deps, job);
  const revision = await deps.repository.jobs.revision(jobId, 1);
  const templates = (revision?.steps ?? []).map(({ name, template }) => ({ name, template }));
  return {
    ...(await jobStatus(deps, job)),
    ...(templates.length === 1 ? { template: templates[0]?.template ?? '' } : { templates }),
    fields: job.fields,
    working_directory: job.workingDirectory,
    source: shownSource(job.enumeratorType, job.enumeratorConfig),
  };
}

/** Fields of a job that record the batch file it is made from. */
function originOf({ batchFile }: Call): Pick<Job, 'batchFile' | 'carriedOutBy'> {
  return {
    batchFile: batchFile?.path ?? null,
    carriedOutBy: batchFile?.carriedOut ? identify(process.pid) : null,
  };
}

/**
 * Inserts the job in one transaction, under a lease of this process that shows that its enumeration is alive. Returns the
 * lease, or in `before` the job that the same request has made meanwhile. Throws `request_reused`, `conflict`.
 */
function insert(
  deps: OrchestratorDeps,
  job: NewJob,
  draft: Pick<Revision, 'steps' | 'limits'>,
  call: Call,
): Promise<LeaseToken | { readonly before: Job }> {
  const { repository, defaults } = deps;
  const { jobId } = job;
  // About all jobs: of two with one request, or one batch file, the second one sees the first.
  return repository.transaction('store', async (tx) => {
    const before = await jobOfRequest(tx, job.request);
    if (before) return { before };
    await refuseSecondRun(tx, call.batchFile);
    await tx.jobs.insert(job, { jobId, note: null, ...draft });
    const claim = { jobId, owner: randomUUID(), leaseMs: defaults.leaseMs, ...identify(process.pid) };
    const lease = await tx.leases.acquire(claim, null);
    if (!lease) throw new AbpError('internal', `${jobId} has a lease already.`);
    return lease;
  });
}

async function store(
  deps: OrchestratorDeps,
  lease: LeaseToken,
  enumerator: Enumerator,
  config: unknown,
  steps: readonly Step[],
  detachable: Background,
): Promise<Enumerated> {
  const { repository, defaults } = deps;
  const { jobId } = lease;
  // A source may be slow: the heartbeat keeps the lease meanwhile, and stops the work when the job was deleted.
  const heartbeats = setInterval(createHeartbeat(deps, lease, detachable.abort), defaults.leaseMs / 3);
  try {
    const enumerated = await enumerateInto(deps, lease, enumerator, config, detachable.call);
    const { fields } = enumerated;
    const outputDirectory = (await repository.jobs.get(jobId))?.outputDirectory ?? '';
    const facts = { fields, outputDirectory, enumeratorType: enumerator.type };
    const finished = await withTemplates(deps, steps, facts);
    await repository.transaction({ job: jobId }, async (tx) => {
      await tx.jobs.setSteps(jobId, 1, finished);
      const patch = { totalUnits: enumerated.total, fields };
      if ((await tx.jobs.move(jobId, 'created', { patch })) === 'conflict') {
        throw new AbpError('cancelled', `${jobId} was cancelled while its units were being stored.`);
      }
      await tx.leases.release(lease);
      await tx.events.add(jobId, {
        type: 'job:created',
        data: { units: enumerated.total, ...sourceNotes(enumerated) },
      });
    });
    return enumerated;
  } catch (error) {
    throw await removeRefusedJob(deps, jobId, error);
  } finally {
    clearInterval(heartbeats);
  }
}

/** Creates what renews the lease of the job, once at a time; it calls `abort` when the lease is lost. */
function createHeartbeat({ repository, defaults }: OrchestratorDeps, lease: LeaseToken, abort: () => void): () => void {
  let pending = false;
  const beat = async () => {
    pending = true;
    try {
      const wait = { maxWaitMs: defaults.leaseMs / 6 };
      if ((await repository.transaction('none', (tx) => tx.leases.beat(lease), wait)) === 'lost') abort();
    } catch {
      // The database is busy; the next heartbeat comes well within the lease.
    } finally {
      pending = false;
    }
  };
  return () => {
    if (!pending) void beat();
  };
}

/**
 * Removes what a refused job has stored, and vacuums the database when the disk was full. Returns the refusal; its message also
 * says what could not be removed.
 */
async function removeRefusedJob({ repository }: OrchestratorDeps, jobId: string, refusal: unknown): Promise<unknown> {
  try {
    await withReserve(repository, () => repository.transaction({ job: jobId }, (tx) => markEnumerating(tx, jobId)));
    await deleteInChunks(repository, jobId);
    if (isDiskFull(refusal)) await vacuum(repository);
    return refusal;
  } catch (trouble) {
    const { code, message, hint, details } = toAbpError(refusal);
    const left = `Its stored units could not be removed (${toAbpError(trouble).message}); run \`abp recover\` or \`abp prune\` to remove them.`;
    return new AbpError(code, sentences(message, left), {
      ...(hint === undefined ? {} : { hint }),
      ...(details && { details }),
      cause: refusal,
    });
  }
}

function timeout(ms: number): Promise<'timeout'> {
  return new Promise((resolve) => {
    if (Number.isFinite(ms)) setTimeout(() => resolve('timeout'), ms).unref();
  });
}
