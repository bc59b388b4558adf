import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import { Link, useSearchParams } from 'wouter';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { type Output, read } from '../api.ts';
import { ago, count, moment, usd } from '../format.ts';
import { Loaded } from '../parts/loading.tsx';
import { Status, UnitsBar, unitsDone } from '../parts/status.tsx';
import { useTitle } from '../parts/use-title.ts';

type Jobs = Output<'list_jobs'>;

const FILTERS = [
  { label: 'All', statuses: [] },
  { label: 'Active', statuses: ['running'] },
  { label: 'Waiting', statuses: ['created', 'testing', 'paused'] },
  { label: 'Completed', statuses: ['completed'] },
  { label: 'Failed', statuses: ['failed'] },
  { label: 'Cancelled', statuses: ['cancelled'] },
] as const;

/** Lists all jobs, newest first. */
export function JobsPage() {
  const [search, setSearch] = useSearchParams();
  const text = search.get('q') ?? '';
  const filter = FILTERS.find(({ label }) => label.toLowerCase() === search.get('show')) ?? FILTERS[0];
  useTitle('Jobs · Agentic Batch Processor');
  const jobs = useInfiniteQuery({
    queryKey: ['jobs', filter.label, text],
    queryFn: ({ pageParam }) =>
      read<Jobs>('/api/jobs', {
        limit: 50,
        status: [...filter.statuses],
        search: text || undefined,
        cursor: pageParam ?? undefined,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: 3000,
    placeholderData: keepPreviousData,
  });
  const set = (name: string, value: string) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  return (
    <>
      <div className="title">
        <h1>Jobs</h1>
      </div>
      <div className="toolbar">
        <fieldset className="chips">
          <legend className="hidden">Show</legend>
          {FILTERS.map(({ label }) => (
            <button
              key={label}
              type="button"
              className="chip"
              aria-pressed={label === filter.label}
              onClick={() => set('show', label === 'All' ? '' : label.toLowerCase())}
            >
              {label}
            </button>
          ))}
        </fieldset>
        <span className="grow" />
        <label className="search">
          <span className="hidden">Search jobs by name or id</span>
          <Search aria-hidden />
          <input
            className="field"
            type="search"
            placeholder="Name or id"
            value={text}
            onChange={(event) => set('q', event.target.value)}
          />
        </label>
      </div>
      <section className="card" aria-label="Jobs">
        <Loaded query={jobs}>
          {({ pages }) => (
            <JobsTable jobs={pages.flatMap((page) => page.jobs)} filtered={filter.label !== 'All' || text !== ''} />
          )}
        </Loaded>
      </section>
      {jobs.hasNextPage && (
        <button type="button" className="button" onClick={() => void jobs.fetchNextPage()}>
          Show more
        </button>
      )}
    </>
  );
}

function JobsTable({ jobs, filtered }: { readonly jobs: Jobs['jobs']; readonly filtered: boolean }) {
  if (jobs.length === 0) {
    return (
      <p className="empty" style={{ padding: '3rem 1rem' }}>
        {filtered
          ? 'No job matches.'
          : 'No jobs yet. Ask your assistant to process many items, or run a batch file: abp run batch.yaml'}
      </p>
    );
  }
  return (
    <table className="plain jobs">
      <thead>
        <tr>
          <th scope="col">Job</th>
          <th scope="col">Status</th>
          <th scope="col">Progress</th>
          <th scope="col" className="right">
            Failed
          </th>
          <th scope="col" className="right">
            Cost
          </th>
          <th scope="col" className="right">
            Started
          </th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <JobRow key={job.job_id} job={job} />
        ))}
      </tbody>
    </table>
  );
}

function JobRow({ job }: { readonly job: Jobs['jobs'][number] }) {
  const { units } = job;
  return (
    <tr>
      <td>
        <Link href={`/jobs/${job.job_id}`} className="name">
          {showUnseen(job.name)}
        </Link>
        <div className="muted small mono">{job.job_id}</div>
      </td>
      <td>
        <Status of={job.status} note={(job.pause_reason ?? job.test) as string | undefined} />
      </td>
      <td>
        <UnitsBar units={units} />
        <div className="muted small num">
          {count(unitsDone(units))} of {count(units.total)}
        </div>
      </td>
      <td className={`right num ${units.failed > 0 ? '' : 'nothing'}`} data-label="failed">
        {units.failed > 0 ? count(units.failed) : <span className="muted">–</span>}
      </td>
      <td className="right num" data-label="cost">
        {usd(job.cost_usd as number)}
      </td>
      <td className="right num muted">
        <Started job={job} />
      </td>
    </tr>
  );
}

function Started({ job }: { readonly job: Jobs['jobs'][number] }) {
  const started = job.started_at as string | null;
  const at = started ?? String(job.created_at);
  return (
    <time dateTime={at} title={moment(at)}>
      {started ? ago(at) : `created ${ago(at)}`}
    </time>
  );
}
