import { cut } from '../../domain/cut.ts';
import { toAbpError } from '../../domain/error.ts';
import { sentences } from '../../domain/sentences.ts';
import { count, duration, money, range } from '../format.ts';
import { inCommands } from '../hint-words.ts';
import type { Session } from '../session.ts';
import { type Colors, printable } from '../terminal.ts';
import type { Overview, Shown, Status } from './status-text.ts';

/** A decision about a test, of the person or by --yes. */
export type Decision = 'approve' | 'again' | 'reject' | 'later' | 'interrupted';

type TestResult = NonNullable<NonNullable<Status['test']>['results']>[number];

/** Reads the result of a test and describes it, with the estimate for the other units: what a person needs to decide. */
export async function testText(session: Session, { job_id, must_allow, estimate }: Shown): Promise<string> {
  const { test } = await session.call('get_job_status', { job_id });
  const { colors } = session.terminal;
  if (!test) return '';
  const passed = test.state === 'passed';
  return [
    `${passed ? colors.green('Test passed') : colors.red(`Test ${test.state}`)}${test.verdict ? `: ${printable(sentences(test.verdict, inCommands(test.advice, job_id, must_allow)))}` : ''}`,
    ...(test.results ?? []).flatMap((result) => resultLines(result, colors)),
    ...(passed && estimate && estimate.remaining_units > 0
      ? [
          `Estimate for the other ${count(estimate.remaining_units, 'unit')}: ${[
            ...(estimate.cost_usd ? [range(estimate.cost_usd, money)] : []),
            range(estimate.duration_s, duration),
          ].join(', ')}`,
        ]
      : []),
  ].join('\n');
}

/** Asks whether to run the other units. */
export function askDecision(session: Session, { units }: Overview): Promise<Decision> {
  const rest = count(units.pending, 'unit');
  return askOne(session, `Run the other ${rest}? [y]es, [n]o: reject the test, [l]ater: `, ANSWERS);
}

/** Asks what to do about a failed test. */
export function askAboutFailure(session: Session): Promise<Decision> {
  return askOne(session, 'Fix the cause, then: [t]est again, [r]eject the test, [l]ater: ', AFTER_FAILURE);
}

async function askOne(
  { terminal }: Session,
  question: string,
  answers: Readonly<Record<string, Decision>>,
): Promise<Decision> {
  for (;;) {
    let answer: string;
    try {
      answer = await terminal.ask(question);
    } catch (error) {
      if (toAbpError(error).code === 'cancelled') return 'interrupted';
      throw error;
    }
    const decision = answers[answer.toLowerCase()];
    if (decision) return decision;
  }
}

const ANSWERS = {
  y: 'approve',
  yes: 'approve',
  n: 'reject',
  no: 'reject',
  l: 'later',
  later: 'later',
} as const;

const AFTER_FAILURE = {
  t: 'again',
  test: 'again',
  r: 'reject',
  reject: 'reject',
  l: 'later',
  later: 'later',
} as const;

function resultLines(result: TestResult, colors: Colors): string[] {
  const used = Object.entries((result.tools_used ?? {}) as Readonly<Record<string, number>>).map(
    ([tool, times]) => `${tool} × ${times}`,
  );
  const facts = [
    `${duration(result.duration_s)}`,
    ...(result.cost_usd === undefined ? [] : [money(result.cost_usd)]),
    ...(used.length > 0 ? [`used ${used.join(', ')}`] : []),
    ...(result.tools_denied ? [`denied ${result.tools_denied.join(', ')}`] : []),
    ...(result.files_changed ? [`changed ${result.files_changed.join(', ')}`] : []),
  ];
  const head = `${colors.bold(`Unit ${result.unit}${atStep(result)}`)} ${result.status}  ${colors.dim(cut(printable(facts.join(', ')), LINE_CHARS))}`;
  const text = result.message ? `${result.failure_class}: ${result.message}` : pretty(result.result ?? '');
  const lines = printable(text, true).trimEnd().split('\n');
  return [head, ...(result.message ? withEnd(lines) : shortened(lines)).map((line) => `  ${cut(line, LINE_CHARS)}`)];
}

/** Names the step of a result, in a job with several. */
function atStep({ step }: TestResult): string {
  return typeof step === 'string' ? ` at ${step}` : '';
}

/** Enough to decide; `abp show` shows all lines. */
const SHOWN_LINES = 20;
/** Characters of a line: a result may be one line without end. */
const LINE_CHARS = 2000;

function shortened(lines: readonly string[]): readonly string[] {
  const more = lines.length - SHOWN_LINES;
  return more > 1 ? [...lines.slice(0, SHOWN_LINES), `… ${more} more lines`] : lines;
}

/** Shortens a message in the middle: its last lines say why. */
function withEnd(lines: readonly string[]): readonly string[] {
  const more = lines.length - SHOWN_LINES;
  if (more <= 1) return lines;
  const half = SHOWN_LINES / 2;
  return [...lines.slice(0, half), `… ${more} more lines …`, ...lines.slice(-half)];
}

/** Formats complete JSON in lines; what fits on a line stays on one. */
function pretty(text: string): string {
  try {
    return unfolded(JSON.parse(text), '');
  } catch {
    return text;
  }
}

const LINE_WIDTH = 200;

function unfolded(value: unknown, indent: string): string {
  const line = JSON.stringify(value);
  if (typeof value !== 'object' || value === null || (indent !== '' && line.length <= LINE_WIDTH)) return line;
  const deeper = `${indent}  `;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const entries = Array.isArray(value)
    ? value.map((item) => unfolded(item, deeper))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${unfolded(item, deeper)}`);
  return `${open}\n${entries.map((entry) => deeper + entry).join(',\n')}\n${indent}${close}`;
}
