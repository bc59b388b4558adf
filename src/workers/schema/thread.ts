import { parentPort } from 'node:worker_threads';
import { AbpError } from '../../domain/error.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { compileSchema } from '../../domain/output-schema.ts';
import type { CheckAnswer, CheckRequest } from './messages.ts';

/** Program of the thread for checks that could take long: see check.ts. */
const answer = (message: CheckAnswer) => parentPort?.postMessage(message);

async function check({ schema, result }: CheckRequest): Promise<void> {
  try {
    const problemOf = await compileSchema(JSON.parse(schema) as JsonObject);
    answer({ is: 'checked', problem: result === null ? null : problemOf(JSON.parse(result) as Json) });
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof AbpError) answer({ is: 'refused', message, hint: error.hint });
    else answer({ is: 'broken', message: `broke (${message})` });
  }
}

parentPort?.on('message', (request: CheckRequest) => void check(request));

// Loading the compiler is part of the start, not of the first check.
await compileSchema({});
answer({ is: 'ready' });
