import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { AbpError } from '../../domain/error.ts';
import { recipeOf } from '../../orchestrator/clone-job.ts';
import type { InputOf } from '../../orchestrator/index.ts';
import { loadPromptFile } from '../../prompt/prompt-file.ts';
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

/** All of it is one argument. */
const OUTPUT = Object.fromEntries(
  ['path', 'format', 'fields', 'status', 'force', 'raw'].map((field) => [`output.${field}`, 'output']),
) as Readonly<Record<`output.${string}`, 'output'>>;

/** What of a job may change, by its name in a batch file: the argument of update_job. */
const CHANGEABLE = {
  prompt_template: 'prompt_template',
  'output.schema': 'output_schema',
  worker: 'worker',
  limits: 'limits',
  redact_results: 'redact_results',
  ...OUTPUT,
} as const;

/** Lays the changes over the job's present settings and makes a new revision of what was touched. */
export async function updateJob(session: Session, jobId: string, options: UpdateOptions): Promise<Exit> {
  const touched = new Set(options.set.map(changeableOf));
  if (touched.size === 0 && options.promptFile === undefined) {
    throw new AbpError('invalid_input', 'Nothing to change was given.', {
      hint: `Give --set with one of ${Object.keys(CHANGEABLE).join(', ')}, or --prompt-file.`,
    });
  }
  const { deps } = (await session.abp()).orchestrator;
  const { input, workingDirectory } = await recipeOf(deps, jobId);
  const { environment, workers } = deps;
  const { create } = await readBatch(stringify(batchOf(input)), jobId, workingDirectory, {
    set: options.set,
    environment,
    workers,
  });
  const changes: Partial<InputOf<'update_job'>> = Object.fromEntries(
    [...touched].map((field) => [CHANGEABLE[field], create[CHANGEABLE[field]]]),
  );
  const template = options.promptFile && (await loadPromptFile(resolve(options.promptFile))).text;
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
    hint: `What can: ${fields.join(', ')}. abp clone makes a new job with anything changed.`,
  });
}
