import { JOB_STATUSES } from '../domain/job.ts';
import type { Orchestrator } from '../orchestrator/index.ts';
import { SOURCE_TYPES } from '../orchestrator/queries/sources.ts';
import { OWN_CALL } from './call.ts';

/** One more than the 100 of the protocol: from the last one the SDK derives `hasMore`. */
const SHOWN = 101;

/** Completions of arguments from their typed beginning. */
export interface Completions {
  readonly jobIds: (typed: string | undefined) => Promise<string[]>;
  readonly units: (typed: string, context?: { readonly arguments?: Record<string, string> }) => Promise<string[]>;
  readonly jobStatuses: (typed: string | undefined) => string[];
  readonly enumerators: (typed: string | undefined) => string[];
}

/** Creates completions over the jobs of the store. Job ids come newest first. */
export function createCompletions({ call }: Pick<Orchestrator, 'call'>): Completions {
  const jobsWith = async (typed: string, limit: number) =>
    (await call('complete_job', { typed, limit }, OWN_CALL)).jobs;
  const startingWith = (names: readonly string[]) => (typed: string | undefined) =>
    names.filter((name) => name.startsWith(typed ?? ''));
  return {
    jobIds: async (typed = '') => (await jobsWith(typed, SHOWN)).map(({ job_id }) => job_id),
    units: async (typed, context) => {
      const jobId = context?.arguments?.job_id ?? '';
      const total = (await jobsWith(jobId, SHOWN)).find(({ job_id }) => job_id === jobId)?.units ?? 0;
      const beginning = /^\d*$/.test(typed) ? typed : 'none';
      const found: string[] = [];
      // 1 → 1, 10…19, 100…199, …: all indexes with this beginning, in order, without a loop over all units.
      for (let digits = 0; found.length < SHOWN && digits < 10; digits++) {
        const first = Number(beginning + '0'.repeat(digits));
        const last = Number(beginning + '9'.repeat(digits));
        if (!(first < total)) break;
        for (let index = first; index <= last && index < total && found.length < SHOWN; index++) {
          if (String(index).startsWith(beginning) && !found.includes(String(index))) found.push(String(index));
        }
      }
      return found;
    },
    jobStatuses: startingWith(JOB_STATUSES),
    enumerators: startingWith(SOURCE_TYPES),
  };
}
