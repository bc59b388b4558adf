import { existsSync, statSync } from 'node:fs';
import type { Exit } from '../exit-codes.ts';
import { cell, table } from '../format.ts';
import { agrees, allow, jobText, withApproval } from '../job/approval.ts';
import { prepare } from '../job/run-batch.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';

/** Length of the beginning of a definition that identifies it. */
const SHORT = 12;

/** Lists approvals, given and awaited. */
export async function showApprovals(session: Session): Promise<Exit> {
  const found = await session.call('list_approvals', {});
  const rows = found.approvals.map(({ definition, state, about, title, can, approved_by, approved_at, jobs }) => [
    definition.slice(0, SHORT),
    state,
    `${about} ${printable(title)}`,
    cell(can.map((power) => `${power.can} (${power.what})`).join('; '), 100),
    approved_at === null ? '' : `${approved_by}, ${approved_at}`,
    jobs.join(' '),
  ]);
  const header = ['definition', 'state', 'of', 'it can', 'by', 'jobs'];
  session.answer(
    found,
    rows.length === 0 ? 'No approvals: none given, none awaited.' : table(session.terminal.colors, header, rows),
  );
  return 'done';
}

/** Shows what a job, a batch file or a source would do, asks, and records the approval. */
export async function allowFromTerminal(session: Session, what: string, yes: boolean): Promise<Exit> {
  if (isFile(what)) return allowBatchFile(session, what, yes);
  const subject = /^[0-9a-f]{8,64}$/.test(what) ? { definition: what } : { jobId: await session.jobId(what) };
  if (!(await allow(session, subject, yes))) return 'cancelled';
  if ('jobId' in subject) {
    const { status } = await session.call('get_job_status', { job_id: subject.jobId });
    const next = NEXT[status] === undefined ? '' : ` Continue with: ${NEXT[status]} ${subject.jobId}`;
    session.answer({ job_id: subject.jobId, allowed: true }, `Allowed as it is now.${next}`);
  } else {
    const { definition } = await session.call('get_approval', subject);
    session.answer({ definition, allowed: true }, 'Allowed. Repeat the preview, or create the job again.');
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
  const batch = await prepare(session, file, { set: [], force: true });
  const { create, directory: workingDirectory } = batch;
  const asked = await batch.located(() =>
    withApproval(session, yes, () => session.call('batch_approval', create, { workingDirectory })),
  );
  const { definition } = asked;
  session.say(jobText({ ...asked, job_id: file }, session.terminal.colors));
  if (!(await agrees(session, 'Allow it?', yes, file))) return 'cancelled';
  await session.call('allow_batch', { ...create, definition }, { workingDirectory });
  session.answer({ definition, allowed: true }, `Allowed as it is now. abp run ${file} does not ask again.`);
  return 'done';
}

/** Revokes an approval. */
export async function revokeFromTerminal(session: Session, prefix: string): Promise<Exit> {
  const { definition } = await session.call('get_approval', { definition: prefix });
  const { paused } = await session.call('revoke_approval', { definition });
  const text = `Revoked ${definition.slice(0, SHORT)}.${paused.length > 0 ? ` Paused: ${paused.join(', ')}.` : ''}`;
  session.answer({ definition, paused }, text);
  return 'done';
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
