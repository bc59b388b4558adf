import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { StoreTotals } from '../ports/repository.ts';
import { query, statement } from './statement.ts';

/** Sums over all jobs, from the counters that move with the rows: units and attempts themselves are not looked at. */
export function createTotals(db: Database.Database): () => StoreTotals {
  const jobs = statement(db, () =>
    query
      .selectFrom('jobs')
      .select(['job_id', 'status', 'cost_usd', 'input_tokens', 'output_tokens'])
      .select((eb) =>
        eb
          .selectFrom('step_totals')
          .select('units_tried')
          .whereRef('step_totals.job_id', '=', 'jobs.job_id')
          .where('scope', '=', sql.lit('unit'))
          .where('step', '=', sql.lit(0))
          .as('units_tried'),
      )
      .where('deleting', '=', sql.lit(0)),
  );
  const units = statement(db, () =>
    query
      .selectFrom('unit_counts')
      .select(['status', 'failure_class'])
      .select(sql<number>`sum(count)`.as('n'))
      .where('scope', '=', sql.lit('unit'))
      .groupBy(['status', 'failure_class']),
  );
  return () => {
    const jobRows = jobs.all({});
    const unitRows = units.all({});
    return {
      jobsByStatus: sum(jobRows.map((row) => [row.status, 1])),
      unitsByStatus: sum(unitRows.map((row) => [row.status, row.n])),
      failedByClass: sum(
        unitRows
          .filter((row) => row.status === 'failed' && row.failure_class !== '')
          .map((row) => [row.failure_class, row.n]),
      ),
      perJob: jobRows.map((row) => ({
        jobId: row.job_id,
        unitsTried: row.units_tried ?? 0,
        costUsd: row.cost_usd,
        inputTokens: row.input_tokens,
        outputTokens: row.output_tokens,
      })),
    };
  };
}

function sum(pairs: readonly (readonly [string, number])[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const [name, value] of pairs) sums[name] = (sums[name] ?? 0) + value;
  return sums;
}
