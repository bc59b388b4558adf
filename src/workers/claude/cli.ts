import { statSync } from 'node:fs';
import path from 'node:path';
import type { ExecaError } from 'execa';
import { AbpError } from '../../domain/error.ts';
import type { Assignment } from '../../ports/worker.ts';
import { findProgram } from '../process/program.ts';
import { probeEnvironment } from './environment.ts';

/** An installed Claude Code and what its own --help lists. */
export interface ClaudeCli {
  /** Absolute. */
  readonly path: string;
  readonly version: string;
  readonly flags: ReadonlySet<string>;
}

type Environment = Assignment['environment'];

/** Where installers put it, for a host whose PATH is not the user's: a desktop application, a service. */
const USUAL_PLACES = ['.local/bin/claude', '.claude/local/claude', '/opt/homebrew/bin/claude', '/usr/local/bin/claude'];

/** Without one of these a unit could not be kept within its bounds. */
const NEEDED_FLAGS = [
  '--print',
  '--output-format',
  '--session-id',
  '--resume',
  '--tools',
  '--settings',
  '--permission-mode',
  '--strict-mcp-config',
  '--system-prompt',
  '--append-system-prompt',
] as const;

const PROBE_TIMEOUT_MS = 60_000;

/** What each installed file turned out to be: an update changes its inode or time, and is looked at again. */
const known = new Map<string, Promise<ClaudeCli>>();

/**
 * The installed CLI with its version and flags: the one at `recorded`, else what is found here. Throws
 * `worker_unavailable` with what to do.
 */
export async function findCli(environment: Environment, recorded: string | null = null): Promise<ClaudeCli> {
  const file = findClaude(environment, recorded);
  if (file === null) {
    const where = recorded === null ? 'no `claude` in PATH or the usual places' : `${recorded} is gone`;
    throw new AbpError('worker_unavailable', `Claude Code is not installed: ${where}.`, {
      hint: 'Install it (npm install -g @anthropic-ai/claude-code, or see https://claude.com/claude-code), run `claude` once to log in, then `abp doctor`.',
    });
  }
  const { ino, mtimeMs } = statSync(file);
  const key = `${file} ${ino} ${mtimeMs}`;
  const cli = known.get(key) ?? probe(file, environment);
  known.set(key, cli);
  try {
    return await cli;
  } catch (error) {
    known.delete(key);
    throw error;
  }
}

/** Flags in a `--help` text: what stands at the start of an entry, with its other spellings. */
export function flagsIn(help: string): ReadonlySet<string> {
  const entries = help.split('\n').filter((line) => /^ {2}-/.test(line));
  const heads = entries.map((line) => line.trim().split(/ {2,}/, 1).join());
  return new Set(heads.flatMap((head) => head.match(/--[a-zA-Z][a-zA-Z-]*/g) ?? []));
}

function findClaude(environment: Environment, recorded: string | null): string | null {
  const home = environment.HOME ?? '/';
  if (recorded !== null) return findProgram(recorded, '/', undefined);
  const inPath = findProgram('claude', home, environment.PATH);
  if (inPath !== null) return inPath;
  for (const place of USUAL_PLACES) {
    const file = findProgram(path.resolve(home, place), home, undefined);
    if (file !== null) return file;
  }
  return null;
}

async function probe(file: string, environment: Environment): Promise<ClaudeCli> {
  const { execa } = await import('execa');
  const options = { env: probeEnvironment(environment), extendEnv: false, timeout: PROBE_TIMEOUT_MS } as const;
  try {
    const [version, help] = await Promise.all([
      execa(file, ['--version'], { ...options, stdin: 'ignore' }),
      execa(file, ['--help'], { ...options, stdin: 'ignore' }),
    ]);
    const flags = flagsIn(help.stdout);
    const missing = NEEDED_FLAGS.filter((flag) => !flags.has(flag));
    if (missing.length > 0) {
      throw new AbpError('worker_unavailable', `${file} (${version.stdout.trim()}) has no ${missing.join(', ')}.`, {
        hint: 'Update Claude Code (`claude update`), then `abp doctor`.',
      });
    }
    return { path: file, version: version.stdout.trim().split(' ')[0] ?? '', flags };
  } catch (error) {
    if (error instanceof AbpError) throw error;
    throw new AbpError('worker_unavailable', `${file} does not answer --version and --help: ${reasonOf(error)}.`, {
      hint: 'Run `claude --version` in a terminal; install it again if that fails.',
      cause: error,
    });
  }
}

/** Why a program that was asked about itself gave no answer, in a few words. */
function reasonOf(error: unknown): string {
  const { timedOut, stderr, exitCode, originalMessage } = error as ExecaError;
  if (timedOut) return `nothing for ${PROBE_TIMEOUT_MS / 1000} s`;
  const [words = ''] = typeof stderr === 'string' ? stderr.trim().split('\n', 1) : [];
  return words || originalMessage || `exit code ${exitCode}`;
}
