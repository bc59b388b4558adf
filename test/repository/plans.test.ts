import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { fakeClock } from '../helpers/clock.ts';
import { claimUnits, holdLease, seedJob, settleAs, temporaryStore } from '../helpers/store.ts';

/** Tables that grow with the source: a look at all their rows, or all of one job's, takes seconds at a million units. */
const BIG = /^(?:SCAN|SEARCH) (?:units|attempts|events)\b(?<way>.*)$/;
/** The index of what runs now is never larger than the machine's bound. */
const SMALL = /USING (?:COVERING )?INDEX attempts_running/;
/** What narrows a search to fewer rows than a job has. */
const NARROW = /\((?=[^)]*\b(?:idx|status|failure_class|not_before|key|ended_at|seq)[=<>])/;

test('every query on a big table goes by an index, and none sorts what it finds', () => {
  const prepare = vi.spyOn(Database.prototype, 'prepare');
  const clock = fakeClock();
  const store = temporaryStore({ clock });
  const { repository, dispatcher } = store;
  const { jobId } = seedJob(store, { units: 40, keys: Array.from({ length: 40 }, (_, n) => `k${n}`) });
  const lease = holdLease(store, jobId);
  const claims = claimUnits(store, lease, { limit: 3 });
  claimUnits(store, lease, { alone: true });
  claimUnits(store, lease, { indexes: [9], limit: 1 });
  claimUnits(store, lease, { maxTotalWorkers: 1 });
  for (const [n, claim] of claims.entries())
    settleAs(store, claim, n === 0 ? null : 'timeout', n === 0 ? 'completed' : 'failed');
  for (const statuses of [undefined, ['failed'], ['failed', 'completed', 'pending']] as const) {
    repository.units.list(jobId, { after: 0, ...(statuses && { statuses }) }, 20);
    repository.units.list(jobId, { failureClass: 'timeout', ...(statuses && { statuses }) }, 20);
    repository.units.results(jobId, { after: 0, ...(statuses && { statuses }) }, 20);
    repository.units.list(jobId, { text: 'item', indexes: [1, 2], ...(statuses && { statuses }) }, 20);
  }
  repository.units.list(jobId, { text: 'item', after: 1, upTo: 20 }, 20);
  repository.units.slice(jobId, { status: 'completed' }, 0, 20);
  repository.units.slice(jobId, { status: 'failed', failureClass: 'timeout' }, 1, 20);
  repository.units.failed(jobId, 20);
  repository.units.indexesByKey(jobId, ['k1', 'k2']);
  repository.units.counts(jobId);
  repository.units.failures(jobId);
  repository.units.classCounts(jobId);
  repository.units.untried(jobId);
  repository.units.nextDue(jobId, 'main');
  repository.attempts.ofUnit({ jobId, stage: 'main', index: 0 });
  repository.attempts.running(jobId);
  repository.attempts.recent(jobId, 0, 10);
  repository.attempts.recentThroughput(jobId, 0, 10);
  repository.attempts.endedSpan(jobId);
  repository.attempts.endedBetween(jobId, 0, 10);
  repository.jobs.tally(jobId);
  repository.jobs.list({ limit: 10, statuses: ['running', 'paused'] });
  repository.jobs.wantingExecutor();
  repository.events.list(jobId, 0, 10);
  repository.events.ofJob(jobId, 100, 10);
  repository.events.lastSeq(jobId);
  repository.totals();
  repository.leases.held();
  repository.transaction((tx) => {
    repository.jobs.resetCircuitBreaker(tx, jobId);
    repository.units.moveMany(tx, jobId, {}, 'skipped', 5);
    repository.units.moveMany(tx, jobId, { statuses: ['failed'], failureClass: 'timeout' }, 'pending', 5);
    dispatcher.withdraw(tx, jobId, 5);
  });
  for (const attempt of repository.attempts.running(jobId)) {
    settleAs(store, { attempt, unit: claims[0]?.unit ?? never() }, null, 'completed');
  }
  repository.transaction((tx) => {
    repository.jobs.markDeleting(tx, jobId);
    repository.jobs.deleteChunk(tx, jobId, 1000);
  });
  const statements = [...new Set(prepare.mock.calls.map(([sql]) => sql))];
  prepare.mockRestore();

  const db = new Database(repository.path, { readonly: true });
  const plans = statements
    .filter((sql) => /^\s*(select|update|delete|insert|with)/i.test(sql))
    .map((sql) => {
      const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql.replace(/\?\d+|\?|@\w+/g, "'1'")}`).all();
      return { sql, steps: (rows as { detail: string }[]).map(({ detail }) => detail) };
    });
  db.close();
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

function never(): never {
  throw new Error('nothing was claimed');
}
