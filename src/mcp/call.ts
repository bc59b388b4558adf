import type { ServerContext } from '@modelcontextprotocol/server';
import { type Call, MAX_WAIT_S, type Progress } from '../orchestrator/operation.ts';
import type { McpHost } from './host.ts';

/**
 * What the orchestrator may know about a tool call. The directory is that of the host's project: Claude Code names it,
 * other hosts start the server in it.
 */
export function toCall({ orchestrator }: McpHost, ctx: ServerContext, human: Call['human'] = null): Call {
  // Over HTTP the server has given the request an id, or adopted its own.
  const requestId = ctx.http?.req?.headers.get('x-request-id');
  const workingDirectory = orchestrator.deps.environment.CLAUDE_PROJECT_DIR || process.cwd();
  return {
    workingDirectory,
    // Over HTTP nobody knows where the caller works.
    home: ctx.http ? null : workingDirectory,
    human,
    maxWaitMs: MAX_WAIT_S * 1000,
    ...(requestId ? { requestId } : {}),
    signal: ctx.mcpReq.signal,
    ...progressOf(ctx),
  };
}

/** The protocol wants a progress that grows with every message, also while the same number of units is done. */
const SMALLEST_STEP = 0.001;

function progressOf({ mcpReq }: ServerContext): Pick<Call, 'onProgress'> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return {};
  let last = -SMALLEST_STEP;
  const onProgress = ({ done, total, message }: Progress) => {
    last = Math.max(done, last + SMALLEST_STEP);
    const params = { progressToken, progress: last, message, ...(total === null ? {} : { total }) };
    // A host that has gone away is noticed by the transport; a lost message of progress is nobody's loss.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
  return { onProgress };
}
