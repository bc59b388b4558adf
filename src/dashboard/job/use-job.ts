import { useQuery, useQueryClient } from '@tanstack/react-query';
import { change, jobPath, type Output, read } from '../api.ts';
import { useReport } from '../parts/toasts.tsx';

export type Overview = Output<'job_overview'>;
export type Settings = Output<'job_settings'>;

/** Loads the overview of a job; polls every 2 s while it runs for the slots, other changes arrive as events. */
export function useOverview(jobId: string) {
  return useQuery({
    queryKey: ['job', jobId, 'overview'],
    queryFn: () => read<Overview>(`${jobPath(jobId)}/overview`),
    refetchInterval: ({ state }) => (isAtWork(state.data) ? 2000 : 15_000),
  });
}

/** Loads the complete settings of a job. */
export function useSettings(jobId: string) {
  return useQuery({
    queryKey: ['job', jobId, 'settings'],
    queryFn: () => read<Settings>(`${jobPath(jobId)}/settings`),
    staleTime: 10_000,
  });
}

/** Performs an action on a job, reports its result, and reloads everything about the job. Resolves to whether it succeeded. */
export function useAct(jobId: string) {
  const queries = useQueryClient();
  const report = useReport();
  return async (what: string, verb: string, body: object = {}, method: 'POST' | 'PATCH' | 'DELETE' = 'POST') => {
    try {
      await change(method, verb === '' ? jobPath(jobId) : `${jobPath(jobId)}/${verb}`, body);
      report.done(what);
      return true;
    } catch (error) {
      report.failed(error);
      return false;
    } finally {
      if (method !== 'DELETE') await queries.invalidateQueries({ queryKey: ['job', jobId] });
      void queries.invalidateQueries({ queryKey: ['jobs'] });
    }
  };
}

/** Checks whether the job is expected to change by itself soon. */
export function isAtWork(job: Overview | undefined): boolean {
  return job !== undefined && (job.slots.length > 0 || ['running', 'testing', 'enumerating'].includes(job.status));
}
