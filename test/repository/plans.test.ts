import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { fakeClock } from '../helpers/clock.ts';
import { claimUnits, holdLease, seedJob, settleAs, temporaryStore } from '../helpers/store.ts';

/** Tables that grow with the source: reading all their rows, or all of one job's, takes seconds at a million units. */
const BIG = /^(?:SCAN|SEARCH) (?:units|unit_keys|attempts|results|events)\b(?<way>.*)$/;
/** Indexes of few rows: of what runs now, never more than the machine's bound, and of what was interrupted several times. */
const SMALL = /USING (?:COVERING )?INDEX (?:attempts_running|units_alone)/;
/** Columns that narrow a search to fewer rows than a job has. */
const NARROW = /\((?=[^)]*\b(?:idx|step|status|failure_class|not_before|key|ended_at|seq)[=<>])/;

interface Plan {
  readonly sql: string;
  readonly steps: readonly string[];
}

/** Every statement that a store prepares in a short life, and the file in which it was prepared. */
async function recordStatements(): Promise<{ readonly statements: readonly string[]; readonly path: string }> {
  const prepare = vi.spyOn(Database.prototype, 'prepare');
  const clock = fakeClock();
  const store = temporaryStore({ clock });
  const { repository } = store;
  const { jobId } = await seedJob(store, { units: 40, keys: Array.from({ length: 40 }, (_, n) => `k${n}`) });
  const lease = await holdLease(store, jobId);
  const claims = await claimUnits(store, lease, { limit: 3 });
  await claimUnits(store, lease, { alone: true });
  await claimUnits(store, lease, { indexes: [9], limit: 1 });
  await claimUnits(store, lease, { maxTotalWorkers: 1 });
  for (const [n, claim] of claims.entries())
    await settleAs(store, claim, n === 0 ? null : 'timeout', n === 0 ? 'completed' : 'failed');
  for (const statuses of [undefined, ['failed'], ['failed', 'completed', 'pending']] as const) {
    await repository.units.list(jobId, { after: 0, ...(statuses && { statuses }) }, 20);
    await repository.units.list(jobId, { failureClass: 'timeout', ...(statuses && { statuses }) }, 20);
    await repository.units.results(jobId, { after: 0, ...(statuses && { statuses }) }, 20);
    await repository.units.list(jobId, { text: 'item', indexes: [1, 2], ...(statuses && { statuses }) }, 20);
  }
  await repository.units.list(jobId, { text: 'item', after: 1, upTo: 20 }, 20);
  await repository.units.slice(jobId, { status: 'completed' }, 0, 20);
  await repository.units.slice(jobId, { status: 'failed', failureClass: 'timeout' }, 1, 20);
  await repository.units.failed(jobId, 20);
  await repository.units.indexesByKey(jobId, ['k1', 'k2']);
  await repository.units.counts(jobId);
  await repository.units.failures(jobId);
  await repository.units.stepCounts(jobId);
  await repository.units.resultsOf({ jobId, scope: 'unit', index: 0 });
  await repository.attempts.ofUnit({ jobId, scope: 'unit', index: 0 });
  await repository.attempts.running(jobId);
  await repository.attempts.recent(jobId, 0, 10);
  await repository.attempts.recentThroughput(jobId, 0, 10);
  await repository.attempts.endedSpan(jobId);
  await repository.attempts.endedBetween(jobId, 0, 10);
  await repository.jobs.tally(jobId);
  await repository.jobs.list({ limit: 10, statuses: ['running', 'paused'] });
  await repository.jobs.wantingExecutor();
  await repository.events.list(jobId, 0, 10);
  await repository.events.ofJob(jobId, 100, 10);
  await repository.events.lastSeq(jobId);
  await repository.totals();
  await repository.leases.held();
  await repository.transaction({ job: jobId }, async (tx) => {
    await tx.jobs.resetCircuitBreaker(jobId);
    await tx.units.moveMany(jobId, {}, 'skipped', 5);
    await tx.units.moveMany(jobId, { statuses: ['failed'], failureClass: 'timeout' }, 'pending', 5);
    await tx.dispatcher.withdraw(jobId, 5);
  });
  for (const attempt of await repository.attempts.running(jobId)) {
    await settleAs(store, { attempt, unit: claims[0]?.unit ?? never() }, null, 'completed');
  }
  await repository.transaction({ job: jobId }, async (tx) => {
    await tx.jobs.markDeleting(jobId);
    await tx.jobs.deleteChunk(jobId, 1000);
  });
  const statements = [...new Set(prepare.mock.calls.map(([sql]) => sql))];
  prepare.mockRestore();

  return { statements, path: repository.path };
}

function plansOf(statements: readonly string[], path: string): readonly Plan[] {
  const db = new Database(path, { readonly: true });
  const plans = statements
    .filter((sql) => /^\s*(select|update|delete|insert|with)/i.test(sql))
    .map((sql) => {
      const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql.replace(/\?\d+|\?|@\w+/g, "'1'")}`).all();
      return { sql, steps: (rows as { detail: string }[]).map(({ detail }) => detail) };
    });
  db.close();
  return plans;
}

test('every query on a large table uses an index, and none sorts', async () => {
  const { statements, path } = await recordStatements();
  const plans = plansOf(statements, path);
  expect(plans.length).toBeGreaterThan(40);
  const slow = plans.filter(({ sql, steps }) => {
    // Taking a job apart looks at all of its rows, a chunk at a time.
    if (/^DELETE/.test(sql)) return false;
    return steps.some((step) => {
      const way = BIG.exec(step)?.groups?.way;
      if (/TEMP B-TREE/.test(step) && /\bunits\b/.test(sql)) return true;
      return way !== undefined && !SMALL.test(way) && !NARROW.test(way);
    });
  });
  expect(slow).toEqual([]);
});

test.each([
  [
    'a page of units in a status',
    /^SELECT idx FROM units WHERE .* AND scope = @scope AND status = @status ORDER/,
    'units_by_status',
  ],
  ['a page of units in a class', /^SELECT idx FROM units WHERE .* AND failure_class = @/, 'units_by_class'],
  ['units in a status after one', /^select \* from "units" .*"status" in \(\?\) and "idx" >/, 'units_by_status'],
  ['units in a class', /^select \* from "units" .*"failure_class" = \? order by/, 'units_by_class'],
  ['the first failed units', /"status" = 'failed' order by "idx" limit \?$/, 'units_by_status'],
  ['the first failed unit of a class', /"failure_class" = \? and "status" = 'failed'/, 'units_by_class'],
  ['pending units to be run alone', /interruptions >= /, 'units_alone'],
  [
    'pending units whose back-off is over',
    /"not_before" > 0 and "not_before" <= .*order by "not_before"/,
    'units_waiting',
  ],
  ['pending units at a later step', /"step" > 0 .*order by "step" desc, "idx"/, 'units_later'],
  ['events about the job itself', /FROM events .*idx IS NULL/, 'events_of_job'],
  ['units by key', /FROM unit_keys .*key IN/, 'PRIMARY KEY \\(job_id=\\? AND key=\\?\\)'],
])('finds %s by index', async (_what, query, index) => {
  const { statements, path } = await recordStatements();
  const plans = plansOf(
    statements.filter((sql) => query.test(sql.replaceAll(/\s+/g, ' '))),
    path,
  );
  expect(plans).not.toEqual([]);
  for (const { steps } of plans) expect(steps[0]).toMatch(new RegExp(`USING (COVERING INDEX |INDEX )?${index}`));
});

test.each(['units', 'units_by_status'])('without the statistics of %s some query plan is worse', async (name) => {
  const { statements, path } = await recordStatements();
  const before = plansOf(statements, path);
  const db = new Database(path);
  const rows = db.prepare('SELECT idx FROM sqlite_stat1 ORDER BY idx').pluck().all();
  db.prepare('DELETE FROM sqlite_stat1 WHERE idx = ?').run(name);
  db.close();
  expect(rows).toEqual(['units', 'units_by_status']);
  expect(plansOf(statements, path)).not.toEqual(before);
});

function never(): never {
  throw new Error('nothing was claimed');
}
