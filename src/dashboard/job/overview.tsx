import { Link } from 'wouter';
import { sentences } from '../../domain/sentences.ts';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { brief, count, duration, usd, words } from '../format.ts';
import { pageWords } from '../hint-words.ts';
import { Card } from '../parts/card.tsx';
import { UnitsBar, UnitsLegend, unitsDone } from '../parts/status.tsx';
import { Charts } from './charts.tsx';
import { Failures } from './failures.tsx';
import { Skipped } from './skipped.tsx';
import { Slots } from './slots.tsx';
import { Steps } from './steps.tsx';
import { LatestEvents } from './timeline.tsx';
import { isAtWork, type Overview } from './use-job.ts';

/** Overview of a job: progress, charts, failures, slots, latest events. */
export function OverviewView({ job }: { readonly job: Overview }) {
  return (
    <>
      <Progress job={job} />
      {job.started_at && <Charts job={job} />}
      {job.clusters.length > 0 && <Failures job={job} />}
      {job.skipped && <Skipped {...job.skipped} />}
      <div className={isAtWork(job) ? 'columns wide-left' : 'stack'}>
        {isAtWork(job) && (
          <Card title="Running now" aside={<span className="muted small">{slotsText(job)}</span>}>
            <Slots job={job} />
          </Card>
        )}
        <Card title="Latest events" aside={<Link href={`/jobs/${job.job_id}/events`}>All</Link>}>
          <LatestEvents jobId={job.job_id} />
        </Card>
      </div>
    </>
  );
}

function slotsText({ slots, max_workers }: Overview): string {
  return `${slots.length} of ${max_workers} ${max_workers === 1 ? 'slot' : 'slots'}`;
}

function Progress({ job }: { readonly job: Overview }) {
  const { units, progress } = job;
  return (
    <section className="card progress-card" aria-label="Progress">
      <div className="figures">
        <Figure label="units done" value={count(unitsDone(units))} small={`of ${count(units.total)}`} />
        {progress?.per_minute !== undefined && job.status === 'running' && (
          <Figure label="rate" value={count(Math.round(progress.per_minute))} small="per minute" />
        )}
        {progress?.eta_s !== undefined && job.status === 'running' && (
          <Figure label="left" value={duration(progress.eta_s)} small="" />
        )}
        <Figure
          label={forecastCost(job)}
          value={usd(job.cost_usd)}
          small={job.budget_usd === null ? '' : `of ${usd(job.budget_usd)}`}
        />
        {job.started_at && <Figure label={forecastTime(job)} value={duration(elapsed(job))} small="" />}
        {job.tokens && (
          <Figure label="tokens in · out" value={`${brief(job.tokens.input)} · ${brief(job.tokens.output)}`} small="" />
        )}
      </div>
      <div className="under">
        <UnitsBar units={units} tall />
        <UnitsLegend
          units={units}
          link={(status) => <Link href={`/jobs/${job.job_id}/units?status=${status}`}>{status}</Link>}
        />
        {job.retrying && (
          <p className="muted small">
            Failed and being retried:{' '}
            {job.retrying.map((failed) => `${count(failed.count)} ${words(failed.class)}`).join(', ')}
          </p>
        )}
        <Output job={job} />
        <Steps job={job} />
      </div>
    </section>
  );
}

/** Location and state of the results. */
function Output({ job: { output } }: { readonly job: Overview }) {
  if (output.path === undefined || output.state === undefined) return null;
  const path = <code>{showUnseen(output.path)}</code>;
  if (output.state === 'failed') {
    return (
      <p className="small" role="alert">
        The results could not be written to {path}: {showUnseen(sentences(output.error?.message))}{' '}
        {showUnseen(pageWords(output.error?.hint))} They are stored; use Export to download them.
      </p>
    );
  }
  return (
    <p className="muted small">
      {OUTPUT_STATE[output.state]} {path}
      {output.rows !== undefined && ` (${count(output.rows)} ${output.rows === 1 ? 'row' : 'rows'})`}
    </p>
  );
}

const OUTPUT_STATE: Readonly<Record<string, string>> = {
  at_the_end: 'When the job ends, the results will be written to',
  writing: 'The results are being written to',
  written: 'The results are in',
  not_written: 'No results were written to',
};

function Figure({ label, value, small }: { readonly label: string; readonly value: string; readonly small: string }) {
  return (
    <div className="figure">
      <span className="value">
        {value} {small && <small>{small}</small>}
      </span>
      <span className="label">{label}</span>
    </div>
  );
}

/** Label of the cost, with the estimate made after the test. */
function forecastCost({ forecast, cost_estimated }: Overview): string {
  const [low, high] = forecast?.cost_usd ?? [];
  const so = cost_estimated ? 'spent, about' : 'spent';
  if (low === undefined || high === undefined) return so;
  return `${so} · ${low === high ? usd(low) : `${usd(low)} to ${usd(high)}`} estimated`;
}

function forecastTime({ forecast }: Overview): string {
  const [low, high] = forecast?.duration_s ?? [];
  if (low === undefined || high === undefined) return 'time';
  return `time · ${duration(low) === duration(high) ? duration(low) : `${duration(low)} to ${duration(high)}`} estimated`;
}

function elapsed({ started_at, ended_at }: Overview): number {
  return ((ended_at ? Date.parse(ended_at) : Date.now()) - Date.parse(started_at ?? '')) / 1000;
}
