import { Link } from 'wouter';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { duration } from '../format.ts';
import type { Overview } from './use-job.ts';

/** The unit in each slot, with the latest step of its agent. */
export function Slots({ job }: { readonly job: Overview }) {
  if (job.slots.length === 0) return <p className="empty">No unit is running.</p>;
  return (
    <ul className="slots">
      {job.slots.map((slot) => (
        <li key={`${slot.scope} ${slot.unit}`}>
          <Link
            className="clip"
            href={slot.scope === 'job' ? `/jobs/${job.job_id}/job-steps` : `/jobs/${job.job_id}/units/${slot.unit}`}
          >
            {showUnseen(slot.scope === 'job' ? (slot.step ?? '') : slot.key)}
          </Link>
          <span className="clip muted small">
            {slot.latest ? (
              <>
                {slot.latest.tool && <span className="tag">{slot.latest.tool}</span>} {slot.latest.text}
              </>
            ) : (
              'no output yet'
            )}
          </span>
          <span className="muted small num">
            {slot.attempt > 1 && `attempt ${slot.attempt} · `}
            {duration(slot.seconds)}
          </span>
        </li>
      ))}
    </ul>
  );
}
