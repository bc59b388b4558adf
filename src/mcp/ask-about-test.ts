import type { InputRequiredResult, McpServer, ServerContext } from '@modelcontextprotocol/server';
import { AbpError } from '../domain/error.ts';
import type { Job } from '../domain/job.ts';
import { requireJob } from '../orchestrator/operation.ts';
import type { JobStatusOutput } from '../orchestrator/shapes.ts';
import { startJob } from '../orchestrator/start-job.ts';
import { toCall } from './call.ts';
import { answerOf, ask, canAsk, choiceForm, isAnsweredByPerson, type Question, questionOf } from './elicit.ts';
import type { McpHost } from './host.ts';
import { testReport } from './test-report.ts';

const form = choiceForm(
  ['approve', 'reject', 'revise'],
  'approve: run all other units. reject: put the test unit back. revise: change the prompt first',
);

/** What the model hears when nothing was decided: without it, it would not know that the user has been asked. */
const NO_ANSWER = { decision: 'none', note: 'The dialog was closed, or the host declined it by itself.' };

/**
 * start_job for a host with dialogs: over a passed test it asks the user, in the same call, unless the call brings the
 * user's decision already. Without a dialog, or when it was closed, the call means what its arguments say.
 */
export async function startJobAsking(
  host: McpHost,
  server: McpServer,
  args: unknown,
  ctx: ServerContext,
): Promise<Record<string, unknown> | InputRequiredResult> {
  const { orchestrator } = host;
  const run = (input: unknown, human: 'elicitation' | null) =>
    orchestrator.callUnknown('start_job', input, toCall(host, ctx, human)) as Promise<JobStatusOutput>;
  const parsed = startJob.input.safeParse(args);
  // The operation refuses what does not parse, in better words.
  if (!parsed.success) return run(args, null);
  const given = parsed.data;

  const question = questionOf(ctx);
  if (question?.about === 'test') {
    const answer = answerOf(ctx, form);
    if (answer === null) return { ...(await run(given, null)), user_answer: NO_ANSWER };
    requireSameTest(requireJob(orchestrator.deps, given.job_id), question);
    const { decision, note } = answer;
    const human = isAnsweredByPerson(ctx) ? 'elicitation' : null;
    const status =
      decision === 'revise'
        ? await run({ job_id: given.job_id, wait_seconds: 0 }, null)
        : await run({ ...given, approve: decision === 'approve', ...(note ? { note } : {}) }, human);
    return { ...status, user_answer: answer };
  }

  const job = orchestrator.deps.repository.jobs.get(given.job_id);
  const needsPerson = job?.requireHumanApproval === true;
  if (!canAsk(server, ctx) || (needsPerson && !isAnsweredByPerson(ctx))) return run(given, null);
  // Where only a human may approve, the argument becomes the question; where nothing can be approved, it is refused.
  const looks = given.approve === true && job !== null && canBeApproved(job) && needsPerson;
  const status = await run(looks ? { ...given, approve: undefined } : given, null);
  return canBeApproved(status) ? askAbout(requireJob(orchestrator.deps, given.job_id), status) : status;
}

/** Only a passed test leaves a choice. */
function canBeApproved({ status, test }: Pick<Job, 'status' | 'test'> | JobStatusOutput): boolean {
  return status === 'testing' && test?.state === 'passed';
}

async function askAbout(job: Job, status: JobStatusOutput): Promise<InputRequiredResult> {
  const question: Question = {
    about: 'test',
    jobId: job.jobId,
    revision: job.revision,
    startedAt: job.test?.startedAt ?? 0,
  };
  return ask(question, testReport(status), form);
}

/** An answer counts for the test that was shown, not for one that took its place meanwhile. */
function requireSameTest(job: Job, asked: Extract<Question, { about: 'test' }>): void {
  const same =
    job.jobId === asked.jobId &&
    job.status === 'testing' &&
    job.revision === asked.revision &&
    job.test?.startedAt === asked.startedAt;
  if (same) return;
  throw new AbpError('conflict', `${job.jobId} has changed since the user was asked; the answer was not used.`, {
    hint: 'get_job_status shows its present state; start_job asks again.',
  });
}
