import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import type { NextCall } from '../orchestrator/next-calls.ts';
import type { AnyView } from '../orchestrator/views/index.ts';
import { toCall } from './call.ts';
import { canAsk, isAnsweredByPerson } from './elicit.ts';
import type { McpHost } from './host.ts';

type Approval = Awaited<ReturnType<Extract<AnyView, { readonly name: 'job_approval' }>['run']>>;

/**
 * An answer whose next calls are accepted here: where the host cannot put a question before its user, what only they can
 * agree to is theirs, on the dashboard or a terminal; what they have allowed already is left.
 */
export async function withNextHere(
  host: McpHost,
  server: McpServer,
  ctx: ServerContext,
  answer: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const next = answer.next as readonly NextCall[] | undefined;
  const jobId = next?.find(({ person }) => person !== undefined)?.arguments.job_id;
  if (!next || typeof jobId !== 'string' || (canAsk(server, ctx) && isAnsweredByPerson(ctx))) return answer;
  const view = (await host.orchestrator.callUnknown('job_approval', { job_id: jobId }, toCall(host, ctx))) as Approval;
  const isTheirs = ({ person }: NextCall) => person !== undefined && !(view.allowed && person.startsWith(ALLOW));
  const theirs = next.find(isTheirs);
  const left = next.filter((call) => !isTheirs(call)).map(({ person: _, ...call }) => call);
  return { ...answer, next: theirs ? [decideElsewhere(theirs), ...left] : left };
}

/** What a person agrees to once, for all that a job runs as it is. */
const ALLOW = 'abp approvals allow';

function decideElsewhere({ person, why: asked }: NextCall): NextCall {
  const why = `the user decides there, or on a terminal: ${person}. Then it ${asked.split('. Then it ').at(-1)}`;
  return { tool: 'dashboard', arguments: { action: 'url' }, why };
}
