import { AbpError } from '../../domain/error.ts';
import type { CodeApproval } from '../../domain/repository.ts';
import { DYNAMIC_CODE_NOTICE } from '../../enumerators/dynamic/notice.ts';
import { approveCode, findCode } from '../../orchestrator/approve-code.ts';
import { confirm } from '../confirm.ts';
import type { Exit } from '../exit-codes.ts';
import { count } from '../format.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';

/** Lists code that waits for approval. */
export async function showPendingCode(session: Session): Promise<Exit> {
  const pending = await session.view('list_code_approvals', {});
  const lines = pending.approvals.map(
    ({ sha256, requested_at, code }) =>
      `${sha256.slice(0, 12)}  ${requested_at}  ${count(code.split('\n').length, 'line')}: abp approve-code ${sha256.slice(0, 12)}`,
  );
  session.answer(pending, lines.join('\n') || 'No code waits for approval.');
  return 'done';
}

/** Shows one code in full and records a yes to this very text. Whoever cannot be asked must name it by its whole hash. */
export async function approveDynamicCode(session: Session, hash: string, yes: boolean): Promise<Exit> {
  const { deps } = (await session.abp()).orchestrator;
  const found = findCode(deps, hash);
  const { sha256 } = found;
  if (found.approvedAt !== null) {
    session.answer({ sha256, approved: true }, `${sha256.slice(0, 12)} is approved already.`);
    return 'done';
  }
  if (yes && hash !== sha256) {
    throw new AbpError('invalid_input', 'With --yes the whole hash is needed: it says which text was read.', {
      hint: `abp approve-code ${sha256.slice(0, 12)} shows it and asks.`,
    });
  }
  if (!(await showAndAsk(session, found, yes))) return 'cancelled';
  session.answer({ sha256, approved: true }, 'Approved. Make the job again.');
  return 'done';
}

/**
 * Runs something that may need dynamic code to be approved. Where it does, a person at a terminal sees the whole code and
 * decides; then it runs again. In every other case the refusal stands.
 */
export async function askingAboutCode<T>(session: Session, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const wanted = error instanceof AbpError && error.code === 'approval_required' ? error.details?.sha256 : undefined;
    if (typeof wanted !== 'string' || !session.terminal.interactive) throw error;
    const found = findCode((await session.abp()).orchestrator.deps, wanted);
    if (await showAndAsk(session, found, false)) return run();
    throw new AbpError('cancelled', 'The code was not approved: nothing was made.', { cause: error });
  }
}

/** Shows a code in full and asks; a yes to this very text is recorded. */
async function showAndAsk(session: Session, { sha256, code }: CodeApproval, yes: boolean): Promise<boolean> {
  const { colors } = session.terminal;
  session.say(
    `${colors.bold(`SHA-256 ${sha256}`)}\n\n${printable(code, true).trimEnd()}\n\n${colors.yellow(DYNAMIC_CODE_NOTICE)}`,
  );
  if (!(await confirm(session, 'Have you read it, and may it run?', yes))) return false;
  approveCode((await session.abp()).orchestrator.deps, sha256, 'cli');
  return true;
}
