import type { JobStatus } from './job.ts';

/** Effect of a failed attempt on its unit. */
export type UnitEffect =
  /** pending after a back-off, not before Retry-After; uses no retry; too many deferrals fail the unit. */
  | 'defer'
  /** pending at once, uses no retry: the job stops claiming anyway. */
  | 'put_back'
  /** pending after a growing back-off until the retries are used up. */
  | 'retry'
  /** failed at once: a retry would fail the same way. */
  | 'fail'
  /** pending; after two interruptions it runs alone, the third fails it. */
  | 'interrupt'
  /** cancelled by a person. */
  | 'cancel';

/** Effect of a failed attempt on its job. */
export type JobEffect =
  | 'none'
  | 'circuit_breaker'
  | 'back_off'
  | 'close_quota'
  | 'pause_auth'
  | 'pause_unavailable'
  | 'pause_approval';

/** Texts about a failure class for a person. */
export interface FailureWords {
  /** Meaning, in words for a person. */
  readonly meaning: string;
  /** Next step for a person. */
  readonly advice: string;
}

/** One row of the failure table. */
export interface FailureRule extends FailureWords {
  readonly unit: UnitEffect;
  readonly job: JobEffect;
  /** True = the reason helps the next attempt and is added to its prompt. */
  readonly tellNextAttempt: boolean;
  /** Other texts by worker type: a program is not an agent. */
  readonly of?: Readonly<Record<string, FailureWords>>;
}

/** Every failure class with its consequences: the only place that defines them. */
export const FAILURES = {
  rate_limited: {
    unit: 'defer',
    job: 'back_off',
    tellNextAttempt: false,
    meaning: 'the service asked for fewer requests (429, or exit 75)',
    advice: 'Nothing to do: it is retried later with fewer slots.',
  },
  overloaded: {
    unit: 'defer',
    job: 'back_off',
    tellNextAttempt: false,
    meaning: 'the service is overloaded (529)',
    advice: 'Nothing to do: it is retried later with fewer slots.',
  },
  usage_limit: {
    unit: 'put_back',
    job: 'close_quota',
    tellNextAttempt: false,
    meaning: "the account's quota window is closed",
    advice: 'Nothing to do: the job resumes by itself when the window opens.',
  },
  auth: {
    unit: 'put_back',
    job: 'pause_auth',
    tellNextAttempt: false,
    meaning: 'the worker is not logged in, or its key is rejected',
    advice: 'Log in (`claude` then /login) or set a valid key, then resume_job.',
  },
  billing: {
    unit: 'put_back',
    job: 'pause_auth',
    tellNextAttempt: false,
    meaning: 'the account cannot pay',
    advice: 'Top up the account, then resume_job.',
  },
  model_not_found: {
    unit: 'put_back',
    job: 'pause_auth',
    tellNextAttempt: false,
    meaning: 'the service does not know the model',
    advice: 'Choose another model with update_job, then resume_job.',
  },
  worker_unavailable: {
    unit: 'put_back',
    job: 'pause_unavailable',
    tellNextAttempt: false,
    meaning: 'the worker program, or a program that it needs, cannot be started (exit 126 or 127)',
    advice: 'Install it or fix its path (`abp doctor` checks), then resume_job.',
  },
  approval: {
    unit: 'put_back',
    job: 'pause_approval',
    tellNextAttempt: false,
    meaning: 'the definition changed after its approval, or the approval was revoked',
    advice: 'Check what changed, then resume_job: it asks a person again.',
  },
  timeout: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: 'it reached its time limit',
    advice: 'Raise limits.timeout_s (or idle_timeout_s), or make the task smaller, then retry.',
  },
  crashed: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: 'the worker ended without a result',
    advice: 'Look at the end of its log with get_unit, then retry.',
  },
  server_error: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: 'the service failed (5xx, or a cut connection)',
    advice: 'Retry later.',
  },
  max_turns: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: true,
    meaning: 'the agent used all its turns',
    advice: "Raise the worker's max_turns or make the task smaller, then retry.",
  },
  invalid_output: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: true,
    meaning: 'the result does not match the output schema',
    advice: 'Look at the validation error; relax the schema or sharpen the prompt with update_job, then retry.',
    of: {
      command: {
        meaning: 'the result does not match the output schema',
        advice: 'Look at the validation error; fix the program, or relax the schema with update_job, then retry.',
      },
    },
  },
  incomplete: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: true,
    meaning: 'the agent reported success, but a tool was refused or nothing was produced',
    advice: 'Allow the tool it needs (worker.permission, worker.tools) with update_job, then retry.',
    of: {
      command: {
        meaning: 'the program exited 0, but printed no result and wrote no file',
        advice: 'Let it print its result on stdout or write a file below ABP_OUTPUT_DIR, then retry.',
      },
    },
  },
  agent_error: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: true,
    meaning: 'the agent reported that it failed',
    advice: "Read the agent's message with get_unit, fix the prompt or the input, then retry.",
    of: {
      command: {
        meaning: 'the program ended with an exit code that means failure',
        advice: 'Look at the end of its log with get_unit, fix the program or the input, then retry.',
      },
    },
  },
  unit_budget: {
    unit: 'fail',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: "the unit's own budget is used up",
    advice: "Raise the worker's max_budget_usd with update_job, then retry.",
  },
  permission_denied: {
    unit: 'fail',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: 'the service or system rejects this request',
    advice: 'Check what the account and the directories allow, then retry.',
  },
  prompt_too_long: {
    unit: 'fail',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: "the prompt is longer than the model's window",
    advice: 'Pass a path instead of the content, or split the item, then retry.',
  },
  bad_input: {
    unit: 'fail',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: 'the unit cannot run with this input or config',
    advice: 'Fix the item or the worker config, then retry.',
  },
  interrupted: {
    unit: 'interrupt',
    job: 'none',
    tellNextAttempt: false,
    meaning: 'its executor or the machine died while it ran',
    advice: 'Nothing to do: it is continued or run again.',
  },
  cancelled: {
    unit: 'cancel',
    job: 'none',
    tellNextAttempt: false,
    meaning: 'a person stopped it',
    advice: 'Reopen it with manage_units to run it again.',
  },
} as const satisfies Record<string, FailureRule>;

export type FailureClass = keyof typeof FAILURES;
export const FAILURE_CLASSES = Object.keys(FAILURES) as readonly FailureClass[];

/** Returns the rule of a failure class, with the texts for a type of worker. */
export function failureRule(failureClass: FailureClass, workerType?: string): FailureRule {
  const rule: FailureRule = FAILURES[failureClass];
  return { ...rule, ...(workerType !== undefined && rule.of?.[workerType]) };
}

/**
 * Returns the advice for a failure class, in any state of the job; with `unit`, the call that shows the end of that
 * unit's log.
 */
export function adviceAbout(failureClass: FailureClass, workerType?: string, unit?: number): string {
  const { advice } = failureRule(failureClass, workerType);
  return unit === undefined ? advice : advice.replace('with get_unit', `with get_unit (unit=${unit}, cursor=end)`);
}

/**
 * Returns the advice for a failure class in a job with this status: a test is repeated, a running job is paused before
 * it is changed. With `unit`, the call that shows the end of that unit's log.
 */
export function adviceIn(status: JobStatus, failureClass: FailureClass, workerType?: string, unit?: number): string {
  const advice = adviceAbout(failureClass, workerType, unit);
  if (status === 'testing') {
    return advice
      .replace(/, then (?:resume_job|retry)\b/, ', then start_job with again=true')
      .replace(/^Retry later\.$/, 'Later, start_job with again=true tries it again.');
  }
  const isRunning = status === 'running' || status === 'post_processing';
  return isRunning ? advice.replace(/\bwith update_job\b/, 'with pause_job and then update_job') : advice;
}
