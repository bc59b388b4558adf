import { AbpError, toAbpError } from '../../domain/error.ts';
import { DYNAMIC_CODE_NOTICE } from '../../enumerators/dynamic/notice.ts';
import { findApproval } from '../../orchestrator/approval.ts';
import type { ApprovalSummary } from '../../orchestrator/approval-summary.ts';
import { confirm } from '../confirm.ts';
import { count } from '../format.ts';
import type { OutputOfView, Session } from '../session.ts';
import { type Colors, printable } from '../terminal.ts';

type JobApproval = OutputOfView<'job_approval'>;
/** What a job, or a batch file in its place, would run. */
type Asked = ApprovalSummary & Pick<JobApproval, 'job_id' | 'units' | 'reason'>;
type Approval = OutputOfView<'list_approvals'>['approvals'][number];
type Can = JobApproval['can'];

/** A job can ask about its source and about itself. */
const MOST_QUESTIONS = 3;

/**
 * Does something that may need the approval of a person. Where it does, whoever sits at the terminal sees what would run
 * and decides, or `yes` has decided beforehand; then it is done again. In every other case the refusal stands.
 */
export async function askingForApproval<T>(session: Session, yes: boolean, run: () => Promise<T>): Promise<T> {
  for (let asked = 0; ; asked++) {
    try {
      return await run();
    } catch (error) {
      const question = questionOf(error);
      if (question === null || asked === MOST_QUESTIONS || !(yes || session.terminal.interactive)) throw error;
      if (!(await allow(session, question, yes, yes))) {
        throw new AbpError('cancelled', 'It was not allowed: nothing was run.', { cause: error });
      }
    }
  }
}

/** What a person is asked about: a job, or a source by its definition. */
type Question = { readonly jobId: string } | { readonly definition: string };

function questionOf(error: unknown): Question | null {
  const { code, details } = toAbpError(error);
  if (code !== 'approval_required') return null;
  const { job_id: jobId, definition } = details ?? {};
  if (typeof jobId === 'string') return { jobId };
  return typeof definition === 'string' ? { definition } : null;
}

/** Shows what would run and asks; a yes to exactly that is recorded. Whether it may run now. */
export async function allow(session: Session, question: Question, yes: boolean, brief = false): Promise<boolean> {
  if ('jobId' in question) {
    const approval = await session.view('job_approval', { job_id: question.jobId });
    if (approval.allowed) return true;
    session.say(brief ? allowedText(approval, session.terminal.colors) : jobText(approval, session.terminal.colors));
    if (!(await agrees(session, 'Allow it?', yes, question.jobId))) return false;
    await session.view('allow_job', { job_id: question.jobId, shown: approval.shown });
    return true;
  }
  const { definition } = findApproval((await session.abp()).orchestrator.deps, question.definition);
  const { approvals } = await session.view('list_approvals', {});
  const found = approvals.find((each) => each.definition === definition);
  if (!found) throw new AbpError('not_found', `No approval ${question.definition}.`);
  session.say(sourceText(found, session.terminal.colors));
  if (!(await agrees(session, 'Allow it to be read?', yes, definition))) return false;
  await session.view('allow_source', { definition });
  return true;
}

/** Whether a person allows what they see. Throws AbpError `approval_required` where nobody can be asked. */
export async function agrees(session: Session, question: string, yes: boolean, what: string): Promise<boolean> {
  if (yes || session.terminal.interactive) return confirm(session, question, yes);
  throw new AbpError('approval_required', `${question} There is no terminal to ask on: nothing was allowed.`, {
    hint: `Whoever may decide it says so beforehand: abp approvals allow ${what} --yes`,
  });
}

/** What a job (or batch file) would do, for whoever has to allow it: its powers first, then all that decides what runs. */
export function jobText(asked: Asked, colors: Colors): string {
  const { can, name, job_id, units, test_units, source, worker, files, output_schema, post_processing } = asked;
  const fact = (label: string, value: string) => `${colors.dim(label)} ${printable(value, true)}`;
  const text = (label: string, value: string) => [
    colors.dim(label),
    printable(value, true).trimEnd().replace(/^/gm, '  '),
  ];
  return [
    colors.bold(`${printable(name)} (${printable(job_id)}) needs your approval before anything of it runs.`),
    ...(asked.reason ? [printable(asked.reason)] : []),
    ...powerLines(can, colors),
    fact('worker', JSON.stringify(worker)),
    fact('source', `${source.type} ${JSON.stringify(source.config)}, ${count(units, 'unit')}`),
    fact('home', `${asked.home ?? 'none'}; output ${asked.output_directory}`),
    ...(asked.output === null ? [] : [fact('results', `to ${asked.output} when it ends`)]),
    fact('limits', JSON.stringify(asked.limits)),
    ...files.map(({ path, sha256 }) => fact('file', `${path} ${sha256?.slice(0, 12) ?? 'is missing'}`)),
    ...text('prompt', asked.template),
    ...(output_schema === null ? [] : [fact('schema', JSON.stringify(output_schema))]),
    ...(post_processing === null ? [] : text('post-processing', JSON.stringify(post_processing, null, 2))),
    `Tests ${count(Math.min(test_units, units), 'unit')} first unless you leave that out; the others follow once you approve the result.`,
  ].join('\n');
}

/** What the `--yes` of a run allows, in short: whoever gave it decided beforehand; `abp approvals allow` shows all of it. */
function allowedText({ name, can }: JobApproval, colors: Colors): string {
  return [`Allowed: ${printable(name)}`, ...powerLines(can, colors)].join('\n');
}

/** What reading a source would do; code is shown whole. */
function sourceText({ title, can, source, definition }: Approval, colors: Colors): string {
  const { code, ...config } = source?.config ?? {};
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
