import { useQuery } from '@tanstack/react-query';
import { type Output, read } from '../api.ts';

export type Approval = Output<'list_approvals'>['approvals'][number];
type Job = Output<'list_jobs'>['jobs'][number];

/** Everything that waits for a person's yes, and what they said yes to. */
export interface Approvals {
  /** Sources that were asked about. */
  readonly sources: readonly Approval[];
  /** Approved or revoked. */
  readonly decided: readonly Approval[];
  /** Jobs that have to be allowed. */
  readonly jobs: readonly Job[];
  /** Jobs whose test has ended. */
  readonly tests: readonly Job[];
}

/** Looks for it every few seconds, wherever in the page one is. */
export function useApprovals() {
  return useQuery({
    queryKey: ['approvals'],
    queryFn: async (): Promise<Approvals> => {
      const [{ approvals }, { jobs }] = await Promise.all([
        read<Output<'list_approvals'>>('/api/approvals'),
        read<Output<'list_jobs'>>('/api/jobs', { status: ['created', 'testing', 'paused'], limit: 100 }),
      ]);
      return {
        sources: approvals.filter(({ about, state }) => about === 'source' && state === 'waiting'),
        decided: approvals.filter(({ state }) => state !== 'waiting'),
        jobs: jobs.filter((job) => job.needs_approval === true),
        tests: jobs.filter(({ status, test }) => status === 'testing' && test !== 'running'),
      };
    },
    refetchInterval: 5000,
  });
}
