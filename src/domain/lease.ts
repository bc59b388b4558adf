/** Identity of a process, immune to the reuse of pids. All fields but the pid are opaque texts. */
export interface ProcessIdentity {
  /** Stays the same over reboots; null in records made before it was kept, which count as this machine's. */
  readonly machineId: string | null;
  readonly pid: number;
  readonly startedAt: string | null;
  readonly bootId: string | null;
}

/** The claim of one process on a job: an executor's, or the creator's while it enumerates. */
export interface Lease extends ProcessIdentity {
  readonly jobId: string;
  /** Grows by one with each new claim. */
  readonly epoch: number;
  /** Random per claim. */
  readonly owner: string;
  /** Grows with every heartbeat. */
  readonly heartbeat: number;
  /** Longest time without a heartbeat, ms. */
  readonly leaseMs: number;
  readonly acquiredAt: number;
  readonly released: boolean;
}

/** Proof of a lease, required for what an executor writes about its job. */
export type LeaseToken = Pick<Lease, 'jobId' | 'epoch' | 'owner'>;
