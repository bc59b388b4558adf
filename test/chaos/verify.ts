import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Attempt } from '../../src/domain/attempt.ts';
import type { FailureClass } from '../../src/domain/failure.ts';
import type { Abp } from '../../src/wire.ts';
import type { Round } from './round.ts';

/** A line of the agents' own ledger. */
interface LedgerLine {
  readonly unit: number;
  readonly attempt: number;
  readonly event: 'start' | 'end' | 'overlap';
  readonly ending?: string;
}

/** Endings of the agent that mean done. */
const SUCCESSES = ['success', 'child', 'hex', 'large', 'odd'];

/** Throws with everything that a round broke. */
export async function verifyRound(abp: Abp, round: Round): Promise<void> {
  const problems = [
    ...integrity(abp),
    ...(await ledgerEquation(abp, round)),
    ...(await finalStates(abp, round)),
    ...(await agentsOwnLedger(abp, round)),
    ...(await adoption(abp, round)),
    ...(await files(abp, round)),
  ];
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

function withDatabase<T>(abp: Abp, read: (db: Database.Database) => T): T {
  const db = new Database(abp.store.repository.path, { readonly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

function integrity(abp: Abp): string[] {
  const result = withDatabase(abp, (db) => db.pragma('integrity_check', { simple: true }));
  return result === 'ok' ? [] : [`integrity_check: ${String(result)}`];
}

/** enumerated = completed + failed + skipped + cancelled + running + pending, from rows; money and events likewise. */
async function ledgerEquation(abp: Abp, { jobId }: Round): Promise<string[]> {
  const { repository } = abp.store;
  const job = await repository.jobs.get(jobId);
  const counts = await repository.units.counts(jobId);
  const rows = withDatabase(abp, (db) => ({
    units: db
      .prepare("SELECT status, count(*) AS n FROM units WHERE job_id = ? AND scope = 'unit' GROUP BY status")
      .all(jobId) as {
      status: keyof typeof counts;
      n: number;
    }[],
    cost: db.prepare('SELECT ifnull(sum(cost_usd), 0) FROM attempts WHERE job_id = ?').pluck().get(jobId) as number,
    events: db.prepare('SELECT count(*) FROM events WHERE job_id = ?').pluck().get(jobId) as number,
  }));
  const total = rows.units.reduce((sum, { n }) => sum + n, 0);
  return [
    ...rows.units
      .filter(({ status, n }) => counts[status] !== n)
      .map(({ status, n }) => `${status}: counter ${counts[status]}, rows ${n}`),
    ...(total === job?.totalUnits && total === counts.total
      ? []
      : [`units: ${total} rows, ${counts.total} counted, ${job?.totalUnits} enumerated`]),
    ...(Math.abs(rows.cost - (job?.costUsd ?? 0)) < 1e-9 ? [] : [`cost: job ${job?.costUsd}, attempts ${rows.cost}`]),
    ...(rows.events === job?.eventSeq ? [] : [`events: ${rows.events} rows, seq ${job?.eventSeq}`]),
  ];
}

async function finalStates(abp: Abp, { jobId }: Round): Promise<string[]> {
  const { repository } = abp.store;
  const { pending, running } = await repository.units.counts(jobId);
  const alive = await repository.attempts.running(jobId);
  return [
    ...(pending + running > 0 ? [`${pending} pending and ${running} running units in an ended job`] : []),
    ...alive.map(({ index, attempt }) => `attempt ${index}.${attempt} still says running`),
  ];
}

/** No two runs of a unit at once; no step of it runs again whose result reached the disk. */
async function agentsOwnLedger(abp: Abp, { jobId, folder, handled }: Round): Promise<string[]> {
  const lines = readLedger(folder);
  const problems = lines
    .filter(({ event }) => event === 'overlap')
    .map(({ unit, attempt }) => `unit ${unit}: run ${attempt} began while another one lived`);
  const ended = new Set(
    lines
      .filter(({ event, ending = '' }) => event === 'end' && SUCCESSES.includes(ending))
      .map(({ unit, attempt }) => `${unit}.${attempt}`),
  );
  for (const index of new Set(lines.map(({ unit }) => unit))) {
    if (handled.has(index)) continue;
    const attempts = await abp.store.repository.attempts.ofUnit({ jobId, scope: 'unit', index });
    const done = attempts.filter(
      (attempt) => ended.has(`${index}.${attempt.attempt}`) && exitStatus(attempt) === 0 && !wasStopped(attempt),
    );
    for (const attempt of done) {
      if (attempt.status !== 'succeeded')
        problems.push(
          `unit ${index}: attempt ${attempt.attempt} reached the disk and was settled as ${attempt.status} (${attempt.message})`,
        );
      if (attempt !== attempts.findLast(({ step }) => step === attempt.step))
        problems.push(`unit ${index}: ran again after attempt ${attempt.attempt} had reached the disk`);
    }
  }
  return problems;
}

/** What a unit's last success wrote is in the output directory, and nothing of the attempts that failed. */
async function files(abp: Abp, { jobId, folder }: Round): Promise<string[]> {
  const { repository } = abp.store;
  const job = await repository.jobs.get(jobId);
  if (!job || (await repository.jobs.revision(jobId, job.revision))?.steps[0]?.worker.type !== 'command') return [];
  const problems: string[] = [];
  for (const { unit } of await repository.units.list(jobId, {}, 1000)) {
    const { index } = unit;
    const attempts = await repository.attempts.ofUnit({ jobId, scope: 'unit', index });
    const expected = attempts.findLast(({ status }) => status === 'succeeded')?.attempt.toString();
    const file = join(folder, 'output', `unit-${index}.txt`);
    const found = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    if (found !== expected) problems.push(`unit ${index}: its file is of attempt ${found}, its result of ${expected}`);
  }
  return problems;
}

/** What the message of a stopped attempt says; the time is missing when another executor had started it. */
const STOPPED = / after |^(interrupted|cancelled)$|^stopped: /;

/** Why an executor stops an agent on purpose. */
const STOPS: readonly (FailureClass | null)[] = ['interrupted', 'cancelled', 'timeout'];

/** Whether its executor was stopping it while it ended: its exit status is no word on its result then. */
function wasStopped({ failureClass, message }: Attempt): boolean {
  return STOPS.includes(failureClass) && STOPPED.test(message ?? '');
}

function readLedger(folder: string): readonly LedgerLine[] {
  try {
    return (
      readFileSync(join(folder, 'output', 'ledger.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as LedgerLine)
        // A step of scope job has an index of its own scope.
        .filter(({ unit }) => Number.isInteger(unit))
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function exitStatus({ runDirectory }: Attempt): number | null {
  try {
    const text = readFileSync(join(runDirectory, 'exit'), 'utf8');
    return text.endsWith('\n') ? Number(text) : null;
  } catch {
    return null;
  }
}

/**
 * An agent that lived when its executor was killed was adopted or judged, not given up, unless its time was over by then or a
 * hard pause met it.
 */
async function adoption(abp: Abp, { jobId, timeoutMs, orphans, handled }: Round): Promise<string[]> {
  const { repository } = abp.store;
  const hardPauses = (await repository.events.list(jobId, 0, 100_000))
    .filter(({ type, data }) => type === 'job:paused' && data.mode === 'hard')
    .map(({ at }) => at);
  const total = (await repository.units.counts(jobId)).total;
  const ofUnits = Array.from({ length: total }, (_, index) =>
    repository.attempts.ofUnit({ jobId, scope: 'unit', index }),
  );
  const attempts = (await Promise.all(ofUnits)).flat();
  return attempts
    .filter(({ attemptId, status, index }) => orphans.has(attemptId) && status === 'interrupted' && !handled.has(index))
    .filter(({ deadlineAt, startedAt, endedAt }) => (endedAt ?? 0) < (deadlineAt ?? startedAt + timeoutMs))
    .filter(({ startedAt, endedAt }) => !hardPauses.some((at) => at >= startedAt && at <= (endedAt ?? 0)))
    .map(
      ({ index, attempt }) =>
        `unit ${index}: attempt ${attempt} lived on after its executor was killed, yet was interrupted`,
    );
}
