import { useQuery } from '@tanstack/react-query';
import { type Output, read } from '../api.ts';

export type Approval = Output<'list_approvals'>['approvals'][number];
type Job = Output<'list_jobs'>['jobs'][number];

/** Pending and past decisions of a person. */
export interface Approvals {
  /** Sources waiting for approval. */
  readonly sources: readonly Approval[];
  /** Approved or revoked definitions. */
  readonly decided: readonly Approval[];
  /** Jobs waiting for approval. */
  readonly jobs: readonly Job[];
  /** Jobs whose test has ended. */
  readonly tests: readonly Job[];
}

/** Polls the approvals every 5 s, on every page. */
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
