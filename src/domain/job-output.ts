import type { ErrorCode } from './error.ts';
import type { Hint } from './hint.ts';
import type { JsonObject } from './json.ts';
import type { UnitStatus } from './unit.ts';

/** Target of a job's results, written when the job ends. Formats and columns are those of an export. */
export interface JobOutput {
  /** Absolute, links resolved when it was given. */
  readonly path: string;
  readonly format: string;
  /** Columns, in this order; absent = all. */
  readonly fields?: readonly string[];
  /** Statuses of the units; absent = all. */
  readonly status?: readonly UnitStatus[];
  /** True = replaces any file. */
  readonly force: boolean;
  /** True = text that a spreadsheet would run as a formula stays as it is. */
  readonly raw: boolean;
  /** True = given by a person: any place is allowed. */
  readonly byPerson: boolean;
}

/** State of a job's output since its last end; null before. `due` makes the job need an executor. */
export type OutputState =
  | {
      readonly state: 'due';
      /**
       * SHA-256 (hex) of the file about to be moved to the path: an executor killed right after the move leaves a file
       * of this job that no event records yet.
       */
      readonly sha256: string | null;
    }
  /** `notes`: facts about the file for its reader, as reported by the format. */
  | { readonly state: 'written'; readonly at: number; readonly rows: number; readonly notes: JsonObject }
  | { readonly state: 'failed'; readonly at: number; readonly error: OutputError };

/** Reason why an output could not be written, and the next step. */
export interface OutputError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: Hint | null;
  /** Selected column that no row has; null = another reason. */
  readonly field: string | null;
}

/** Most executors that may die while writing one output; after that it fails. */
export const MAX_OUTPUT_EXECUTORS = 3;

/** Worker types whose runs write to a directory of their own (ABP_OUTPUT_DIR); the files are moved afterwards. */
const WITH_OWN_OUTPUT: readonly string[] = ['command'];

/** Returns the output directory as a prompt names it: the same text for all runs of a job. */
export function outputInPrompt(workerType: string, outputDirectory: string): string {
  return WITH_OWN_OUTPUT.includes(workerType) ? '$ABP_OUTPUT_DIR' : outputDirectory;
}
