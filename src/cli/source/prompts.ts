import { stat } from 'node:fs/promises';
import type { Exit } from '../exit-codes.ts';
import { withApproval } from '../job/approval.ts';
import { prepare } from '../job/run-batch.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';

/** Rendered prompts: one part that is the same for all units, and one for each. */
interface Prompts {
  readonly system: string;
  readonly prompts: readonly { readonly unit: number; readonly user: string }[];
}

/** Shows the prompts of the first units of a batch file or a job. */
export async function showPrompts(
  session: Session,
  source: string,
  { limit, set }: { readonly limit: number; readonly set: readonly string[] },
): Promise<Exit> {
  const isFile = (await stat(source).catch(() => null)) !== null || /[./]/.test(source);
  const seen = isFile ? await ofFile(session, source, limit, set) : await ofJob(session, source, limit);
  const { colors } = session.terminal;
  session.answer(
    seen,
    [
      colors.bold('System prompt, the same for every unit'),
      printable(seen.system, true).trimEnd(),
      ...seen.prompts.flatMap(({ unit, user }) => [
        '',
        colors.bold(`Prompt of unit ${unit}`),
        printable(user, true).trimEnd(),
      ]),
    ].join('\n'),
  );
  return 'done';
}

async function ofFile(session: Session, file: string, limit: number, set: readonly string[]): Promise<Prompts> {
  const { create, directory, located } = await prepare(session, file, { set, force: true });
  const given = { ...create, prompts: limit };
  const { system, prompts } = await located(() =>
    withApproval(session, false, () => session.call('preview_prompts', given, { workingDirectory: directory })),
  );
  return { system, prompts: prompts.map(({ user }, unit) => ({ unit, user })) };
}

async function ofJob(session: Session, typed: string, limit: number): Promise<Prompts> {
  const jobId = await session.jobId(typed);
  const { total = 0 } = await session.call('list_units', { job_id: jobId, limit: 1 });
  let system = '';
  const prompts: { unit: number; user: string }[] = [];
  for (let unit = 0; unit < Math.min(total, limit); unit++) {
    const { prompt } = await session.call('get_unit', { job_id: jobId, unit, details: true });
    if (!prompt) continue;
    system = prompt.system;
    prompts.push({ unit, user: prompt.user });
  }
  return { system, prompts };
}
