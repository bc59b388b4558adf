import { z } from 'zod';
import { type Hint, hintText } from '../../domain/hint.ts';
import type { JsonObject } from '../../domain/json.ts';
import { sentences } from '../../domain/sentences.ts';
import { type JobStatusOutput, jobStatusOutput } from '../../orchestrator/shapes.ts';
import {
  omittedCount,
  truncate,
  truncateField,
  truncateFields,
  truncateMessage,
  truncateObject,
  truncateValue,
} from '../../orchestrator/truncate.ts';
import { type NextCall, nextCall, nextCalls } from './next-calls.ts';
import { notes } from './notes.ts';
import { omitted, type Parts, presentParts } from './parts.ts';

const SHOWN_RUNNING = 8;
const SHOWN_TEST_UNITS = 5;
/** Bytes of parts that may be long: with the rest they stay below the size of an answer. */
const TEST_BYTES = 4000;
const FAILURES_BYTES = 2000;
const POWERS_BYTES = 2000;
const POWER_BYTES = 150;

const { test, output, failures } = jobStatusOutput.shape;
const tested = test.unwrap();
const result = tested.shape.results.unwrap().element;

/** Fields of a status that are presented in another form. */
export const shownStatus = {
  test: tested
    .omit({ advice: true })
    .extend({ results: z.array(result.omit({ attempt: true, run_directory: true })).optional() })
    .optional(),
  output: output
    .partial({ directory: true })
    .extend({ error: output.shape.error.unwrap().extend({ hint: z.string().optional() }).optional() })
    .optional(),
  failures: z.array(failures.unwrap().element.omit({ advice: true })).optional(),
  next: z.array(nextCall),
};

/** Fields of a status that a model does not need: they are in the settings of the job, or in another field. */
export const HIDDEN = { advice: true, test_units: true } as const;

type Status = JobStatusOutput;
type Test = NonNullable<Status['test']>;
type Result = NonNullable<Test['results']>[number];

const PARTS: Parts = {
  ...notes,
  message: (message: string, { advice }: Status) => ({ message: said(truncateMessage(message, 1000), advice) }),
  advice: omitted,
  test: (value: Test, { job_id }: Status) => ({ test: presentTest(value, job_id) }),
  approval: ({ person, can, ...approval }: NonNullable<Status['approval']>) => ({
    approval: { person, ...truncateField('can', byKind(can), POWERS_BYTES), ...approval },
  }),
  at_work: (running: readonly { key: string }[]) => ({ at_work: running.slice(0, SHOWN_RUNNING).map(briefKey) }),
  failures: (value: readonly Failure[]) => {
    const shown = value.map((failure) => presentParts(failure, FAILURE));
    return truncateField('failures', shown, FAILURES_BYTES);
  },
  retrying: (value: NonNullable<Status['retrying']>) => truncateField('retrying', value, 500),
  steps: (value: readonly object[]) => ({ steps: value.map((step) => presentParts(step, STEP)) }),
  // A new job names the directory of its agents beside that which its paths start at.
  output: ({ directory, ...file }: Status['output'], answer: Status) => {
    const shown = { ...('working_directory' in answer ? { directory } : {}), ...presentParts(file, OUTPUT) };
    return Object.keys(shown).length === 0 ? {} : { output: shown };
  },
  // The dialog has shortened its note.
  user_answer: (value: object) => ({ user_answer: value }),
  test_units: omitted,
  template: (template: string) => ({ template: truncate(template, 3000) }),
  fields: truncateFields,
  source: (source: JsonObject & { readonly type: string }) => ({
    source: { ...truncateObject(source, 1500), type: source.type },
  }),
};

/** What is told about a test, in the form that a model gets. */
export type ShownStatus = Pick<JobStatusOutput, 'job_id' | 'name' | 'estimate' | 'approval'> & {
  readonly test?: z.input<typeof shownStatus.test>;
};

/** Presents a status to a model: what happened, then what to do, as one text each; at last the next calls. */
export function presentStatus(status: Status): Record<string, unknown> {
  const next: readonly NextCall[] = status.removed === true ? [] : nextCalls(status);
  return { ...presentParts(status, PARTS), next };
}

function said(happened: string, advice: Hint | undefined): string {
  return advice === undefined ? happened : sentences(happened, hintText(advice));
}

function presentTest(test: Test, jobId: string): object {
  return presentParts(test, {
    verdict: (verdict: string) => ({ verdict: said(truncateMessage(verdict, 600), test.advice) }),
    advice: omitted,
    results(results: readonly Result[]) {
      const shown = results.slice(0, SHOWN_TEST_UNITS);
      const room = Math.floor(TEST_BYTES / Math.max(1, shown.length));
      return {
        results: shown.map((each) => presentResult(each, jobId, room)),
        ...omittedCount('results', results.length - shown.length),
      };
    },
  });
}

function presentResult(value: Result, jobId: string, room: number): object {
  const parts: Parts = {
    result: (text: string) => ({ result: truncate(text, Math.min(1200, room / 2)) }),
    message: (text: string) => ({ message: truncateMessage(text, Math.min(500, room / 4)) }),
    tools_used: (used: JsonObject) => ({ tools_used: truncateObject(used, room / 4) }),
    tools_denied: (denied: readonly string[], { tools_denied_left_out: missing }: Result) =>
      truncateField('tools_denied', denied, room / 4, missing),
    tools_denied_left_out: omitted,
    files_changed: (changed: readonly string[], { files_changed_left_out: missing }: Result) =>
      truncateField('files_changed', changed, room / 4, missing),
    files_changed_left_out: omitted,
    attempt: omitted,
    run_directory: omitted,
  };
  const { unit, attempt, run_directory: path } = value;
  const input = { job_id: jobId, unit, attempt, conversation: true };
  return { ...presentParts(value, parts), conversation: { tool: 'get_unit', arguments: input, path } };
}

type Power = { readonly can: string; readonly what: string };

/** Orders powers so that truncation keeps every kind: the first of each kind comes before the others. */
function byKind(can: readonly Power[] = []): readonly Power[] {
  const all = can.map((power) => ({ can: power.can, what: truncate(power.what, POWER_BYTES) }));
  const first = new Map(all.toReversed().map((power) => [power.can, power]));
  const isFirst = (power: Power) => first.get(power.can) === power;
  return [...all.filter(isFirst), ...all.filter((power) => !isFirst(power))];
}

type Failure = NonNullable<Status['failures']>[number];

const FAILURE: Parts = {
  example: (example: { readonly unit: number; readonly message: string } | null) => ({
    example: example && { unit: example.unit, message: truncateMessage(example.message, 300) },
  }),
  advice: (advice: Hint) => ({ advice: hintText(advice) }),
};

const OUTPUT: Parts = {
  error: ({ message, hint, field, ...error }: NonNullable<Status['output']['error']>) => ({
    error: {
      ...error,
      message: truncateMessage(message, 600),
      ...(hint === undefined ? {} : { hint: truncate(hintText(hint), 400) }),
      ...(field === undefined ? {} : { field: truncateValue(field, 200) }),
    },
  }),
};

const STEP: Parts = { message: (message: string) => ({ message: truncateMessage(message, 300) }) };

function briefKey<Row extends { readonly key: string }>(row: Row): Row {
  return { ...row, key: truncate(row.key, 80) };
}
