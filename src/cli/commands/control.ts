import type { Progress } from '../../orchestrator/operation.ts';
import { atLeast, unitIndexes } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';

/** abp pause */
export const pause: DefineCommand = (program, act) => {
  program
    .command('pause <job>')
    .summary('start no more units')
    .description(
      'Pauses a running job. Running units finish; with --hard they are interrupted and become pending. Nothing is lost.',
    )
    .option('--hard', 'interrupt running units', false)
    .addHelpText('after', '\nExamples:\n  $ abp pause 7f3k2m')
    .action(
      act(async (session, typed: string, { hard }: { hard: boolean }) => {
        const status = await session.call('pause_job', { job_id: await session.jobId(typed), hard });
        const { nextText } = await import('../job/next-commands.ts');
        session.answer(status, `${status.job_id} is paused. ${await nextText(session, status.job_id)}`);
        return 'done';
      }),
    );
};

interface ResumeOptions {
  readonly maxWorkers?: number;
  readonly watch: boolean;
  readonly yes: boolean;
}

/** abp resume */
export const resume: DefineCommand = (program, act) => {
  program
    .command('resume <job>')
    .summary('continue a paused job, or one whose executor died')
    .description(
      'Continues a paused job, starts a new executor for a job whose executor died, and changes the slots of a running job.',
    )
    .option('--max-workers <n>', 'number of units that run at the same time, from now on', atLeast(1))
    .option('-w, --watch', 'follow the job to its end', false)
    .option('-y, --yes', 'approve what it would run, where that needs approval', false)
    .addHelpText('after', '\nExamples:\n  $ abp resume 7f3k2m --max-workers 8')
    .action(
      act(async (session, typed: string, { maxWorkers, watch, yes }: ResumeOptions) => {
        const { watchIfAsked } = await import('../job/run-with-decisions.ts');
        const job_id = await session.jobId(typed);
        const { withApproval } = await import('../job/approval.ts');
        const slots = maxWorkers ? { max_workers: maxWorkers } : {};
        const onProgress = ({ message }: Progress) => session.say(message);
        const { executor, message } = await withApproval(session, yes, () =>
          session.call('resume_job', { job_id, ...slots }, { onProgress }),
        );
        const isSilent = executor.silent_s !== undefined;
        const done = isSilent ? String(message) : `${job_id} continues.`;
        return watchIfAsked(session, job_id, watch, executor.replaced_pid === undefined ? done : `${done} ${message}`);
      }),
    );
};

/** abp cancel */
export const cancel: DefineCommand = (program, act) => {
  program
    .command('cancel <job>')
    .argument('[units...]', 'only these units: 3, 5-9, 1,2', unitIndexes)
    .summary('cancel a job for good, or some of its units')
    .description(
      'Stops running units and cancels pending ones; results so far are kept. A cancelled job cannot be resumed.',
    )
    .option('-y, --yes', 'do not ask', false)
    .addHelpText('after', '\nExamples:\n  $ abp cancel 7f3k2m\n  $ abp cancel 7f3k2m 12 40-49')
    .action(
      act(async (session, typed: string, units: readonly number[] | undefined, { yes }: { yes: boolean }) => {
        const { confirm } = await import('../confirm.ts');
        const { count } = await import('../format.ts');
        const job_id = await session.jobId(typed);
        const what = units?.length ? `${count(units.length, 'unit')} of ${job_id}` : job_id;
        if (!(await confirm(session, `Cancel ${what} for good?`, yes))) return 'cancelled';
        const status = units?.length
          ? await session.call('manage_units', { job_id, action: 'cancel', units: [...units] })
          : await session.call('cancel_job', { job_id });
        session.answer(
          status,
          units?.length ? `${count(Number(status.changed), 'unit')} cancelled.` : `${job_id} is cancelled.`,
        );
        return 'done';
      }),
    );
};
