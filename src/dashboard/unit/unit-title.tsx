import { ChevronLeft, ChevronRight, RotateCcw, SkipForward, Square } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { moment } from '../format.ts';
import { RerunStep } from '../job/rerun-step.tsx';
import { useAct } from '../job/use-job.ts';
import { Status } from '../parts/status.tsx';
import type { Detail } from './result.tsx';

/** Title of a unit: its location, name, status and actions. */
export function UnitTitle({ detail }: { readonly detail: Detail }) {
  const { job_id: jobId, unit, scope, key, status } = detail;
  const to = (index: number) => `/jobs/${jobId}/units/${index}`;
  const step = detail.step ?? '';
  const name = showUnseen(scope === 'job' ? step : key);
  return (
    <div className="stack tight">
      <nav className="crumbs" aria-label="Where you are">
        <Link href="/">Jobs</Link>
        <span aria-hidden>/</span>
        <Link className="clip" href={`/jobs/${jobId}`}>
          {showUnseen(detail.job_name)}
        </Link>
        <span aria-hidden>/</span>
        {scope === 'unit' && (
          <>
            <Link href={`/jobs/${jobId}/units`}>Units</Link>
            <span aria-hidden>/</span>
          </>
        )}
        <span>{scope === 'job' ? name : unit}</span>
      </nav>
      <div className="title">
        <div>
          <h1>{name}</h1>
          <div className="about">
            <Status of={status} note={detail.failure?.class} />
            {scope === 'unit' && <span className="small">unit {unit}</span>}
            {scope === 'unit' && detail.step && <span className="small">at step {showUnseen(detail.step)}</span>}
            {detail.retries_used > 0 && <span className="small">{detail.retries_used} retries used</span>}
            {detail.not_before && <span className="small">not before {moment(detail.not_before)}</span>}
          </div>
        </div>
        {scope === 'job' && <RerunStep jobId={jobId} jobStatus={detail.job_status} step={step} />}
        {scope === 'unit' && (
          <div className="row">
            <UnitActions detail={detail} />
            <Neighbour to={unit > 0 ? to(unit - 1) : null} label="Previous unit" icon={<ChevronLeft />} />
            <Neighbour
              to={unit + 1 < detail.total_units ? to(unit + 1) : null}
              label="Next unit"
              icon={<ChevronRight />}
            />
          </div>
        )}
      </div>
    </div>
  );
}

function Neighbour({
  to,
  label,
  icon,
}: {
  readonly to: string | null;
  readonly label: string;
  readonly icon: ReactNode;
}) {
  if (to === null) return null;
  return (
    <Link href={to} className="button icon" aria-label={label} title={label}>
      {icon}
    </Link>
  );
}

/** Actions possible in each status of a unit. */
const ACTIONS = [
  {
    action: 'retry',
    label: 'Retry',
    done: 'The unit will be retried.',
    from: ['failed'],
    icon: <RotateCcw aria-hidden />,
  },
  {
    action: 'reopen',
    label: 'Run again',
    done: 'The unit will run again.',
    from: ['completed', 'skipped', 'cancelled'],
    icon: <RotateCcw aria-hidden />,
  },
  {
    action: 'skip',
    label: 'Skip',
    done: 'The unit was skipped.',
    from: ['pending'],
    icon: <SkipForward aria-hidden />,
  },
  { action: 'cancel', label: 'Stop', done: 'The unit was stopped.', from: ['running'], icon: <Square aria-hidden /> },
] as const;

function UnitActions({ detail }: { readonly detail: Detail }) {
  const act = useAct(detail.job_id);
  if (detail.job_status === 'cancelled' || detail.job_status === 'testing') return null;
  return ACTIONS.filter(({ from }) => (from as readonly string[]).includes(detail.status)).map(
    ({ action, label, done, icon }) => (
      <button
        key={action}
        type="button"
        className="button"
        onClick={() => void act(done, 'manage-units', { action, units: [detail.unit] })}
      >
        {icon} {label}
      </button>
    ),
  );
}
