import { type CallToolResult, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { sentences } from '../domain/sentences.ts';
import { briefError } from './present/brief-error.ts';

/** Makes the result of a tool: structured content, and the same as text for hosts that show text. */
export function toResult(structuredContent: Record<string, unknown>): CallToolResult {
  return { structuredContent, content: [{ type: 'text', text: JSON.stringify(structuredContent) }] };
}

/** Converts anything thrown to a tool error: what happened, then what to do. */
export function toErrorResult(thrown: unknown): CallToolResult {
  const { message, hint, details } = briefError(thrown);
  const log =
    typeof details?.log_tail === 'string' && details.log_tail !== '' ? `Log:\n${details.log_tail}` : undefined;
  const text = [message, hint, log].filter((part) => part !== undefined).join('\n');
  return { isError: true, content: [{ type: 'text', text }] };
}

/** Converts anything thrown outside a tool to a protocol error; its code says whether the input or ABP is at fault. */
export function toProtocolError(thrown: unknown): ProtocolError {
  const { message, hint, blame } = briefError(thrown);
  const code = blame === 'abp' ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams;
  return new ProtocolError(code, sentences(message, hint));
}
