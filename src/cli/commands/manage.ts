import { FAILURE_CLASSES } from '../../domain/failure.ts';
import { UNIT_STATUSES } from '../../domain/unit.ts';
import { oneOf, unitIndexes } from '../arguments.ts';
import type { Act, DefineCommand } from '../command.ts';
import type { Session } from '../session.ts';

type Action = 'retry' | 'skip' | 'reopen' | 'post_process';

interface Options {
  readonly status?: (typeof UNIT_STATUSES)[number];
  readonly class?: string;
  readonly watch?: boolean;
  readonly yes?: boolean;
  readonly postProcessing?: boolean;
}

/** Of each action: what help says, and an example. */
const TEXTS = {
  retry: {
    summary: 'try failed units again',
    description: 'Puts failed units back to pending; a job that has ended runs again.',
    example: 'abp retry 7f3k2m --class timeout --watch',
  },
  skip: {
    summary: 'leave pending units out',
    description: 'Leaves pending units out; reopen takes them back.',
    example: 'abp skip 7f3k2m 12 40-49',
  },
  reopen: {
    summary: 'put units back that have ended',
    description:
      'Puts completed, failed, skipped or cancelled units back to pending, to be run (again); old results stay in the history.',
    example: 'abp reopen 7f3k2m --status skipped',
  },
} as const;

/** abp retry, skip, reopen: one command each, made alike. */
export const manageUnits: readonly DefineCommand[] = (['retry', 'skip', 'reopen'] as const).map(
  (action) => (program, act: Act) => {
    const { summary, description, example } = TEXTS[action];
    const command = program
      .command(`${action} <job>`)
      .argument('[units...]', 'only these units: 3, 5-9, 1,2', unitIndexes)
      .summary(summary)
      .description(description)
      .addOption(oneOf('--status <status>', 'only units in this status', UNIT_STATUSES))
      .addOption(oneOf('--class <class>', 'only units that failed in this class', FAILURE_CLASSES))
      .addHelpText('after', `\n  $ ${example}`);
    if (action !== 'skip') {
      command
        .option('-w, --watch', 'follow the job to its end', false)
        .option('-y, --yes', 'allow what it would run, if that has to be approved', false);
    }
    if (action === 'retry') command.option('--post-processing', 'run the post-processing again, no unit', false);
    command.action(
      act(async (session: Session, typed: string, units: readonly number[] | undefined, options: Options) => {
        const { watchIfAsked: afterwards } = await import('../job/watch-if-asked.ts');
        const { count } = await import('../format.ts');
        const job_id = await session.jobId(typed);
        const chosen: Action = options.postProcessing ? 'post_process' : action;
        const { askingForApproval } = await import('../job/allow.ts');
        const { changed } = await askingForApproval(session, options.yes === true, () =>
          session.call('manage_units', {
            job_id,
            action: chosen,
            ...(units?.length ? { units: [...units] } : {}),
            ...(options.status ? { status: options.status } : {}),
            ...(options.class ? { failure_class: options.class } : {}),
          }),
        );
        const done = chosen === 'post_process' ? 'Post-processing runs.' : `${count(changed, 'unit')} changed.`;
        return afterwards(session, job_id, options.watch === true, done);
      }),
    );
  },
);
