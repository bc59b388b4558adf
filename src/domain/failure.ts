import { type Advice, advised, TEST_AGAIN } from './advice.ts';
import { type Hint, hint, using } from './hint.ts';
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
  readonly advice: Advice;
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

/** A service that is busy or failing takes its time; a test does not wait for it. */
const LATER = hint`Later, ${TEST_AGAIN} tries it again.`;

/** Every failure class with its consequences: the only place that defines them. */
export const FAILURES = {
  rate_limited: {
    unit: 'defer',
    job: 'back_off',
    tellNextAttempt: false,
    meaning: 'the service asked for fewer requests (429, or exit 75)',
    advice: { fix: 'Nothing to do: it is retried later with fewer slots', inTest: LATER },
  },
  overloaded: {
    unit: 'defer',
    job: 'back_off',
    tellNextAttempt: false,
    meaning: 'the service is overloaded (529)',
    advice: { fix: 'Nothing to do: it is retried later with fewer slots', inTest: LATER },
  },
  usage_limit: {
    unit: 'put_back',
    job: 'close_quota',
    tellNextAttempt: false,
    meaning: "the account's quota window is closed",
    advice: {
      fix: 'Nothing to do: the job resumes by itself when the window opens',
      inTest: hint`Once the window has opened, ${TEST_AGAIN} tries it again.`,
    },
  },
  auth: {
    unit: 'put_back',
    job: 'pause_auth',
    tellNextAttempt: false,
    meaning: 'the worker is not logged in, or its key is rejected',
    advice: { fix: 'Log in (`claude` then /login) or set a valid key', next: 'resume' },
  },
  billing: {
    unit: 'put_back',
    job: 'pause_auth',
    tellNextAttempt: false,
    meaning: 'the account cannot pay',
    advice: { fix: 'Top up the account', next: 'resume' },
  },
  model_not_found: {
    unit: 'put_back',
    job: 'pause_auth',
    tellNextAttempt: false,
    meaning: 'the service does not know the model',
    advice: { fix: hint`Choose another model ${using('update_job')}`, next: 'resume' },
  },
  worker_unavailable: {
    unit: 'put_back',
    job: 'pause_unavailable',
    tellNextAttempt: false,
    meaning: 'the worker program, or a program that it needs, cannot be started (exit 126 or 127)',
    advice: { fix: 'Install it or fix its path (`abp doctor` checks)', next: 'resume' },
  },
  approval: {
    unit: 'put_back',
    job: 'pause_approval',
    tellNextAttempt: false,
    meaning: 'the definition changed after its approval, or the approval was revoked',
    advice: { fix: 'A person is asked again: check what changed', next: 'resume' },
  },
  timeout: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: 'it reached its time limit',
    advice: { fix: 'Raise limits.timeout_s (or idle_timeout_s), or make the task smaller', next: 'retry' },
  },
  crashed: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: 'the worker ended without a result',
    advice: { fix: hint`Look at the end of its log ${using('get_unit')}`, next: 'retry' },
  },
  server_error: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: 'the service failed (5xx, or a cut connection)',
    advice: { fix: 'Retry later', inTest: LATER },
  },
  max_turns: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: true,
    meaning: 'the agent used all its turns',
    advice: { fix: "Raise the worker's max_turns or make the task smaller", next: 'retry' },
  },
  invalid_output: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: true,
    meaning: 'the result does not match the output schema',
    advice: {
      fix: hint`Look at the validation error; relax the schema or sharpen the prompt ${using('update_job')}`,
      next: 'retry',
    },
    of: {
      command: {
        meaning: 'the result does not match the output schema',
        advice: {
          fix: hint`Look at the validation error; fix the program, or relax the schema ${using('update_job')}`,
          next: 'retry',
        },
      },
    },
  },
  incomplete: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: true,
    meaning: 'the agent reported success, but a tool was refused or nothing was produced',
    advice: {
      fix: hint`Allow the tool it needs (worker.permission, worker.tools) ${using('update_job')}`,
      next: 'retry',
    },
    of: {
      command: {
        meaning: 'the program exited 0, but printed no result and wrote no file',
        advice: { fix: 'Let it print its result on stdout or write a file below ABP_OUTPUT_DIR', next: 'retry' },
      },
    },
  },
  agent_error: {
    unit: 'retry',
    job: 'circuit_breaker',
    tellNextAttempt: true,
    meaning: 'the agent reported that it failed',
    advice: { fix: hint`Read the agent's message ${using('get_unit')}, fix the prompt or the input`, next: 'retry' },
    of: {
      command: {
        meaning: 'the program ended with an exit code that means failure',
        advice: {
          fix: hint`Look at the end of its log ${using('get_unit')}, fix the program or the input`,
          next: 'retry',
        },
      },
    },
  },
  unit_budget: {
    unit: 'fail',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: "the unit's own budget is used up",
    advice: { fix: hint`Raise the worker's max_budget_usd ${using('update_job')}`, next: 'retry' },
  },
  permission_denied: {
    unit: 'fail',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: 'the service or system rejects this request',
    advice: { fix: 'Check what the account and the directories allow', next: 'retry' },
  },
  prompt_too_long: {
    unit: 'fail',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: "the prompt is longer than the model's window",
    advice: { fix: 'Pass a path instead of the content, or split the item', next: 'retry' },
  },
  bad_input: {
    unit: 'fail',
    job: 'circuit_breaker',
    tellNextAttempt: false,
    meaning: 'the unit cannot run with this input or config',
    advice: { fix: 'Fix the item or the worker config', next: 'retry' },
  },
  interrupted: {
    unit: 'interrupt',
    job: 'none',
    tellNextAttempt: false,
    meaning: 'its executor or the machine died while it ran',
    advice: { fix: 'Nothing to do: it is continued or run again' },
  },
  cancelled: {
    unit: 'cancel',
    job: 'none',
    tellNextAttempt: false,
    meaning: 'a person stopped it',
    advice: { fix: hint`Reopen it ${using('manage_units', { action: 'reopen' })} to run it again` },
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
 * Returns the advice for a failure class in a job with this status and type of worker. With `unit`, it names the end of that
 * unit's log.
 */
export function adviceIn(status: JobStatus, failureClass: FailureClass, workerType?: string, unit?: number): Hint {
  return advised(failureRule(failureClass, workerType).advice, status, unit);
}
