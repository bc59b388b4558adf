import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { z } from 'zod';
import { homeOf } from '../../approval/bounds.ts';
import { defineJob } from '../../approval/definition.ts';
import { realPath } from '../../approval/real-path.ts';
import type { Revision } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
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
import { stepsInput, variablesOf } from './steps.ts';

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
    .optional()
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
  steps: stepsInput.optional(),
});

export type CreateInput = z.output<typeof createInput>;

/** Builds a job with a new id; stores nothing. Throws `invalid_input` for a directory or output that is not allowed. */
export async function newJob(
  deps: OrchestratorDeps,
  given: CreateInput,
  config: JsonObject,
  { steps, limits }: Pick<Revision, 'steps' | 'limits'>,
  call: Call,
): Promise<NewJob> {
  const { repository, workers, places } = deps;
  const jobId = `job-${shortId()}`;
  const outputDirectory = directory(places, given.output?.directory, call) ?? realPath(places.outputs(jobId));
  const job = {
    jobId,
    name: given.name,
    userIntent: given.intent ?? '',
    enumeratorType: given.source.type,
    enumeratorConfig: config,
    maxWorkers: limits.max_workers,
    testUnits: given.test?.skip ? 0 : (given.test?.units ?? 1),
    requireHumanApproval: given.require_human_approval === true,
    redactResults: given.redact_results ?? true,
    request: null,
    batchFile: null,
    carriedOutBy: null,
    home: homeOf(call.home ?? null),
    workingDirectory: call.workingDirectory,
    outputDirectory,
    passEnv: await variablesOf(workers, steps),
    createdAt: deps.clock.now(),
  };
  const store = { path: repository.path, outputs: places.outputs };
  const output = outputOf(places, job, given.output, call);
  return { ...job, output, powers: (await (await defineJob(job, { steps }, workers, store)).now()).powers };
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
