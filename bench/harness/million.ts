import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import type { Bench } from './benchmark.ts';
import { openCaller } from './caller.ts';
import { csvJob } from './job.ts';
import { customersCsv } from './sources.ts';

export const MILLION = 1_000_000;

/** A store with one created job. */
export interface Prepared {
  readonly storagePath: string;
  readonly jobId: string;
}

/**
 * A copy of a store with one job of a million units, the first `done` of them completed (every hundredth failed) as if
 * 333 a second had ended until now. Made once a session for each `done`, in `directory` for this benchmark alone.
 */
export async function millionUnits(bench: Bench, done: number, name: string): Promise<Prepared> {
  const original = join(dirname(bench.installation.root), `million-${done}`, 'batch.db');
  if (!existsSync(original)) await prepare(bench, original, done);
  const storagePath = join(bench.directory, name, 'batch.db');
  mkdirSync(dirname(storagePath), { recursive: true, mode: 0o700 });
  copyFileSync(original, storagePath);
  const db = new Database(storagePath, { readonly: true });
  const { job_id: jobId } = db.prepare('SELECT job_id FROM jobs').get() as { job_id: string };
  db.close();
  return { storagePath, jobId };
}

async function prepare(bench: Bench, storagePath: string, done: number): Promise<void> {
  if (done > 0) {
    const { storagePath: pending } = await millionUnits(bench, 0, `for-${done}`);
    mkdirSync(dirname(storagePath), { recursive: true, mode: 0o700 });
    copyFileSync(pending, storagePath);
    finishUnits(storagePath, done);
    return;
  }
  mkdirSync(dirname(storagePath), { recursive: true, mode: 0o700 });
  const csv = await customersCsv(dirname(storagePath), MILLION);
  const caller = openCaller(bench.installation, storagePath);
  await caller.call('create_job', csvJob(csv, { type: 'command', command: ['echo', 'ok'] }, 8));
  await caller.close();
  checkpoint(storagePath);
}

/** Inserts directly into the tables: through the ports a million attempts would take many minutes. Updates the counters by hand. */
function finishUnits(storagePath: string, done: number): void {
  const db = new Database(storagePath);
  const { sql } = db.prepare("SELECT sql FROM sqlite_master WHERE name = 'units_counted'").get() as { sql: string };
  const failed = 'idx % 100 = 99';
  const result = `json_object('text', 'A verdict on ' || key_text || ' in a sentence of usual length.', 'structured',
    json_object('verdict', iif(idx % 3 = 0, 'good', 'bad'), 'score', idx % 11, 'reason', 'because of what is said in its note'))`;
  db.exec(`
    DROP TRIGGER units_counted;
    BEGIN;
    UPDATE units SET status = iif(${failed}, 'failed', 'completed'), attempt = 1,
      failure_class = iif(${failed}, 'agent_error', NULL), failure_message = iif(${failed}, 'exit code 3: no verdict', NULL)
      WHERE scope = 'unit' AND idx < ${done};
    INSERT INTO attempts (job_id, scope, idx, attempt, step, purpose, status, revision, epoch, attempt_id, run_directory,
        failure_class, message, result, cost_usd, usage, started_at, ended_at)
      SELECT job_id, scope, idx, 1, 0, 'batch', iif(${failed}, 'failed', 'succeeded'), 1, 1, idx, '/tmp/none/' || idx,
        failure_class, failure_message, iif(${failed}, NULL, ${result}), 0.01, '{"costUsd":0.01,"durationMs":900}',
        at - 900, at
      FROM (SELECT *, ifnull(key, 'row ' || idx) AS key_text, ${Date.now()} - (${done} - idx) * 3 AS at FROM units WHERE idx < ${done});
    INSERT INTO results (job_id, scope, idx, step, attempt)
      SELECT job_id, scope, idx, 0, 1 FROM units WHERE status = 'completed';
    INSERT INTO step_totals (job_id, scope, step, units_tried, cost_usd, max_attempt_cost_usd)
      SELECT job_id, 'main', 0, ${done}, ${done} * 0.01, 0.01 FROM jobs;
    UPDATE jobs SET cost_usd = ${done} * 0.01, started_at = ${Date.now() - 3_600_000};
    DELETE FROM unit_counts;
    INSERT INTO unit_counts (job_id, scope, step, status, failure_class, count)
      SELECT job_id, scope, step, status, ifnull(failure_class, ''), count(*) FROM units GROUP BY 1, 2, 3, 4, 5;
    ${sql};
    COMMIT;`);
  db.close();
  checkpoint(storagePath);
}

/** Checkpoints everything into one file, so that it can be copied. */
function checkpoint(storagePath: string): void {
  const db = new Database(storagePath);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}
