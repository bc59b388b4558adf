import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, useMemo } from 'react';
import { jobPath, type Output, read } from '../api.ts';
import { brief, count, usd } from '../format.ts';
import { Card } from '../parts/card.tsx';
import { Later } from '../parts/later.tsx';
import { isAtWork, type Overview } from './use-job.ts';

const Chart = lazy(async () => ({ default: (await import('../parts/chart.tsx')).Chart }));

type History = Output<'job_history'>;
type Point = History['points'][number];

/** Units and cost over time. */
export function Charts({ job }: { readonly job: Overview }) {
  const history = useQuery({
    // Its own key: a job of a million units is not gone through again with every event, but once it has ended.
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
        <Later waiting={<div className="chart" />}>
          <Chart
            times={series.times}
            lines={series.units}
            format={whole}
            summary={`${count(series.units[0]?.values[last] ?? 0)} attempts succeeded, ${count(series.units[1]?.values[last] ?? 0)} did not`}
          />
        </Later>
      </Card>
      {series.cost[0]?.values[last] ? (
        <Card title="Cost over time">
          <Later waiting={<div className="chart" />}>
            <Chart
              times={series.times}
              lines={series.cost}
              format={usd}
              summary={`${usd(series.cost[0].values[last])} spent`}
            />
          </Later>
        </Card>
      ) : (
        <Card title="Units a minute">
          <Later waiting={<div className="chart" />}>
            <Chart times={series.times} lines={series.rate} format={brief} summary="Attempts that ended, a minute" />
          </Later>
        </Card>
      )}
    </div>
  );
}

const NO_HISTORY: History = { job_id: '', interval_s: 0, points: [] };

const UNIT_KEYS = [
  { color: 'completed', label: 'completed' },
  { color: 'failed', label: 'attempts that failed' },
] as const;

/** There is no half unit. */
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

/** All of them begin with nothing, so that a job of one interval has a line, too. */
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
        label: 'a minute',
        color: '--accent-fill',
        values: points.map(({ succeeded, failed }) => ((succeeded + failed) / interval_s) * 60),
        fill: true,
      },
    ],
  };
}
