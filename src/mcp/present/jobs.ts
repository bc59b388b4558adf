import type { WorkerChoice } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { InputOf, OutputOf } from '../../orchestrator/index.ts';
import { jobCursor } from '../../orchestrator/queries/list-jobs.ts';
import {
  jsonBytes,
  omittedCount,
  truncate,
  truncateFields,
  truncateList,
  truncateObject,
} from '../../orchestrator/truncate.ts';
import { more, type NextCall } from './next-calls.ts';
import { notes } from './notes.ts';
import { ANSWER_BYTES, type Parts, presentParts } from './parts.ts';

/** Bytes for the jobs of a page whose length was not requested. */
const PAGE_BYTES = 8000;
const LEAST_TEMPLATE_BYTES = 2000;
/** Bytes for the steps of a job that has several. */
const STEPS_BYTES = 6000;
/** Bytes for the jobs of one kind in an overview. */
const NAMED_BYTES = 4000;

/** Presents a page of jobs: as many as fit, unless a length was requested. */
export function presentJobs(answer: OutputOf<'list_jobs'>, given: InputOf<'list_jobs'>): Record<string, unknown> {
  const { jobs, total, next_cursor: nextPage } = answer;
  const page = given.limit === undefined ? truncateList(jobs, PAGE_BYTES) : jobs;
  const last = page.at(-1);
  const next_cursor = page.length < jobs.length && last ? jobCursor(last) : nextPage;
  const { status, search, limit } = given;
  const filter = { ...(status ? { status } : {}), ...(search ? { search } : {}), ...(limit ? { limit } : {}) };
  return { jobs: page, total, next_cursor, next: nextOfJobs(page[0]?.job_id, next_cursor, filter) };
}

/** Next calls of a list of jobs: its first job and its next page; of an empty list: the kinds of sources. */
function nextOfJobs(first: string | undefined, cursor: string | null, filter: object): NextCall[] {
  if (first === undefined) {
    return [{ tool: 'list_enumerators', arguments: {}, why: 'shows the kinds of sources that a job can be made from' }];
  }
  return [
    { tool: 'get_job_status', arguments: { job_id: first }, why: 'shows the status of the first one' },
    ...more('list_jobs', filter, cursor),
  ];
}

interface Noted {
  readonly note: string | null;
}

const SETTINGS: Parts = {
  ...notes,
  intent: (intent: string) => ({ intent: truncate(intent, 1000) }),
  source: (source: JsonObject & { readonly type: string }) => ({
    source: { ...truncateObject(source, 1000), type: source.type },
  }),
  fields: truncateFields,
  revisions(all: readonly Noted[]) {
    const brief = all.map((each) => ({ ...each, note: each.note === null ? null : truncate(each.note, 100) }));
    const shown = truncateList(brief.toReversed(), 800).toReversed();
    return { revisions: shown, ...omittedCount('revisions', brief.length - shown.length) };
  },
  schema: (schema: JsonObject | null) => ({ schema: schema && truncateObject(schema, 1000) }),
  worker: (worker: WorkerChoice) => ({ worker: { ...truncateObject(worker, 800), type: worker.type } }),
  steps: (steps: NonNullable<OutputOf<'get_job'>['steps']>) => ({
    steps: steps.map((step) => presentParts(step, stepParts(Math.floor(STEPS_BYTES / steps.length)))),
  }),
};

/** Parts of a step that is shown in so many bytes. */
function stepParts(bytes: number): Parts {
  return {
    template: (template: string) => ({ template: truncate(template, bytes / 2) }),
    schema: (schema: JsonObject | null) => ({ schema: schema && truncateObject(schema, bytes / 4) }),
    worker: (worker: WorkerChoice) => ({ worker: { ...truncateObject(worker, bytes / 4), type: worker.type } }),
  };
}

/** Presents the settings of a job. A caller that wants to change the template has to see it: it gets all the room left. */
export function presentSettings(answer: OutputOf<'get_job'>, next: readonly NextCall[]): Record<string, unknown> {
  const { template, ...settings } = answer;
  const shown = { ...presentParts(settings, SETTINGS), next };
  const room = Math.max(LEAST_TEMPLATE_BYTES, ANSWER_BYTES - jsonBytes(shown) - 100);
  return { ...shown, ...(template === undefined ? {} : { template: truncate(template, room) }) };
}

/** Presents the overview of a store: as many of its jobs as fit. */
export function presentOverview(overview: OutputOf<'store_overview'>): Record<string, unknown> {
  const { at_work, waiting_for_you } = overview;
  return {
    ...overview,
    at_work: truncateList(at_work, NAMED_BYTES),
    waiting_for_you: truncateList(waiting_for_you, NAMED_BYTES),
  };
}
