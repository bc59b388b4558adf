import { execa, execaSync } from 'execa';
import { describe, expect, test } from 'vitest';
import { type Workspace, workspace } from './abp.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/** What a shell runs to print the words that it would offer for the line `abp "$@"`, the last word being typed. */
const OFFER: Readonly<Record<Shell, string>> = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is for the shell
  bash: '. ./script; COMP_WORDS=(abp "$@"); COMP_CWORD=$#; _abp; printf "%s\\n" "${COMPREPLY[@]}"',
  // zsh itself picks those that fit the typed word.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is for the shell
  zsh: '. ./script; emulate ksh; COMP_WORDS=(abp "$@"); COMP_CWORD=$#; _abp; printf "%s\\n" "${COMPREPLY[@]}"',
  fish: 'source ./script; complete -C "abp "(string join " " -- $argv)',
};
const OPTIONS: Readonly<Record<Shell, readonly string[]>> = {
  bash: ['--norc', '-c'],
  zsh: ['-f', '-c'],
  fish: ['--no-config', '-c'],
};

const isInstalled = (shell: Shell) => execaSync(shell, ['--version'], { reject: false }).exitCode === 0;

/** A workspace with the script of a shell, read by that shell. */
async function completing(shell: Shell, space: Workspace = workspace([])) {
  const printed = await space.program('completion', shell);
  expect(printed).toMatchObject({ exitCode: 0, stderr: '' });
  space.write('script', printed.stdout);
  return async (...words: readonly string[]): Promise<readonly string[]> => {
    const { stdout, stderr } = await execa(
      shell,
      [...OPTIONS[shell], OFFER[shell], ...(shell === 'fish' ? [] : [shell]), ...words],
      { cwd: space.folder, env: space.environment, extendEnv: false },
    );
    expect(stderr).toBe('');
    return stdout.split('\n').filter((word) => word !== '');
  };
}

describe('bash', () => {
  test('completes commands, and commands below a command', async () => {
    const offered = await completing('bash');
    expect(await offered('sta')).toEqual(['start', 'status']);
    expect(await offered('')).toEqual(expect.arrayContaining(['run', 'doctor', 'completion']));
    expect(await offered('')).not.toContain('demo');
    expect(await offered('approvals', '')).toEqual(['allow', 'revoke']);
    expect(await offered('prompt', '')).toEqual(['preview']);
  });

  test('completes options of the command once a dash is typed, and leaves other words to file names', async () => {
    const offered = await completing('bash');
    expect(await offered('run', 'batch.yaml', '--d')).toEqual(['--dry-run', '--detach']);
    expect(await offered('approvals', 'allow', '-')).toEqual(['--yes', '--help', '--version', '--json']);
    expect(await offered('--')).toEqual(['--version', '--json', '--help']);
    expect(await offered('run', '')).toEqual([]);
    expect(await offered('watch', 'job-')).toEqual([]);
  });

  test('completes the fixed values of options and arguments, in lists too', async () => {
    const offered = await completing('bash');
    expect(await offered('retry', 'x', '--status', 'f')).toEqual(['failed']);
    expect(await offered('export', 'x', 'y', '--format', '')).toEqual(['csv', 'tsv', 'jsonl', 'json', 'markdown']);
    expect(await offered('logs', 'x', '--scope', 'j')).toEqual(['job']);
    expect(await offered('completion', 'z')).toEqual(['zsh']);
    for (const command of ['units', 'retry', 'skip', 'reopen']) {
      expect(await offered(command, 'x', '--class', 'time')).toEqual(['timeout']);
    }
    for (const command of ['units', 'export']) {
      expect(await offered(command, 'x', '--status', 'c')).toEqual(['completed', 'cancelled']);
      expect(await offered(command, 'x', '--status', 'completed,ca')).toEqual(['completed,cancelled']);
    }
  });

  test('can read the script twice', async () => {
    const space = workspace([]);
    space.write('script', (await space.program('completion', 'bash')).stdout);
    const ran = await execa('bash', ['--norc', '-c', '. ./script; . ./script; complete -p abp'], { cwd: space.folder });
    expect(ran).toMatchObject({ stdout: 'complete -o default -F _abp abp', stderr: '' });
  });
});

describe.runIf(isInstalled('zsh'))('zsh (needs zsh)', () => {
  test('completes the same words', async () => {
    const offered = await completing('zsh');
    expect(await offered('sta')).toEqual(expect.arrayContaining(['start', 'status']));
    expect(await offered('run', 'batch.yaml', '--d')).toEqual(expect.arrayContaining(['--dry-run', '--detach']));
    expect(await offered('units', 'x', '--status', 'completed,c')).toContain('completed,cancelled');
  });
});

describe.runIf(isInstalled('fish'))('fish (needs fish)', () => {
  test('completes the same words, and file names elsewhere', async () => {
    const offered = await completing('fish', workspace());
    expect(await offered('sta')).toEqual(['start', 'status']);
    expect(await offered('approvals', "''")).toEqual(['allow', 'revoke']);
    expect(await offered('run', 'batch.yaml', '--d')).toEqual(['--detach', '--dry-run']);
    expect(await offered('units', 'x', '--status', 'completed,ca')).toEqual(['completed,cancelled']);
    expect(await offered('run', 'ba')).toEqual(['batch.yaml']);
  });
});

test.each<Shell>(['bash', 'zsh', 'fish'])('abp completion %s prints a script that starts no program', async (shell) => {
  const { exitCode, stdout } = await workspace().program('completion', shell);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(shell === 'fish' ? /complete -c abp/ : /complete .*-F _abp abp/);
  expect(stdout).not.toMatch(/\$\(abp|\babp complete\b/);
});
