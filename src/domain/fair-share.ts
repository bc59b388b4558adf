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
