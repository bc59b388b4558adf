import { execa } from 'execa';
import { onTestFinished, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { MAIN, type Workspace } from './abp.ts';

/** `abp` on a pseudo-terminal, as a person sees it. */
export interface TerminalRun {
  /** Everything printed so far, with what drives the terminal. */
  screen(): string;
  /** The same as plain text. */
  text(): string;
  type(keys: string): void;
  /** Waits until the text shows something. */
  shows(pattern: RegExp): Promise<void>;
  /** The exit code, when it has ended. */
  readonly ended: Promise<number | undefined>;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: sequences that drive a terminal begin with one
const SEQUENCE = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** Starts `abp` on a terminal of 110 by 40 that `script` of util-linux (or of BSD) makes. */
export function onTerminal(space: Workspace, ...args: readonly string[]): TerminalRun {
  return inShell(space, args, '');
}

/** The same, with what a shell does on that terminal when `abp` has ended. */
export function onTerminalThen(space: Workspace, args: readonly string[], after: string): TerminalRun {
  return inShell(space, args, after);
}

function inShell({ folder, environment }: Workspace, args: readonly string[], after: string): TerminalRun {
  const words = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
  const command = `stty rows 40 cols 110; ${after === '' ? `exec ${words}` : `trap : INT; ${words}; ${after}`}`;
  const script =
    process.platform === 'darwin'
      ? ['-q', '/dev/null', 'sh', '-c', command]
      : ['--quiet', '--flush', '--return', '--command', command, '/dev/null'];
  const child = execa('script', script, {
    cwd: folder,
    env: { ...environment, TERM: 'xterm-256color' },
    extendEnv: false,
    stdin: 'pipe',
    reject: false,
    buffer: false,
  });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  const text = () => screen.replace(SEQUENCE, '').replaceAll('\r', '');
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    screen: () => screen,
    text,
    type: (keys) => void child.stdin.write(keys),
    shows: (pattern) =>
      vi.waitFor(() => {
        if (!pattern.test(text())) throw new Error(`${pattern} is not on the screen:\n${text()}`);
      }, PATIENCE),
    ended: child.then((result) => result.exitCode),
  };
}
