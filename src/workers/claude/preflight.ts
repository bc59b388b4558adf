import { AbpError } from '../../domain/error.ts';
import type { Preflight, Run } from '../../ports/worker.ts';
import { missingEnvironment, missingNames } from '../process/environment.ts';
import { type ClaudeCli, findCli } from './cli.ts';
import type { ClaudeConfig } from './config.ts';
import { keyIn, probeEnvironment } from './environment.ts';

type Environment = Run['environment'];
type Refusal = Extract<Preflight, { ok: false }>;

const STATUS_TIMEOUT_MS = 60_000;

/** Checks whether a unit could run here: the CLI with its flags, a login or key, and what the config requires. */
export async function claudePreflight(config: ClaudeConfig, environment: Environment): Promise<Preflight> {
  const missing = missingNames(config.pass_env ?? [], environment);
  if (missing.length > 0) return refusal('worker_unavailable', missingEnvironment(missing));
  if (config.permission === 'full' && process.getuid?.() === 0 && !isSandboxed(config, environment)) {
    return rootRefusal();
  }
  let cli: ClaudeCli;
  try {
    cli = await findCli({ ...environment, ...config.env });
  } catch (error) {
    if (error instanceof AbpError) return refusal('worker_unavailable', error);
    throw error;
  }
  const login = await loginOf(cli, { ...environment, ...config.env });
  if (login === null) {
    return {
      ok: false,
      failureClass: 'auth',
      message: `Claude Code ${cli.version} at ${cli.path} is not logged in, and no key is set.`,
      hint: 'Run `claude` in a terminal and log in, or set ANTHROPIC_API_KEY in the environment of the process that starts the job.',
    };
  }
  const details = { path: cli.path, version: cli.version, login };
  return { ok: true, summary: `Claude Code ${cli.version} at ${cli.path}, ${login}`, details };
}

/**
 * The login that the CLI would use; null if there is none. A CLI that cannot report it counts as logged in: the first
 * unit will show.
 */
async function loginOf(cli: ClaudeCli, environment: Environment): Promise<string | null> {
  const key = keyIn(environment);
  if (key !== null) return key;
  const { execa } = await import('execa');
  const { stdout } = await execa(cli.path, ['auth', 'status'], {
    env: probeEnvironment(environment),
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout: STATUS_TIMEOUT_MS,
  });
  // If the process does not start there is no stdout, despite the type.
  const answer = /"loggedIn"\s*:\s*(true|false)/.exec(String(stdout))?.[1];
  if (answer === 'false') return null;
  return answer === 'true' ? 'stored login' : 'login unknown';
}

/** Checks whether IS_SANDBOX will tell the CLI that root is allowed, as in a container. */
function isSandboxed({ env, pass_env = [] }: ClaudeConfig, environment: Environment): boolean {
  const passed = pass_env.includes('IS_SANDBOX') ? environment.IS_SANDBOX : undefined;
  return (env?.IS_SANDBOX ?? passed) === '1';
}

/** The CLI refuses --dangerously-skip-permissions to root; reported before a unit is spent. */
function rootRefusal(): Refusal {
  return {
    ok: false,
    failureClass: 'bad_input',
    message: 'permission full cannot be used as root: Claude Code refuses it.',
    hint: 'Run ABP as another user, or choose permission edit_in_place with the tools it needs.',
  };
}

function refusal(failureClass: Refusal['failureClass'], { message, hint = '' }: AbpError): Refusal {
  return { ok: false, failureClass, message, hint };
}
