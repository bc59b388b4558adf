/** Who a process is, precisely enough never to mistake a stranger for it. All but the pid are opaque texts. */
export interface ProcessIdentity {
  /** Stays the same over reboots; null in records of before it was kept, which count as this machine's. */
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
  /** Grows with every sign of life. */
  readonly heartbeat: number;
  /** How long the heartbeat may stand still, ms. */
  readonly leaseMs: number;
  readonly acquiredAt: number;
  readonly released: boolean;
}

/** What the executor shows when it writes about its job. */
export type LeaseToken = Pick<Lease, 'jobId' | 'epoch' | 'owner'>;
