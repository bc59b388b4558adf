import { basename, dirname, resolve } from 'node:path';
import type { Awaitable } from '../../domain/awaitable.ts';
import { AbpError } from '../../domain/error.ts';
import { exportFormatOf, requireFormatOf } from '../../domain/export-format.ts';
import type { WorkerChoice } from '../../domain/job.ts';
import { sentences } from '../../domain/sentences.ts';
import { type Problem, parseWith } from '../../domain/validate.ts';
import { chosenWorker, DEFAULT_WORKER } from '../../orchestrator/chosen-worker.ts';
import type { InputOf } from '../../orchestrator/index.ts';
import { inCommands } from '../hint-words.ts';
import type { Session } from '../session.ts';
import { type Override, parseOverride, parseYaml, readText, type YamlDocument } from './document.ts';
import { substituteEnvironment } from './environment.ts';
import { type BatchFile, batchFileSchema } from './schema.ts';

/** Options of the command line that change a batch file. */
interface Changes {
  /** `limits.max_workers=2`, later ones win. */
  readonly set: readonly string[];
  /** Only the first so many items. */
  readonly limit?: number | undefined;
  /** File for the results. */
  readonly output?: string | undefined;
  /** Format of that file. */
  readonly format?: string | undefined;
}

/** How to read a batch file. */
export interface BatchOptions extends Changes {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly call: Session['call'];
}

/** A checked batch file. */
export interface Batch {
  /** Absolute; relative paths start here. */
  readonly directory: string;
  readonly create: InputOf<'create_job'>;
  /** Probable mistakes that are no errors. */
  readonly warnings: readonly string[];
  /** Runs what reads the source; an error about the source or the template gets its place in the file. */
  located<T>(read: () => Promise<T>): Promise<T>;
}

/** Returns the workers of its steps, each once. */
export function workersOf({ create }: Batch): readonly WorkerChoice[] {
  const { steps = [] } = create;
  const own = chosenWorker(create) ?? DEFAULT_WORKER;
  const hasUnitSteps = steps.some(({ scope = 'unit' }) => scope === 'unit');
  const all = [...(hasUnitSteps ? [] : [own]), ...steps.map((step) => chosenWorker(step) ?? own)];
  return [...new Map(all.map((worker) => [JSON.stringify(worker), worker])).values()];
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
  const here = { workingDirectory: directory };
  await located(document, 'source', () => call('check_settings', { source: batch.source }, here));
  const templates = await located(document, '', () => templatesOf(call, batch, directory));
  const create = await located(document, 'output', () => createInput(batch, templates, directory));
  await located(document, '', () => call('check_settings', stepsOf(create), here));
  return {
    directory,
    create,
    warnings: [...undeclared].map(
      (name) => `${file}: \${${name}} is not replaced: list ${name} under env: to replace it.`,
    ),
    located: (read) => located(document, '', () => withProblem(read, batch)),
  };
}

/** The arguments about the steps of a job. */
export function stepsOf(create: InputOf<'create_job'>): InputOf<'check_settings'> {
  const { intent, template, schema, worker, run, steps } = create;
  return JSON.parse(JSON.stringify({ intent, template, schema, worker, run, steps })) as InputOf<'check_settings'>;
}

/** The changes from the command line; later ones win. A file that it names lies in the current directory. */
export function overridesOf({ set, limit, output, format }: Changes): readonly Override[] {
  const changes: Override[] = set.map(parseOverride);
  if (limit !== undefined) changes.push({ text: `--limit ${limit}`, steps: ['source', 'limit'], value: limit });
  if (output !== undefined) changes.push({ text: `-o ${output}`, steps: ['output', 'path'], value: resolve(output) });
  const written = format ?? exportFormatOf(output ?? '');
  if (written) changes.push({ text: `--format ${written}`, steps: ['output', 'format'], value: written });
  return changes;
}

/** The names under `env`, before the file is checked; errors in them are reported with all others. */
function declaredNames(value: unknown): readonly string[] {
  const env = typeof value === 'object' && value !== null ? (value as { env?: unknown }).env : undefined;
  return Array.isArray(env) ? env.filter((name) => typeof name === 'string') : [];
}

/** Templates of a batch file: of its only step, and of each of its steps; undefined = it has an intent. */
interface Templates {
  readonly main: string | undefined;
  readonly steps: readonly (string | undefined)[];
}

/** Reads the templates that are in files of their own. Throws `invalid_input` with the field that names the file. */
async function templatesOf(
  call: BatchOptions['call'],
  { steps = [], ...main }: BatchFile,
  directory: string,
): Promise<Templates> {
  const read = async ({ template, template_file: file }: Pick<BatchFile, 'template' | 'template_file'>, at: string) => {
    if (file === undefined) return template;
    try {
      return (await call('read_prompt_file', { path: file }, { workingDirectory: directory })).template;
    } catch (error) {
      if (!(error instanceof AbpError)) throw error;
      const { code, message, hint } = error;
      const problems = [{ path: `${at}template_file`, message }];
      throw new AbpError(code, message, { ...(hint === undefined ? {} : { hint }), details: { problems } });
    }
  };
  return {
    main: await read(main, ''),
    steps: await Promise.all(steps.map((step, n) => read(step, `steps[${n}].`))),
  };
}

/** The arguments of create_job: the same fields, with the defaults and the text of files that a batch file has. */
function createInput(batch: BatchFile, templates: Templates, directory: string): InputOf<'create_job'> {
  const { env: _, template_file: __, output, steps, ...same } = batch;
  const path = output?.path;
  const given = {
    ...same,
    name: batch.name ?? basename(directory),
    template: templates.main,
    steps: steps?.map(({ template_file: ___, ...step }, n) => ({ ...step, template: templates.steps[n] })),
    output:
      path === undefined
        ? output
        : { ...output, path: resolve(directory, path), format: output?.format ?? requireFormatOf(path) },
  };
  // Removes undefined fields: create_job distinguishes them from absent ones.
  return JSON.parse(JSON.stringify(given)) as InputOf<'create_job'>;
}

/** Adds the field of the batch file to an error that names none. */
async function withProblem<T>(read: () => Promise<T>, { source, template_file, steps = [] }: BatchFile): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof AbpError) || error.code !== 'invalid_input' || error.details?.problems !== undefined)
      throw error;
    const { message, hint, details } = error;
    const [, field = '', rest = ''] = /^(\w+): ([\s\S]*)$/.exec(message) ?? [];
    const step = steps.findIndex(({ name }) => name === details?.step);
    const file = step < 0 ? template_file : steps[step]?.template_file;
    const template = `${step < 0 ? '' : `steps[${step}].`}${file === undefined ? 'template' : 'template_file'}`;
    // Only a template has unknown placeholders; an enumerator begins its message with the field, if it is about one.
    const inSource = Object.hasOwn(source, field)
      ? { path: `source.${field}`, message: rest }
      : { path: 'source', message };
    const problem = details?.unknown !== undefined || step >= 0 ? { path: template, message } : inSource;
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
