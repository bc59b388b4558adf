/** Program and variables that a worker uses where a person starts it; another process needs the same to continue the job. */
export interface Needs {
  /** Absolute path of its program; null = looked up for each run. */
  readonly program: string | null;
  /** Names of the environment variables that it was given or logs in with. */
  readonly variables: readonly string[];
}

/** Needs as recorded at a start, with the PATH for looking up other programs. */
export interface RecordedNeeds extends Needs {
  readonly searchPath: string | null;
}
