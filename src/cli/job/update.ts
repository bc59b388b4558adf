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
  readonly promptFile?: string;
  readonly note?: string;
}

/** All fields of output are one argument. */
const OUTPUT = Object.fromEntries(
  ['path', 'format', 'fields', 'status', 'force', 'raw'].map((field) => [`output.${field}`, 'output']),
) as Readonly<Record<`output.${string}`, 'output'>>;

/** Changeable settings: from the name in a batch file to the argument of update_job. */
const CHANGEABLE = {
  prompt_template: 'prompt_template',
  'output.schema': 'output_schema',
  worker: 'worker',
  limits: 'limits',
  redact_results: 'redact_results',
  ...OUTPUT,
} as const;

/** Applies the changes to the job's settings and creates a new revision of the changed ones. */
export async function updateJob(session: Session, jobId: string, options: UpdateOptions): Promise<Exit> {
  const changed = new Set(options.set.map(changeableOf));
  if (changed.size === 0 && options.promptFile === undefined) {
    throw new AbpError('invalid_input', 'Expected a change, found none.', {
      hint: `Give --set with one of ${Object.keys(CHANGEABLE).join(', ')}, or --prompt-file.`,
    });
  }
  const { input, working_directory: workingDirectory } = await session.call('job_recipe', { job_id: jobId });
  const { create } = await readBatch(stringify(batchOf(input)), jobId, workingDirectory, {
    set: options.set,
    environment: session.host.environment,
    call: session.call,
  });
  const changes: Partial<InputOf<'update_job'>> = Object.fromEntries(
    [...changed].map((field) => [CHANGEABLE[field], create[CHANGEABLE[field]]]),
  );
  const { promptFile: path } = options;
  const template = path && (await session.call('read_prompt_file', { path })).template;
  const status = await session.call('update_job', {
    job_id: jobId,
    ...changes,
    ...(template ? { prompt_template: template } : {}),
    ...(options.note ? { note: options.note } : {}),
  });
  session.answer(status, `${jobId} has revision ${status.revision}. ${await nextText(session, jobId)}`);
  return 'done';
}

function changeableOf(text: string): keyof typeof CHANGEABLE {
  const path = parseOverride(text).steps.join('.');
  const fields = Object.keys(CHANGEABLE) as (keyof typeof CHANGEABLE)[];
  const field = fields.find((name) => path === name || path.startsWith(`${name}.`));
  if (field) return field;
  throw new AbpError('invalid_input', `--set ${text}: ${path} of a job cannot be changed.`, {
    hint: `Changeable: ${fields.join(', ')}. abp clone creates a new job with any other change.`,
  });
}
