import { z } from 'zod';
import { AbpError, ERROR_CODES, type ErrorCode } from '../domain/error.ts';
import { EXPORT_FORMATS } from '../domain/export-format.ts';
import { FAILURE_CLASSES, type FailureClass } from '../domain/failure.ts';
import { type Hint, NAMED_OPERATIONS } from '../domain/hint.ts';
import { JOB_STATUSES } from '../domain/job.ts';
import { MAX_WORKERS_CEILING } from '../domain/limits.ts';
import { didYouMean } from '../domain/nearest.ts';
import { UNIT_STATUSES } from '../domain/unit.ts';
import { show } from '../domain/validate.ts';

/** Field shapes that several operations share. Output shapes are loose: fields are added, never removed. */

export const jobId = z
  .string()
  .max(100)
  .describe('The job')
  .meta({ examples: ['job-7f3k2m'] });

/**
 * A failure class by name. A plain string in the schema, since a list of all classes would make it long; checked all the
 * same.
 */
export const failureClass = z
  .string()
  .max(40)
  .refine((name) => isFailureClass(name), {
    error: ({ input }) =>
      `unknown failure class ${JSON.stringify(input)}.${didYouMean(String(input), FAILURE_CLASSES)}`,
  })
  // Not a transform, whose schema loses its examples.
  .meta({ description: 'As in the failures of get_job_status', examples: ['timeout'] }) as unknown as z.ZodType<
  FailureClass,
  string
>;

function isFailureClass(name: string): boolean {
  return (FAILURE_CLASSES as readonly string[]).includes(name);
}

const index = z.int().min(0).max(1_000_000_000);

export const unitIndex = index.describe('Index of the unit in its job, from 0');

export const unitIndexes = z.array(index).min(1).max(10_000).describe('Indexes, from 0');

export const waitSeconds = z.number().min(0).max(45).describe('Seconds to wait for news before answering; default 0');

export const cursor = z.string().max(200).describe('next_cursor of the previous page');

/** Beginning of a definition's hash, or all of it. */
export const definitionHash = z.string().min(1).max(64);

/** The same where it decides what is changed: so much of the hash that it was read, not guessed. */
export const decidedDefinition = z.string().regex(/^[0-9a-f]{8,64}$/, { error: 'expected at least 8 hex digits' });

/** Makes the error for a cursor that is not one of ours. */
export function badCursor(text: string): AbpError {
  return new AbpError('invalid_input', `cursor: expected the next_cursor of an earlier page, found "${text}".`, {
    hint: 'Leave it out for the first page.',
  });
}

/** Limits of update_job: the fields of create_job, described only there. */
export const limitsChange = z
  .strictObject({
    max_workers: z.int().min(1).max(MAX_WORKERS_CEILING),
    max_retries: z.int().min(0).max(100),
    timeout_s: z.number().min(1).max(86_400),
    idle_timeout_s: z.number().min(0).max(86_400),
    budget_usd: z.number().positive().max(1_000_000).nullable(),
    failure_threshold: z.int().min(0).max(1000),
  })
  .partial();

const { shape } = limitsChange;

export const limitsInput = limitsChange.extend({
  max_workers: shape.max_workers.describe('Units that run at the same time'),
  max_retries: shape.max_retries.describe('Retries of a unit after its first attempt'),
  timeout_s: shape.timeout_s.describe('Seconds one attempt may take'),
  idle_timeout_s: shape.idle_timeout_s.describe('Seconds without any output; 0 = off'),
  budget_usd: shape.budget_usd.describe('US dollars for the whole job; null = no limit'),
  failure_threshold: shape.failure_threshold.describe('Pause when this many units in a row fail alike; 0 = off'),
});

/** Text with at least one visible character. */
export const words = z.string().regex(/\S/, { error: ({ input }) => `expected words, found ${show(input)}` });

/** Type of a driver; its other fields are checked by the driver. */
const typed = z.looseObject({ type: z.string().max(50) });

/** A worker: its config, or its type alone. The first form is the one that hosts are shown. */
export const workerInput = z
  .union([typed, z.string().max(50)])
  .describe(
    'What runs a unit: {"type":"claude", model?, permission?: read_only | edit_in_place | full, tools?, max_turns?, …} (default, read_only) or {"type":"command","command":["node","check.mjs"]}',
  );

/** A program that runs the units: the short form of a command worker. */
export const runInput = z.array(z.string().max(100_000)).min(1);

/** A source: its type and the config of that enumerator. */
export const sourceInput = typed
  .describe('Where the items come from: type (file, csv, json, sql or dynamic) and its config (list_enumerators)')
  .meta({ examples: [{ type: 'file', base_directory: '/home/me/notes', pattern: '**/*.md' }] });

/** Any JSON object. Not z.json(): its recursive schema needs references, which hosts do not follow. */
export const schemaInput = z
  .record(z.string(), z.unknown())
  .describe('JSON Schema that every result must satisfy; results become columns of the export');

/** The test of a job. */
export const testInput = z.strictObject({
  units: z.int().min(1).max(20).optional().describe('Units tested first, spread over the source; default 1'),
  skip: z.boolean().optional().describe('Run all units without a test. Only if the user asked for it'),
});

/** Options of an export; the same fields for export_results and for the output of a job. */
export const exportFields = {
  format: z.enum(EXPORT_FORMATS).optional().describe('Default: from the extension of path'),
  status: z
    .array(z.enum(UNIT_STATUSES))
    .min(1)
    .max(6)
    .optional()
    .describe('Only units in one of these statuses; default all'),
  fields: z.array(z.string().max(500)).min(1).max(200).optional().describe('Only these columns, in this order'),
  force: z.boolean().optional().describe('Replace any file'),
  raw: z.boolean().optional().describe('Do not escape text that a spreadsheet would run as a formula'),
};

const { format, status, fields, force, raw } = exportFields;

/** Output of update_job: the fields of create_job, described only there; the file's options only with export_results. */
export const outputChange = z
  .strictObject({
    directory: z.string().min(1).max(4096).optional(),
    path: z.string().min(1).max(4096).optional(),
    format: format.unwrap().optional(),
    status: status.unwrap().optional(),
    fields: fields.unwrap().optional(),
    force: force.unwrap().optional(),
    raw: raw.unwrap().optional(),
  })
  .superRefine(({ directory: _, path, ...options }, context) => {
    if (path !== undefined) return;
    const lone = Object.entries(options).filter(([, value]) => value !== undefined);
    for (const [name] of lone) {
      const message = 'expected only together with output.path, found without it';
      context.addIssue({ code: 'custom', path: [name], message });
    }
  });

const { directory, path } = outputChange.shape;

/** Directory of a job's agents, and file of its results. */
export const outputInput = outputChange.safeExtend({
  directory: directory.describe('Agents may write below it; default: a folder beside the store'),
  path: path.describe('File for the results when the job ends; the other fields as for export_results'),
});

const count = z.int().min(0).max(1_000_000_000);

export const unitCounts = z.object({
  total: count,
  pending: count,
  running: count,
  completed: count,
  failed: count,
  skipped: count,
  cancelled: count,
});

const mentionShape = z.object({
  operation: z.enum(NAMED_OPERATIONS),
  input: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  means: z.literal(true).optional(),
  changes: z.literal('prompt').optional(),
});

/** Text in which operations are data: parts in their order. */
export const hintShape = z.union([z.string(), z.array(z.union([z.string(), mentionShape]))]) as unknown as z.ZodType<
  Hint,
  Hint
>;

/** Shape of one test unit, as a person reviews it before approving. */
const testResult = z.looseObject({
  unit: count,
  status: z.string(),
  result: z.string().optional(),
  message: z.string().optional(),
  failure_class: z.string().optional(),
  tools_denied: z.array(z.string()).readonly().optional(),
  tools_denied_left_out: count.optional(),
  files_changed: z.array(z.string()).readonly().optional(),
  files_changed_left_out: count.optional(),
  cost_usd: z.number().optional(),
  duration_s: z.number(),
  attempt: count,
  run_directory: z.string(),
});

const range = z.array(z.number()).readonly();

/**
 * States of a job's output file: to be written at the end, being written, written, failed, or never written (cancelled
 * job).
 */
export const OUTPUT_WORDS = ['at_the_end', 'writing', 'written', 'failed', 'not_written'] as const;

const CODES = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];

/** Status of a job. */
export const jobStatusName = z.enum(JOB_STATUSES);

/** Shape of the progress of one step; the counts are of the units of a unit step, the rest of a step of scope job. */
export const stepStatusShape = z.looseObject({
  name: z.string(),
  scope: z.enum(['unit', 'job']),
  pending: count.optional(),
  running: count.optional(),
  /** Units that have passed it. */
  completed: count.optional(),
  failed: count.optional(),
  /** Of a step of scope job: `waiting` until it begins, then the status of its run; `skipped` = the job ended without it. */
  status: z.string().optional(),
  message: z.string().optional(),
  output_directory: z.string().optional(),
  cost_usd: z.number(),
});

/** Answer of get_job_status and of every call that changes a job's state. */
export const jobStatusOutput = z.looseObject({
  job_id: z.string(),
  name: z.string(),
  status: jobStatusName,
  pause_reason: z.string().optional(),
  /** What happened, and what to do about a pause. */
  message: z.string().optional(),
  advice: hintShape.optional(),
  resume_at: z.string().optional(),
  units: unitCounts,
  cost_usd: z.number(),
  executor: z.looseObject({ state: z.enum(['none', 'alive', 'lost']) }),
  test: z
    .looseObject({
      state: z.string(),
      verdict: z.string().optional(),
      advice: hintShape.optional(),
      results: z.array(testResult).optional(),
    })
    .optional(),
  estimate: z
    .looseObject({
      remaining_units: count,
      cost_usd: range.nullable(),
      duration_s: range,
    })
    .optional(),
  approval: z
    .looseObject({
      person: z.boolean(),
      can: z.array(z.object({ can: z.string(), what: z.string() })).optional(),
      shown: z.string().optional(),
    })
    .optional(),
  /** The directory of its agents; path, format and state of its results file, where it has one. */
  output: z.looseObject({
    directory: z.string(),
    path: z.string().optional(),
    format: z.string().optional(),
    state: z.enum(OUTPUT_WORDS).optional(),
    rows: count.optional(),
    at: z.string().optional(),
    error: z
      .object({ code: z.enum(CODES), message: z.string(), hint: hintShape.optional(), field: z.string().optional() })
      .optional(),
  }),
  failures: z.array(z.looseObject({ class: z.string(), count, advice: hintShape })).optional(),
  steps: z.array(stepStatusShape).readonly().optional(),
  retrying: z.array(z.object({ class: z.string(), count })).optional(),
  /** Units that are tested first; 0 = it starts without a test. */
  test_units: count,
});

export type JobStatusOutput = z.input<typeof jobStatusOutput>;

/** Formats a time (ms since 1970) as ISO 8601 in UTC; null stays null. */
export function iso(at: number): string;
export function iso(at: number | null): string | null;
export function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
