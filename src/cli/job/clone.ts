import { stringify } from 'yaml';
import type { WorkerChoice } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { redactJson } from '../../domain/redact.ts';
import { shownWorker } from '../../orchestrator/queries/shown-worker.ts';
import { parseYaml } from '../batch-file/document.ts';
import { batchOf, batchText } from '../batch-file/from-job.ts';
import { overridesOf, readBatch, workerOf } from '../batch-file/read.ts';
import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { createdText, createFromBatch } from './run-batch.ts';

/** Options of `abp clone`. */
export interface CloneOptions {
  readonly name?: string;
  readonly limit?: number;
  readonly set: readonly string[];
  readonly print: boolean;
}

type PrintedBatch = JsonObject & { readonly worker: WorkerChoice; readonly source: JsonObject };

/** Writes a job's settings as a batch file, and prints it or creates a job from it. */
export async function cloneJob(session: Session, jobId: string, options: CloneOptions): Promise<Exit> {
  const { input, working_directory: workingDirectory } = await session.call('job_recipe', { job_id: jobId });
  const text = stringify(batchOf({ ...input, ...(options.name ? { name: options.name } : {}) }));
  const batch = await readBatch(text, jobId, workingDirectory, {
    set: options.set,
    limit: options.limit,
    environment: session.host.environment,
    call: session.call,
  });
  if (options.print) {
    const { value } = parseYaml(text, jobId, overridesOf(options)) as { value: PrintedBatch };
    const choice = workerOf(batch);
    // Absolute paths, so that the file can be kept in any folder.
    const { worker } = await session.call('check_settings', { worker: choice }, { workingDirectory });
    const printed = withoutSecrets({ ...value, worker: worker ?? choice });
    session.answer(printed, batchText(printed).trimEnd());
    return 'done';
  }
  const job = await createFromBatch(session, batch, { yes: false });
  session.answer(job, createdText(job, false));
  return 'done';
}

/**
 * Removes secrets from a batch file: values of the worker's variables become `${NAME}`, to be set where the file is run; what
 * looks like a secret elsewhere is hidden, to be filled in by hand.
 */
function withoutSecrets(batch: PrintedBatch): JsonObject {
  const names = new Set<string>();
  const worker = shownWorker(batch.worker, (name) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return '[set]';
    names.add(name);
    return `\${${name}}`;
  });
  const source = redactJson(batch.source, 'logs');
  return { ...batch, source, worker, ...(names.size > 0 ? { env: [...names] } : {}) };
}
