import type { DefineCommand } from '../command.ts';

/** abp approvals, with allow and revoke */
export const approvals: DefineCommand = (program, act) => {
  const group = program
    .command('approvals')
    .summary('list, allow and revoke what jobs may do beyond their bounds')
    .description(
      'Lists approvals, given and awaited: of jobs and sources that can do more than read their home and write their output directory.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ abp approvals\n  $ abp approvals allow 7f3k2m\n  $ abp approvals revoke 3f9a01c2',
    )
    .action(
      act(async (session) => {
        const { showApprovals } = await import('../upkeep/approvals.ts');
        return showApprovals(session);
      }),
    );
  group
    .command('allow <what>')
    .summary('allow a job, a batch file, or a source that awaits approval')
    .description(
      'Shows what a job (by its id), a batch file (by its path) or a source (by its definition) would do, and records your approval of exactly that: any change needs a new one. Runs nothing.',
    )
    .option('-y, --yes', 'allow it without asking', false)
    .addHelpText('after', '\nExamples:\n  $ abp approvals allow 7f3k2m\n  $ abp approvals allow batch.yaml --yes')
    .action(
      act(async (session, what: string, { yes }: { yes: boolean }) => {
        const { allowFromTerminal } = await import('../upkeep/approvals.ts');
        return allowFromTerminal(session, what, yes);
      }),
    );
  group
    .command('revoke <definition>')
    .summary('revoke an approval; jobs that run under it are paused')
    .description('Revokes an approval. Jobs that run under it are paused before their next run.')
    .addHelpText('after', '\nExamples:\n  $ abp approvals revoke 3f9a01c2')
    .action(
      act(async (session, definition: string) => {
        const { revokeFromTerminal } = await import('../upkeep/approvals.ts');
        return revokeFromTerminal(session, definition);
      }),
    );
};
