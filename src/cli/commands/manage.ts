import { FAILURE_CLASSES } from '../../domain/failure.ts';
import { UNIT_STATUSES } from '../../domain/unit.ts';
import { oneOf, unitIndexes } from '../arguments.ts';
import type { Act, DefineCommand } from '../command.ts';
import type { Session } from '../session.ts';

interface Options {
  readonly status?: (typeof UNIT_STATUSES)[number];
  readonly class?: string;
  readonly watch?: boolean;
  readonly yes?: boolean;
}

/** Help and an example for each action. */
const TEXTS = {
  retry: {
    summary: 'run failed units again',
    description: 'Makes failed units pending again; a job that has ended runs again.',
    example: 'abp retry 7f3k2m --class timeout --watch',
  },
  skip: {
    summary: 'skip pending units',
    description: 'Skips pending units; reopen makes them pending again.',
    example: 'abp skip 7f3k2m 12 40-49',
  },
  reopen: {
    summary: 'run units that have ended once more',
    description: 'Makes completed, failed, skipped or cancelled units pending again; old results stay in the history.',
    example: 'abp reopen 7f3k2m --status skipped',
  },
} as const;

/** abp retry, skip and reopen */
export const manageUnits: readonly DefineCommand[] = (['retry', 'skip', 'reopen'] as const).map(
  (action) => (program, act: Act) => {
    const { summary, description, example } = TEXTS[action];
    const command = program
      .command(`${action} <job>`)
      .argument('[units...]', 'only these units: 3, 5-9, 1,2', unitIndexes)
      .summary(summary)
      .description(description)
      .addOption(oneOf('--status <status>', 'only units with this status', UNIT_STATUSES))
      .addOption(oneOf('--class <class>', 'only units with this class of failure', FAILURE_CLASSES))
      .addHelpText('after', `\nExamples:\n  $ ${example}`);
    if (action !== 'skip') {
      command
        .option('-w, --watch', 'follow the job to its end', false)
        .option('-y, --yes', 'approve what it would run, where that needs approval', false);
    }
    command.action(
      act(async (session: Session, typed: string, units: readonly number[] | undefined, options: Options) => {
        const { watchIfAsked } = await import('../job/run-with-decisions.ts');
        const { count } = await import('../format.ts');
        const job_id = await session.jobId(typed);
        const { withApproval } = await import('../job/approval.ts');
        const { changed } = await withApproval(session, options.yes === true, () =>
          session.call('manage_units', {
            job_id,
            action,
            ...(units?.length ? { units: [...units] } : {}),
            ...(options.status ? { status: options.status } : {}),
            ...(options.class ? { failure_class: options.class } : {}),
          }),
        );
        return watchIfAsked(session, job_id, options.watch === true, `${count(changed, 'unit')} changed.`);
      }),
    );
  },
);

/** abp rerun */
export const rerun: DefineCommand = (program, act) => {
  program
    .command('rerun <job>')
    .argument('[step]', 'name of the step; default: the first one over all results')
    .summary('run a step over all results again')
    .description('Runs a step of scope job of an ended job again, and those after it; runs no unit.')
    .option('-w, --watch', 'follow the job to its end', false)
    .option('-y, --yes', 'approve what it would run, where that needs approval', false)
    .addHelpText('after', '\nExamples:\n  $ abp rerun 7f3k2m report --watch')
    .action(
      act(async (session, typed: string, step: string | undefined, options: Pick<Options, 'watch' | 'yes'>) => {
        const { watchIfAsked } = await import('../job/run-with-decisions.ts');
        const { withApproval } = await import('../job/approval.ts');
        const job_id = await session.jobId(typed);
        const input = { job_id, action: 'rerun', ...(step === undefined ? {} : { step }) } as const;
        await withApproval(session, options.yes === true, () => session.call('manage_units', input));
        return watchIfAsked(session, job_id, options.watch === true, 'The step runs.');
      }),
    );
};
