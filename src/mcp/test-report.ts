import type { JobStatusOutput } from '../orchestrator/shapes.ts';
import { powersLine } from './ask-about-approval.ts';

/** What the first line shows of a result: more is cut by a terminal. */
const FIRST_LINE_CHARS = 100;

/**
 * A test as a person reads it in a dialog. Hosts show three lines of a message (Claude Code 2.1.330, cut at the width of
 * the screen): what came out, what the others would take, what the job can do. Everything else stands in `details`, the
 * description of the field.
 */
export function testReport(
  { name, job_id, test, estimate, approval }: JobStatusOutput,
  meaning: string,
): { readonly message: string; readonly details: string } {
  const results = test?.results ?? [];
  const [first] = results;
  const said = first === undefined ? 'no result' : oneLine(first.result ?? first.message ?? 'no text');
  const more = results.length > 1 ? ` (and ${results.length - 1} more)` : '';
  const left = Number(test?.results_left_out ?? 0);
  return {
    message: [
      `Test of "${name}" ${test?.state ?? 'unknown'}${more}: ${said}`,
      rest(estimate),
      powersLine(approval?.can ?? []),
    ].join('\n'),
    details: [
      meaning,
      ...results.map(unitText),
      ...(left > 0 ? [`${left} more test units are not shown here: abp show ${job_id} <unit>.`] : []),
      ...(approval?.can ?? []).map((power) => `It ${power.can}: ${power.what}`),
    ].join('\n'),
  };
}

type TestResult = NonNullable<NonNullable<JobStatusOutput['test']>['results']>[number];

function unitText(result: TestResult): string {
  const facts = [
    result.status,
    seconds(result.duration_s),
    ...(result.cost_usd === undefined ? [] : [dollars(result.cost_usd)]),
  ];
  return [
    `Unit ${result.unit} (${facts.join(', ')}):`,
    quoted(result.result ?? result.message ?? 'no text'),
    ...listed('Files changed', result.files_changed),
    ...listed('Tools refused', result.tools_denied),
  ].join('\n');
}

function rest(estimate: JobStatusOutput['estimate']): string {
  if (!estimate) return 'There is no estimate for the others.';
  const { remaining_units: units, cost_usd: cost, duration_s: duration } = estimate;
  const money = cost === null ? 'no known cost' : `about ${span(cost, dollars)}`;
  return `The other ${units} units: ${money}, ${span(duration, seconds)}.`;
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

/** An agent's words, set off so that they cannot be taken for ours; no line of them is empty. */
function quoted(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `  ${line}`)
    .join('\n');
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= FIRST_LINE_CHARS ? line : `${line.slice(0, FIRST_LINE_CHARS)}…`;
}

function listed(what: string, names: readonly string[] | undefined): string[] {
  return names === undefined || names.length === 0 ? [] : [`${what}: ${names.slice(0, 10).join(', ')}`];
}
