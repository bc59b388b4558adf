import { RotateCcw } from 'lucide-react';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { useAct } from './use-job.ts';

const MAY_RUN: readonly string[] = ['completed', 'failed'];

/** Button that runs a step over all results of an ended job, for the first time or again. */
export function RerunStep(props: { readonly jobId: string; readonly jobStatus: string; readonly step: string }) {
  const { jobId, jobStatus, step } = props;
  const act = useAct(jobId);
  if (!MAY_RUN.includes(jobStatus)) return null;
  return (
    <button
      type="button"
      className="button small"
      onClick={() => void act(`Step ${step} runs.`, 'manage-units', { action: 'rerun', step })}
    >
      <RotateCcw aria-hidden /> Run {showUnseen(step)}
    </button>
  );
}
