import { Argument } from 'commander';
import type { DefineCommand } from '../command.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** abp completion */
export const completion: DefineCommand = (program, act) => {
  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .summary('complete commands and options with the tab key')
    .description(
      'Prints the script with which a shell completes the commands of abp, their options and the fixed values of options.',
    )
    .addHelpText(
      'after',
      `
In ~/.bashrc, in ~/.zshrc, in ~/.config/fish/config.fish:
  $ eval "$(abp completion bash)"
  $ eval "$(abp completion zsh)"
  $ abp completion fish | source`,
    )
    .action(
      act(async (session, shell: (typeof SHELLS)[number]) => {
        const { completionScript } = await import('../completion-script.ts');
        const script = completionScript(program, shell);
        session.answer({ shell, script }, script);
        return 'done';
      }),
    );
};
