/** Demand of one job for slots. */
export interface SlotDemand {
  readonly jobId: string;
  /** Slots it uses or could use, within its own limit. */
  readonly wants: number;
  /** Time of its last start of an attempt, epoch ms; the longest wait comes first. */
  readonly lastStartedAt: number;
}

/**
 * Shares slots between jobs, one at a time in turn: no job gets more than it wants, unused shares go to the others, and
 * with fewer slots than jobs the longest waiting come first. Returns slots by job id.
 */
export function fairShares(demands: readonly SlotDemand[], slots: number): ReadonlyMap<string, number> {
  const turns = demands
    .toSorted((a, b) => a.lastStartedAt - b.lastStartedAt || (a.jobId < b.jobId ? -1 : 1))
    .map(({ jobId, wants }) => ({ jobId, wants, share: 0 }));
  let left = slots;
  for (let given = true; given && left > 0; ) {
    given = false;
    for (const turn of turns) {
      if (left === 0 || turn.share >= turn.wants) continue;
      turn.share += 1;
      left -= 1;
      given = true;
    }
  }
  return new Map(turns.map(({ jobId, share }) => [jobId, share]));
}

/** One job at work, by the rows. */
export interface JobAtWork {
  readonly jobId: string;
  readonly lastStartedAt: number;
  /** Most slots it may use. */
  readonly bound: number;
  /** Its units that wait for a slot. */
  readonly pending: number;
}

/** What all jobs of a store use and want. */
export interface SlotFacts {
  /** Running attempts by job. */
  readonly used: ReadonlyMap<string, number>;
  readonly atWork: readonly JobAtWork[];
  /** Most running attempts of all jobs. */
  readonly maxTotal: number;
}

/** Slots that one job may still fill; `isEnough` = there are enough for all, so that nobody's share matters. */
export interface SlotRoom {
  readonly room: number;
  readonly isEnough: boolean;
}

/** Computes how many slots a job may still fill: within the machine's bound, and its share of it. */
export function slotRoom(jobId: string, { used, atWork, maxTotal }: SlotFacts): SlotRoom {
  const usedBy = (id: string) => used.get(id) ?? 0;
  const demands = atWork.map(({ jobId: id, lastStartedAt, bound, pending }) => ({
    jobId: id,
    lastStartedAt,
    wants: Math.min(bound, usedBy(id) + pending),
  }));
  const total = [...used.values()].reduce((sum, n) => sum + n, 0);
  // Jobs that are leaving keep the slots of what still runs, and want no more.
  const leaving = total - atWork.reduce((sum, { jobId: id }) => sum + usedBy(id), 0);
  const wanted = demands.reduce((sum, { wants }) => sum + wants, leaving);
  const share = fairShares(demands, maxTotal - leaving).get(jobId) ?? 0;
  return { room: Math.max(0, Math.min(maxTotal - total, share - usedBy(jobId))), isEnough: wanted <= maxTotal };
}
