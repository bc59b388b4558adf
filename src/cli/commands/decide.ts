import type { DefineCommand } from '../command.ts';
import type { DecideOptions } from '../job/run-with-decisions.ts';
import type { Session } from '../session.ts';

interface ApproveOptions {
  readonly note?: string;
  readonly watch: boolean;
  readonly yes: boolean;
}

/** abp start */
export const start: DefineCommand = (program, act) => {
  program
    .command('start <job>')
    .summary('test a created job, then run it')
    .description(
      'Runs the test units of a job, shows their results, asks whether to run the others, and follows them to the end. With --again it repeats a failed test, after its cause was fixed.',
    )
    .option('--again', 'repeat a failed test; costs again', false)
    .option('-y, --yes', 'allow what it can do and approve a passed test without asking', false)
    .option('--skip-test', 'run all units without a test', false)
    .option('--detach', 'return as soon as the job runs', false)
    .option('--note <text>', 'reason, for the record')
    .addHelpText('after', '\nExamples:\n  $ abp start 7f3k2m --yes --detach\n  $ abp start 7f3k2m --again')
    .action(
      act(async (session, typed: string, options: DecideOptions) => {
        const { runWithDecisions } = await import('../job/run-with-decisions.ts');
        const jobId = await session.jobId(typed);
        const exit = await runWithDecisions(session, jobId, options);
        if (session.json) session.answer(await session.call('get_job_status', { job_id: jobId }));
        return exit;
      }),
    );
};

/** abp approve */
export const approve: DefineCommand = (program, act) => {
  program
    .command('approve <job>')
    .summary('approve a passed test and run all other units')
    .description('Approves a job whose test has passed: all other units run.')
    .option('--note <text>', 'reason, for the record')
    .option('-w, --watch', 'follow the job to its end', false)
    .option('-y, --yes', 'approve what it would run, if that has changed', false)
    .addHelpText('after', '\nExamples:\n  $ abp approve 7f3k2m --watch')
    .action(
      act(async (session, typed: string, options: ApproveOptions) => {
        const { watchIfAsked } = await import('../job/run-with-decisions.ts');
        const jobId = await decide(session, typed, true, { note: options.note, yes: options.yes });
        return watchIfAsked(session, jobId, options.watch, `${jobId} runs in the background.`);
      }),
    );
};

/** abp reject */
export const reject: DefineCommand = (program, act) => {
  program
    .command('reject <job>')
    .summary('reject a test; its units become pending')
    .description(
      'Rejects a test, running or ended: its units become pending, no other has run. The job can be tested again.',
    )
    .option('--note <text>', 'reason, for the record')
    .addHelpText('after', '\nExamples:\n  $ abp reject 7f3k2m --note "wrong language"')
    .action(
      act(async (session, typed: string, { note }: { note?: string }) => {
        const jobId = await decide(session, typed, false, { note, yes: false });
        const { nextText } = await import('../job/next-commands.ts');
        const status = await session.call('get_job_status', { job_id: jobId });
        session.answer(status, `${jobId} has the status created again. ${await nextText(session, jobId)}`);
        return 'done';
      }),
    );
};

async function decide(
  session: Session,
  typed: string,
  approve: boolean,
  { note, yes }: { readonly note: string | undefined; readonly yes: boolean },
): Promise<string> {
  const job_id = await session.jobId(typed);
  const { withApproval } = await import('../job/approval.ts');
  await withApproval(session, yes, async () => {
    // Read again after an approval of its powers: the decision is about what was shown last.
    const { approval } = await session.call('get_job_status', { job_id });
    const shown = approval?.shown === undefined ? {} : { shown: approval.shown };
    const decision = { job_id, approve, wait_seconds: 0, ...shown, ...(note ? { note } : {}) };
    return session.call('start_job', decision);
  });
  return job_id;
}
