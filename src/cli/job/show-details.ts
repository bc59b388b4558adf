import { stringify } from 'yaml';
import type { OutputOf } from '../../orchestrator/index.ts';
import type { Exit } from '../exit-codes.ts';
import { count, duration, money } from '../format.ts';
import { inCommands } from '../hint-words.ts';
import type { Session } from '../session.ts';
import { type Colors, printable } from '../terminal.ts';
import { mayRunHere } from './next-commands.ts';

type Attempt = OutputOf<'get_unit'>['attempts'][number];

/** Shows the settings of a job: all that a batch file can hold, the prompt template, the paths of its files. */
export async function showSettings(session: Session, jobId: string): Promise<Exit> {
  const job = await session.call('job_settings', { job_id: jobId });
  const current = job.revisions.find(({ revision }) => revision === job.revision);
  const steps = current?.steps ?? [];
  const only = steps.length === 1 ? steps[0] : undefined;
  const { colors } = session.terminal;
  const settings = {
    intent: job.intent || undefined,
    source: job.source,
    fields: job.fields.join(', '),
    ...(only ? { worker: only.worker, schema: only.schema ?? undefined } : { steps }),
    limits: current?.limits,
    test: job.test,
    require_human_approval: job.require_human_approval,
    redact_results: job.redact_results,
    output: job.output,
    request_id: job.request_id ?? undefined,
    batch_file: job.batch_file ?? undefined,
    revision: job.revision,
    working_directory: job.working_directory,
    run_directories: job.run_directories,
    executor_log: job.executor_log,
  };
  session.answer(
    job,
    [
      `${colors.bold(printable(job.name))}  ${colors.dim(jobId)}  ${job.status}`,
      printable(stringify(settings), true).trimEnd(),
      ...(only ? ['', colors.bold('Prompt template'), printable(only.template, true).trimEnd()] : []),
    ].join('\n'),
  );
  return 'done';
}

/** Shows everything about one unit except the conversations, which `abp logs` shows. */
export async function showUnit(session: Session, jobId: string, unit: number): Promise<Exit> {
  const detail = await session.call('get_unit', { job_id: jobId, unit, details: true });
  const { colors } = session.terminal;
  const mustAllow = !(await mayRunHere(session, { job_id: jobId, status: detail.job_status }));
  session.answer(
    detail,
    [
      `${colors.bold(`Unit ${unit}`)} ${printable(detail.key)}  ${colors.dim(jobId)}  ${detail.status}`,
      ...(detail.failure
        ? [
            colors.red(`${detail.failure.class}: ${printable(detail.failure.message, true)}`),
            colors.dim(inCommands(detail.failure.advice, jobId, mustAllow)),
          ]
        : []),
      colors.bold('Payload'),
      printable(stringify(detail.payload), true).trimEnd(),
      ...(detail.prompt ? [colors.bold('Prompt'), printable(detail.prompt.user, true).trimEnd()] : []),
      ...detail.attempts.flatMap((attempt) => attemptLines(attempt, colors)),
      ...(detail.attempts.length > 0 ? [colors.dim(`Conversation: abp logs ${jobId} ${unit}`)] : []),
    ].join('\n'),
  );
  return 'done';
}

function attemptLines(attempt: Attempt, colors: Colors): string[] {
  const facts = [
    attempt.purpose === 'batch' ? '' : attempt.purpose,
    duration(attempt.duration_s),
    attempt.cost_usd === undefined ? '' : money(attempt.cost_usd),
    attempt.model ?? '',
    attempt.turns === undefined ? '' : `${attempt.turns} turns`,
    attempt.tools_denied?.length ? `denied ${attempt.tools_denied.join(', ')}` : '',
    ...(attempt.remarks ?? []),
    attempt.secrets_removed === undefined ? '' : `${count(attempt.secrets_removed, 'secret')} removed from the result`,
  ].filter(Boolean);
  const { result } = attempt;
  const text = result?.structured === undefined ? (result?.text ?? '') : stringify(result.structured);
  return [
    `${colors.bold(`Attempt ${attempt.attempt}`)} ${attempt.status}  ${colors.dim(printable(facts.join(', ')))}`,
    ...(attempt.failure_class ? [`  ${attempt.failure_class}: ${printable(attempt.message ?? '', true)}`] : []),
    ...(text === '' ? [] : [printable(text, true).trimEnd().replace(/^/gm, '  ')]),
    ...(result?.artifacts ?? []).map(({ path }) => `  wrote ${printable(path)}`),
    colors.dim(`  files: ${attempt.run_directory}`),
    ...(attempt.continue_in_terminal ? [colors.dim(`  continue it with: ${attempt.continue_in_terminal}`)] : []),
  ];
}
