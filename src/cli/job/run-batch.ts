import { realpathSync } from 'node:fs';
import { AbpError } from '../../domain/error.ts';
import { refuseRecursion } from '../../domain/rules/recursion.ts';
import type { BatchFileRun } from '../../orchestrator/operation.ts';
import type { FormatOption } from '../arguments.ts';
import { type Batch, readBatchFile, workersOf } from '../batch-file/read.ts';
import type { Exit } from '../exit-codes.ts';
import { count } from '../format.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';
import { sourceLines } from '../warnings.ts';
import { withApproval } from './approval.ts';
import { showDryRun } from './dry-run.ts';
import { warnOfMissingFields } from './missing-fields.ts';
import { outputDocument, printOutput } from './output-text.ts';
import { runWithDecisions } from './run-with-decisions.ts';
import type { Status } from './status-text.ts';

/** Options of `abp run`. */
export interface RunOptions {
  readonly yes: boolean;
  readonly skipTest: boolean;
  readonly limit?: number;
  readonly set: readonly string[];
  readonly output?: string;
  readonly format?: FormatOption;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly detach: boolean;
  readonly new: boolean;
}

/** Runs a batch file from its check to its export. Errors in it are reported before a job exists. */
export async function runBatch(session: Session, file: string, options: RunOptions): Promise<Exit> {
  const batch = await prepare(session, file, options);
  if (options.dryRun) return showDryRun(session, batch, options.yes);
  for (const worker of workersOf(batch)) await session.call('check_worker', { worker });
  const run = { path: realpathSync.native(file), carriedOut: true, another: options.new };
  const { job_id } = await createFromBatch(session, batch, { yes: options.yes, batchFile: run });
  const exit = await runWithDecisions(session, job_id, {
    yes: options.yes,
    skipTest: options.skipTest,
    detach: options.detach,
  });
  const status = await session.call('get_job_status', { job_id });
  printOutput(session, status);
  session.answer({ ...status, ...outputDocument(status) });
  return exit;
}

/** Reads and checks a batch file, and checks that its results can be written. */
export async function prepare(
  session: Session,
  file: string,
  options: Pick<RunOptions, 'set' | 'limit' | 'output' | 'format' | 'force'>,
): Promise<Batch> {
  const { call, host } = session;
  const { set, limit, output: typed, format, force } = options;
  if (typed === '-') {
    throw new AbpError('invalid_input', '-o -: expected a file, found stdout, which shows the progress of the run.', {
      hint: 'After the run, abp export <job> - writes the results to stdout.',
    });
  }
  const { environment } = host;
  const batch = await readBatchFile(file, { set, limit, output: typed, format, environment, call });
  for (const warning of batch.warnings) session.say(session.terminal.colors.yellow(warning));
  const { output } = batch.create;
  if (output?.path === undefined) return batch;
  const forced = { ...output, ...(force && { force }) };
  await call('check_output', { output: forced }, { workingDirectory: batch.directory });
  return { ...batch, create: { ...batch.create, output: forced } };
}

/** How to create a job from a batch file. */
export interface CreateOptions {
  /** Allow a source that needs approval. */
  readonly yes: boolean;
  readonly requestId?: string | undefined;
  readonly batchFile?: BatchFileRun;
}

/** Creates the job, and shows on a terminal how much of the source was read. */
export async function createFromBatch(session: Session, batch: Batch, options: CreateOptions): Promise<Status> {
  const { yes, requestId, batchFile } = options;
  const { say, terminal } = session;
  // Checked outside of batch.located: it is not an error in the file.
  refuseRecursion(session.host.environment);
  const progress = (text: string) => terminal.interactive && terminal.human.write(`\r${printable(text)}\u001b[K`);
  const create = (signal: AbortSignal) =>
    session.call(
      'create_job',
      { ...batch.create, ...(requestId ? { request_id: requestId } : {}) },
      {
        workingDirectory: batch.directory,
        ...(batchFile ? { batchFile } : {}),
        signal,
        onProgress: ({ message }) => progress(`${message}…`),
      },
    );
  const job = await batch.located(() =>
    withApproval(session, yes, () => session.interruptible(create).finally(() => progress(''))),
  );
  say(`${terminal.colors.bold(printable(job.name))} is ${job.job_id}: ${count(job.units.total, 'unit')}`);
  for (const line of sourceLines(terminal.colors, job)) say(line);
  const { missing_columns } = await session.call('find_missing_columns', { job_id: job.job_id });
  warnOfMissingFields(session, missing_columns);
  return job;
}

/** The commands for a job that was just created. `allowed`: it needs no approval any more. */
export function createdText({ job_id, approval, test_units }: Status, allowed: boolean): string {
  const asks = approval?.person === true && !allowed ? 'asks for your approval, then ' : '';
  const does = test_units === 0 ? 'runs all units without a test' : 'tests one unit';
  return `abp start ${job_id} ${asks}${does}; abp show ${job_id} shows the prompt.`;
}
