import { stringify } from 'yaml';
import type { WorkerChoice } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { redactJson } from '../../domain/redact.ts';
import { shownWorker } from '../../orchestrator/queries/shown-worker.ts';
import { parseYaml } from '../batch-file/document.ts';
import { batchOf, batchText } from '../batch-file/from-job.ts';
import { overridesOf, readBatch, stepsOf } from '../batch-file/read.ts';
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

/** A recipe in the form of a batch file: a worker in the field of the only step, or in each of the steps. */
type PrintedBatch = JsonObject & {
  readonly worker?: WorkerChoice;
  readonly steps?: readonly (JsonObject & { readonly worker: WorkerChoice })[];
  readonly source: JsonObject;
};

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
    // Absolute paths, so that the file can be kept in any folder.
    const { worker, steps, ...rest } = value;
    const { workers } = await session.call('check_settings', stepsOf(batch.create), { workingDirectory });
    const [first] = workers;
    const named = steps?.map((step, n) => ({ ...step, worker: workers.at(n - steps.length) ?? step.worker }));
    const printed = withoutSecrets({
      ...rest,
      ...(worker && first ? { worker: first } : {}),
      ...(named ? { steps: named } : {}),
    });
    session.answer(printed, batchText(printed).trimEnd());
    return 'done';
  }
  const job = await createFromBatch(session, batch, { yes: false });
  session.answer(job, createdText(job, false));
  return 'done';
}

/**
 * Removes secrets from a batch file: values of the workers' variables become `${NAME}`, to be set where the file is run; what
 * looks like a secret elsewhere is hidden, to be filled in by hand.
 */
function withoutSecrets(batch: PrintedBatch): JsonObject {
  const names = new Set<string>();
  const setAs = (name: string) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return '[set]';
    names.add(name);
    return `\${${name}}`;
  };
  const { worker, steps } = batch;
  const shown = {
    ...(worker ? { worker: shownWorker(worker, setAs) } : {}),
    ...(steps ? { steps: steps.map((step) => ({ ...step, worker: shownWorker(step.worker, setAs) })) } : {}),
  };
  const source = redactJson(batch.source, 'logs');
  return { ...batch, source, ...shown, ...(names.size > 0 ? { env: [...names] } : {}) };
}
