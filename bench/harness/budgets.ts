import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Figure, Measure } from './benchmark.ts';
import { show } from './report.ts';
import { median } from './statistics.ts';

/**
 * Start of an empty Node program for which time budgets hold, ms. On a slower or busy machine they grow in proportion
 * to that start in the same run: a ratio holds anywhere, a time does not.
 */
export const YARDSTICK = { id: 'machine.node_start_ms', ms: 90 } as const;
const TIMES: readonly Measure[] = ['s', 'ms', 'µs'];

const budgetsSchema = z.record(
  z.string(),
  z
    .strictObject({
      /** Limit of the median of the runs. */
      at_most: z.number().optional(),
      at_least: z.number().optional(),
      /** Measured only with this flag. */
      needs: z.literal('--large').optional(),
      /** Shown in the README of the project. */
      headline: z.boolean().optional(),
      why: z.string(),
    })
    .refine((budget) => (budget.at_most === undefined) !== (budget.at_least === undefined)),
);

export type Budgets = z.infer<typeof budgetsSchema>;

/** One budget compared with its figure. */
export interface Verdict {
  readonly id: string;
  readonly state: 'met' | 'missed' | 'not measured';
  readonly text: string;
}

/** Reads the budgets; throws if the file does not match the schema. */
export function readBudgets(file: string): Budgets {
  return budgetsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/**
 * Compares figures with budgets, time budgets in proportion to the yardstick. Every budget gets a verdict; missing
 * figures are reported, with the reason if known.
 */
export function checkBudgets(
  budgets: Budgets,
  figures: readonly Figure[],
  skipped: ReadonlyMap<string, string>,
): readonly Verdict[] {
  const starts = figures.find(({ id }) => id === YARDSTICK.id)?.runs ?? [YARDSTICK.ms];
  const slowness = Math.max(1, median(starts) / YARDSTICK.ms);
  return Object.entries(budgets).map(([id, { at_most, at_least, needs }]) => {
    const figure = figures.find((candidate) => candidate.id === id);
    if (figure === undefined) {
      const why = skipped.get(id) ?? (needs ? `only with ${needs}` : 'its benchmark did not run');
      return { id, state: 'not measured', text: why };
    }
    const found = median(figure.runs);
    const scale = TIMES.includes(figure.measure) ? slowness : 1;
    const met = at_most === undefined ? found >= (at_least ?? 0) : found <= at_most * scale;
    const bound = at_most === undefined ? `at least ${at_least}` : `at most ${at_most}`;
    const here = scale > 1 ? ` × ${scale.toFixed(1)} (the speed of this machine)` : '';
    return { id, state: met ? 'met' : 'missed', text: `${show(found, figure.measure)}, ${bound}${here} expected` };
  });
}
