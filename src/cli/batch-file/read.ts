import { basename, dirname, resolve } from 'node:path';
import type { Awaitable } from '../../domain/awaitable.ts';
import { AbpError } from '../../domain/error.ts';
import { requireFormatOf } from '../../domain/export-format.ts';
import type { WorkerChoice } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { sentences } from '../../domain/sentences.ts';
import { type Problem, parseWith } from '../../domain/validate.ts';
import type { InputOf } from '../../orchestrator/index.ts';
import { DEFAULT_WORKER } from '../../orchestrator/operations/settings.ts';
import { inCommands } from '../hint-words.ts';
import type { Session } from '../session.ts';
import { type Override, parseOverride, parseYaml, readText, type YamlDocument } from './document.ts';
import { substituteEnvironment } from './environment.ts';
import { type BatchFile, batchFileSchema } from './schema.ts';

/** Options of the command line that change a batch file. */
export interface BatchOptions {
  /** `limits.max_workers=2`, later ones win. */
  readonly set: readonly string[];
  /** Only the first so many items. */
  readonly limit?: number | undefined;
  /** Format of the results file. */
  readonly format?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly call: Session['call'];
}

/** A checked batch file. */
export interface Batch {
  /** Absolute; relative paths start here. */
  readonly directory: string;
  readonly create: InputOf<'create_job'>;
  readonly skipTest: boolean;
  /** Probable mistakes that are no errors. */
  readonly warnings: readonly string[];
  /** Runs what reads the source; an error about the source or the template gets its place in the file. */
  located<T>(read: () => Promise<T>): Promise<T>;
}

/** The worker that runs the units. */
export function workerOf({ create }: Batch): WorkerChoice {
  return (create.worker as WorkerChoice | undefined) ?? DEFAULT_WORKER;
}

/** Reads a batch file; see readBatch. */
export async function readBatchFile(file: string, options: BatchOptions): Promise<Batch> {
  return readBatch(await readText(file), file, dirname(resolve(file)), options);
}

/**
 * Reads the text of a batch file and checks all that can be checked before anything is stored: its fields, the config of
 * its enumerator and worker, its output schema. Throws AbpError `invalid_input` with file, line and column of every
 * problem.
 */
export async function readBatch(text: string, file: string, directory: string, options: BatchOptions): Promise<Batch> {
  const { call } = options;
  const document = parseYaml(text, file, overridesOf(options));
  const declared = declaredNames(document.value);
  const { value, undeclared } = substituteEnvironment(document.value, declared, options.environment);
  const batch = await located(document, '', () => parseWith(batchFileSchema, value, 'batch file'));
  const { type: _type, ...config } = batch.source;
  await located(document, 'source', () => call('check_settings', { source: batch.source }));
  const { worker, output } = batch;
  const choice = (worker as WorkerChoice | undefined) ?? DEFAULT_WORKER;
  if (worker) await located(document, 'worker', () => call('check_settings', { worker: choice }));
  const schema = (output?.schema ?? batch.output_schema) as JsonObject | undefined;
  const schemaAt = output?.schema ? 'output.schema' : 'output_schema';
  if (schema) {
    await located(document, schemaAt, () => call('check_settings', { worker: choice, output_schema: schema }));
  }
  const prompt = batch.prompt_file;
  const template = prompt
    ? (await located(document, 'prompt_file', () => call('read_prompt_file', { path: resolve(directory, prompt) })))
        .template
    : batch.prompt_template;
  const create = await located(document, 'output', () => createInput(batch, config, { template, schema, directory }));
  return {
    directory,
    create,
    skipTest: batch.test?.skip ?? false,
    warnings: [...undeclared].map(
      (name) => `${file}: \${${name}} is not replaced: list ${name} under env: to replace it.`,
    ),
    located: (read) => located(document, '', () => withProblem(read, batch)),
  };
}

/** The changes from the command line; later ones win. */
export function overridesOf({
  set,
  limit,
  format,
}: Pick<BatchOptions, 'set' | 'limit' | 'format'>): readonly Override[] {
  const limited = limit === undefined ? [] : [`source.limit=${limit}`];
  const written = format === undefined ? [] : [`output.format=${format}`];
  return [...set, ...limited, ...written].map(parseOverride);
}

/** The names under `env`, before the file is checked; errors in them are reported with all others. */
function declaredNames(value: unknown): readonly string[] {
  const env = typeof value === 'object' && value !== null ? (value as { env?: unknown }).env : undefined;
  return Array.isArray(env) ? env.filter((name) => typeof name === 'string') : [];
}

function createInput(
  batch: BatchFile,
  config: object,
  rest: { readonly template: string | undefined; readonly schema: JsonObject | undefined; readonly directory: string },
): InputOf<'create_job'> {
  const {
    name,
    intent,
    worker,
    output,
    limits,
    test,
    require_human_approval,
    redact_results,
    post_processing,
    source,
  } = batch;
  const { failures, ...bounds } = limits ?? {};
  const given = {
    name: name ?? basename(rest.directory),
    user_intent: intent ?? rest.template,
    enumerator_type: source.type,
    enumerator_config: config,
    prompt_template: rest.template,
    output_schema: rest.schema,
    worker,
    limits: failures === undefined ? limits && bounds : { failure_threshold: failures, ...bounds },
    test_units: test?.units,
    output_directory: output?.directory,
    output: outputOf(batch, rest.directory),
    require_human_approval,
    redact_results,
    post_processing_prompt: post_processing?.prompt,
    post_processing_name: post_processing?.name,
    post_processing_output_directory: post_processing?.output_directory,
    post_processing_on_failures: post_processing?.on_failures,
  };
  // Removes undefined fields: create_job distinguishes them from absent ones.
  return JSON.parse(JSON.stringify(given)) as InputOf<'create_job'>;
}

/** The results file of the job; its path is relative to the batch file. */
function outputOf({ output }: BatchFile, directory: string): InputOf<'create_job'>['output'] {
  if (output?.path === undefined) return undefined;
  const { path, format, fields, status, force, raw } = output;
  return { path: resolve(directory, path), format: format ?? requireFormatOf(path), fields, status, force, raw };
}

/** Adds the field of the batch file to an error that names none. */
async function withProblem<T>(read: () => Promise<T>, { source, prompt_file }: BatchFile): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof AbpError) || error.code !== 'invalid_input' || error.details?.problems !== undefined)
      throw error;
    const { message, hint, details } = error;
    const [, field = '', rest = ''] = /^(\w+): ([\s\S]*)$/.exec(message) ?? [];
    const template = prompt_file === undefined ? 'prompt_template' : 'prompt_file';
    // Only a template has unknown placeholders; an enumerator begins its message with the field, if it is about one.
    const inSource = Object.hasOwn(source, field)
      ? { path: `source.${field}`, message: rest }
      : { path: 'source', message };
    const problem = details?.unknown !== undefined ? { path: template, message } : inSource;
    throw new AbpError('invalid_input', message, {
      ...(hint === undefined ? {} : { hint }),
      details: { ...details, problems: [problem] },
    });
  }
}

/** Runs a check; an error gets the place in the file of each of its problems, which are below the path `under`. */
async function located<T>(document: YamlDocument, under: string, check: () => Awaitable<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof AbpError) || error.code !== 'invalid_input') throw error;
    const problems = (error.details?.problems ?? [{ path: '', message: error.message }]) as readonly Problem[];
    const lines = problems.map((problem) => {
      const path = [under, problem.path].filter(Boolean).join('.').replaceAll('.[', '[');
      const place = document.place({ path, ...(problem.key === undefined ? {} : { key: problem.key }) });
      return { place, path, message: problem.message };
    });
    const text = lines.map(({ place, path, message }) => `${place}: ${path ? `${path}: ` : ''}${message}`);
    const hints = [
      ...(lines.some(({ path }) => document.isTilde(path)) ? [TILDE] : []),
      ...(error.hint === undefined ? [] : [inCommands(error.hint)]),
    ];
    throw new AbpError('invalid_input', text.join('\n'), {
      details: { ...error.details, problems: lines },
      ...(hints.length === 0 ? {} : { hint: sentences(...hints) }),
    });
  }
}

const TILDE = 'In YAML an unquoted ~ is null: quote it ("~") or give a path.';
