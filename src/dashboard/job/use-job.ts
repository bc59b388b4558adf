import { useQuery, useQueryClient } from '@tanstack/react-query';
import { change, jobPath, type Output, read } from '../api.ts';
import { useTell } from '../parts/toasts.tsx';

export type Overview = Output<'job_overview'>;

/** A job at a glance; while it works its slots are looked at every two seconds, the rest when something happened. */
export function useOverview(jobId: string) {
  return useQuery({
    queryKey: ['job', jobId, 'overview'],
    queryFn: () => read<Overview>(`${jobPath(jobId)}/overview`),
    refetchInterval: ({ state }) => (isAtWork(state.data) ? 2000 : 15_000),
  });
}

/** Its settings, whole. */
export function useSettings(jobId: string) {
  return useQuery({
    queryKey: ['job', jobId, 'settings'],
    queryFn: () => read<Output<'job_settings'>>(`${jobPath(jobId)}/settings`),
    staleTime: 10_000,
  });
}

/** Does something to a job, tells how it went, and has everything about it read again. */
export function useAct(jobId: string) {
  const queries = useQueryClient();
  const tell = useTell();
  return async (what: string, verb: string, body: object = {}, method: 'POST' | 'PATCH' | 'DELETE' = 'POST') => {
    try {
      await change(method, verb === '' ? jobPath(jobId) : `${jobPath(jobId)}/${verb}`, body);
      tell.done(what);
      return true;
    } catch (error) {
      tell.failed(error);
      return false;
    } finally {
      if (method !== 'DELETE') await queries.invalidateQueries({ queryKey: ['job', jobId] });
      void queries.invalidateQueries({ queryKey: ['jobs'] });
    }
  };
}

/** Whether anything of it can be expected to change by itself soon. */
export function isAtWork(job: Overview | undefined): boolean {
  return (
    job !== undefined &&
    (job.slots.length > 0 || ['running', 'testing', 'post_processing', 'enumerating'].includes(job.status))
  );
}
