import { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import type { Assignment } from '../../ports/worker.ts';
import { ATTEMPT_ID_VARIABLE } from './processes.ts';

/** What any program needs to find itself, its home, its language and the network. Nothing of the host's session. */
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

/** `pass_env` of any worker. Of ABP's own variables an agent gets those of its attempt and no others. */
export const passEnvSchema = z
  .array(z.string().regex(/^(?!ABP_)./, "expected the name of a variable that is not ABP's own"))
  .describe('Names of environment variables to pass on from whoever starts the job.');

/** Beside the base, which variables of the executor's environment reach a worker. */
export interface EnvironmentChoice {
  /** Names that must be there. */
  readonly passEnv?: readonly string[];
  /** Names, or prefixes ending in `_`, that are passed when they are there: one constant list. */
  readonly optional?: readonly string[];
  /** Names with values; they win. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The whole environment of a worker: the base, what its config names, and the five ABP_* of an attempt, of which
 * ABP_OUTPUT_DIR says where it writes. Throws
 * `worker_unavailable` naming the variables that were to be passed and are not set.
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
    ABP_ATTEMPT: String(assignment.attempt),
    ABP_OUTPUT_DIR: outputDirectory,
    [ATTEMPT_ID_VARIABLE]: assignment.attemptId,
  };
}

type Environment = Assignment['environment'];

/**
 * Walking through process.env costs as much as everything else here, and an executor's environment does not change: the
 * base is kept for as long as the object lives, by the list of optional names.
 */
const bases = new WeakMap<Environment, Map<readonly string[], Readonly<Record<string, string>>>>();
const NOTHING: readonly string[] = [];

/** The base of any worker's environment, with the optional names (one constant list) that are there. */
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

/** The names that the environment does not have. */
export function missingNames(names: readonly string[], environment: Environment): readonly string[] {
  return names.filter((name) => environment[name] === undefined);
}

/** The refusal for variables named in pass_env that are not set. */
export function missingEnvironment(names: readonly string[]): AbpError {
  return new AbpError('worker_unavailable', `pass_env names ${names.join(', ')}, which is not set here.`, {
    hint: 'Set it in the environment of whoever starts the job (for MCP: the server entry in the host), or take it out of pass_env.',
    details: { missing: names },
  });
}
