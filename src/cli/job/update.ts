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
  const { create } = await readBatch(stringify(batchOf(input)), jobId, workingDirectory, {
    set: options.set,
    environment: session.host.environment,
    call: session.call,
  });
  const { directory: _, ...file } = create.output ?? {};
  const settings = { ...create, output: file };
  const changes: Partial<InputOf<'update_job'>> = Object.fromEntries(
    [...changed].map((field) => [field, settings[field]]),
  );
  const { templateFile: path } = options;
  const template = path && (await session.call('read_prompt_file', { path })).template;
  const status = await session.call('update_job', {
    job_id: jobId,
    ...changes,
    ...(template ? { template } : {}),
    ...(options.note ? { note: options.note } : {}),
  });
  session.answer(status, `${jobId} has revision ${status.revision}. ${await nextText(session, jobId)}`);
  return 'done';
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
