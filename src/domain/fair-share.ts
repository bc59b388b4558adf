/** A job that could fill slots now. */
export interface SlotDemand {
  readonly jobId: string;
  /** Slots it uses and could use, within its own bound. */
  readonly wants: number;
  /** When it last started an attempt, epoch ms: who has waited longest comes first. */
  readonly lastStartedAt: number;
}

/**
 * Shares the machine's slots between jobs, one by one in turn: nobody gets more than it wants, what one cannot use goes to
 * the others, and when there are fewer slots than jobs those that have waited longest come first.
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
