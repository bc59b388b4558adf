import type { ErrorCode } from './error.ts';
import type { JsonObject } from './json.ts';
import type { UnitStatus } from './unit.ts';

/** Where and how the results of a job are written when it ends. Formats and columns are those of an export. */
export interface JobOutput {
  /** Absolute, without links: where it really lay when it was given. */
  readonly path: string;
  readonly format: string;
  /** Only these columns, in this order; absent = all. */
  readonly fields?: readonly string[];
  /** Only units in one of these; absent = all. */
  readonly status?: readonly UnitStatus[];
  /** Replaces any file. */
  readonly force: boolean;
  /** Leaves text that a spreadsheet would run as a formula as it is. */
  readonly raw: boolean;
  /** Whether a person gave it: it may then lie anywhere. */
  readonly byPerson: boolean;
}

/** What became of a job's output at its last end; null before. `due` is the claim on an executor. */
export type OutputState =
  | {
      readonly state: 'due';
      /**
       * SHA-256, hex, of what was about to be moved to the path: an executor that was killed right after that leaves a file
       * which is the job's own, although no event says so yet.
       */
      readonly sha256: string | null;
    }
  /** `notes`: what whoever reads the file has to know about it, as the format says it. */
  | { readonly state: 'written'; readonly at: number; readonly rows: number; readonly notes: JsonObject }
  | { readonly state: 'failed'; readonly at: number; readonly error: OutputError };

/** Why an output could not be written, and what to do. */
export interface OutputError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  /** The column that no row has. */
  readonly field: string | null;
}

/** Executors that may die while they write one output: whatever it is in the results that ends them, it ends no further one. */
export const MAX_OUTPUT_EXECUTORS = 3;

/** Workers whose runs write in a directory of their own, which they know as ABP_OUTPUT_DIR; its files are moved afterwards. */
const WITH_OWN_OUTPUT: readonly string[] = ['command'];

/** How a prompt names the directory in which a run of this type of worker writes: the same for all runs of a job. */
export function outputInPrompt(workerType: string, outputDirectory: string): string {
  return WITH_OWN_OUTPUT.includes(workerType) ? '$ABP_OUTPUT_DIR' : outputDirectory;
}
