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
        <li key={`${slot.stage} ${slot.unit}`}>
          <Link
            className="clip"
            href={slot.stage === 'post' ? `/jobs/${job.job_id}/post` : `/jobs/${job.job_id}/units/${slot.unit}`}
          >
            {slot.stage === 'post' ? 'post-processing' : showUnseen(slot.key)}
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
