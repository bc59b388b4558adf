import { setTimeout as sleep } from 'node:timers/promises';
import { AbpError } from '../../domain/error.ts';
import { redact } from '../../domain/redact.ts';
import type { OutputOf } from '../../orchestrator/index.ts';
import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';
import { isAtRest } from './follow.ts';

/** Options of `abp logs`. */
export interface LogOptions {
  readonly attempt?: number;
  readonly scope: 'unit' | 'job';
  readonly lines: number;
  readonly follow: boolean;
}

type Entry = OutputOf<'attempt_log'>['entries'][number];

/** Between two looks at files that grow. */
const LOOK_MS = 300;
const PAGE = 500;

/** Prints the conversation of an attempt, while it happens if that is asked for. */
export async function showConversation(
  session: Session,
  jobId: string,
  unit: number,
  options: LogOptions,
): Promise<Exit> {
  const { scope, follow } = options;
  const detail = await session.call('get_unit', { job_id: jobId, unit, scope });
  const attempt = options.attempt ?? detail.attempts.at(-1)?.attempt;
  if (attempt === undefined) {
    throw new AbpError('not_found', `Unit ${unit} of ${jobId} has not been tried yet.`, {
      hint: `abp units ${jobId} shows which have.`,
    });
  }
  const { orchestrator } = await session.abp();
  const log = { job_id: jobId, unit, scope, attempt };
  const entries: Entry[] = [];
  let silent = true;
  let since = -1;
  let more = false;
  let seen: string | null | undefined;
  for await (const _ of orchestrator.changes(undefined, () => (more ? 0 : LOOK_MS))) {
    const { version } = await session.call('attempt_log_version', log);
    if (!more && version === seen) continue;
    const page = await session.call('attempt_log', { ...log, since, limit: PAGE });
    if (session.json) entries.push(...page.entries);
    else for (const entry of page.entries) session.say(entryText(session, entry));
    silent &&= page.entries.length === 0;
    ({ next_since: since, more } = page);
    seen = version;
    if (page.ended || (!more && !follow)) break;
  }
  const nothing = `Attempt ${attempt} of unit ${unit} has said nothing, or its files were pruned.`;
  session.answer({ ...log, entries }, silent ? nothing : undefined);
  return 'done';
}

/** Prints the end of the executor's log, a line of text for each of its JSON lines. */
export async function showExecutorLog(session: Session, jobId: string, { lines, follow }: LogOptions): Promise<Exit> {
  const { path, text: end, next } = await session.call('read_executor_log', { job_id: jobId });
  const shown = end.split('\n').filter(Boolean).slice(-lines);
  if (session.json) {
    session.answer({ job_id: jobId, path, lines: shown.map((line) => redact(line, 'logs')) });
    return 'done';
  }
  for (const line of shown) session.say(logText(line));
  if (shown.length === 0) session.say(`Nothing is logged yet in ${path}.`);
  for (let size = next, rest = ''; follow; ) {
    const ended = isAtRest(await session.call('get_job_status', { job_id: jobId }));
    const { text, next: now } = await session.call('read_executor_log', { job_id: jobId, after: size });
    const whole = (rest + text).split('\n');
    rest = whole.pop() ?? '';
    for (const line of whole.filter(Boolean)) session.say(logText(line));
    if (ended && now === size) break;
    size = now;
    await sleep(LOOK_MS);
  }
  return 'done';
}

function entryText({ terminal }: Session, { role, kind, tool, text }: Entry): string {
  const { bold, dim } = terminal.colors;
  const head = [role, kind === 'text' ? '' : kind.replace('_', ' '), tool ?? ''].filter(Boolean).join(' ');
  return `${(role === 'assistant' ? bold : dim)(`${printable(head)}:`)} ${printable(text, true).trimEnd()}`;
}

/** Names of pino's levels. */
const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

function logText(line: string): string {
  let entry: Readonly<Record<string, unknown>>;
  try {
    entry = JSON.parse(line) as typeof entry;
  } catch {
    return printable(redact(line, 'logs'));
  }
  const { time, level, msg, pid, jobId: _job, job_id: _id, ...rest } = entry;
  const more = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : '';
  return printable(`${String(time)} ${LEVELS[Number(level)] ?? String(level)} [${String(pid)}] ${String(msg)}${more}`);
}
