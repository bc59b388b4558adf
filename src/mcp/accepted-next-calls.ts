import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import { toCall } from './call.ts';
import { canAsk, isAnsweredByPerson } from './elicit.ts';
import type { McpHost } from './host.ts';
import type { NextCall } from './present/next-calls.ts';

/**
 * Adapts the next calls of an answer to this host. A host without dialogs cannot make the calls that need the user's consent:
 * the first of them becomes a call that shows the user where to decide, unless the user has allowed the job already.
 */
export async function withAcceptedNextCalls(
  host: McpHost,
  server: McpServer,
  ctx: ServerContext,
  answer: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const next = answer.next as readonly NextCall[] | undefined;
  const jobId = next?.find(({ person }) => person !== undefined)?.arguments.job_id;
  if (!next || typeof jobId !== 'string' || (canAsk(server, ctx) && isAnsweredByPerson(ctx))) return answer;
  const view = await host.orchestrator.call('job_approval', { job_id: jobId }, toCall(host, ctx));
  const needsUser = ({ person }: NextCall) => person !== undefined && !(view.allowed && person.startsWith(ALLOW));
  const userCall = next.find(needsUser);
  const left = next.filter((call) => !needsUser(call)).map(({ person: _, ...call }) => call);
  return { ...answer, next: userCall ? [decideElsewhere(userCall), ...left] : left };
}

/** Beginning of the command that allows a job; its approval covers all calls until the definition changes. */
const ALLOW = 'abp approvals allow';

function decideElsewhere({ person, why: asked }: NextCall): NextCall {
  const why = `the user decides there, or on a terminal: ${person}. Then it ${asked.split('. Then it ').at(-1)}`;
  return { tool: 'dashboard', arguments: { action: 'url' }, why };
}
