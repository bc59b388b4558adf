import { AbpError, toAbpError } from '../../domain/error.ts';
import { DYNAMIC_CODE_NOTICE } from '../../domain/power.ts';
import type { OutputOf } from '../../orchestrator/index.ts';
import type { ApprovalSummary } from '../../orchestrator/queries/approval-summary.ts';
import { confirm } from '../confirm.ts';
import { count } from '../format.ts';
import type { Session } from '../session.ts';
import { type Colors, printable } from '../terminal.ts';

type JobApproval = OutputOf<'job_approval'>;
/** What a job, or a batch file, would run. */
type Asked = ApprovalSummary & Pick<JobApproval, 'job_id' | 'units' | 'reason'>;
type Approval = OutputOf<'list_approvals'>['approvals'][number];
type Can = JobApproval['can'];

/** A job can need approval for its source and for itself. */
const MOST_QUESTIONS = 3;

/**
 * Runs something that may need the approval of a person. If it does, shows at the terminal what would run and asks, unless
 * `yes` allows it in advance; then runs it again. Without a terminal and `yes` it throws the refusal, AbpError
 * `approval_required`; AbpError `cancelled` if the person declines.
 */
export async function withApproval<T>(session: Session, yes: boolean, run: () => Promise<T>): Promise<T> {
  for (let asked = 0; ; asked++) {
    try {
      return await run();
    } catch (error) {
      const subject = subjectOf(error);
      if (subject === null || asked === MOST_QUESTIONS || !(yes || session.terminal.interactive)) throw error;
      if (!(await allow(session, subject, yes, yes))) {
        throw new AbpError('cancelled', 'Not allowed: nothing was run.', { cause: error });
      }
    }
  }
}

/** What needs approval: a job, or a source by its definition. */
type Subject = { readonly jobId: string } | { readonly definition: string };

function subjectOf(error: unknown): Subject | null {
  const { code, details } = toAbpError(error);
  if (code !== 'approval_required') return null;
  const { job_id: jobId, definition } = details ?? {};
  if (typeof jobId === 'string') return { jobId };
  return typeof definition === 'string' ? { definition } : null;
}

/** Shows what would run, asks, and records the approval; returns whether it is allowed. `brief` shows only the powers. */
export async function allow(session: Session, subject: Subject, yes: boolean, brief = false): Promise<boolean> {
  if ('jobId' in subject) {
    const approval = await session.call('job_approval', { job_id: subject.jobId });
    if (approval.allowed) return true;
    session.say(brief ? allowedText(approval, session.terminal.colors) : jobText(approval, session.terminal.colors));
    if (!(await agrees(session, 'Allow it?', yes, subject.jobId))) return false;
    await session.call('allow_job', { job_id: subject.jobId, shown: approval.shown });
    return true;
  }
  const found = await session.call('get_approval', subject);
  const { definition } = found;
  session.say(sourceText(found, session.terminal.colors));
  if (!(await agrees(session, 'Allow it to be read?', yes, definition))) return false;
  await session.call('allow_source', { definition });
  return true;
}

/** Asks whether to allow what was shown. Throws AbpError `approval_required` without a terminal and `yes`. */
export async function agrees(session: Session, question: string, yes: boolean, what: string): Promise<boolean> {
  if (yes || session.terminal.interactive) return confirm(session, question, yes);
  throw new AbpError(
    'approval_required',
    `${question} Expected an answer, but there is no terminal to ask on: nothing was allowed.`,
    {
      hint: `If you may decide this, allow it in advance: abp approvals allow ${what} --yes`,
    },
  );
}

/** Describes what a job (or batch file) would do: its powers first, then everything that decides what runs. */
export function jobText(asked: Asked, colors: Colors): string {
  const { can, name, job_id, units, test, source, steps, files, output } = asked;
  const { type, ...config } = source;
  const tested = count(Math.min(test.units ?? 1, units), 'unit');
  const fact = (label: string, value: string) => `${colors.dim(label)} ${printable(value, true)}`;
  const text = (label: string, value: string) => [
    colors.dim(label),
    printable(value, true).trimEnd().replace(/^/gm, '  '),
  ];
  return [
    colors.bold(`${printable(name)} (${printable(job_id)}) needs your approval before it runs.`),
    ...(asked.reason ? [printable(asked.reason)] : []),
    ...powerLines(can, colors),
    fact('source', `${type} ${JSON.stringify(config)}, ${count(units, 'unit')}`),
    fact('home', `${asked.home ?? 'none'}; output ${output.directory}`),
    ...(output.path === undefined ? [] : [fact('results', `${output.path}, written when it ends`)]),
    fact('limits', JSON.stringify(asked.limits)),
    ...files.map(({ path, sha256 }) => fact('file', `${path} ${sha256?.slice(0, 12) ?? 'is missing'}`)),
    ...steps.flatMap(({ name, scope, worker, template, schema, on_failures }) => [
      ...(steps.length === 1
        ? []
        : [
            fact(
              'step',
              `${name} (${scope === 'unit' ? 'for each unit' : `over all results, when units failed: ${on_failures}`})`,
            ),
          ]),
      fact('worker', JSON.stringify(worker)),
      ...text('prompt', template),
      ...(schema === null ? [] : [fact('schema', JSON.stringify(schema))]),
    ]),
    test.skip
      ? 'Runs all units without a test.'
      : `Tests ${tested} first unless you skip the test; the others run after you approve the result.`,
  ].join('\n');
}

/** Describes briefly what `--yes` allows; `abp approvals allow` shows all of it. */
function allowedText({ name, can }: JobApproval, colors: Colors): string {
  return [`Allowed: ${printable(name)}`, ...powerLines(can, colors)].join('\n');
}

/** Describes what reading a source would do, with all of its code. */
function sourceText({ title, can, source, definition }: Approval, colors: Colors): string {
  const { type: _, code, ...config } = source ?? { type: title };
  return [
    colors.bold(`This ${printable(title)} source needs your approval before it is read.`),
    ...powerLines(can, colors),
    `${colors.dim('source')} ${printable(JSON.stringify(config))}`,
    ...(typeof code === 'string' ? [printable(code, true).trimEnd(), colors.yellow(DYNAMIC_CODE_NOTICE)] : []),
    colors.dim(`SHA-256 ${definition}`),
  ].join('\n');
}

function powerLines(can: Can, colors: Colors): string[] {
  return can.map((power) => `  ${colors.yellow(power.can)}: ${printable(power.what)}`);
}
