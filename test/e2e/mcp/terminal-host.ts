import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import xterm from '@xterm/headless';
import { execa } from 'execa';
import { onTestFinished, vi } from 'vitest';
import { installed } from '../../helpers/installation.ts';
import { type Script, startMessagesApi } from '../../helpers/messages-api.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { binWithClaude } from '../../helpers/worker.ts';
import { CLIS } from '../claude.ts';

const KEY = 'sk-ant-dummy-key-of-nobody-at-all';
const ROWS = 50;

/** Claude Code on a terminal, as the person before it sees it. */
export interface TerminalHost {
  /** The project that it works in. */
  readonly project: string;
  /** Environment of our server: for another process that looks at the same store. */
  readonly environment: Readonly<Record<string, string>>;
  /** The lines of the screen at this moment, without what is blank at their ends. */
  screen(): readonly string[];
  /** Waits until the screen shows something; the screen at that moment. */
  shows(pattern: RegExp): Promise<readonly string[]>;
  type(keys: string): void;
}

/**
 * Starts the real Claude Code with our server in a pseudo-terminal so many columns wide, in a home of its own where its
 * first-run questions are answered. Its model is played by `assistant`, that of the workers by `worker`.
 */
export async function onTerminalOfClaude({
  columns,
  assistant,
  worker,
}: {
  readonly columns: number;
  readonly assistant: Script;
  readonly worker: Script;
}): Promise<TerminalHost> {
  const root = temporaryDirectory();
  const [home, project] = ['home', 'project'].map((name) => path.join(root, name)) as [string, string];
  for (const directory of [home, project]) mkdirSync(directory, { mode: 0o700 });
  const [host, workers] = await Promise.all([startMessagesApi(assistant), startMessagesApi(worker)]);
  onTestFinished(() => Promise.all([host.close(), workers.close()]).then(() => undefined));
  const own = { ABP_STORAGE_PATH: path.join(root, 'store', 'batch.db'), ANTHROPIC_BASE_URL: workers.url };
  answerFirstRunQuestions(home, project);
  const mcp = {
    mcpServers: { abp: { command: process.execPath, args: [installed().program('main'), 'mcp'], env: own } },
  };
  writeFileSync(path.join(home, 'mcp.json'), JSON.stringify(mcp));
  const words = [CLIS[0].program, '--strict-mcp-config', '--mcp-config', path.join(home, 'mcp.json')];
  const command = [...words, '--allowedTools', 'mcp__abp__*'].map((word) => `'${word}'`).join(' ');
  const child = execa(
    'script',
    ['--quiet', '--flush', '--return', '--command', `stty rows ${ROWS} cols ${columns}; exec ${command}`, '/dev/null'],
    {
      cwd: project,
      extendEnv: false,
      reject: false,
      buffer: false,
      stdin: 'pipe',
      env: {
        PATH: `${path.dirname(process.execPath)}:${binWithClaude(CLIS[0].program)}:/usr/bin:/bin`,
        HOME: home,
        TERM: 'xterm-256color',
        SHELL: '/bin/sh',
        LANG: 'C.UTF-8',
        ANTHROPIC_API_KEY: KEY,
        ANTHROPIC_BASE_URL: host.url,
        DISABLE_AUTOUPDATER: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        MCP_TIMEOUT: String(PATIENCE.timeout),
      },
    },
  );
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await child;
    // What it started still writes into this home, which is removed next.
    await vi.waitFor(() => {
      const left = processesAtHome(home);
      for (const pid of left) process.kill(pid, 'SIGKILL');
      if (left.length > 0) throw new Error(`still alive: ${left.join(', ')}`);
    }, PATIENCE);
  });
  const terminal = new xterm.Terminal({ cols: columns, rows: ROWS, allowProposedApi: true });
  child.stdout.setEncoding('utf8').on('data', (text: string) => terminal.write(text));
  // What a program asks its terminal about.
  terminal.onData((answer) => void child.stdin.write(answer));
  const screen = () =>
    Array.from({ length: ROWS }, (_, row) => {
      const { active } = terminal.buffer;
      return active.getLine(active.viewportY + row)?.translateToString(true) ?? '';
    });
  return {
    project,
    environment: own,
    screen,
    shows: (pattern) =>
      vi.waitFor(() => {
        const lines = screen();
        if (!pattern.test(lines.join('\n'))) throw new Error(`${pattern} is not on the screen:\n${lines.join('\n')}`);
        return lines;
      }, PATIENCE),
    type: (keys) => void child.stdin.write(keys),
  };
}

/** As a home looks whose user has gone through the welcome, trusts the project and uses the key. */
function answerFirstRunQuestions(home: string, project: string): void {
  const config = {
    hasCompletedOnboarding: true,
    lastOnboardingVersion: CLIS[0].version,
    numStartups: 10,
    theme: 'dark',
    customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
    projects: { [project]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
  };
  writeFileSync(path.join(home, '.claude.json'), JSON.stringify(config));
}

/** Processes whose home is this directory. */
function processesAtHome(home: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`HOME=${home}`);
      } catch {
        // It has ended, or is another user's.
        return false;
      }
    })
    .map(Number);
}
