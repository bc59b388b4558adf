import type { InputRequiredResult, McpServer, ServerContext } from '@modelcontextprotocol/server';
import { startJob } from '../orchestrator/operations/start-job.ts';
import type { JobStatusOutput } from '../orchestrator/shapes.ts';
import { askingForApproval } from './ask-about-approval.ts';
import { toCall } from './call.ts';
import { answerOf, ask, canAsk, choiceForm, isAnsweredByPerson, questionOf } from './elicit.ts';
import type { McpHost } from './host.ts';
import { presentStatus, type ShownStatus } from './present/status.ts';
import { testReport } from './test-report.ts';

const CHOICES = {
  approve: 'approve: run all other units',
  reject: 'reject: discard the test',
  revise: 'revise: change the prompt first',
} as const;

const form = choiceForm(CHOICES, '');

/** Answer for the model when the user decided nothing: it tells that the user was asked. */
const NO_ANSWER = { decision: 'none', note: 'The dialog was closed, or the host declined it.' };

/**
 * Runs start_job and asks the user in a dialog of the host: before a job runs that a person has to allow, and about a passed
 * test, unless the call already carries the user's decision. Without a dialog, or when it was closed, the arguments of the
 * call decide.
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
  // The operation refuses wrong arguments with a better message.
  if (!parsed.success) return run(args, null);
  const given = parsed.data;

  const question = questionOf(ctx);
  if (question?.about === 'test') {
    const answer = answerOf(ctx, form);
    if (answer === null) return { ...(await run(given, null)), user_answer: NO_ANSWER };
    const { decision, note } = answer;
    const { shown } = question;
    const { job_id } = given;
    // The definition may have changed since the test: then the user is asked about it, and about the test again.
    const status = await askingForApproval(host, server, ctx, () =>
      decision === 'revise'
        ? run({ job_id, wait_seconds: 0 }, null)
        : run(
            { ...given, approve: decision === 'approve', shown, ...(note ? { note } : {}) },
            isAnsweredByPerson(ctx) ? 'elicitation' : null,
          ),
    );
    return isStatus(status) ? { ...status, user_answer: answer } : status;
  }

  const asks = canAsk(server, ctx);
  // Where only a person may approve, approve=true becomes the question; where nothing can be approved, it is refused.
  const before =
    asks && isAnsweredByPerson(ctx) && given.approve === true
      ? await orchestrator.call('get_job_status', { job_id: given.job_id }, toCall(host, ctx))
      : null;
  const asksFirst = before !== null && canBeApproved(before) && before.approval?.person === true;
  const status = await askingForApproval(host, server, ctx, (human) =>
    // Allowing the job does not approve its test: that has its own dialog, whatever the arguments say.
    run(asksFirst || human ? { ...given, approve: undefined, shown: undefined } : given, human),
  );
  if (!asks || !isStatus(status) || !canBeApproved(status)) return status;
  if (status.approval?.person && !isAnsweredByPerson(ctx)) return status;
  const shown = status.approval?.shown ?? '';
  const { message, details } = testReport(presentStatus(status) as unknown as ShownStatus);
  return ask({ about: 'test', jobId: given.job_id, shown }, message, choiceForm(CHOICES, details));
}

function isStatus(answer: JobStatusOutput | InputRequiredResult): answer is JobStatusOutput {
  return 'job_id' in answer;
}

/** True when a passed test waits for a decision. */
function canBeApproved({ status, test }: JobStatusOutput): boolean {
  return status === 'testing' && test?.state === 'passed';
}
