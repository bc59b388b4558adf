import type { DefineCommand } from '../command.ts';

/** abp demo: behind `npm run demo`, not shown in --help. */
export const demo: DefineCommand = (program, act) => {
  program
    .command('demo', { hidden: true })
    .description(
      'Runs examples/documents: with Claude Code when it is installed, logged in and you agree, else offline.',
    )
    .option('--offline', 'do not ask: use the offline worker, which costs nothing', false)
    .action(
      act(async (session, { offline }: { offline: boolean }) => {
        const { runDemo } = await import('../demo.ts');
        return runDemo(session, offline);
      }),
    );
};
