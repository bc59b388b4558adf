import { type Hint, hintText } from '../../src/domain/hint.ts';
import { present } from '../../src/mcp/present/index.ts';
import type { JobStatusOutput } from '../../src/orchestrator/shapes.ts';
import type { Flow } from './flow.ts';

/** What a model is told about a job: what happened and what to do, as one text each. */
export async function told(f: Flow, jobId: string): Promise<{ readonly message: string; readonly verdict: string }> {
  const status = present('get_job_status', await f.call('get_job_status', { job_id: jobId })) as JobStatusOutput;
  return { message: status.message ?? '', verdict: status.test?.verdict ?? '' };
}

/** The same call; an error of it has its hint as a text. */
export async function worded<T>(call: Promise<T>, word: (hint: Hint) => string = hintText): Promise<T> {
  return call.catch((error: unknown) => {
    const { hint } = error as { readonly hint?: Hint };
    throw Object.assign(error as Error, hint === undefined ? {} : { hint: word(hint) });
  });
}
