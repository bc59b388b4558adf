/** With what a worker works where a person starts it: what another process must have to go on with the job. */
export interface Needs {
  /** Absolute path of its program; null for one that is looked up where a unit runs. */
  readonly program: string | null;
  /** Names of the environment variables that it was given and by which it logs in. */
  readonly variables: readonly string[];
}

/** The same as a start has recorded it, with the PATH in which the program looks up others. */
export interface RecordedNeeds extends Needs {
  readonly searchPath: string | null;
}
