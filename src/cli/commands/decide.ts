import type { DefineCommand } from '../command.ts';
import type { Session } from '../session.ts';

interface StartOptions {
  readonly yes: boolean;
  readonly again: boolean;
  readonly skipTest: boolean;
  readonly detach: boolean;
  readonly note?: string;
}

interface DecideOptions {
  readonly note?: string;
}

interface ApproveOptions extends DecideOptions {
  readonly watch: boolean;
  readonly yes: boolean;
}

/** abp start */
export const start: DefineCommand = (program, act) => {
  program
    .command('start <job>')
    .summary('test a created job, then run it')
    .description(
      'Tries the test units of a job, shows them, asks whether to run the others, and follows them to the end. With --again it tries a failed test once more, after what it needs was fixed.',
    )
    .option('--again', 'try a failed test again: real cost', false)
    .option('-y, --yes', 'allow what it can do, and approve a passed test, without asking', false)
    .option('--skip-test', 'run everything at once, without a test', false)
    .option('--detach', 'do not wait for the end once it runs', false)
    .option('--note <text>', 'why, for the record')
    .addHelpText('after', '\n  $ abp start 7f3k2m --yes --detach\n  $ abp start 7f3k2m --again')
    .action(
      act(async (session, typed: string, options: StartOptions) => {
        const { runWithDecisions: carryOut } = await import('../job/run-with-decisions.ts');
        const jobId = await session.jobId(typed);
        const exit = await carryOut(session, jobId, options);
        if (session.json) session.answer(await session.call('get_job_status', { job_id: jobId }));
        return exit;
      }),
    );
};

/** abp approve */
export const approve: DefineCommand = (program, act) => {
  program
    .command('approve <job>')
    .summary('approve a passed test: run all other units')
    .description('Says yes to a job whose test has passed: all other units run.')
    .option('--note <text>', 'why, for the record')
    .option('-w, --watch', 'follow it to its end', false)
    .option('-y, --yes', 'allow what it would run, if that was changed since', false)
    .addHelpText('after', '\n  $ abp approve 7f3k2m --watch')
    .action(
      act(async (session, typed: string, options: ApproveOptions) => {
        const { watchIfAsked: afterwards } = await import('../job/watch-if-asked.ts');
        const jobId = await decide(session, typed, true, { note: options.note, yes: options.yes });
        return afterwards(session, jobId, options.watch, `${jobId} runs by itself.`);
      }),
    );
};

/** abp reject */
export const reject: DefineCommand = (program, act) => {
  program
    .command('reject <job>')
    .summary('reject a test: its units are pending again')
    .description(
      'Says no to a test, running or ended: its units are put back, nothing else has run. The job can be tested again.',
    )
    .option('--note <text>', 'why, for the record')
    .addHelpText('after', '\n  $ abp reject 7f3k2m --note "wrong language"')
    .action(
      act(async (session, typed: string, { note }: DecideOptions) => {
        const jobId = await decide(session, typed, false, { note, yes: false });
        const { nextText } = await import('../job/next-commands.ts');
        const status = await session.call('get_job_status', { job_id: jobId });
        session.answer(status, `${jobId} is as it was created. ${await nextText(session, jobId)}`);
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
  const { askingForApproval } = await import('../job/allow.ts');
  await askingForApproval(session, yes, async () => {
    // What was allowed a moment ago is part of what is decided about.
    const { approval } = await session.call('get_job_status', { job_id });
    const shown = approval?.shown === undefined ? {} : { shown: approval.shown };
    const decision = { job_id, approve, wait_seconds: 0, ...shown, ...(note ? { note } : {}) };
    return session.call('start_job', decision);
  });
  return job_id;
}
