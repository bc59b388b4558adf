import { RotateCcw } from 'lucide-react';
import { useAct } from './use-job.ts';

const MAY_RUN: readonly string[] = ['completed', 'failed'];

/** Button that runs the post-processing of an ended job, for the first time or again. */
export function PostProcess({ jobId, jobStatus }: { readonly jobId: string; readonly jobStatus: string }) {
  const act = useAct(jobId);
  if (!MAY_RUN.includes(jobStatus)) return null;
  return (
    <button
      type="button"
      className="button small"
      onClick={() => void act('Post-processing runs.', 'manage-units', { action: 'post_process' })}
    >
      <RotateCcw aria-hidden /> Run post-processing
    </button>
  );
}
