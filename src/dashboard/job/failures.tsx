import { RotateCcw } from 'lucide-react';
import { Link } from 'wouter';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { count, words } from '../format.ts';
import { pageWords } from '../hint-words.ts';
import { Card } from '../parts/card.tsx';
import { type Overview, useAct } from './use-job.ts';

const CAN_RETRY: readonly string[] = ['running', 'paused', 'completed', 'failed'];
/** Units per request at most. */
const MAX_UNITS = 10_000;

/** Failed units by cause, each with an example and advice. */
export function Failures({ job }: { readonly job: Overview }) {
  const act = useAct(job.job_id);
  const mayRetry = CAN_RETRY.includes(job.status);
  return (
    <Card
      title="Failures by cause"
      aside={
        mayRetry && (
          <button
            type="button"
            className="button small"
            onClick={() =>
              void act('All failed units will be retried.', 'manage-units', { action: 'retry', status: 'failed' })
            }
          >
            <RotateCcw aria-hidden /> Retry all {count(job.units.failed)}
          </button>
        )
      }
    >
      <ul className="clusters">
        {job.clusters.map((cluster) => (
          <li key={`${cluster.class} ${cluster.cause}`}>
            <div className="spread">
              <div className="row">
                <strong className="num">{count(cluster.count)}</strong>
                <Link href={`/jobs/${job.job_id}/units?class=${cluster.class}`}>{words(cluster.class)}</Link>
                <span className="muted small">{cluster.meaning}</span>
              </div>
              {mayRetry && (
                <button
                  type="button"
                  className="button small"
                  onClick={() =>
                    void act(`${count(cluster.count)} units will be retried.`, 'manage-units', {
                      action: 'retry',
                      units: cluster.units.slice(0, MAX_UNITS),
                    })
                  }
                >
                  Retry these
                </button>
              )}
            </div>
            <p className="cause">
              <Link href={`/jobs/${job.job_id}/units/${cluster.example.unit}`}>unit {cluster.example.unit}</Link>:{' '}
              {showUnseen(cluster.example.message)}
            </p>
            <p className="muted small">{pageWords(cluster.advice)}</p>
          </li>
        ))}
      </ul>
      {job.clusters_left_out > 0 && (
        <p className="muted small">
          and {count(job.clusters_left_out)} more:{' '}
          <Link href={`/jobs/${job.job_id}/units?status=failed`}>all failed units</Link>
        </p>
      )}
    </Card>
  );
}
