import { statSync } from 'node:fs';
import path from 'node:path';
import type { ExecaError } from 'execa';
import { AbpError } from '../../domain/error.ts';
import type { Run } from '../../ports/worker.ts';
import { findProgram } from '../process/program.ts';
import { probeEnvironment } from './environment.ts';

/** An installed Claude Code and the flags in its --help. */
export interface ClaudeCli {
  /** Absolute path. */
  readonly path: string;
  readonly version: string;
  readonly flags: ReadonlySet<string>;
}

type Environment = Run['environment'];

/** Install locations, for hosts whose PATH is not the user's: desktop applications, services. */
const USUAL_PLACES = ['.local/bin/claude', '.claude/local/claude', '/opt/homebrew/bin/claude', '/usr/local/bin/claude'];

/** Flags required to keep a unit within its bounds. */
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

/** Probe results by file; an update changes inode or time and causes a new probe. */
const known = new Map<string, Promise<ClaudeCli>>();

/**
 * Finds the installed CLI with version and flags: at `recorded` if given, else in PATH and the usual places. Throws
 * AbpError `worker_unavailable` with what to do.
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

/** Parses the flags of a `--help` text: the heads of its entries, with all spellings. */
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

/** Describes in a few words why a probe failed. */
function reasonOf(error: unknown): string {
  const { timedOut, stderr, exitCode, originalMessage } = error as ExecaError;
  if (timedOut) return `nothing for ${PROBE_TIMEOUT_MS / 1000} s`;
  const [words = ''] = typeof stderr === 'string' ? stderr.trim().split('\n', 1) : [];
  return words || originalMessage || `exit code ${exitCode}`;
}
