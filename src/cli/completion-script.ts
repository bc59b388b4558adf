import type { Command } from 'commander';

/** Words that can follow a line. */
interface Completion {
  /** Glob of the words before the cursor, a space after each; then `-` if the word at the cursor begins with one. */
  readonly line: string;
  readonly words: readonly string[];
}

/**
 * The script that completes a program in a shell: commands, options, and choices of options and arguments, also in lists
 * between commas. It holds all words, so that no key press starts the program; elsewhere the shell completes file names.
 */
export function completionScript(program: Command, shell: 'bash' | 'zsh' | 'fish'): string {
  const completions = completionsOf(program, '');
  if (shell === 'fish') return fishScript(program.name(), completions);
  return `${shell === 'zsh' ? ZSH_SETUP : ''}${bashScript(program.name(), completions)}`;
}

/** Completions of a command and its subcommands; the first with a matching glob applies. */
function completionsOf(command: Command, path: string): readonly Completion[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  return [
    ...commands.flatMap((inner) => completionsOf(inner, `${path}${inner.name()} `)),
    ...options.flatMap(({ long, argChoices }) => (argChoices ? { line: `${path}*${long} `, words: argChoices } : [])),
    {
      line: path || ' ',
      words: [...commands.map((inner) => inner.name()), ...(command.registeredArguments[0]?.argChoices ?? [])],
    },
    { line: `${path}*-`, words: options.flatMap(({ long }) => long ?? []) },
  ].filter(({ words }) => words.length > 0);
}

/** zsh runs the script of bash. */
const ZSH_SETUP = `whence compdef > /dev/null || { autoload -Uz compinit && compinit; }
autoload -Uz bashcompinit && bashcompinit
`;

function bashScript(name: string, completions: readonly Completion[]): string {
  const cases = completions.map(
    ({ line, words }) => `    ${line.replaceAll(' ', '\\ ')}) words='${words.join(' ')}' ;;`,
  );
  return `_${name}() {
  local word="\${COMP_WORDS[COMP_CWORD]}" line="\${COMP_WORDS[*]:1:$((COMP_CWORD - 1))} " words=
  case "$word" in -*) line="$line-" ;; esac
  case "$line" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -P "\${word%"\${word##*,}"}" -W "$words" -- "\${word##*,}"))
}
complete -o default -F _${name} ${name}`;
}

function fishScript(name: string, completions: readonly Completion[]): string {
  const cases = completions.map(({ line, words }) => `    case '${line}'\n      set words ${words.join(' ')}`);
  return `function __${name}
  set -l words
  set -l word (commandline -ct)
  set -l typed (commandline -opc)[2..]
  set -l line "$typed "
  string match -q -- '-*' $word; and set line "$line-"
  switch $line
${cases.join('\n')}
    case '*'
      __fish_complete_path $word
      return
  end
  set -l list (string match -r '.*,' -- $word)
  printf '%s\\n' "$list"$words
end
complete -c ${name} -f -a '(__${name})'`;
}
