import { completable, type GetPromptResult, type McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Awaitable } from '../domain/awaitable.ts';
import type { JsonObject } from '../domain/json.ts';
import { OWN_CALL } from './call.ts';
import type { Completions } from './completions.ts';
import type { McpHost } from './host.ts';
import { callTool } from './present/index.ts';
import { toProtocolError } from './result.ts';

/** Registers the prompts that users pick from a menu: files of the prompts folder, filled with the current state. */
export function registerPrompts(server: McpServer, { orchestrator }: McpHost, complete: Completions): void {
  const look = async (operation: string, input: Record<string, unknown>) => {
    return JSON.stringify(await callTool(orchestrator, operation, input, OWN_CALL));
  };

  const message = async (name: string, values: () => Awaitable<JsonObject>): Promise<GetPromptResult> => {
    try {
      const { text } = await orchestrator.call('fill_prompt', { name, values: await values() }, OWN_CALL);
      return { messages: [{ role: 'user', content: { type: 'text', text } }] };
    } catch (error) {
      throw toProtocolError(error);
    }
  };

  server.registerPrompt(
    'process-items',
    {
      title: 'Process many items',
      description: 'Turns a wish about many files, rows or records into a running batch job, with a test first.',
      argsSchema: z.object({
        wish: z.string().describe('What should happen to every item'),
        source: z.string().optional().describe('Where the items are: a directory, a file, a database'),
        enumerator: completable(z.string().describe('Kind of source, if you know it'), complete.enumerators).optional(),
      }),
    },
    ({ wish, source = 'not said', enumerator = 'not said' }) =>
      message('process-items', () => ({ wish, source, enumerator })),
  );

  server.registerPrompt(
    'review-failures',
    {
      title: 'Review failed units',
      description: 'Groups the failures of a job by cause, and says what would fix them.',
      argsSchema: z.object({ job_id: completable(z.string().describe('The job'), complete.jobIds) }),
    },
    async ({ job_id }) =>
      message('review-failures', async () => ({
        job_id,
        status: await look('get_job_status', { job_id }),
        units: await look('list_units', { job_id, status: ['failed'], limit: 5 }),
      })),
  );

  server.registerPrompt(
    'resume-work',
    {
      title: 'Resume earlier work',
      description: 'Shows the status of earlier jobs, and what each needs next.',
      argsSchema: z.object({
        status: completable(z.string().describe('Only jobs in this status'), complete.jobStatuses).optional(),
      }),
    },
    ({ status }) =>
      message('resume-work', async () => ({
        jobs: await look('list_jobs', status ? { status: [status] } : {}),
      })),
  );
}
