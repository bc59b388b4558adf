import type { ServerContext } from '@modelcontextprotocol/server';
import { type Call, MAX_WAIT_S, type Progress } from '../orchestrator/operation.ts';
import type { McpHost } from './host.ts';

/** Context of what a server reads for itself, without a tool call: it waits for nothing. */
export const OWN_CALL: Call = { interface: 'mcp', workingDirectory: '/', human: null, maxWaitMs: 0 };

/**
 * Makes the context of a tool call. Its directory is that of the host's project: Claude Code names it, other hosts start the
 * server in it.
 */
export function toCall({ environment }: McpHost, ctx: ServerContext, human: Call['human'] = null): Call {
  // Over HTTP each request has an id: the client's or one of the server.
  const requestId = ctx.http?.req?.headers.get('x-request-id');
  const workingDirectory = environment.CLAUDE_PROJECT_DIR || process.cwd();
  return {
    interface: 'mcp',
    workingDirectory,
    // Over HTTP the caller's folder is unknown.
    home: ctx.http ? null : workingDirectory,
    human,
    maxWaitMs: MAX_WAIT_S * 1000,
    ...(requestId ? { requestId } : {}),
    signal: ctx.mcpReq.signal,
    ...progressOf(ctx),
  };
}

/** Smallest growth of progress: the protocol requires that it grows with every message, also when no unit was done. */
const SMALLEST_STEP = 0.001;

function progressOf({ mcpReq }: ServerContext): Pick<Call, 'onProgress'> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return {};
  let last = -SMALLEST_STEP;
  const onProgress = ({ done, total, message }: Progress) => {
    last = Math.max(done, last + SMALLEST_STEP);
    const params = { progressToken, progress: last, message, ...(total === null ? {} : { total }) };
    // The transport notices a disconnected host; a lost progress message does no harm.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
  return { onProgress };
}
