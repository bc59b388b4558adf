import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import { toCall } from './call.ts';
import { canAsk, isAnsweredByPerson } from './elicit.ts';
import type { McpHost } from './host.ts';
import { type Answer, withWordedNextCalls } from './present/index.ts';
import { commandOfDecision, type NextCall } from './present/next-calls.ts';

/**
 * Adapts the next calls of an answer to this host and words them. A host without dialogs cannot make the calls that need the
 * user's consent: the first of them becomes a call that shows the user where to decide, unless the user has allowed the job
 * already.
 */
export async function withAcceptedNextCalls(
  host: McpHost,
  server: McpServer,
  ctx: ServerContext,
  answer: Answer,
): Promise<Answer> {
  const next = answer.next as readonly NextCall[] | undefined;
  const jobId = next?.find(({ decision }) => decision !== undefined)?.arguments.job_id;
  if (!next || typeof jobId !== 'string' || (canAsk(server, ctx) && isAnsweredByPerson(ctx))) {
    return withWordedNextCalls(answer);
  }
  const view = await host.orchestrator.call('job_approval', { job_id: jobId }, toCall(host, ctx));
  // An approval of the job covers all calls until the definition changes.
  const needsUser = ({ decision }: NextCall) =>
    decision !== undefined && !(view.allowed && decision.operation === 'allow_job');
  const userCall = next.find(needsUser);
  const left = next.filter((call) => !needsUser(call)).map(({ decision: _, ...call }) => call);
  return withWordedNextCalls({ ...answer, next: userCall ? [decideElsewhere(userCall), ...left] : left });
}

function decideElsewhere(call: NextCall): NextCall {
  const why = `the user decides there, or on a terminal: ${commandOfDecision(call)}. Then it ${call.why}`;
  return { tool: 'dashboard', arguments: { action: 'url' }, why };
}
