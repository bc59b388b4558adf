import type { Artifact } from '../domain/attempt.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { usd } from '../domain/money.ts';
import type { UnitStatus } from '../domain/unit.ts';
import type { UnitWithResult } from '../ports/repository.ts';

/** Row of one unit in an export. Without `fields`, JSON and JSON Lines contain these objects. */
export interface ExportRow {
  /** The unit's index in its job. */
  readonly unit: number;
  /** Joins the row with its source. */
  readonly key: string;
  readonly status: UnitStatus;
  readonly payload: JsonObject;
  /** Structured result, else the text; null = none. */
  readonly result: Json;
  readonly artifacts: readonly Artifact[];
  readonly failure_class: string | null;
  readonly failure_message: string | null;
  readonly attempts: number;
  /** Sum over all attempts; null = no worker reported it. */
  readonly cost_usd: number | null;
  /** Sum over all attempts. */
  readonly duration_ms: number | null;
}

/** Converts a stored unit to a row. Only a completed unit has a result; results of earlier attempts are history. */
export function exportRow({ unit, results, used }: UnitWithResult): ExportRow {
  const result = unit.status === 'completed' ? results.get(unit.step) : null;
  return {
    unit: unit.index,
    key: unit.key,
    status: unit.status,
    payload: unit.payload,
    result: result?.structured ?? result?.text ?? null,
    artifacts: result?.artifacts ?? [],
    failure_class: unit.failureClass,
    failure_message: unit.failureMessage,
    attempts: unit.attempt,
    cost_usd: used.costUsd === null ? null : usd(used.costUsd),
    duration_ms: used.durationMs,
  };
}
