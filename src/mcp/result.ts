import { type CallToolResult, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { sentences } from '../domain/sentences.ts';
import { briefError } from '../orchestrator/brief-error.ts';

/** An answer: structured for the models that see that, the same as text for hosts that show text. */
export function toResult(structuredContent: Record<string, unknown>): CallToolResult {
  return { structuredContent, content: [{ type: 'text', text: JSON.stringify(structuredContent) }] };
}

/** Whatever was thrown, as a tool error for a person and a model to act on: what happened, then what to do. */
export function toErrorResult(thrown: unknown): CallToolResult {
  const { message, hint, details } = briefError(thrown);
  const log =
    typeof details?.log_tail === 'string' && details.log_tail !== '' ? `Log:\n${details.log_tail}` : undefined;
  const text = [message, hint, log].filter((part) => part !== undefined).join('\n');
  return { isError: true, content: [{ type: 'text', text }] };
}

/** The same for what is no tool: an error of the protocol, with the fault on the side that has it. */
export function toProtocolError(thrown: unknown): ProtocolError {
  const { message, hint, blame } = briefError(thrown);
  const code = blame === 'abp' ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams;
  return new ProtocolError(code, sentences(message, hint));
}
