import { useInfiniteQuery } from '@tanstack/react-query';
import { jobPath, type Output, read } from '../api.ts';
import { moment, oneLine, words } from '../format.ts';
import { Card } from '../parts/card.tsx';
import { Loaded } from '../parts/loading.tsx';

type Timeline = Output<'job_timeline'>;
type Event = Timeline['events'][number];

function useTimeline(jobId: string, limit: number) {
  return useInfiniteQuery({
    queryKey: ['job', jobId, 'timeline', limit],
    queryFn: ({ pageParam }) => read<Timeline>(`${jobPath(jobId)}/timeline`, { limit, before: pageParam ?? undefined }),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next_before,
  });
}

/** All events of a job. */
export function TimelineView({ jobId }: { readonly jobId: string }) {
  const timeline = useTimeline(jobId, 100);
  return (
    <Card title="What happened">
      <Loaded query={timeline}>
        {({ pages }) => (
          <ol className="timeline">
            {pages
              .flatMap(({ events }) => events)
              .map((event) => (
                <li key={event.seq}>
                  <time className="muted num" dateTime={event.at} title={event.at}>
                    {moment(event.at)}
                  </time>
                  <span>{sentence(event)}</span>
                  <span className="muted small clip" title={details(event)}>
                    {details(event)}
                  </span>
                </li>
              ))}
          </ol>
        )}
      </Loaded>
      {timeline.hasNextPage && (
        <button type="button" className="button" onClick={() => void timeline.fetchNextPage()}>
          Show earlier
        </button>
      )}
    </Card>
  );
}

/** The latest events of a job. */
export function LatestEvents({ jobId }: { readonly jobId: string }) {
  const timeline = useTimeline(jobId, 8);
  return (
    <Loaded query={timeline}>
      {({ pages }) => (
        <ol className="timeline short">
          {pages[0]?.events.map((event) => (
            <li key={event.seq}>
              <time className="muted small num" dateTime={event.at} title={event.at}>
                {moment(event.at)}
              </time>
              <span className="clip">
                {sentence(event)} <span className="muted small">{brief(event)}</span>
              </span>
            </li>
          ))}
        </ol>
      )}
    </Loaded>
  );
}

/** `job:test_passed` → job test passed */
function sentence({ type }: Event): string {
  return words(type.replace(':', ' '));
}

function details({ data }: Event): string {
  const { request_id: _who, ...rest } = data;
  return Object.entries(rest)
    .map(([name, value]) => `${words(name)}: ${oneLine(value)}`)
    .join(' · ');
}

function brief({ data }: Event): string {
  return ['reason', 'note', 'count', 'max_workers', 'class', 'revision']
    .flatMap((name) => (data[name] === undefined ? [] : [words(oneLine(data[name]))]))
    .join(', ');
}
