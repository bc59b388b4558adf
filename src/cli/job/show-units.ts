import { cutMiddleBriefly } from '../../domain/cut.ts';
import type { InputOf, OutputOf } from '../../orchestrator/index.ts';
import type { Exit } from '../exit-codes.ts';
import { cell, duration, money, table } from '../format.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';

/** Options of `abp units`. */
export interface UnitsOptions {
  readonly status?: readonly string[];
  readonly class?: string;
  readonly text?: string;
  readonly limit: number;
  readonly all: boolean;
}

type Input = InputOf<'list_units'>;
type Row = OutputOf<'list_units'>['units'][number];

const PAGE = 100;
const KEY_WIDTH = 40;
const TEXT_WIDTH = 60;

/** Prints units page by page, so that a job of any size can be listed; with --json one document at the end. */
export async function showUnits(session: Session, jobId: string, options: UnitsOptions): Promise<Exit> {
  const wanted = options.all ? Number.POSITIVE_INFINITY : options.limit;
  const input: Input = {
    job_id: jobId,
    ...(options.status ? { status: [...options.status] as NonNullable<Input['status']> } : {}),
    ...(options.class ? { failure_class: options.class } : {}),
    ...(options.text ? { text: options.text } : {}),
  };
  const units: Row[] = [];
  let cursor: string | null = null;
  do {
    const limit = Math.min(PAGE, wanted - units.length);
    const page: OutputOf<'list_units'> = await session.call('list_units', {
      ...input,
      limit,
      ...(cursor === null ? {} : { cursor }),
    });
    units.push(...page.units);
    cursor = page.next_cursor;
  } while (cursor !== null && units.length < wanted);
  session.answer({ job_id: jobId, units, next_cursor: cursor }, text(session, jobId, units, cursor));
  return 'done';
}

function text({ terminal }: Session, jobId: string, units: readonly Row[], cursor: string | null): string {
  if (units.length === 0) return 'No units match.';
  const rows = units.map((unit) => {
    const failure = failureOf(unit);
    return [
      String(unit.unit),
      cell(unit.key, KEY_WIDTH),
      typeof unit.step === 'string' && unit.status !== 'completed' ? `${unit.status} at ${unit.step}` : unit.status,
      String(unit.attempts),
      typeof unit.duration_s === 'number' ? duration(unit.duration_s) : '',
      typeof unit.cost_usd === 'number' ? money(unit.cost_usd) : '',
      failure !== null
        ? cutMiddleBriefly(failure, TEXT_WIDTH)
        : cell(typeof unit.result === 'string' ? unit.result : '', TEXT_WIDTH),
    ];
  });
  const shown = table(
    terminal.colors,
    ['unit', 'key', 'status', 'attempts', 'time', 'cost', 'result or failure'],
    rows,
  );
  const isCut = (unit: Row) => (failureOf(unit)?.length ?? 0) > TEXT_WIDTH;
  const notes = [
    ...(units.some(isCut)
      ? [`Long messages are shortened in the middle: abp show ${jobId} <unit> shows all of it`]
      : []),
    ...(cursor === null ? [] : [`More units follow these ${units.length}: --all lists all`]),
  ];
  return [shown, ...notes.map((note) => terminal.colors.dim(note))].join('\n');
}

/** Class and message of the failure of a unit without a result, as one line; null = none. */
function failureOf({ failure_class, message, result }: Row): string | null {
  return typeof failure_class === 'string' && result === undefined
    ? printable(`${failure_class}: ${String(message)}`).trim()
    : null;
}
