import { statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Outcome } from '../domain/attempt.ts';
import { AbpError } from '../domain/error.ts';
import { parseExactJson } from '../domain/exact-json.ts';
import type { FailureClass } from '../domain/failure.ts';
import { hint, using } from '../domain/hint.ts';
import { isTooDeep, type Json, type JsonObject } from '../domain/json.ts';
import { environmentPowers } from '../domain/power.ts';
import type { Worker } from '../ports/worker.ts';
import { filesNamed } from './command/named-files.ts';
import { errorLine } from './error-line.ts';
import type { Assignment } from './process/assignment.ts';
import { cannotRun, describeExit, type Ending, stopFailure } from './process/ending.ts';
import { missingEnvironment, missingNames, passEnvSchema, workerEnvironment } from './process/environment.ts';
import { readLines } from './process/lines.ts';
import { makeOwnOutput, wroteFiles } from './process/own-output.ts';
import { findProgram, isDirectory } from './process/program.ts';
import { hasEnded, readExitStatus, readLastLines, readTail, runFile } from './process/run-directory.ts';
import { configOf, failure, type JudgeContext, processWorker } from './process/worker.ts';
import { checkResult } from './schema/check.ts';

const configSchema = z.strictObject({
  command: z
    .array(z.string())
    .min(1)
    .describe('The program and its arguments, passed unchanged: no shell, no placeholders.'),
  cwd: z.string().exactOptional().describe("Working directory; absolute, or relative to the job's."),
  env: z.record(z.string(), z.string()).exactOptional().describe('Environment variables with their values.'),
  pass_env: passEnvSchema.exactOptional(),
});

/** Config of `worker` of type command. */
export type CommandConfig = z.infer<typeof configSchema>;

/** sysexits.h EX_TEMPFAIL: the program asks for a later retry. */
const EX_TEMPFAIL = 75;
/** Largest result on stdout; a program writes larger output to ABP_OUTPUT_DIR. */
const MAX_RESULT_BYTES = 8 << 20;
/** Bytes read from the end of a failed program's output, to find the line with the error. */
const OUTPUT_END_BYTES = 16 << 10;

/**
 * Worker that runs any program once per unit: one JSON object `{ prompt, payload, results, job_id, unit, step, attempt }` on stdin,
 * the result on stdout (as JSON if it parses). Exit 0 = success, 75 = retry later, 126 and 127 = cannot be run, others
 * = failure.
 */
export const commandWorker: Worker = processWorker({
  type: 'command',
  description: 'Runs a program once per unit: JSON on stdin, its result (JSON or text) on stdout, exit 0 = success.',
  configSchema,
  powers: (config) => {
    const { command, env, pass_env } = configOf<CommandConfig>({ config });
    return [{ kind: 'programs', what: command.map(shown).join(' ') }, ...environmentPowers(env, pass_env)];
  },
  definingFiles: (config, base, home) => filesNamed(configOf<CommandConfig>({ config }), base, home),
  policy: (config) => {
    const { pass_env = [] } = configOf<CommandConfig>({ config });
    return { attemptCapUsd: 0, timeoutMs: null, idleTimeoutMs: null, model: null, variables: pass_env };
  },
  resolve: (config, base) => {
    const { cwd = '.' } = configOf<CommandConfig>({ config });
    return { ...config, cwd: path.resolve(base, cwd) };
  },

  preflight(config, environment) {
    const { command, cwd, pass_env = [] } = configOf<CommandConfig>({ config });
    const [name = ''] = command;
    const missing = missingNames(pass_env, environment);
    if (missing.length > 0) return unavailable(missingEnvironment(missing));
    // A relative path depends on the working directory of the unit, known only from the assignment.
    if (name.includes('/') && !path.isAbsolute(name))
      return { ok: true, summary: `${name}, resolved where the unit runs` };
    const program = findProgram(name, cwd ?? '/', environment.PATH);
    return program === null ? unavailable(missingProgram(name)) : { ok: true, summary: program };
  },

  needs(config, environment) {
    const { command, cwd, env, pass_env = [] } = configOf<CommandConfig>({ config });
    const [name = ''] = command;
    const isLookedUpThere = name.includes('/') && !path.isAbsolute(name);
    const program = isLookedUpThere ? null : findProgram(name, cwd ?? '/', env?.PATH ?? environment.PATH);
    return { program, variables: pass_env };
  },

  prepare(assignment) {
    const { command, cwd: directory = '.', env, pass_env } = configOf<CommandConfig>(assignment);
    const cwd = path.resolve(assignment.workingDirectory, directory);
    if (!isDirectory(cwd)) {
      throw new AbpError('invalid_input', `cwd ${cwd} is not a directory.`, {
        hint: 'Create it, or change cwd.',
      });
    }
    const [name = '', ...args] = command;
    const recorded = assignment.needs?.program;
    const program = recorded ?? findProgram(name, cwd, env?.PATH ?? assignment.environment.PATH);
    if (program === null) throw missingProgram(name);
    const choice = { ...(pass_env && { passEnv: pass_env }), ...(env && { env }) };
    return {
      argv: [program, ...args],
      cwd,
      env: workerEnvironment(assignment, choice, makeOwnOutput(assignment.runDirectory)),
      stdin: stdinOf(assignment),
    };
  },

  async judge(runDirectory, ending, context) {
    return ending === null ? null : verdict(runDirectory, ending, context);
  },

  async *conversation(runDirectory, from) {
    for await (const { seq, text } of readLines(await logOf(runDirectory), from, !hasEnded(runDirectory))) {
      yield { seq, role: 'log', kind: 'text', text };
    }
  },

  latestStep(runDirectory) {
    const lines = readLastLines(runFile(runDirectory, 'stderr'), OUTPUT_END_BYTES).split('\n').slice(0, -1);
    const text = lines.findLast((line) => line.trim() !== '');
    return text === undefined ? null : { seq: 0, role: 'log', kind: 'text', text };
  },

  resumeCommand: () => null,
});

/** The log is stderr, since stdout is the result. For a failed program with an empty stderr it is stdout. */
async function logOf(runDirectory: string): Promise<string> {
  const stderr = runFile(runDirectory, 'stderr');
  if ((readExitStatus(runDirectory) ?? 0) === 0) return stderr;
  for await (const _line of readLines(stderr)) return stderr;
  return runFile(runDirectory, 'stdout');
}

function stdinOf({ prompt, payload, results, jobId, index, step, attempt }: Assignment): string {
  const text = [prompt.system, prompt.user].filter((part) => part !== '').join('\n\n');
  return JSON.stringify({ prompt: text, payload, results, job_id: jobId, unit: index, step, attempt });
}

async function verdict(runDirectory: string, ending: Ending, { outputSchema }: JudgeContext): Promise<Outcome> {
  const usage = ending.durationMs === null ? {} : { durationMs: ending.durationMs };
  const stopped = stopFailure(ending);
  if (stopped !== null) return failure(stopped.failureClass, stopped.message, usage);
  if (ending.exitCode !== 0) return failure(classOfExit(ending), messageOfExit(runDirectory, ending), usage);
  const stdout = runFile(runDirectory, 'stdout');
  const { size } = statSync(stdout);
  if (size > MAX_RESULT_BYTES) {
    const message = `expected at most ${MAX_RESULT_BYTES} bytes on stdout, found ${size}; write larger output to a file in ABP_OUTPUT_DIR`;
    return failure('invalid_output', message, usage);
  }
  const text = withoutMark(readTail(stdout, size));
  if (text.trim() === '' && !(await wroteFiles(runDirectory))) {
    return failure('incomplete', 'it printed nothing on stdout and wrote no file below ABP_OUTPUT_DIR', usage);
  }
  const structured = parseJson(text);
  if (outputSchema !== null) {
    const problem = await schemaProblem(text, outputSchema);
    if (problem !== null) return failure('invalid_output', problem, usage);
  }
  const kept = structured !== undefined && !isTooDeep(structured);
  return { ok: true, usage, result: { text, ...(kept && { structured }) } };
}

/** Removes a byte order mark. */
function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function classOfExit(ending: Ending): FailureClass {
  if (ending.exitCode === EX_TEMPFAIL) return 'rate_limited';
  if (cannotRun(ending)) return 'worker_unavailable';
  return ending.exitCode === null ? 'crashed' : 'agent_error';
}

/** Describes the exit, with the line that names the error; some programs print it on stdout. */
function messageOfExit(runDirectory: string, ending: Ending): string {
  const lineOf = (file: 'stderr' | 'stdout') => errorLine(readLastLines(runFile(runDirectory, file), OUTPUT_END_BYTES));
  const said = lineOf('stderr') ?? lineOf('stdout');
  return said === null ? describeExit(ending) : `${describeExit(ending)}: ${said}`;
}

/** Formats an argument for display; quoted if a shell would split it. */
function shown(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : JSON.stringify(argument);
}

/** Checks the result against the schema with plain numbers, also where the result keeps large ones as text. */
async function schemaProblem(text: string, schema: JsonObject): Promise<string | null> {
  const value = parseJson(text, JSON.parse);
  return value === undefined
    ? 'expected JSON on stdout, because the job has a schema; found text that is not JSON'
    : checkResult(schema, value);
}

function parseJson(text: string, parse: (text: string) => Json = parseExactJson): Json | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function missingProgram(name: string): AbpError {
  return new AbpError('worker_unavailable', `The program ${JSON.stringify(name)} is not found or not executable.`, {
    hint: hint`Install it, or give its absolute path in worker.command[0] ${using('update_job')}; PATH is that of the process that started the job's executor.`,
  });
}

function unavailable({ message, hint: next = '' }: AbpError) {
  return { ok: false, failureClass: 'worker_unavailable', message, hint: next } as const;
}
