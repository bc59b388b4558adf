import { existsSync, statSync } from 'node:fs';
import { allowBatch, defineBatch } from '../../orchestrator/allow-batch.ts';
import { findApproval } from '../../orchestrator/approval.ts';
import type { Exit } from '../exit-codes.ts';
import { table } from '../format.ts';
import { agrees, allow, askingForApproval, jobText } from '../job/allow.ts';
import { prepare } from '../job/run-batch.ts';
import { asPerson, type Session } from '../session.ts';
import { printable } from '../terminal.ts';

/** So much of a definition is enough to name it. */
const SHORT = 12;

/** Lists what was approved, and what waits. */
export async function showApprovals(session: Session): Promise<Exit> {
  const found = await session.view('list_approvals', {});
  const rows = found.approvals.map(({ definition, state, about, title, can, approved_by, approved_at, jobs }) => [
    definition.slice(0, SHORT),
    state,
    `${about} ${printable(title)}`,
    can
      .map((power) => printable(`${power.can} (${power.what})`))
      .join('; ')
      .slice(0, 100),
    approved_at === null ? '' : `${approved_by}, ${approved_at}`,
    jobs.join(' '),
  ]);
  const header = ['definition', 'state', 'of', 'it can', 'by', 'jobs'];
  session.answer(
    found,
    rows.length === 0 ? 'Nothing was approved, and nothing waits.' : table(session.terminal.colors, header, rows),
  );
  return 'done';
}

/** Shows what a job, a batch file or a source that was asked about would do, and records a yes to exactly that. */
export async function allowFromTerminal(session: Session, what: string, yes: boolean): Promise<Exit> {
  if (isFile(what)) return allowBatchFile(session, what, yes);
  const question = /^[0-9a-f]{8,64}$/.test(what) ? { definition: what } : { jobId: await session.jobId(what) };
  if (!(await allow(session, question, yes))) return 'cancelled';
  if ('jobId' in question) {
    const { status } = await session.call('get_job_status', { job_id: question.jobId });
    const next = NEXT[status] === undefined ? '' : ` Go on with: ${NEXT[status]} ${question.jobId}`;
    session.answer({ job_id: question.jobId, allowed: true }, `Allowed as it is now.${next}`);
  } else {
    const { definition } = findApproval((await session.abp()).orchestrator.deps, question.definition);
    session.answer({ definition, allowed: true }, 'Allowed. Preview it or make the job again.');
  }
  return 'done';
}

const NEXT: Readonly<Record<string, string>> = {
  created: 'abp start',
  testing: 'abp approve',
  paused: 'abp resume',
  failed: 'abp retry',
};

async function allowBatchFile(session: Session, file: string, yes: boolean): Promise<Exit> {
  const { deps } = (await session.abp()).orchestrator;
  const batch = await prepare(session, file, { set: [], force: true });
  const call = asPerson({ workingDirectory: batch.directory });
  const found = await batch.located(() => askingForApproval(session, yes, () => defineBatch(deps, batch.create, call)));
  const { definition, units, shown } = found;
  session.say(jobText({ ...shown, job_id: file, units }, session.terminal.colors));
  if (!(await agrees(session, 'Allow it?', yes, file))) return 'cancelled';
  await allowBatch(deps, found, call);
  session.answer(
    { definition: definition.id, allowed: true },
    `Allowed as it is now. abp run ${file} does not ask again.`,
  );
  return 'done';
}

/** Takes an approval back. */
export async function revokeFromTerminal(session: Session, prefix: string): Promise<Exit> {
  const { definition } = findApproval((await session.abp()).orchestrator.deps, prefix);
  const { paused } = await session.view('revoke_approval', { definition });
  const text = `Revoked ${definition.slice(0, SHORT)}.${paused.length > 0 ? ` Paused: ${paused.join(', ')}.` : ''}`;
  session.answer({ definition, paused }, text);
  return 'done';
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
