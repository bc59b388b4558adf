import { Link } from 'wouter';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { count, usd } from '../format.ts';
import { RerunStep } from './rerun-step.tsx';
import type { Overview } from './use-job.ts';

type Step = NonNullable<Overview['steps']>[number];

/** The progress of each step of a job that has several. */
export function Steps({ job }: { readonly job: Overview }) {
  if (!job.steps) return null;
  return (
    <table className="small">
      <thead>
        <tr>
          {['step', 'pending', 'running', 'completed', 'failed', 'cost'].map((name, n) => (
            <th key={name} scope="col" className={n === 0 ? undefined : 'num'}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {job.steps.map((step) => (
          <tr key={step.name}>
            {step.scope === 'unit' ? <UnitStep step={step} /> : <JobStep job={job} step={step} />}
            <td className="num">{usd(step.cost_usd)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function UnitStep({ step }: { readonly step: Step }) {
  return (
    <>
      <th scope="row">{showUnseen(step.name)}</th>
      {([step.pending, step.running, step.completed, step.failed] as const).map((units, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the columns are fixed
        <td key={n} className="num">
          {count(units ?? 0)}
        </td>
      ))}
    </>
  );
}

function JobStep({ job, step }: { readonly job: Overview; readonly step: Step }) {
  return (
    <>
      <th scope="row">
        <Link href={`/jobs/${job.job_id}/job-steps`}>{showUnseen(step.name)}</Link>
      </th>
      <td colSpan={4}>
        <div className="row">
          <span>
            {step.status}
            {step.message ? ` – ${showUnseen(step.message)}` : ''}
          </span>
          <RerunStep jobId={job.job_id} jobStatus={job.status} step={step.name} />
        </div>
      </td>
    </>
  );
}
