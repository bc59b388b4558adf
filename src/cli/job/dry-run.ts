import { type AbpError, toAbpError } from '../../domain/error.ts';
import type { WorkerChoice } from '../../domain/job.ts';
import { sentences } from '../../domain/sentences.ts';
import { type Batch, workersOf } from '../batch-file/read.ts';
import type { Exit } from '../exit-codes.ts';
import { count } from '../format.ts';
import { errorHint } from '../hint-words.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';
import { sourceLines } from '../warnings.ts';
import { withApproval } from './approval.ts';
import { warnOfMissingFields } from './missing-fields.ts';

/** Shows what a batch file would do: its items, the prompt of the first one, the worker. Creates nothing. */
export async function showDryRun(session: Session, batch: Batch, yes: boolean): Promise<Exit> {
  const seen = await batch.located(() =>
    withApproval(session, yes, () =>
      session.call('preview_prompts', { ...batch.create, prompts: 1 }, { workingDirectory: batch.directory }),
    ),
  );
  const { source, missing_columns, ...rest } = seen;
  const { colors } = session.terminal;
  const { output } = batch.create;
  const workers = workersOf(batch);
  const problem = await problemOf(session, workers);
  const first = seen.prompts[0];
  warnOfMissingFields(session, missing_columns);
  session.answer(
    {
      dry_run: true,
      ...rest,
      warnings: [],
      ...source,
      ...(workers.length === 1 ? { worker: workers[0] } : { workers }),
      worker_problem: problem?.message ?? null,
      limits: batch.create.limits ?? {},
      output: batch.create.output ?? null,
    },
    [
      `${colors.bold(printable(batch.create.name))}: ${seen.complete ? '' : 'at least '}${count(seen.total, 'unit')}, nothing was created`,
      ...sourceLines(colors, source),
      ...workers.map((worker) => `worker ${printable(JSON.stringify(worker))}`),
      ...(problem
        ? [colors.yellow(printable(sentences(problem.message, errorHint(problem, session.terminal.interactive))))]
        : []),
      ...(batch.create.limits ? [`limits ${JSON.stringify(batch.create.limits)}`] : []),
      ...(output?.path ? [`results are written to ${printable(output.path)}`] : []),
      ...(first
        ? [
            '',
            colors.bold('System prompt, the same for every unit'),
            printable(seen.system, true),
            '',
            colors.bold('Prompt of unit 0'),
            printable(first.user, true),
          ]
        : []),
    ].join('\n'),
  );
  return 'done';
}

/** Returns why one of these workers cannot run here; null = all can. */
async function problemOf(session: Session, workers: readonly WorkerChoice[]): Promise<AbpError | null> {
  for (const worker of workers) {
    try {
      await session.call('check_worker', { worker });
    } catch (error) {
      return toAbpError(error);
    }
  }
  return null;
}
