import type { JobStatusOutput } from '../orchestrator/shapes.ts';

/** A test as a person reads it in a dialog: what came out, what it cost, and what the rest would take. */
export function testReport({ name, job_id, test, estimate }: JobStatusOutput): string {
  const units = (test?.results ?? []).map((result) => {
    const facts = [
      result.status,
      `${seconds(result.duration_s)}`,
      ...(result.cost_usd === undefined ? [] : [dollars(result.cost_usd)]),
    ];
    return [
      `Unit ${result.unit} (${facts.join(', ')}):`,
      quoted(result.result ?? result.message ?? 'no text'),
      ...listed('Files changed', result.files_changed),
      ...listed('Tools refused', result.tools_denied),
    ].join('\n');
  });
  const left = Number(test?.results_left_out ?? 0);
  return [
    `Test of "${name}" (${job_id}): ${test?.state ?? 'unknown'}.`,
    ...units,
    ...(left > 0 ? [`${left} more test units are not shown here: abp show ${job_id} <unit>.`] : []),
    rest(estimate),
  ].join('\n\n');
}

function rest(estimate: JobStatusOutput['estimate']): string {
  if (!estimate) return 'There is no estimate for the rest.';
  const { remaining_units: units, cost_usd: cost, duration_s: duration } = estimate;
  const money = cost === null ? 'no known cost' : `about ${span(cost, dollars)}`;
  return `The rest: ${units} units, ${money}, ${span(duration, seconds)}.`;
}

function span(values: readonly number[], show: (value: number) => string): string {
  const shown = [...new Set(values.map(show))];
  return shown.join(' to ');
}

function dollars(amount: number): string {
  return `$${amount.toFixed(amount < 1 ? 4 : 2)}`;
}

function seconds(duration: number): string {
  if (duration < 120) return `${Math.ceil(duration)} s`;
  return duration < 7200 ? `${Math.ceil(duration / 60)} min` : `${(duration / 3600).toFixed(1)} h`;
}

/** An agent's words, set off so that they cannot be taken for ours. */
function quoted(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}

function listed(what: string, names: readonly string[] | undefined): string[] {
  return names === undefined || names.length === 0 ? [] : [`${what}: ${names.slice(0, 10).join(', ')}`];
}
