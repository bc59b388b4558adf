import { resolve } from 'node:path';
import { AbpError } from '../../domain/error.ts';
import { refuseRecursion } from '../../executor/launch.ts';
import { fileTarget } from '../../executor/write-target.ts';
import { checkTarget } from '../../export/atomic-file.ts';
import { exportFormatOf, requireFormatOf } from '../../export/index.ts';
import { preflight } from '../../orchestrator/settings.ts';
import { type Batch, type BatchExport, readBatchFile, workerOf } from '../batch-file/read.ts';
import { type Exit, exitOfError } from '../exit-codes.ts';
import { count } from '../format.ts';
import { errorDocument, type Session } from '../session.ts';
import { printable } from '../terminal.ts';
import { sourceLines } from '../warnings.ts';
import { askingForApproval } from './allow.ts';
import { carryOut } from './carry-out.ts';
import { showDryRun } from './dry-run.ts';
import { exportAtEnd, exportCommand } from './export.ts';
import { warnOfMissingFields } from './missing-fields.ts';
import { exportSuggestion } from './next-commands.ts';
import type { Status } from './status-text.ts';

/** Options of `abp run`. */
export interface RunOptions {
  readonly yes: boolean;
  readonly skipTest: boolean;
  readonly limit?: number;
  readonly set: readonly string[];
  readonly output?: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly detach: boolean;
}

/** Runs a batch file from its check to its export. Whatever is wrong with it is said before a job exists. */
export async function runBatch(session: Session, file: string, options: RunOptions): Promise<Exit> {
  const batch = await prepare(session, file, options);
  if (options.dryRun) return showDryRun(session, batch, options.yes);
  await preflight((await session.abp()).orchestrator.deps, workerOf(batch));
  const { job_id } = await createFrom(session, batch, options.yes);
  const exit = await carryOut(session, job_id, {
    yes: options.yes,
    skipTest: options.skipTest || batch.skipTest,
    detach: options.detach,
  });
  const { status } = await session.call('get_job_status', { job_id });
  const ended = status === 'completed' || status === 'failed';
  const exported = ended && batch.export ? await exportAtEnd(session, job_id, batch.export) : null;
  if (ended && !batch.export) session.say(`Export the results with: ${exportSuggestion(job_id)}`);
  if (MAY_END.includes(status) && batch.export) {
    session.say(`Its results are exported by hand, when it has ended: ${exportCommand(job_id, batch.export)}`);
  }
  const { report = null, error } = exported ?? {};
  const problem = error ? { export_error: errorDocument(error) } : {};
  session.answer({ ...(await session.call('get_job_status', { job_id })), export: report, ...problem });
  return error ? exitOfError(error) : exit;
}

/** Left by its person, who may come back to it. */
const MAY_END: readonly Status['status'][] = ['testing', 'running', 'paused', 'post_processing'];

/** Reads and checks the file, and that its results can be written where it says. */
export async function prepare(
  session: Session,
  file: string,
  options: Pick<RunOptions, 'set' | 'limit' | 'output' | 'force'>,
): Promise<Batch> {
  const { orchestrator } = await session.abp();
  const { environment, workers } = orchestrator.deps;
  const batch = await readBatchFile(file, { set: options.set, limit: options.limit, environment, workers });
  for (const warning of batch.warnings) session.say(session.terminal.colors.yellow(warning));
  const target = targetOf(batch.export, options);
  // Of a job that does not exist yet nothing was exported.
  if (target) await checkTarget(fileTarget(orchestrator.deps.places, target.path, [batch.directory]), target);
  return { ...batch, export: target };
}

/** Makes the job, telling how far the source has been read. `yes`: a source that has to be allowed is. */
export async function createFrom(session: Session, batch: Batch, yes: boolean): Promise<Status> {
  const { say, terminal } = session;
  const { deps } = (await session.abp()).orchestrator;
  // Not the fault of the file.
  refuseRecursion(deps.environment);
  const progress = (text: string) => terminal.interactive && terminal.human.write(`\r${printable(text)}\u001b[K`);
  const create = (signal: AbortSignal) =>
    session.call('create_job', batch.create, {
      workingDirectory: batch.directory,
      signal,
      onProgress: ({ message }) => progress(`${message}…`),
    });
  const job = await batch.located(() =>
    askingForApproval(session, yes, () => session.interruptible(create).finally(() => progress(''))),
  );
  say(`${terminal.colors.bold(printable(job.name))} is ${job.job_id}: ${count(job.units.total, 'unit')}`);
  for (const line of sourceLines(terminal.colors, job)) say(line);
  const { jobs, units } = deps.repository;
  const first = units.get({ jobId: job.job_id, stage: 'main', index: 0 })?.payload;
  if (first) warnOfMissingFields(session, batch, jobs.get(job.job_id)?.fields ?? [], first);
  return job;
}

/** What a person would do with a job that was just made. `allowed`: whoever has to allow it has. */
export function createdText({ job_id, approval }: Status, allowed: boolean): string {
  const asks = approval?.person === true && !allowed ? 'asks for your approval, then ' : '';
  return `abp start ${job_id} ${asks}tries one unit; abp show ${job_id} has the prompt.`;
}

function targetOf(
  fromFile: BatchExport | null,
  { output, force }: Pick<RunOptions, 'output' | 'force'>,
): BatchExport | null {
  if (output === undefined) return fromFile && { ...fromFile, force: fromFile.force || force };
  if (output === '-') {
    throw new AbpError('invalid_input', '-o -: expected a file; stdout tells how the run goes.', {
      hint: 'When it has ended, export to - writes the results to stdout.',
    });
  }
  // A format that is not that of the file's own name was chosen.
  const chosen = fromFile && exportFormatOf(fromFile.path) !== fromFile.format ? fromFile.format : null;
  const format = exportFormatOf(output) ?? chosen ?? requireFormatOf(output);
  return { ...fromFile, path: resolve(output), format, force };
}
