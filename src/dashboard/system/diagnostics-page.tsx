import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { read } from '../api.ts';
import { ago, bytes, count, duration, words } from '../format.ts';
import { Card } from '../parts/card.tsx';
import { Facts, factsOf } from '../parts/facts.tsx';
import { Loaded } from '../parts/loading.tsx';
import { Status } from '../parts/status.tsx';
import { useTitle } from '../parts/use-title.ts';

interface Diagnostics {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly pid: number;
  readonly uptime_s: number;
  readonly memory: { readonly rss_bytes: number };
  readonly streams: number;
  readonly store: { readonly path: string; readonly bytes: number; readonly wal_bytes: number };
  readonly jobs: Readonly<Record<string, number>>;
  readonly executors: readonly {
    readonly job_id: string;
    readonly state: string;
    readonly pid: number;
    readonly since: string;
  }[];
  readonly settings: Readonly<Record<string, unknown>>;
}

/** State of this server and its store, for troubleshooting. */
export function DiagnosticsPage() {
  const diagnostics = useQuery({
    queryKey: ['diagnostics'],
    queryFn: () => read<Diagnostics>('/diagnostics'),
    refetchInterval: 5000,
  });
  useTitle('System · Agentic Batch Processor');
  return (
    <>
      <div className="title">
        <h1>System</h1>
      </div>
      <Loaded query={diagnostics}>
        {(data) => (
          <div className="columns">
            <Card title="Server">
              <Facts
                of={[
                  ['Version', data.version],
                  ['Node', `${data.node} on ${data.platform}`],
                  ['Process', data.pid],
                  ['Uptime', duration(data.uptime_s)],
                  ['Memory', bytes(data.memory.rss_bytes)],
                  ['Live streams', data.streams],
                ]}
              />
            </Card>
            <Card title="Store">
              <Facts
                of={[
                  ['File', data.store.path],
                  ['Size', `${bytes(data.store.bytes)} + ${bytes(data.store.wal_bytes)} not checkpointed`],
                  ['Jobs', jobsText(data.jobs)],
                ]}
              />
            </Card>
            <Card title="Executors">
              {data.executors.length === 0 ? (
                <p className="empty">No executor is running.</p>
              ) : (
                <ul className="stack" style={{ gap: '0.4rem' }}>
                  {data.executors.map((executor) => (
                    <li key={executor.job_id} className="row">
                      <Status of={executor.state} />
                      <Link href={`/jobs/${executor.job_id}`} className="mono small">
                        {executor.job_id}
                      </Link>
                      <span className="muted small num">
                        pid {executor.pid}, since {ago(executor.since)}
                      </span>
                    </li>
                  ))}
                </ul>
              )}
            </Card>
            <Card title="Settings of this server">
              <Facts of={factsOf(data.settings)} />
            </Card>
          </div>
        )}
      </Loaded>
      <p className="muted small">
        <a href="/metrics">Metrics for Prometheus</a> · <a href="/health">Health</a> ·{' '}
        <a href="/api/openapi.json">OpenAPI document</a>
      </p>
    </>
  );
}

function jobsText(jobs: Diagnostics['jobs']): string {
  const parts = Object.entries(jobs).map(([status, number]) => `${count(number)} ${words(status)}`);
  return parts.join(', ') || 'none';
}
