import { randomBytes, randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { homeOf } from '../approval/bounds.ts';
import { defineJob } from '../approval/definition.ts';
import { realPlace } from '../approval/real-place.ts';
import type { Enumerator } from '../domain/enumerator.ts';
import { AbpError, toAbpError } from '../domain/error.ts';
import type { NewJob } from '../domain/job-store.ts';
import type { JsonObject } from '../domain/json.ts';
import type { LeaseToken } from '../domain/lease.ts';
import { redactJson } from '../domain/redact.ts';
import { getEnumerator, parseConfig } from '../enumerators/index.ts';
import { isDiskFull } from '../executor/disk.ts';
import { refuseRecursion } from '../executor/launch.ts';
import type { Places } from '../executor/places.ts';
import { deleteInChunks, giveBack, withReserve } from '../executor/reclaim.ts';
import { directoryTarget } from '../executor/write-target.ts';
import { identify } from '../workers/process/processes.ts';
import { requireSource } from './approval.ts';
import { type Background, background, rememberRefusal } from './background.ts';
import { shortFields, shortObject, shortText } from './brief.ts';
import { type Enumerated, enumerateInto } from './enumerate-into.ts';
import { type Call, type OrchestratorDeps, operation, requireJob } from './operation.ts';
import { checkSettings, type Settings } from './settings.ts';
import {
  enumeratorConfig,
  enumeratorType,
  jobStatusOutput,
  limitsInput,
  outputSchemaInput,
  workerInput,
} from './shapes.ts';
import { sourceNotes } from './source-notes.ts';
import { jobStatus } from './status.ts';
import { templateOf } from './template.ts';

const input = z.strictObject({
  name: z.string().trim().min(1).max(200).describe('Short name of the job'),
  user_intent: z
    .string()
    .min(1)
    .max(100_000)
    .describe("What to do with every item, in the user's words; becomes the prompt unless prompt_template is given"),
  enumerator_type: enumeratorType,
  enumerator_config: enumeratorConfig,
  prompt_template: z
    .string()
    .min(1)
    .max(200_000)
    .optional()
    .describe('Own template instead: {field} for a field of the item, {payload} for all of it, {{ }} for braces')
    .meta({ examples: ['Rate {file_path} from 1 to 5.'] }),
  output_schema: outputSchemaInput.optional(),
  worker: workerInput.optional(),
  limits: limitsInput.optional().describe('Bounds of time, money, tries and slots'),
  test_units: z.int().min(1).max(20).optional().describe('Units tried first, spread over the source; default 1'),
  output_directory: z.string().min(1).max(4096).optional().describe('Absolute; agents may write below it'),
  require_human_approval: z.boolean().optional().describe('Only a person lets it run, never an argument'),
  redact_results: z.boolean().optional().describe('false: keep secrets in results'),
  post_processing_prompt: z.string().min(1).max(100_000).optional().describe('A last task over all results'),
  post_processing_name: z.string().max(200).optional(),
  post_processing_output_directory: z.string().min(1).max(4096).optional().describe('Absolute; where it writes'),
  post_processing_on_failures: z.enum(['skip', 'run']).optional().describe('When units failed; default skip'),
});

/** Makes a job from a source: enumerates into units, makes the prompt, spends nothing. */
export const createJob = operation({
  name: 'create_job',
  title: 'Create a batch job',
  description:
    'Creates a job that gives every item of a source its own agent: stores the items as units and makes the prompt; nothing runs, nothing is spent. Use it when many items each need judgement; preview_items first when the source is not certain. Returns the job with its prompt template. A source that takes longer than 45 s goes on being stored: get_job_status tells when it is ready.',
  input,
  output: jobStatusOutput.extend({ template: z.string().optional() }),
  effect: 'write',
  openWorld: true,
  async run(deps, given, call) {
    refuseRecursion(deps.environment);
    refuseLonePostProcessing(given);
    const enumerator = await getEnumerator(given.enumerator_type);
    const config = enumerator.resolve(parseConfig(enumerator, given.enumerator_config), call);
    const settings = await checkSettings(deps, given, null);
    await requireSource(deps, enumerator, config, call);
    const job = await newJob(deps, given, config as JsonObject, settings, call);
    deps.repository.maintenance.keepReserve();
    await deps.repository.turn();
    const lease = insert(deps, job, settings);
    const behind = background(call);
    const storing = store(deps, lease, enumerator, config, given, settings, behind);
    const enumerated = await Promise.race([storing, later(call.patienceMs)]);
    behind.detach();
    if (enumerated === 'later') {
      storing.catch((error: unknown) => rememberRefusal(deps, job.jobId, error));
      return jobStatus(deps, requireJob(deps, job.jobId));
    }
    const stored = requireJob(deps, job.jobId);
    const template = deps.repository.jobs.revision(job.jobId, 1)?.template ?? '';
    return {
      ...jobStatus(deps, stored),
      template: shortText(template, 3000),
      ...shortFields(enumerated.fields),
      working_directory: stored.workingDirectory,
      output_directory: stored.outputDirectory,
      enumerator_config: shortObject(redactJson(stored.enumeratorConfig, 'logs'), 1500),
    };
  },
});

type Input = z.output<typeof input>;

/** What belongs to post-processing means nothing without its prompt: a slip that would otherwise show at the very end. */
function refuseLonePostProcessing(given: Input): void {
  if (given.post_processing_prompt !== undefined) return;
  const lone = (['name', 'output_directory', 'on_failures'] as const)
    .map((part) => `post_processing_${part}` as const)
    .filter((name) => given[name] !== undefined);
  if (lone.length === 0) return;
  throw new AbpError('invalid_input', `${lone.join(', ')}: expected only together with post_processing_prompt.`, {
    hint: 'Give post_processing_prompt, the task over all results, or leave these out.',
  });
}

/** A job as it would be made: its id is new, nothing is stored. */
export async function newJob(
  deps: OrchestratorDeps,
  given: Input,
  config: JsonObject,
  settings: Settings,
  call: Call,
): Promise<NewJob> {
  const { repository, workers, places } = deps;
  const jobId = `job-${shortId()}`;
  const outputDirectory = directory(places, given.output_directory, call) ?? realPlace(places.outputs(jobId));
  const job = {
    jobId,
    name: given.name,
    userIntent: given.user_intent,
    enumeratorType: given.enumerator_type,
    enumeratorConfig: config,
    maxWorkers: settings.limits.max_workers,
    testUnits: given.test_units ?? 1,
    requireHumanApproval: given.require_human_approval === true,
    redactResults: given.redact_results ?? true,
    postProcessing:
      given.post_processing_prompt === undefined
        ? null
        : {
            name: given.post_processing_name ?? 'post-processing',
            prompt: given.post_processing_prompt,
            outputDirectory:
              directory(places, given.post_processing_output_directory, call) ??
              join(outputDirectory, 'post-processing'),
            onFailures: given.post_processing_on_failures ?? ('skip' as const),
          },
    home: homeOf(call.home ?? null),
    workingDirectory: call.workingDirectory,
    outputDirectory,
    passEnv: settings.passEnv,
    createdAt: deps.clock.now(),
  };
  const draft = { template: '', ...revisionOf(settings) };
  const store = { path: repository.path, outputs: places.outputs };
  return { ...job, powers: (await (await defineJob(job, draft, workers, store)).now()).powers };
}

/** Inserts the job under a lease of this process, so that nobody takes a living enumeration for an orphan. */
function insert(deps: OrchestratorDeps, job: NewJob, settings: Settings): LeaseToken {
  const { repository, defaults } = deps;
  const { jobId } = job;
  return repository.transaction((tx) => {
    repository.jobs.insert(tx, job, { jobId, template: '', note: null, ...revisionOf(settings) });
    const claim = { jobId, owner: randomUUID(), leaseMs: defaults.leaseMs, ...identify(process.pid) };
    const lease = repository.leases.acquire(tx, claim, null);
    if (!lease) throw new AbpError('internal', `${jobId} has a lease already.`);
    return lease;
  });
}

async function store(
  deps: OrchestratorDeps,
  lease: LeaseToken,
  enumerator: Enumerator,
  config: unknown,
  given: Input,
  settings: Settings,
  behind: Background,
): Promise<Enumerated> {
  const { repository, defaults } = deps;
  const { jobId } = lease;
  // A source may be slow: its creator lives all the same, and lets go of it when the job is gone.
  const signOfLife = setInterval(async () => {
    if (!(await beat(deps, lease))) behind.giveUp();
  }, defaults.leaseMs / 3);
  try {
    const enumerated = await enumerateInto(deps, lease, enumerator, config, behind.call);
    const { fields } = enumerated;
    const outputDirectory = repository.jobs.get(jobId)?.outputDirectory ?? '';
    const template = await templateOf(deps, given, { fields, outputSchema: settings.outputSchema, outputDirectory });
    await repository.turn();
    repository.transaction((tx) => {
      repository.jobs.setTemplate(tx, jobId, 1, template);
      const patch = { totalUnits: enumerated.total, fields };
      if (!repository.jobs.move(tx, jobId, 'created', { patch })) {
        throw new AbpError('cancelled', `${jobId} was cancelled while its units were being stored.`);
      }
      repository.leases.release(tx, lease);
      repository.events.add(tx, jobId, {
        type: 'job:created',
        data: { units: enumerated.total, ...sourceNotes(enumerated) },
      });
    });
    return enumerated;
  } catch (error) {
    throw await takeApart(deps, jobId, error);
  } finally {
    clearInterval(signOfLife);
  }
}

/** Whether the job is still ours. */
async function beat({ repository, defaults }: OrchestratorDeps, lease: LeaseToken): Promise<boolean> {
  try {
    await repository.turn(defaults.leaseMs / 6);
    return repository.transaction(() => repository.leases.beat(lease));
  } catch {
    // Busy at this moment; the next beat comes well within the lease.
    return true;
  }
}

/**
 * Gives back what a refused job has stored; the refusal is what counts and is returned, with what could not be removed. A
 * disk that it has filled gets its room back, too.
 */
async function takeApart({ repository }: OrchestratorDeps, jobId: string, refusal: unknown): Promise<unknown> {
  try {
    await repository.turn();
    withReserve(repository, () => repository.transaction((tx) => repository.jobs.markDeleting(tx, jobId)));
    await deleteInChunks(repository, jobId);
    if (isDiskFull(refusal)) await giveBack(repository);
    return refusal;
  } catch (trouble) {
    const { code, message, hint, details } = toAbpError(refusal);
    const left = `What it has stored could not be removed (${toAbpError(trouble).message}): \`abp recover\` or \`abp prune\` does it later.`;
    return new AbpError(code, `${message} ${left}`, {
      ...(hint && { hint }),
      ...(details && { details }),
      cause: refusal,
    });
  }
}

/** What of the settings goes into a revision. */
export function revisionOf({ worker, outputSchema, limits }: Settings) {
  return { worker, outputSchema, limits };
}

/** A directory to write in as it really lies: what becomes a link later is noticed. Throws AbpError `invalid_input`. */
function directory(places: Places, path: string | undefined, { workingDirectory }: Call): string | undefined {
  return path === undefined ? undefined : directoryTarget(places, resolve(workingDirectory, path), [workingDirectory]);
}

/** Six letters and digits without look-alikes: 29⁶ ids, short enough to say. */
function shortId(): string {
  const alphabet = '23456789abcdefghjkmnpqrstuvwxyz'.slice(0, 29);
  return Array.from(randomBytes(6), (byte) => alphabet[byte % alphabet.length]).join('');
}

function later(ms: number): Promise<'later'> {
  return new Promise((resolve) => {
    if (Number.isFinite(ms)) setTimeout(() => resolve('later'), ms).unref();
  });
}
