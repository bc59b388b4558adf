import { existsSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Artifact, Outcome } from '../../domain/attempt.ts';
import { AbpError } from '../../domain/error.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { OutputCheck } from '../../domain/output-schema.ts';
import { absolutePath } from '../../domain/paths.ts';
import type { Worker, WorkingPlace } from '../../ports/worker.ts';
import { artifactStats } from '../artifact-files.ts';
import type { Assignment } from '../process/assignment.ts';
import { workerEnvironment } from '../process/environment.ts';
import { readLastLines, runFile } from '../process/run-directory.ts';
import { configOf, processWorker } from '../process/worker.ts';
import { checkResult } from '../schema/check.ts';
import { resultCandidates } from './answer.ts';
import { claudeArguments } from './arguments.ts';
import { findCli } from './cli.ts';
import { type ClaudeConfig, claudeConfigSchema } from './config.ts';
import { readConversation, readLatestStep } from './conversation.ts';
import { BATCH_VARIABLES, loginVariables, loginVariablesFor } from './environment.ts';
import { accessOf } from './permissions.ts';
import { claudePolicy, resolvePaths } from './policy.ts';
import { claudePowers } from './powers.ts';
import { claudePreflight } from './preflight.ts';
import { RESUME_PROMPT, stdinText } from './prompt.ts';
import { LONGEST_ARGUMENT_BYTES, mcpConfigFile, systemPromptFile } from './run-files.ts';
import { canContinue, recordResumed, resumedAt, sessionIdOf } from './session.ts';
import { readStream, type StreamFacts } from './stream.ts';
import { watchForResult } from './tail.ts';
import { toolSchema } from './tool-schema.ts';
import { keptSettings, NOTHING_KEPT } from './user-settings.ts';
import { usageOf, verdict } from './verdict.ts';
import { fixedPart, resolveWorkingDirectory } from './working-directory.ts';

/** Bytes read from the end of stderr; messages are truncated further when stored. */
const STDERR_BYTES = 16 << 10;

/** Worker that gives each unit its own Claude Code agent (`claude -p`). */
export const claudeWorker: Worker = processWorker({
  type: 'claude',
  description: 'Gives every unit its own Claude Code agent with tools; uses the login or key of Claude Code.',
  configSchema: claudeConfigSchema,
  policy: (config) => claudePolicy(configOf<ClaudeConfig>({ config })),
  checkSchema: refuseSchema,
  powers: (config, bounds) => claudePowers(configOf<ClaudeConfig>({ config }), bounds),
  definingFiles: (config, base) => {
    const { mcp_config } = configOf<ClaudeConfig>({ config });
    return typeof mcp_config === 'string' ? [absolutePath(mcp_config, base)] : [];
  },
  resolve: resolvePaths,
  preflight: (config, environment) => claudePreflight(configOf<ClaudeConfig>({ config }), environment),

  async needs(config, environment) {
    const { env, pass_env = [] } = configOf<ClaudeConfig>({ config });
    const cli = await findCli({ ...environment, ...env });
    return { program: cli.path, variables: [...new Set([...pass_env, ...loginVariables(environment, env)])] };
  },

  async prepare(assignment) {
    const config = configOf<ClaudeConfig>(assignment);
    const { runDirectory, outputDirectory, workingDirectory, environment, prompt } = assignment;
    const cwd = directoryOf(assignment);
    const own = { ...environment, ...config.env };
    const kept = config.context === 'lean' ? keptSettings(cwd, own) : NOTHING_KEPT;
    const env = workerEnvironment(assignment, {
      optional: loginVariablesFor(assignment.needs),
      env: { ...kept.env, ...BATCH_VARIABLES, ...config.env },
      ...(config.pass_env && { passEnv: config.pass_env }),
    });
    if (assignment.outputSchema) refuseSchema(assignment.outputSchema);
    const resumed = assignment.resumeSessionId;
    const resume = resumed !== null && (await canContinue(resumed, env));
    const cli = await findCli(own, assignment.needs?.program);
    const systemPrompt = [prompt.system, config.append_system_prompt].filter(Boolean).join('\n\n');
    const argv = claudeArguments(cli, {
      config,
      access: accessOf(config, pathsOf(outputDirectory)),
      kept,
      sessionId: resume ? resumed : sessionIdOf(assignment.attemptId),
      resume,
      systemPrompt,
      systemPromptFile: systemPromptFile(systemPrompt, runDirectory),
      outputSchema: assignment.outputSchema,
      directories: directoriesOf(assignment, config, cwd),
      mcpConfigFile: mcpConfigFile(config, runDirectory, workingDirectory),
      budgetUsd: smallest(config.max_budget_usd, assignment.budgetUsd),
    });
    if (resume) recordResumed(runDirectory, assignment.resumeCostUsd);
    return { argv: [cli.path, ...argv], cwd, env, stdin: resume ? RESUME_PROMPT : stdinText(prompt.user) };
  },

  settles: watchForResult,

  async judge(runDirectory, ending, { config, outputSchema, outputDirectory }) {
    const facts = await readStream(runDirectory);
    const outcome = verdict({
      facts,
      ending,
      stderr: readLastLines(runFile(runDirectory, 'stderr'), STDERR_BYTES),
      check: await checkOf(facts, outputSchema),
      allowDenials: configOf<ClaudeConfig>({ config }).allow_denials,
      ...saidAt(runDirectory),
      ...resumedAt(runDirectory),
    });
    return outcome === null ? null : withArtifacts(outcome, facts.filesChanged, outputDirectory);
  },

  usageSoFar: async (runDirectory) =>
    usageOf(await readStream(runDirectory), null, resumedAt(runDirectory).resumedAtUsd),
  conversation: readConversation,
  latestStep: readLatestStep,
  resumeCommand: (sessionId, place) => {
    try {
      return `cd '${directoryOf(place).replaceAll("'", "'\\''")}' && claude --resume ${sessionId}`;
    } catch {
      // Without its directory the session cannot be resumed.
      return null;
    }
  },
});

/** Checks all result candidates in advance: validation may take long, and a verdict is synchronous. */
async function checkOf(facts: StreamFacts, schema: JsonObject | null): Promise<OutputCheck | null> {
  if (schema === null) return null;
  const problems = new Map<string, string | null>();
  for (const { value } of facts.result === null ? [] : resultCandidates(facts, facts.result)) {
    problems.set(JSON.stringify(value), await checkResult(schema, value));
  }
  return (value) => problems.get(JSON.stringify(value)) ?? null;
}

/** Time of the last output; empty if the stream is gone. */
function saidAt(runDirectory: string): { saidAt?: number } {
  const stats = statSync(runFile(runDirectory, 'stdout'), { throwIfNoEntry: false });
  return stats ? { saidAt: stats.mtimeMs } : {};
}

/** Working directory of an agent. A step of scope job has no item whose fields could select a directory. */
function directoryOf({ config, payload, scope, home, workingDirectory, outputDirectory }: WorkingPlace): string {
  const { working_directory: template } = configOf<ClaudeConfig>({ config });
  if (template === undefined) return resolveWorkingDirectory('.', home ?? outputDirectory, payload);
  return resolveWorkingDirectory(scope === 'job' ? fixedPart(template) : template, workingDirectory, payload);
}

/**
 * Throws AbpError `invalid_input` unless the root is an object (structured output is a tool's input) and the schema
 * fits into an argument.
 */
function refuseSchema(schema: JsonObject): void {
  const bytes = Buffer.byteLength(JSON.stringify(toolSchema(schema)));
  if (bytes > LONGEST_ARGUMENT_BYTES) {
    throw new AbpError('invalid_input', `schema has ${bytes} bytes, expected at most ${LONGEST_ARGUMENT_BYTES}.`, {
      hint: 'Describe less of the result, or put long explanations into the prompt.',
    });
  }
  if (schema.type === undefined || schema.type === 'object') return;
  throw new AbpError(
    'invalid_input',
    `schema describes ${JSON.stringify(schema.type)}, expected "object" at its root.`,
    { hint: 'Put the value into a property, for example {"type":"object","properties":{"items":{"type":"array"}}}.' },
  );
}

/**
 * Directories the agent may use besides the working directory; the CLI ignores missing ones. A working directory behind
 * a link is listed too, because the CLI knows only its resolved path.
 */
function directoriesOf(assignment: Assignment, { add_dirs = [] }: ClaudeConfig, cwd: string): readonly string[] {
  const added = add_dirs.map((directory) => absolutePath(directory, assignment.workingDirectory));
  const linked = pathsOf(cwd).length > 1 ? [cwd] : [];
  return [...new Set([...linked, ...assignment.readableDirectories, ...added, assignment.outputDirectory])];
}

/** Paths of a directory: as given and resolved. */
function pathsOf(directory: string): readonly string[] {
  // A missing directory has no other path; its user reports it.
  if (!existsSync(directory)) return [directory];
  return [...new Set([directory, realpathSync(directory)])];
}

/** Adds the files that the agent wrote below the output directory and that still exist. */
function withArtifacts(outcome: Outcome, files: ReadonlySet<string>, outputDirectory: string): Outcome {
  if (!outcome.ok) return outcome;
  const artifacts = [...files].flatMap((file): readonly Artifact[] => {
    const relative = path.relative(outputDirectory, file);
    const stats = artifactStats(outputDirectory, relative);
    return typeof stats === 'string' ? [] : [{ path: relative, bytes: stats.size }];
  });
  return artifacts.length === 0 ? outcome : { ...outcome, result: { ...outcome.result, artifacts } };
}

function smallest(one: number | undefined, other: number | null): number | null {
  const given = [one, other].filter((value): value is number => typeof value === 'number');
  return given.length === 0 ? null : Math.min(...given);
}
