import type { Artifact } from '../domain/attempt.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { usd } from '../domain/money.ts';
import type { UnitStatus } from '../domain/unit.ts';
import type { UnitWithResult } from '../ports/repository.ts';

/** What an export says about one unit. Without `fields` a JSON or JSON Lines export is these objects as they are. */
export interface ExportRow {
  /** The unit's index in its job. */
  readonly unit: number;
  /** Joins the row with its source. */
  readonly key: string;
  readonly status: UnitStatus;
  readonly payload: JsonObject;
  /** The structured result, else the text; null when there is none. */
  readonly result: Json;
  readonly artifacts: readonly Artifact[];
  readonly failure_class: string | null;
  readonly failure_message: string | null;
  readonly attempts: number;
  /** Of all attempts, so that the column adds up; null where no worker told. */
  readonly cost_usd: number | null;
  /** Of all attempts. */
  readonly duration_ms: number | null;
}

/** The row of a stored unit. Only a completed unit has a result: what an earlier attempt left is history. */
export function exportRow({ unit, result: latest, used }: UnitWithResult): ExportRow {
  const result = unit.status === 'completed' ? latest : null;
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
