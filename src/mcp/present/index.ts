import { z } from 'zod';
import type { InputOf, Orchestrator, OutputOf } from '../../orchestrator/index.ts';
import type { Call } from '../../orchestrator/operation.ts';
import type { OperationOn } from '../../orchestrator/operations.ts';
import { type JobStatusOutput, jobStatusOutput, unitCounts } from '../../orchestrator/shapes.ts';
import { presentJobs, presentSettings } from './jobs.ts';
import { type NextCall, nextCalls, worded } from './next-calls.ts';
import { notes } from './notes.ts';
import { presentParts } from './parts.ts';
import { presentEnumerators, presentPreview } from './sources.ts';
import { HIDDEN, presentStatus, shownStatus } from './status.ts';
import { presentUnit, presentUnits } from './units.ts';

type Tool = OperationOn<'mcp'>['name'];
/** What a model gets of an answer. */
export type Answer = Record<string, unknown>;
/** Reads the status of a job, for the next calls of an answer about it. */
type Look = (jobId: string) => Promise<JobStatusOutput>;

/** Presents the whole answer of an operation to a model: as much as fits its context, and what to call next. */
type Presentation<Name extends Tool> = (
  answer: OutputOf<Name>,
  given: InputOf<Name>,
  look: Look,
) => Answer | Promise<Answer>;

const PRESENTATIONS: { readonly [Name in Tool]: Presentation<Name> } = {
  list_enumerators: presentEnumerators,
  preview_items: presentPreview,
  create_job: presentStatus,
  update_job: presentStatus,
  start_job: presentStatus,
  get_job_status: presentStatus,
  get_job: async (answer, _given, look) => presentSettings(answer, await nextBeside('get_job', answer, look)),
  list_jobs: presentJobs,
  list_units: presentUnits,
  get_unit: presentUnit,
  pause_job: presentStatus,
  resume_job: presentStatus,
  cancel_job: presentStatus,
  manage_units: presentStatus,
  export_results: async (answer, _given, look) => ({
    ...presentParts(answer, notes),
    next: await nextBeside('export_results', answer, look),
  }),
  delete_job: (answer) => ({
    ...answer,
    next: [{ tool: 'list_jobs', arguments: {}, why: 'shows the remaining jobs' }],
  }),
};

/** The next calls of a job without the tool that was just called. */
async function nextBeside(called: Tool, { job_id }: { readonly job_id: string }, look: Look): Promise<NextCall[]> {
  return nextCalls(await look(job_id)).filter(({ tool }) => tool !== called);
}

/** Calls an operation for a model, and presents its answer. Throws its errors. */
export async function callTool(
  orchestrator: Pick<Orchestrator, 'call' | 'callUnknown'>,
  name: string,
  input: unknown,
  call: Call,
): Promise<Answer> {
  const answer = await orchestrator.callUnknown(name, input, call);
  return withWordedNextCalls(await present(orchestrator, name, input, answer, call));
}

/** The same answer with its next calls as they are sent. */
export function withWordedNextCalls(answer: Answer): Answer {
  const next = answer.next as readonly NextCall[] | undefined;
  return next === undefined ? answer : { ...answer, next: next.map(worded) };
}

/** Presents the answer that an operation gave to this input; a decision of a person in its next calls is data. */
export async function present(
  orchestrator: Pick<Orchestrator, 'call'>,
  name: string,
  input: unknown,
  answer: Answer,
  call: Call,
): Promise<Answer> {
  const presentation = (PRESENTATIONS as Readonly<Record<string, unknown>>)[name] as Presentation<never> | undefined;
  const look: Look = (job_id) => orchestrator.call('get_job_status', { job_id }, call);
  return presentation ? presentation(answer as never, (input ?? {}) as never, look) : answer;
}

/** Shape of a status for a model. */
const STATUS: z.ZodObject = jobStatusOutput.omit(HIDDEN).extend(shownStatus);

/** Shapes of other answers that a model gets in another form. */
const SHOWN: Partial<Record<Tool, z.ZodObject>> = {
  list_jobs: z.looseObject({
    jobs: z.array(z.looseObject({ job_id: z.string(), name: z.string(), status: z.string(), units: unitCounts })),
    total: z.int(),
    next_cursor: z.string().nullable(),
  }),
  get_unit: z.looseObject({
    job_id: z.string(),
    unit: z.int(),
    key: z.string(),
    status: z.string(),
    attempts: z.array(z.looseObject({ attempt: z.int(), status: z.string() })),
  }),
};

/** Arguments that only screens use: a model gets nothing of what they add. */
const SCREEN_ARGUMENTS: Partial<Record<Tool, z.core.util.Mask<string>>> = { get_unit: { details: true } };

/** Shape of the arguments that a model may give to an operation. */
export function shownInput({ name, input }: OperationOn<'mcp'>): z.ZodObject {
  return (input as z.ZodObject).omit(SCREEN_ARGUMENTS[name] ?? {});
}

/** Shape of what a model gets of an operation. */
export function shownOutput({ name, output }: OperationOn<'mcp'>): z.ZodObject {
  if (PRESENTATIONS[name] !== presentStatus) return SHOWN[name] ?? output;
  const own = Object.entries(output.shape).filter(([field]) => !(field in jobStatusOutput.shape));
  return STATUS.extend(Object.fromEntries(own));
}
