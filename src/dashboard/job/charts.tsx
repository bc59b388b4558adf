import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, useMemo } from 'react';
import { jobPath, type Output, read } from '../api.ts';
import { brief, count, usd } from '../format.ts';
import { Card } from '../parts/card.tsx';
import { LazyPart } from '../parts/lazy-part.tsx';
import { isAtWork, type Overview } from './use-job.ts';

const Chart = lazy(async () => ({ default: (await import('../parts/chart.tsx')).Chart }));

type History = Output<'job_history'>;
type Point = History['points'][number];

/** Charts of units and cost over time. */
export function Charts({ job }: { readonly job: Overview }) {
  const history = useQuery({
    // Its own key, so that a million units are not aggregated again at every event, but once the job has ended.
    queryKey: ['history', job.job_id, job.status],
    queryFn: () => read<History>(`${jobPath(job.job_id)}/history`),
    refetchInterval: isAtWork(job) ? 5000 : false,
    placeholderData: keepPreviousData,
  });
  const series = useMemo(() => seriesOf(history.data), [history.data]);
  const last = series.times.length - 1;
  if (last < 0) return null;
  return (
    <div className="columns">
      <Card title="Units over time" aside={<Key items={UNIT_KEYS} />}>
        <LazyPart waiting={<div className="chart" />}>
          <Chart
            times={series.times}
            lines={series.units}
            format={whole}
            summary={`${count(series.units[0]?.values[last] ?? 0)} attempts succeeded, ${count(series.units[1]?.values[last] ?? 0)} did not`}
          />
        </LazyPart>
      </Card>
      {series.cost[0]?.values[last] ? (
        <Card title="Cost over time">
          <LazyPart waiting={<div className="chart" />}>
            <Chart
              times={series.times}
              lines={series.cost}
              format={usd}
              summary={`${usd(series.cost[0].values[last])} spent`}
            />
          </LazyPart>
        </Card>
      ) : (
        <Card title="Units per minute">
          <LazyPart waiting={<div className="chart" />}>
            <Chart times={series.times} lines={series.rate} format={brief} summary="Attempts ended per minute" />
          </LazyPart>
        </Card>
      )}
    </div>
  );
}

const NO_HISTORY: History = { job_id: '', interval_s: 0, points: [] };

const UNIT_KEYS = [
  { color: 'completed', label: 'completed' },
  { color: 'failed', label: 'failed attempts' },
] as const;

/** Labels whole numbers only. */
function whole(value: number): string {
  return Number.isInteger(value) ? brief(value) : '';
}

function Key({ items }: { readonly items: typeof UNIT_KEYS }) {
  return (
    <ul className="legend small">
      {items.map(({ color, label }) => (
        <li key={label}>
          <span className={`dot ${color}`} /> {label}
        </li>
      ))}
    </ul>
  );
}

/** Builds the series; each starts at zero, so that a job of one interval has a line. */
function seriesOf({ interval_s, points: ended }: History = NO_HISTORY) {
  const [first] = ended;
  const points = first ? [{ at: first.at - interval_s, succeeded: 0, failed: 0, cost_usd: 0 }, ...ended] : [];
  const times = points.map(({ at }) => at);
  const total = (of: (point: Point) => number) => {
    let sum = 0;
    return points.map((point) => {
      sum += of(point);
      return sum;
    });
  };
  return {
    times,
    units: [
      { label: 'completed', color: '--green-fill', values: total((point) => point.succeeded), fill: true },
      { label: 'failed attempts', color: '--red-fill', values: total((point) => point.failed) },
    ],
    cost: [{ label: 'spent', color: '--accent-fill', values: total((point) => point.cost_usd), fill: true }],
    rate: [
      {
        label: 'per minute',
        color: '--accent-fill',
        values: points.map(({ succeeded, failed }) => ((succeeded + failed) / interval_s) * 60),
        fill: true,
      },
    ],
  };
}
