import { stringify } from 'yaml';
import { AbpError } from '../../domain/error.ts';
import type { InputOf } from '../../orchestrator/index.ts';
import { parseOverride } from '../batch-file/document.ts';
import { batchOf } from '../batch-file/from-job.ts';
import { readBatch } from '../batch-file/read.ts';
import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { nextText } from './next-commands.ts';

/** Options of `abp update`. */
export interface UpdateOptions {
  readonly set: readonly string[];
  /** Name of the step that template, schema and worker are of; default the first. */
  readonly step?: string;
  readonly templateFile?: string;
  readonly note?: string;
}

/** Changeable settings: fields of a batch file and arguments of update_job. */
const CHANGEABLE = ['template', 'schema', 'worker', 'limits', 'redact_results', 'output'] as const;

/** Applies the changes to the job's settings and creates a new revision of the changed ones. */
export async function updateJob(session: Session, jobId: string, options: UpdateOptions): Promise<Exit> {
  const changed = new Set(options.set.map(changeableOf));
  if (changed.size === 0 && options.templateFile === undefined) {
    throw new AbpError('invalid_input', 'Expected a change, found none.', {
      hint: `Give --set with one of ${CHANGEABLE.join(', ')}, or --template-file.`,
    });
  }
  const { input, working_directory: workingDirectory } = await session.call('job_recipe', { job_id: jobId });
  const at = stepIndex(input, options.step);
  const { create } = await readBatch(stringify(batchOf(input)), jobId, workingDirectory, {
    set: at === null ? options.set : options.set.map((text) => (isOfStep(text) ? `steps[${at}].${text}` : text)),
    environment: session.host.environment,
    call: session.call,
  });
  const { directory: _, ...file } = create.output ?? {};
  const settings = { ...create, ...(at === null ? {} : create.steps?.[at]), output: file };
  const changes: Partial<InputOf<'update_job'>> = Object.fromEntries(
    [...changed].map((field) => [field, settings[field]]),
  );
  const { templateFile: path } = options;
  const template = path && (await session.call('read_prompt_file', { path })).template;
  const status = await session.call('update_job', {
    job_id: jobId,
    ...changes,
    ...(options.step === undefined ? {} : { step: options.step }),
    ...(template ? { template } : {}),
    ...(options.note ? { note: options.note } : {}),
  });
  session.answer(status, `${jobId} has revision ${status.revision}. ${await nextText(session, jobId)}`);
  return 'done';
}

/** Fields of a step. */
const OF_STEP: readonly string[] = ['template', 'schema', 'worker'];

function isOfStep(text: string): boolean {
  return OF_STEP.includes(changeableOf(text));
}

/** Returns the position of a step in the `steps` of a recipe; null = it is the step whose fields stand beside them. */
function stepIndex({ steps = [] }: InputOf<'create_job'>, name: string | undefined): number | null {
  const hasUnitSteps = steps.some(({ scope = 'unit' }) => scope === 'unit');
  const found = name === undefined ? (hasUnitSteps ? 0 : -1) : steps.findIndex((step) => step.name === name);
  return found < 0 ? null : found;
}

function changeableOf(text: string): (typeof CHANGEABLE)[number] {
  const { steps } = parseOverride(text);
  const path = steps.join('.');
  const field = CHANGEABLE.find((name) => name === steps[0]);
  if (field && path !== 'output' && path !== 'output.directory') return field;
  throw new AbpError('invalid_input', `--set ${text}: ${path} of a job cannot be changed.`, {
    hint: `Changeable: ${CHANGEABLE.join(', ')} (not output.directory). abp clone creates a new job with any other change.`,
  });
}
