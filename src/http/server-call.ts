import type { Context } from 'hono';
import { type Call, MAX_WAIT_S } from '../orchestrator/operation.ts';
import type { HttpEnv } from './caller.ts';

/** Context of what the server reads for itself, without a request. */
export const OWN_CALL: Call = { interface: 'http', workingDirectory: '/', human: null, maxWaitMs: Infinity };

/** Builds the orchestrator's context of a request. Only the page in which a person signed in counts as a person. */
export function serverCall(c: Context<HttpEnv>): Call {
  return {
    interface: 'http',
    workingDirectory: process.cwd(),
    human: c.get('caller') === 'person' ? 'dashboard' : null,
    maxWaitMs: MAX_WAIT_S * 1000,
    requestId: c.get('requestId'),
    signal: c.req.raw.signal,
  };
}
