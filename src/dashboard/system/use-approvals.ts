import { useQuery } from '@tanstack/react-query';
import { type Output, read } from '../api.ts';

export type Code = Output<'list_code_approvals'>['approvals'][number];
type Job = Output<'list_jobs'>['jobs'][number];

/** Everything that waits for a person's yes. */
export interface Approvals {
  readonly codes: readonly Code[];
  /** Jobs whose test has ended. */
  readonly tests: readonly Job[];
}

/** Looks for it every few seconds, wherever in the page one is. */
export function useApprovals() {
  return useQuery({
    queryKey: ['approvals'],
    queryFn: async (): Promise<Approvals> => {
      const [{ approvals }, { jobs }] = await Promise.all([
        read<Output<'list_code_approvals'>>('/api/code-approvals'),
        read<Output<'list_jobs'>>('/api/jobs', { status: 'testing', limit: 100 }),
      ]);
      return { codes: approvals, tests: jobs.filter(({ test }) => test !== 'running') };
    },
    refetchInterval: 5000,
  });
}
