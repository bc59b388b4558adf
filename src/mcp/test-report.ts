import { type Dialog, powersLine, quotedName, shortened } from './dialog-lines.ts';
import type { ShownStatus } from './present/status.ts';

/** Characters of a result on the first line; a terminal cuts more. */
const FIRST_LINE_CHARS = 100;

/**
 * Formats a test for a dialog. The message has one line each for the result, the estimate for the other units, and the powers
 * of the job; everything else is in the details.
 */
export function testReport({ name, job_id, test, estimate, approval }: ShownStatus): Dialog {
  const results = test?.results ?? [];
  const [first] = results;
  const said = shortened(first === undefined ? 'no result' : textOf(first), FIRST_LINE_CHARS);
  const more = results.length > 1 ? `, 1 of ${results.length} results` : '';
  const left = Number(test?.results_left_out ?? 0);
  return {
    message: [
      `Test ${test?.state ?? 'unknown'}${more}: ${said}`,
      `${rest(estimate)} Job ${quotedName(name)}`,
      powersLine(approval?.can ?? []),
    ].join('\n'),
    details: [
      ...results.map(unitText),
      ...(left > 0 ? [`${left} more test units are not shown here: abp show ${job_id} <unit>.`] : []),
      ...(approval?.can ?? []).map((power) => `It ${power.can}: ${power.what}`),
    ].join('\n'),
  };
}

type TestResult = NonNullable<NonNullable<ShownStatus['test']>['results']>[number];

function unitText(result: TestResult): string {
  const facts = [
    result.status,
    seconds(result.duration_s),
    ...(result.cost_usd === undefined ? [] : [dollars(result.cost_usd)]),
  ];
  const at = typeof result.step === 'string' ? ` at ${result.step}` : '';
  const unit = `Unit ${result.unit}${at} (${facts.join(', ')}):`;
  const words = quoted(textOf(result));
  return [
    // One line cannot be mistaken for two.
    ...(words.includes('\n') ? [unit, words] : [`${unit} ${words.trim()}`]),
    ...listed('Files changed', result.files_changed),
    ...listed('Tools refused', result.tools_denied),
  ].join('\n');
}

function textOf({ result, message }: TestResult): string {
  return result ?? message ?? 'no text';
}

function rest(estimate: ShownStatus['estimate']): string {
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

/** Indents an agent's text, so that it cannot be mistaken for ours; empty lines are removed. */
function quoted(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `  ${line}`)
    .join('\n');
}

function listed(what: string, names: readonly string[] | undefined): string[] {
  return names === undefined || names.length === 0 ? [] : [`${what}: ${names.slice(0, 10).join(', ')}`];
}
