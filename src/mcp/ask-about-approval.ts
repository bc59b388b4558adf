import type { InputRequiredResult, McpServer, ServerContext } from '@modelcontextprotocol/server';
import { AbpError, toAbpError } from '../domain/error.ts';
import type { JsonObject } from '../domain/json.ts';
import { redactJson } from '../domain/redact.ts';
import { DYNAMIC_CODE_NOTICE } from '../enumerators/dynamic/notice.ts';
import { findApproval } from '../orchestrator/approval.ts';
import type { AnyView } from '../orchestrator/views/index.ts';
import { toCall } from './call.ts';
import { answerOf, ask, canAsk, choiceForm, plain, type Question, questionOf } from './elicit.ts';
import type { McpHost } from './host.ts';

/** Longer texts are not read in a dialog: they are allowed on a terminal or the dashboard. */
const DIALOG_CHARS = 6000;

/** Of the template, which the dashboard and the terminal show whole. */
const TEMPLATE_CHARS = 1500;

const CHOICES = ['refuse', 'approve'] as const;
const form = choiceForm(CHOICES, 'approve: exactly this may run');

type Can = readonly { readonly can: string; readonly what: string }[];

/** What a dialog says: three lines that every host shows, and the rest for its field. */
interface Dialog {
  readonly message: string;
  readonly details: string;
}

/**
 * Does something that may need the approval of a person. Where it does, and the host has dialogs, the user sees what would
 * run and decides; then it is done again. In every other case the refusal stands.
 */
export async function askingForApproval<T>(
  host: McpHost,
  server: McpServer,
  ctx: ServerContext,
  run: (human: 'elicitation' | null) => Promise<T>,
): Promise<T | InputRequiredResult> {
  const question = questionOf(ctx);
  if (question?.about === 'job' || question?.about === 'source') {
    const decision = answerOf(ctx, form)?.decision;
    if (decision === undefined) return run(null);
    if (decision === 'refuse') throw new AbpError('cancelled', 'The user did not allow it: nothing was run.');
    await allow(host, ctx, question);
    return run('elicitation');
  }
  try {
    return await run(null);
  } catch (error) {
    const asked = canAsk(server, ctx) ? await questionAbout(host, ctx, error) : null;
    if (asked === null) throw error;
    return ask(asked.question, asked.dialog.message, choiceForm(CHOICES, asked.dialog.details));
  }
}

function allow(host: McpHost, ctx: ServerContext, question: Exclude<Question, { about: 'test' }>) {
  const call = toCall(host, ctx, 'elicitation');
  return question.about === 'job'
    ? host.orchestrator.callUnknown('allow_job', { job_id: question.jobId, shown: question.shown }, call)
    : host.orchestrator.callUnknown('allow_source', { definition: question.definition }, call);
}

/** The question that a refusal leaves for the user; null for any other error, and for what no dialog can show whole. */
async function questionAbout(host: McpHost, ctx: ServerContext, error: unknown) {
  const { code, details } = toAbpError(error);
  if (code !== 'approval_required') return null;
  const { job_id: jobId, definition } = details ?? {};
  if (typeof jobId === 'string') {
    const asked = (await host.orchestrator.callUnknown('job_approval', { job_id: jobId }, toCall(host, ctx))) as Asked;
    const question = { about: 'job', jobId, shown: asked.shown } as const;
    const dialog = jobDialog(asked, details?.skips_test === true);
    return dialog.details.length > DIALOG_CHARS ? null : { question, dialog };
  }
  if (typeof definition !== 'string') return null;
  const found = findApproval(host.orchestrator.deps, definition);
  const dialog = sourceDialog(found.source ?? {}, error as AbpError);
  // What a dialog cannot show as it is must not be approved in one.
  if (dialog.details.length > DIALOG_CHARS || plain(dialog.details) !== dialog.details) return null;
  return { question: { about: 'source', definition: found.definition } as const, dialog };
}

type Asked = Awaited<ReturnType<Extract<AnyView, { readonly name: 'job_approval' }>['run']>>;

function jobDialog(asked: Asked, skipsTest: boolean): Dialog {
  const { name, units, test_units, can, worker, source, template, files, home, output_directory, reason } = asked;
  const tried = Math.min(units, test_units);
  const follows = skipsTest
    ? `No test: all ${units} units run at once.`
    : `Tests ${tried} of ${units} units; the others wait for your approval of the result.`;
  return {
    message: [`May "${name}" run? ${powersLine(can)}`, follows, reason ?? ''].filter(Boolean).join('\n'),
    details: [
      'approve: exactly this may run, from its test on.',
      ...can.map((power) => `It ${power.can}: ${power.what}`),
      `Worker: ${JSON.stringify(worker)}`,
      `Source: ${source.type} ${JSON.stringify(source.config)}`,
      `Home: ${home ?? 'none'}. Output: ${output_directory}`,
      ...(files ?? []).map(({ path, sha256 }) => `File: ${path} ${sha256 ?? 'missing'}`),
      `Prompt: ${short(template, TEMPLATE_CHARS)}`,
    ].join('\n'),
  };
}

function sourceDialog(source: Readonly<Record<string, unknown>>, { details }: AbpError): Dialog {
  const { code, ...config } = (source.config ?? {}) as JsonObject;
  const can = (details?.powers ?? []) as Can;
  return {
    message: [
      `May this ${String(source.type)} source be read? ${powersLine(can)}`,
      'Nothing of it has been read yet.',
    ].join('\n'),
    details: [
      'approve: exactly this may be read.',
      ...can.map((power) => `It ${power.can}: ${power.what}`),
      JSON.stringify(redactJson(config)),
      ...(typeof code === 'string' ? [code, DYNAMIC_CODE_NOTICE] : []),
    ].join('\n'),
  };
}

/** Powers in one line: what a host shows of them may be cut at the width of a screen. */
export function powersLine(can: Can): string {
  if (can.length === 0) return 'It reads its home and its source, and writes its output directory.';
  return `It ${[...new Set(can.map((power) => power.can))].join(', ')}.`;
}

function short(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length - length} more characters)`;
}
