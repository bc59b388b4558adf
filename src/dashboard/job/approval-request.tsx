import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ShieldAlert, ShieldCheck } from 'lucide-react';
import { change, jobPath, type Output, read } from '../api.ts';
import { Card } from '../parts/card.tsx';
import { ForeignCode } from '../parts/foreign-code.tsx';
import { Json } from '../parts/json.tsx';
import { Notice } from '../parts/notice.tsx';
import { useReport } from '../parts/toasts.tsx';
import type { Overview } from './use-job.ts';

/** Statuses in which a person can approve a job. */
const ASKED_IN: readonly string[] = ['created', 'testing', 'paused', 'completed', 'failed'];

/** Shows all that a job could do and its definition, with a button to approve it; nothing if no approval is needed. */
export function ApprovalRequest({ job }: { readonly job: Overview }) {
  const needed = job.approval?.person === true && ASKED_IN.includes(job.status);
  const asked = useQuery({
    queryKey: ['job', job.job_id, 'approval'],
    queryFn: () => read<Output<'job_approval'>>(`${jobPath(job.job_id)}/approval`),
    enabled: needed,
  });
  if (!needed || !asked.data || asked.data.allowed) return null;
  return <Question asked={asked.data} />;
}

function Question({ asked }: { readonly asked: Output<'job_approval'> }) {
  const queries = useQueryClient();
  const report = useReport();
  const allow = async () => {
    try {
      await change('POST', `${jobPath(asked.job_id)}/approval`, { shown: asked.shown });
      report.done('Allowed. It can be started now.');
    } catch (error) {
      report.failed(error);
    } finally {
      await queries.invalidateQueries({ queryKey: ['job', asked.job_id] });
    }
  };
  const { code, ...source } = asked.source;
  return (
    <section className="stack" aria-label="What this job would do">
      <Notice color="amber" icon={<ShieldAlert aria-hidden />} title="This job needs your approval before it runs.">
        {asked.reason} Your approval covers exactly this; any change needs a new approval.
      </Notice>
      <Card
        title="What it can do"
        aside={
          <button type="button" className="button primary" onClick={() => void allow()}>
            <ShieldCheck aria-hidden /> Allow
          </button>
        }
      >
        <Powers can={asked.can} />
      </Card>
      <Card title="What would run">
        <div className="stack">
          <Json value={{ files: asked.files, home: asked.home, limits: asked.limits }} label="Files and limits" />
          <Json
            value={{
              source,
              test: asked.test,
              output: asked.output,
            }}
            label="Source"
          />
          {typeof code === 'string' && <ForeignCode code={code} />}
          {asked.steps.map(({ template, ...step }) => (
            <div key={step.name} className="stack tight">
              <Json value={step} label={`Step ${step.name}`} />
              <ForeignCode code={template} />
            </div>
          ))}
        </div>
      </Card>
    </section>
  );
}

/** List of powers, each with its precise target. */
export function Powers({ can }: { readonly can: Output<'job_approval'>['can'] }) {
  if (can.length === 0) return <p className="muted">It only reads its home and its source, and writes its output.</p>;
  return (
    <ul className="clusters">
      {can.map((power) => (
        <li key={`${power.can} ${power.what}`}>
          <strong>{power.can}</strong> <code>{power.what}</code>
        </li>
      ))}
    </ul>
  );
}
