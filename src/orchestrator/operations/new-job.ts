import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { homeOf } from '../../approval/bounds.ts';
import { defineJob } from '../../approval/definition.ts';
import { realPath } from '../../approval/real-path.ts';
import { AbpError } from '../../domain/error.ts';
import type { Revision } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { MAIN } from '../../domain/step.ts';
import { directoryTarget } from '../../export/write-target.ts';
import type { NewJob } from '../../ports/job-store.ts';
import type { StorePaths } from '../../supervision/store-paths.ts';
import type { Call, OrchestratorDeps } from '../operation.ts';
import {
  limitsInput,
  outputInput,
  runInput,
  schemaInput,
  sourceInput,
  testInput,
  words,
  workerInput,
} from '../shapes.ts';
import { outputOf } from './output.ts';
import type { Settings } from './settings.ts';

/** The arguments of create_job. */
export const createInput = z.strictObject({
  request_id: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Your own id of this request; the same request again returns the same job'),
  name: z.string().trim().min(1).max(200).describe('Short name of the job'),
  intent: words
    .max(100_000)
    .describe("What to do with every item, in the user's words; becomes the prompt unless template is given"),
  source: sourceInput,
  template: words
    .max(200_000)
    .optional()
    .describe('Own template instead: {field} for a field of the item, {payload} for all of it, {{ }} for braces')
    .meta({ examples: ['Rate {file_path} from 1 to 5.'] }),
  schema: schemaInput.optional(),
  worker: workerInput.optional(),
  run: runInput.optional().describe('Short for a command worker: ["node","check.mjs"]'),
  limits: limitsInput.optional().describe('Limits of time, money, retries and slots'),
  test: testInput.optional(),
  require_human_approval: z.boolean().optional().describe('Only a person can allow it to run, never an argument'),
  redact_results: z.boolean().optional().describe('false: keep secrets in results'),
  output: outputInput.optional(),
  post_processing_prompt: z.string().min(1).max(100_000).optional().describe('A final task over all results'),
  post_processing_name: z.string().max(200).optional(),
  post_processing_output_directory: z.string().min(1).max(4096).optional().describe('Absolute; where that task writes'),
  post_processing_on_failures: z.enum(['skip', 'run']).optional().describe('That task when units failed; default skip'),
});

export type CreateInput = z.output<typeof createInput>;

/**
 * Refuses options of post-processing without its prompt: the mistake would only show at the end of the job. Throws
 * `invalid_input`.
 */
export function refuseLonePostProcessing(given: CreateInput): void {
  if (given.post_processing_prompt !== undefined) return;
  const lone = (['name', 'output_directory', 'on_failures'] as const)
    .map((part) => `post_processing_${part}` as const)
    .filter((name) => given[name] !== undefined);
  if (lone.length === 0) return;
  throw new AbpError(
    'invalid_input',
    `${lone.join(', ')}: expected only together with post_processing_prompt, found without it.`,
    {
      hint: 'Give post_processing_prompt, the task over all results, or leave these out.',
    },
  );
}

/** Builds a job with a new id; stores nothing. Throws `invalid_input` for a directory or output that is not allowed. */
export async function newJob(
  deps: OrchestratorDeps,
  given: CreateInput,
  config: JsonObject,
  settings: Settings,
  call: Call,
): Promise<NewJob> {
  const { repository, workers, places } = deps;
  const jobId = `job-${shortId()}`;
  const outputDirectory = directory(places, given.output?.directory, call) ?? realPath(places.outputs(jobId));
  const job = {
    jobId,
    name: given.name,
    userIntent: given.intent,
    enumeratorType: given.source.type,
    enumeratorConfig: config,
    maxWorkers: settings.limits.max_workers,
    testUnits: given.test?.skip ? 0 : (given.test?.units ?? 1),
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
    request: null,
    batchFile: null,
    carriedOutBy: null,
    home: homeOf(call.home ?? null),
    workingDirectory: call.workingDirectory,
    outputDirectory,
    passEnv: settings.passEnv,
    createdAt: deps.clock.now(),
  };
  const draft = revisionOf('', settings);
  const store = { path: repository.path, outputs: places.outputs };
  const output = outputOf(places, job, given.output, call);
  return { ...job, output, powers: (await (await defineJob(job, draft, workers, store)).now()).powers };
}

/** Makes the steps and limits of a revision. */
export function revisionOf(
  template: string,
  { worker, outputSchema, limits }: Settings,
): Pick<Revision, 'steps' | 'limits'> {
  return { steps: [{ name: MAIN, template, outputSchema, worker }], limits };
}

/** Resolves an output directory to its real path, so that a later link is noticed. Throws `invalid_input`. */
function directory(places: StorePaths, path: string | undefined, { workingDirectory }: Call): string | undefined {
  return path === undefined ? undefined : directoryTarget(places, resolve(workingDirectory, path), [workingDirectory]);
}

/** Six random letters and digits without look-alikes: 29⁶ ids, short enough to read aloud. */
function shortId(): string {
  const alphabet = '23456789abcdefghjkmnpqrstuvwxyz'.slice(0, 29);
  return Array.from(randomBytes(6), (byte) => alphabet[byte % alphabet.length]).join('');
}
