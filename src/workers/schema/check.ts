import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import { AbpError } from '../../domain/error.ts';
import { isTooDeep, type Json, type JsonObject, MAX_DEPTH } from '../../domain/json.ts';
import { compileSchema } from '../../domain/output-schema.ts';
import { programPath } from '../../package-root.ts';
import type { CheckAnswer, CheckRequest } from './messages.ts';

/** Time limit of one check, seconds. */
export const CHECK_S = 5;
/**
 * The limit is counted in steps of an interval: a process that was stopped meanwhile, or a machine that slept, loses one step
 * and not all.
 */
const STEPS = 20;
/** Memory limit of one check: a schema can produce a list of problems larger than any memory. */
const MEMORY_MB = 512;

/**
 * Keywords whose work is not bounded by the size of schema and result: regular expressions (of the user or of a format),
 * comparison of each item with each other, references that may form cycles; `$id` and its kind are matched by the
 * meta-schema's own patterns. A string that holds such a word has its quotes escaped, so only keys are found.
 */
const UNBOUNDED_KEYWORDS = /"(?:pattern|patternProperties|format|uniqueItems|\$\w+)":/;
/** Beyond these sizes a check would block the event loop for too long, whatever the schema is. */
const LARGE_TEXT = 64 << 10;
/** Characters of the schema times those of the result. */
const LARGE_WORK = 16 << 20;

/** Runs one check at a time, on one thread that is kept: a slow check delays others, but never the process. */
const oneAtATime = pLimit(1);
let warm: CheckThread | null = null;

/**
 * Checks a result against a job's output schema. Resolves with null when it satisfies it, else with the problem in one line,
 * for the agent's next prompt. Small results of plain schemas are checked at once; all others on a thread, with a limit of
 * time and memory: exceeding it is the problem.
 */
export async function checkResult(schema: JsonObject, result: Json): Promise<string | null> {
  if (isTooDeep(result)) return `the result is nested deeper than ${MAX_DEPTH} levels`;
  const request = { schema: JSON.stringify(schema), result: JSON.stringify(result) };
  if (isQuick(request)) return (await compileSchema(schema))(result);
  const answer = await onThread(request);
  if (answer.is === 'checked') return answer.problem;
  if (answer.is === 'refused') throw unusable(answer);
  return `checking the result against the schema ${answer.message}: ${whySlow(request)}`;
}

/** Compiles a job's output schema; AbpError `invalid_input` when it is not usable, or takes too long to compile. */
export async function checkSchema(schema: JsonObject): Promise<void> {
  if (isTooDeep(schema)) {
    throw new AbpError('invalid_input', `schema is nested deeper than ${MAX_DEPTH} levels.`, {
      hint: 'Describe less of the result, or refer to parts of it by $ref.',
    });
  }
  const request = { schema: JSON.stringify(schema), result: null };
  if (isQuick(request)) {
    await compileSchema(schema);
    return;
  }
  const answer = await onThread(request);
  if (answer.is === 'checked') return;
  if (answer.is === 'refused') throw unusable(answer);
  throw new AbpError('invalid_input', `schema cannot be used: compiling it ${answer.message}.`, {
    hint: 'Use simpler patterns, shorter names or fewer nested alternatives.',
  });
}

function isQuick({ schema, result }: CheckRequest): boolean {
  const size = result?.length ?? 0;
  return (
    Math.max(schema.length, size) <= LARGE_TEXT &&
    schema.length * size <= LARGE_WORK &&
    !UNBOUNDED_KEYWORDS.test(schema)
  );
}

function whySlow({ schema, result }: CheckRequest): string {
  const what = /"(?:pattern|patternProperties|format)":/.test(schema)
    ? 'the schema has a pattern or format with a slow worst case'
    : 'the schema is too complex';
  return `${what} for this result of ${result?.length ?? 0} characters`;
}

function unusable({ message, hint }: Extract<CheckAnswer, { is: 'refused' }>): AbpError {
  return new AbpError('invalid_input', message, hint === undefined ? {} : { hint });
}

type Ended = Exclude<CheckAnswer, { is: 'ready' }>;

/** The thread, idle or working on one request. */
interface CheckThread {
  /** Resolves with the answer; ends the thread when it takes too long or fails. */
  ask(request: CheckRequest): Promise<Ended>;
}

function onThread(request: CheckRequest): Promise<Ended> {
  return oneAtATime(async () => {
    warm ??= await startThread(() => {
      warm = null;
    });
    return warm.ask(request);
  });
}

/** Resolves once the thread can take a check: its start is not part of any limit. */
async function startThread(onGone: () => void): Promise<CheckThread> {
  const thread = new Worker(programPath('workers/schema/thread'), {
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
  });
  let settle: (answer: Ended) => void = () => undefined;
  const discard = (message: string) => {
    onGone();
    void thread.terminate();
    settle({ is: 'broken', message });
  };
  await new Promise<void>((ready, refuse) => {
    thread.once('message', () => ready());
    thread.once('error', refuse);
  });
  thread.removeAllListeners('error');
  thread.on('error', (error: NodeJS.ErrnoException) => {
    const memory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    discard(memory ? `needed more than ${MEMORY_MB} MB` : `broke (${error.message})`);
  });
  thread.on('message', (answer: Ended) => settle(answer));
  thread.unref();
  return {
    async ask(request) {
      let steps = 0;
      const bound = setInterval(
        () => {
          steps += 1;
          if (steps === STEPS) discard(`took longer than ${CHECK_S} s`);
        },
        (1000 * CHECK_S) / STEPS,
      );
      const answer = new Promise<Ended>((resolve) => {
        settle = resolve;
      });
      thread.postMessage(request);
      return answer.finally(() => clearInterval(bound));
    },
  };
}
