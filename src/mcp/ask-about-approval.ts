import type { InputRequiredResult, McpServer, ServerContext } from '@modelcontextprotocol/server';
import { AbpError, toAbpError } from '../domain/error.ts';
import type { JsonObject } from '../domain/json.ts';
import { DYNAMIC_CODE_NOTICE } from '../domain/power.ts';
import { redactJson } from '../domain/redact.ts';
import type { OutputOf } from '../orchestrator/index.ts';
import { toCall } from './call.ts';
import {
  type Can,
  DETAILS_CHARS,
  type Dialog,
  LINE_CHARS,
  powersInDetail,
  powersLine,
  quotedName,
} from './dialog-lines.ts';
import { answerOf, ask, canAsk, choiceForm, isAnsweredByPerson, plain, type Question, questionOf } from './elicit.ts';
import type { McpHost } from './host.ts';

/**
 * Maximum characters of a dialog. Nothing is truncated in one: longer definitions are allowed on a terminal or the
 * dashboard.
 */
const DIALOG_CHARS = 6000;

const CHOICES = { refuse: 'refuse: nothing runs', approve: 'approve: exactly this may run' } as const;
const form = choiceForm(CHOICES, '');

/**
 * Runs a call that may need the approval of a person. When it does and the host has dialogs, asks the user in one and runs
 * the call again after their approval. In all other cases throws the refusal.
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
    if (decision === undefined || !isAnsweredByPerson(ctx)) return run(null);
    if (decision === 'refuse') throw new AbpError('cancelled', 'The user refused: nothing was run.');
    await allow(host, ctx, question);
    return run('elicitation');
  }
  try {
    return await run(null);
  } catch (error) {
    const asked = canAsk(server, ctx) && isAnsweredByPerson(ctx) ? await questionAbout(host, ctx, error) : null;
    if (asked === null) throw error;
    return ask(asked.question, asked.dialog.message, choiceForm(CHOICES, asked.dialog.details));
  }
}

function allow(host: McpHost, ctx: ServerContext, question: Exclude<Question, { about: 'test' }>) {
  const call = toCall(host, ctx, 'elicitation');
  return question.about === 'job'
    ? host.orchestrator.call('allow_job', { job_id: question.jobId, shown: question.shown }, call)
    : host.orchestrator.call('allow_source', { definition: question.definition }, call);
}

/**
 * Makes the question of an `approval_required` error; null for other errors, and for a definition that no dialog can show
 * in full.
 */
async function questionAbout(host: McpHost, ctx: ServerContext, error: unknown) {
  const { code, details } = toAbpError(error);
  if (code !== 'approval_required') return null;
  const { job_id: jobId, definition } = details ?? {};
  if (typeof jobId === 'string') {
    const asked = await host.orchestrator.call('job_approval', { job_id: jobId }, toCall(host, ctx));
    const question = { about: 'job', jobId, shown: asked.shown } as const;
    const dialog = jobDialog(asked, String(details?.asks), details?.change);
    return dialog.details.length > DIALOG_CHARS ? null : { question, dialog };
  }
  if (typeof definition !== 'string') return null;
  const found = await host.orchestrator.call('get_approval', { definition }, toCall(host, ctx));
  const dialog = sourceDialog(found.source ?? { type: found.title }, error as AbpError);
  // A text that a dialog cannot show as it is must not be approved in one.
  if (dialog.details.length > DIALOG_CHARS || plain(dialog.details) !== dialog.details) return null;
  return { question: { about: 'source', definition: found.definition } as const, dialog };
}

type Asked = OutputOf<'job_approval'>;

function jobDialog(asked: Asked, asks: string, change: unknown): Dialog {
  const { job_id, name, units, test, can, source, steps, files, home, output, limits } = asked;
  const { type, ...config } = source;
  const all = `No test: all ${units} units run.`;
  const follows =
    {
      skip: all,
      reopen: 'Runs units again.',
      retry: 'Runs failed units again.',
      rerun: 'Runs a step again.',
      raise: `Raises ${String(change)}.`,
    }[asks] ??
    (test.skip ? all : `Tests ${Math.min(units, test.units ?? 1)} of ${units} units; the others wait for you.`);
  return {
    message: [
      question('May it run?', can),
      `${follows} Job ${quotedName(name)}`,
      `${asked.reason ?? ''} In full: abp approvals allow ${job_id}`.trim(),
    ].join('\n'),
    details: [
      [
        ...(can.length === 0 ? [] : [powersInDetail(can)]),
        ...steps.map(({ name, worker }) => `${named('Worker', name, steps)}: ${JSON.stringify(worker)}`),
        `Source: ${type} ${JSON.stringify(config)}`,
        `Home: ${home ?? 'none'}`,
        `Output: ${output.directory}`,
        `Limits: ${JSON.stringify(limits)}`,
        ...files.map(({ path, sha256 }) => `File: ${path} ${sha256 ?? 'missing'}`),
      ].join(' · '),
      ...steps.flatMap((step) => stepInDetail(step, steps)),
    ].join('\n'),
  };
}

function stepInDetail({ name, scope, template, schema, on_failures }: Asked['steps'][number], steps: Asked['steps']) {
  const when = scope === 'unit' ? '' : ` (over all results, when units failed: ${on_failures})`;
  return [
    // Blank lines would take rows of a dialog.
    `${named('Prompt', name, steps)}${when}: ${template.replaceAll(/\n(?:[ \t]*\n)+/g, '\n')}`,
    ...(schema === null ? [] : [`${named('Schema', name, steps)}: ${JSON.stringify(schema)}`]),
  ];
}

/** Says which step a part is of, in a job with several. */
function named(part: string, step: string, steps: Asked['steps']): string {
  return steps.length === 1 ? part : `${part} of ${step}`;
}

function sourceDialog(source: NonNullable<OutputOf<'get_approval'>['source']>, { details }: AbpError): Dialog {
  const { type, code, ...config } = source;
  const can = (details?.powers ?? []) as Can;
  const what = powersInDetail(can);
  const isWhole = code === undefined && what.length <= DETAILS_CHARS;
  return {
    message: [
      question('May it be read?', can),
      `Nothing of this ${type} source has been read yet.`,
      ...(isWhole ? [] : [`In full: abp approvals allow ${String(details?.definition)}`]),
    ].join('\n'),
    details: [
      `${what} · Source: ${JSON.stringify(redactJson(config as JsonObject, 'logs'))}`,
      ...(typeof code === 'string' ? [code, DYNAMIC_CODE_NOTICE] : []),
    ].join('\n'),
  };
}

/** Makes the first line of a dialog, which always has all kinds of powers. */
function question(words: string, can: Can): string {
  const line = `${words} ${powersLine(can, words.length + 1)}`;
  return line.length <= LINE_CHARS ? line : powersLine(can, words.length + 1);
}
