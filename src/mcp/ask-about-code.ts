import type { InputRequiredResult, McpServer, ServerContext } from '@modelcontextprotocol/server';
import { AbpError } from '../domain/error.ts';
import { DYNAMIC_CODE_NOTICE } from '../enumerators/dynamic/notice.ts';
import { approveCode } from '../orchestrator/approve-code.ts';
import { answerOf, ask, canAsk, choiceForm, isAnsweredByPerson, plain, questionOf } from './elicit.ts';
import type { McpHost } from './host.ts';

/** Longer code is not read in a dialog; it is approved on a terminal. */
const DIALOG_CHARS = 6000;

const form = choiceForm(['refuse', 'approve'], 'approve: this very code may run on this machine');

/**
 * Runs something that may need dynamic code to be approved. Where it does, and the host has dialogs, the user sees the
 * whole code and decides; then it runs again. In every other case the refusal stands.
 */
export async function askingAboutCode<T>(
  { orchestrator }: McpHost,
  server: McpServer,
  ctx: ServerContext,
  run: () => Promise<T>,
): Promise<T | InputRequiredResult> {
  const question = questionOf(ctx);
  if (question?.about === 'code') {
    if (answerOf(ctx, form)?.decision === 'approve') approveCode(orchestrator.deps, question.sha256, 'elicitation');
    return run();
  }
  try {
    return await run();
  } catch (error) {
    const wanted = codeOf(error);
    if (!wanted || !canAsk(server, ctx) || !isAnsweredByPerson(ctx)) throw error;
    // What a dialog cannot show as it is must not be approved in one.
    if (wanted.code.length > DIALOG_CHARS || plain(wanted.code) !== wanted.code) throw error;
    const message = `A job wants to make its items with this code:\n\n${wanted.code}\n\n${DYNAMIC_CODE_NOTICE}\nSHA-256 ${wanted.sha256}`;
    return ask({ about: 'code', sha256: wanted.sha256 }, message, form);
  }
}

function codeOf(error: unknown): { readonly sha256: string; readonly code: string } | null {
  if (!(error instanceof AbpError) || error.code !== 'approval_required') return null;
  const { sha256, code } = error.details ?? {};
  return typeof sha256 === 'string' && typeof code === 'string' ? { sha256, code } : null;
}
