import { useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'wouter';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { useJobEvents } from '../live.ts';
import { Copy } from '../parts/copy.tsx';
import { Loaded } from '../parts/loading.tsx';
import { Status } from '../parts/status.tsx';
import { useTitle } from '../parts/use-title.ts';
import { UnitsView } from '../units/units-view.tsx';
import { filterOf, pageQuery } from '../units/use-rows.ts';
import { Actions } from './actions.tsx';
import { ApprovalRequest } from './approval-request.tsx';
import { JobNotice } from './notice.tsx';
import { OverviewView } from './overview.tsx';
import { SettingsView } from './settings.tsx';
import { TestView } from './test.tsx';
import { TimelineView } from './timeline.tsx';
import { type Overview, useOverview } from './use-job.ts';

const VIEWS = [
  { name: 'overview', label: 'Overview', path: '' },
  { name: 'units', label: 'Units', path: '/units' },
  { name: 'test', label: 'Test', path: '/test' },
  { name: 'settings', label: 'Prompt & settings', path: '/settings' },
  { name: 'events', label: 'Timeline', path: '/events' },
] as const;

/** A job in several views, each with its own address. */
export function JobPage({ jobId, view }: { readonly jobId: string; readonly view: string }) {
  const overview = useOverview(jobId);
  const connected = useJobEvents(jobId);
  // Loads the first page of the table together with the header, not after it.
  const [search] = useSearchParams();
  useQuery({ ...pageQuery(jobId, filterOf(search), 0), enabled: view === 'units' });
  return (
    <Loaded query={overview}>
      {(job) => (
        <>
          <Title job={job} connected={connected} />
          <ApprovalRequest job={job} />
          <JobNotice job={job} view={view} />
          <nav className="tabs" aria-label="Views of this job">
            {VIEWS.filter(({ name }) => name !== 'test' || job.test !== undefined || job.status === 'created').map(
              ({ name, label, path }) => (
                <Link key={name} href={`/jobs/${jobId}${path}`} aria-current={name === view ? 'page' : undefined}>
                  {label}
                </Link>
              ),
            )}
          </nav>
          <View job={job} view={view} />
        </>
      )}
    </Loaded>
  );
}

function View({ job, view }: { readonly job: Overview; readonly view: string }) {
  switch (view) {
    case 'units':
      return <UnitsView job={job} />;
    case 'test':
      return <TestView job={job} />;
    case 'settings':
      return <SettingsView job={job} />;
    case 'events':
      return <TimelineView jobId={job.job_id} />;
    default:
      return <OverviewView job={job} />;
  }
}

function Title({ job, connected }: { readonly job: Overview; readonly connected: boolean }) {
  const { done, percent } = job.progress ?? { done: 0, percent: 0 };
  useTitle(`${done > 0 && job.status === 'running' ? `${Math.floor(percent)}% ` : ''}${job.name} · ABP`);
  return (
    <div className="stack" style={{ gap: '0.5rem' }}>
      <nav className="crumbs" aria-label="Where you are">
        <Link href="/">Jobs</Link>
        <span aria-hidden>/</span>
        <span className="clip">{showUnseen(job.name)}</span>
      </nav>
      <div className="title">
        <div>
          <h1>{showUnseen(job.name)}</h1>
          <div className="about">
            <Status
              of={job.status}
              note={job.pause_reason ?? (job.status === 'testing' ? job.test?.state : undefined)}
            />
            <span className="row mono small" style={{ gap: 0 }}>
              {job.job_id}
              <Copy text={job.job_id} label="Copy the job's id" />
            </span>
            <span className="small">
              {job.worker.type}
              {job.model === undefined ? '' : ` · ${job.model}`} · revision {job.revision}
            </span>
            {job.executor.state === 'lost' && <Status of="lost" note="executor" />}
            {!connected && <span className="small">not live</span>}
          </div>
        </div>
        <Actions job={job} />
      </div>
    </div>
  );
}
