import { setTimeout as sleep } from 'node:timers/promises';
import type { Orchestrator } from '../../orchestrator/index.ts';
import type { Session } from '../session.ts';
import { type Controls, takeControls } from './controls.ts';
import { createProgressView, type ProgressView } from './progress.ts';
import type { Overview } from './status-text.ts';

/** Between two looks while the store does not change: times pass, agents write to files, a person presses keys. */
const LOOK_MS = 500;
/** Between two pictures while much changes. */
const REST_MS = 250;
/** The longest wait of a person who leaves for what their keys have started: the store may be busy. */
const LEAVE_MS = 1000;

/** How following a job ended: with the job at rest, or because the person left. */
export interface Followed {
  readonly job: Overview;
  readonly left: boolean;
  /** Why no new executor could be started here for a job whose executor died. */
  readonly refused?: string;
}

/**
 * Shows a job's progress until it is at rest (ended, or waiting for a person), with keys to control it on a terminal. As
 * long as it looks, it also gives the job a new executor when its own died.
 */
export async function followJob(session: Session, jobId: string): Promise<Followed> {
  const gone = new AbortController();
  const { config, recovery, orchestrator } = await session.abp();
  let refused = config.autoRecover ? undefined : 'ABP_AUTO_RECOVER is off';
  if (config.autoRecover) {
    void recovery.watch(gone.signal, (report) => {
      if (report.recovered.includes(jobId)) refused = undefined;
      refused = report.refused.find((refusal) => refusal.jobId === jobId)?.reason ?? refused;
    });
  }
  const controls = takeControls(session, jobId);
  const view = createProgressView(session.terminal);
  try {
    return await look(session, jobId, orchestrator, controls, view, () => refused);
  } finally {
    gone.abort();
    view.end();
    controls.release();
  }
}

async function look(
  session: Session,
  jobId: string,
  { changes }: Pick<Orchestrator, 'changes'>,
  controls: Controls,
  view: ProgressView,
  refusal: () => string | undefined,
): Promise<Followed> {
  for await (const _ of changes(controls.left, () => LOOK_MS, REST_MS)) {
    const job = await session.call('job_overview', { job_id: jobId });
    view.show(job, controls.note(), controls.legend(job));
    if (isAtRest(job) && !controls.holds(job)) return { job, left: false };
    const refused = job.executor.state === 'lost' ? refusal() : undefined;
    if (refused !== undefined) return { job, left: false, refused };
  }
  const late = new AbortController();
  const leaving = sleep(LEAVE_MS, undefined, { signal: late.signal }).catch(() => undefined);
  await Promise.race([controls.done(), leaving]);
  // A timer that goes on would keep the process, and the shell waiting for it.
  late.abort();
  return { job: await session.call('job_overview', { job_id: jobId }), left: true };
}

/** Whether nothing will change by itself. */
export function isAtRest(job: Pick<Overview, 'status' | 'pause_reason' | 'test' | 'output'>): boolean {
  const { status, pause_reason, test, output } = job;
  if (output.state === 'writing') return false;
  if (status === 'paused') return pause_reason !== 'usage_limit';
  if (status === 'testing') return test?.state !== 'running';
  return status !== 'running' && status !== 'enumerating';
}
