import { type Hint, hintText } from '../../src/domain/hint.ts';
import { callTool } from '../../src/mcp/present/index.ts';
import type { SentCall } from '../../src/mcp/present/next-calls.ts';
import type { Call } from '../../src/orchestrator/operation.ts';
import type { JobStatusOutput } from '../../src/orchestrator/shapes.ts';
import type { Flow } from './flow.ts';

/** What a model gets of a tool, over the orchestrator of a flow. */
export async function toolAnswer(
  f: Pick<Flow, 'orchestrator' | 'directory'>,
  tool: string,
  input: object,
  call: Partial<Call> = {},
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into, field by field
): Promise<any> {
  const from = {
    interface: 'mcp' as const,
    workingDirectory: f.directory,
    home: f.directory,
    human: null,
    maxWaitMs: 45_000,
  };
  return callTool(f.orchestrator, tool, input, { ...from, ...call });
}

/** The next calls that a model gets with the status of a job. */
export async function nextOf(f: Flow, jobId: string): Promise<readonly SentCall[]> {
  const { next } = (await toolAnswer(f, 'get_job_status', { job_id: jobId })) as { next: readonly SentCall[] };
  return next;
}

/** What a model is told about a job: what happened and what to do, as one text each. */
export async function told(f: Flow, jobId: string): Promise<{ readonly message: string; readonly verdict: string }> {
  const status = (await toolAnswer(f, 'get_job_status', { job_id: jobId })) as JobStatusOutput;
  return { message: status.message ?? '', verdict: status.test?.verdict ?? '' };
}

/** The same call; an error of it has its hint as a text. */
export async function worded<T>(call: Promise<T>, word: (hint: Hint) => string = hintText): Promise<T> {
  return call.catch((error: unknown) => {
    const { hint } = error as { readonly hint?: Hint };
    throw Object.assign(error as Error, hint === undefined ? {} : { hint: word(hint) });
  });
}
