import { sentences } from '../../domain/sentences.ts';
import type { OutputOf } from '../../orchestrator/index.ts';
import { type Exit, exitOfError } from '../exit-codes.ts';
import { cell, count, duration, money, table } from '../format.ts';
import { inCommands } from '../hint-words.ts';
import type { Session } from '../session.ts';
import { type Colors, printable } from '../terminal.ts';
import { skippedLines } from '../warnings.ts';
import { outputError, outputLines } from './output-text.ts';
import { failureLines, type Overview, type Shown, statusWord } from './status-text.ts';

const SHOWN_ROWS = 12;
const SHOWN_COLUMNS = 4;
const CELL_WIDTH = 28;

type Row = OutputOf<'first_results'>['rows'][number];

/** The exit of a command that followed this job. */
export function exitOf(job: Pick<Overview, 'status' | 'executor' | 'test' | 'output'> & Record<string, unknown>): Exit {
  const { status, executor, test, output, skipped_invalid } = job;
  const error = outputError({ output });
  if (error) return exitOfError(error);
  if (output.state === 'writing' && executor.state === 'lost') return 'person';
  if (status === 'completed') return skipped_invalid === undefined ? 'done' : 'failed';
  if (status === 'failed') return 'failed';
  if (status === 'cancelled') return 'cancelled';
  if (executor.state === 'lost' || status === 'paused') return 'person';
  return status === 'created' || (status === 'testing' && test?.state !== 'running') ? 'person' : 'done';
}

/** Summarises a job: units by status, cost, time, failures with what to do. */
export function summaryText(job: Shown, colors: Colors): string {
  const { units, started_at, ended_at } = job;
  const counted = (['completed', 'failed', 'skipped', 'cancelled', 'running', 'pending'] as const).filter(
    (name) => units[name] > 0,
  );
  const took = started_at && ended_at ? (Date.parse(ended_at) - Date.parse(started_at)) / 1000 : null;
  const lost = job.executor.state === 'lost' ? colors.red(' lost: its executor died') : '';
  return [
    `${colors.bold(printable(job.name))}  ${colors.dim(job.job_id)}  ${statusWord(job, colors)}${lost}`,
    ...(job.message ? [colors.yellow(printable(messageOf(job)))] : []),
    table(
      colors,
      ['units', ...counted, 'cost', ...(took === null ? [] : ['time'])],
      [
        [
          String(units.total),
          ...counted.map((name) => String(units[name])),
          money(job.cost_usd),
          ...(took === null ? [] : [duration(took)]),
        ],
      ],
    ),
    ...failureLines(job, colors),
    ...skippedLines(colors, job),
    ...outputLines(job, colors),
    ...stepLines(job, colors),
  ].join('\n');
}

/** The progress of each step of a job that has several. */
function stepLines({ steps = [] }: Shown, colors: Colors): string[] {
  const unitSteps = steps.filter(({ scope }) => scope === 'unit');
  const counted = (['completed', 'failed', 'running', 'pending'] as const).filter((name) =>
    unitSteps.some((step) => (step[name] ?? 0) > 0),
  );
  const rows = unitSteps.map((step) => [step.name, ...counted.map((name) => String(step[name])), money(step.cost_usd)]);
  return [
    ...(rows.length < 2 ? [] : [table(colors, ['step', ...counted, 'cost'], rows)]),
    ...steps.flatMap(({ scope, name, status, message, output_directory }) =>
      scope === 'unit'
        ? []
        : [`${name}: ${status}${message ? ` (${printable(message)})` : ''}, in ${printable(output_directory ?? '')}`],
    ),
  ];
}

/** What happened to a job, and what to do about it. */
function messageOf({ job_id, must_allow, message, advice }: Shown): string {
  return sentences(message, inCommands(advice, job_id, must_allow));
}

/** Formats the first results as a table: the key of each unit, and the first fields of its result that fit in a cell. */
export async function resultsText(
  session: Session,
  { job_id, units }: Pick<Overview, 'job_id' | 'units'>,
): Promise<string> {
  const { rows } = await session.call('first_results', { job_id, limit: SHOWN_ROWS });
  const columns = columnsOf(rows);
  const head = [...UNIT_COLUMNS, ...columns.map((name) => (UNIT_COLUMNS.includes(name) ? `result.${name}` : name))];
  const body = rows.map((row) =>
    [String(row.unit), row.key, row.status, ...columns.map((name) => cellOf(row, name))].map((text) =>
      cell(text, CELL_WIDTH),
    ),
  );
  const more = units.total - rows.length;
  return [
    table(session.terminal.colors, head, body),
    ...(more > 0 ? [session.terminal.colors.dim(`and ${count(more, 'more unit')}`)] : []),
  ].join('\n');
}

/** A field of a result with one of these names is shown as in an export: `result.status`. */
const UNIT_COLUMNS: readonly string[] = ['unit', 'key', 'status'];

/** Column for the text of a result that is no object. */
const WHOLE = 'result';

function columnsOf(rows: readonly Row[]): string[] {
  const names = new Set<string>();
  for (const { result } of rows) {
    if (!isObject(result)) {
      if (result !== null) names.add(WHOLE);
      continue;
    }
    for (const [name, value] of Object.entries(result)) {
      if (typeof value !== 'object') names.add(name);
      // The result of a step.
      if (isObject(value))
        for (const [field, inner] of Object.entries(value))
          if (typeof inner !== 'object') names.add(`${name}.${field}`);
    }
  }
  return [...names].slice(0, SHOWN_COLUMNS);
}

function cellOf({ result }: Row, name: string): string {
  const value = isObject(result) ? (result[name] ?? fieldOf(result, name)) : name === WHOLE ? result : null;
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Returns the value of a field of a step's result, named `step.field`. */
function fieldOf(result: Readonly<Record<string, unknown>>, path: string): unknown {
  const [step = '', ...field] = path.split('.');
  const inner = result[step];
  return isObject(inner) ? inner[field.join('.')] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
