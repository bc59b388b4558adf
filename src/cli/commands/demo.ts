import type { DefineCommand } from '../command.ts';

/** abp demo, for `npm run demo`; hidden in --help. */
export const demo: DefineCommand = (program, act) => {
  program
    .command('demo', { hidden: true })
    .description(
      'Runs examples/documents, with Claude Code if it is installed, logged in and you agree, otherwise offline.',
    )
    .option('--offline', 'use the offline worker without asking; costs nothing', false)
    .action(
      act(async (session, { offline }: { offline: boolean }) => {
        const { runDemo } = await import('../demo.ts');
        return runDemo(session, offline);
      }),
    );
};
