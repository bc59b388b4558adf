import { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import { ATTEMPT_ID_VARIABLE } from '../../domain/rules/recursion.ts';
import type { Assignment } from './assignment.ts';

/** Variables that any program needs: paths, home, language, network. Nothing of the host's session. */
const BASE_NAMES = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TMPDIR',
  'TERM',
  'TZ',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
] as const;
const BASE_PREFIXES = ['LC_', 'XDG_'] as const;

/** Schema of `pass_env`. Of ABP's own variables an agent gets only those of its attempt. */
export const passEnvSchema = z
  .array(z.string().regex(/^(?!ABP_)./, "expected the name of a variable that is not ABP's own"))
  .describe('Names of environment variables to pass on from the process that starts the job.');

/** Variables of the executor's environment that a worker gets besides the base. */
export interface EnvironmentChoice {
  /** Names that must be set. */
  readonly passEnv?: readonly string[];
  /** Names, or prefixes ending in `_`, that are passed if set; must be one constant list. */
  readonly optional?: readonly string[];
  /** Names with values; they override the others. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Builds the complete environment of a worker: the base, the variables of its config, and the five ABP_* variables of
 * the attempt (ABP_OUTPUT_DIR is where it writes). Throws AbpError `worker_unavailable` naming pass_env variables that
 * are not set.
 */
export function workerEnvironment(
  assignment: Assignment,
  choice: EnvironmentChoice,
  outputDirectory = assignment.outputDirectory,
): Record<string, string> {
  const { environment } = assignment;
  const missing = missingNames(choice.passEnv ?? [], environment);
  if (missing.length > 0) throw missingEnvironment(missing);
  const passed = Object.fromEntries((choice.passEnv ?? []).map((name) => [name, environment[name] ?? '']));
  return {
    ...baseEnvironment(environment, choice.optional),
    ...passed,
    ...choice.env,
    ABP_JOB_ID: assignment.jobId,
    ABP_UNIT: String(assignment.index),
    ABP_STEP: assignment.step,
    ABP_ATTEMPT: String(assignment.attempt),
    ABP_OUTPUT_DIR: outputDirectory,
    [ATTEMPT_ID_VARIABLE]: assignment.attemptId,
  };
}

type Environment = Assignment['environment'];

/**
 * Cache of bases by environment object and list of optional names: iterating over process.env costs as much as
 * everything else here, and an executor's environment does not change.
 */
const bases = new WeakMap<Environment, Map<readonly string[], Readonly<Record<string, string>>>>();
const NOTHING: readonly string[] = [];

/** The base environment with those optional names (one constant list) that are set. */
export function baseEnvironment(
  environment: Environment,
  optional: readonly string[] = NOTHING,
): Readonly<Record<string, string>> {
  const known = bases.get(environment) ?? new Map<readonly string[], Readonly<Record<string, string>>>();
  bases.set(environment, known);
  const base = known.get(optional) ?? selectBase(environment, optional);
  known.set(optional, base);
  return base;
}

function selectBase(environment: Environment, optional: readonly string[]): Readonly<Record<string, string>> {
  const names = new Set<string>([...BASE_NAMES, ...optional]);
  const prefixes = [...BASE_PREFIXES, ...optional.filter((name) => name.endsWith('_'))];
  const base: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    if (names.has(name) || prefixes.some((prefix) => name.startsWith(prefix))) base[name] = value;
  }
  return base;
}

/** Names that are not set in the environment. */
export function missingNames(names: readonly string[], environment: Environment): readonly string[] {
  return names.filter((name) => environment[name] === undefined);
}

/** Makes the error for pass_env variables that are not set. */
export function missingEnvironment(names: readonly string[]): AbpError {
  return new AbpError('worker_unavailable', `pass_env names ${names.join(', ')}, which is not set here.`, {
    hint: 'Set it in the environment of the process that starts the job (for MCP: the server entry in the host), or remove it from pass_env.',
    details: { missing: names },
  });
}
