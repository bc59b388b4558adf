import { parentPort } from 'node:worker_threads';
import { AbpError } from '../../domain/error.ts';
import { compileSchema } from '../../domain/output-schema.ts';
import type { CheckAnswer, CheckRequest } from './messages.ts';

/** The program of the thread on which results are checked that could take long: see check.ts. */
const answer = (message: CheckAnswer) => parentPort?.postMessage(message);

parentPort?.on('message', async ({ schema, result }: CheckRequest) => {
  try {
    const check = await compileSchema(JSON.parse(schema));
    answer({ is: 'checked', problem: result === null ? null : check(JSON.parse(result)) });
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof AbpError) answer({ is: 'refused', message, hint: error.hint });
    else answer({ is: 'broken', message: `broke (${message})` });
  }
});

// Loading the compiler belongs to the start, not to the time of the first check.
await compileSchema({});
answer({ is: 'ready' });
