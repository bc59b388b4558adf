import { type Artifact, resultValue, type UnitResult } from '../domain/attempt.ts';
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
  /** Structured result, else the text; null = none. Of a job with several steps, results by the name of their step. */
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

/**
 * Converts a stored unit to a row. Of a job with several steps, named here, a unit has the results of those that it has
 * passed, by the name of the step; else only a completed unit has one. Results of earlier attempts are history.
 */
export function exportRow({ unit, results, used }: UnitWithResult, steps: readonly string[] = []): ExportRow {
  const last = unit.status === 'completed' ? results.get(unit.step) : undefined;
  const byStep = steps.flatMap((name, n) => {
    const result = results.get(n);
    return result === undefined ? [] : [{ name, result }];
  });
  const result = steps.length > 1 ? resultsByName(byStep) : resultValue(last);
  const artifacts = steps.length > 1 ? byStep.flatMap(({ result }) => result.artifacts ?? []) : (last?.artifacts ?? []);
  return {
    unit: unit.index,
    key: unit.key,
    status: unit.status,
    payload: unit.payload,
    result,
    artifacts,
    failure_class: unit.failureClass,
    failure_message: unit.failureMessage,
    attempts: unit.attempt,
    cost_usd: used.costUsd === null ? null : usd(used.costUsd),
    duration_ms: used.durationMs,
  };
}

function resultsByName(found: readonly { readonly name: string; readonly result: UnitResult }[]): Json {
  if (found.length === 0) return null;
  return Object.fromEntries(found.map(({ name, result }) => [name, resultValue(result)]));
}
