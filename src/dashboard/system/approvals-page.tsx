import { useQueryClient } from '@tanstack/react-query';
import { Check, ShieldAlert, X } from 'lucide-react';
import { Link } from 'wouter';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { change } from '../api.ts';
import { ago, count } from '../format.ts';
import { Powers } from '../job/approval-request.tsx';
import { Card } from '../parts/card.tsx';
import { ConfirmButton } from '../parts/confirm-button.tsx';
import { Copy } from '../parts/copy.tsx';
import { ForeignCode } from '../parts/foreign-code.tsx';
import { Json } from '../parts/json.tsx';
import { Loaded } from '../parts/loading.tsx';
import { Notice } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { useReport } from '../parts/toasts.tsx';
import { useTitle } from '../parts/use-title.ts';
import { type Approval, type Approvals, useApprovals } from './use-approvals.ts';

/** Pending decisions of a person (jobs and sources beyond their bounds, ended tests) and past ones. */
export function ApprovalsPage() {
  const approvals = useApprovals();
  useTitle('Approvals · Agentic Batch Processor');
  return (
    <>
      <div className="title">
        <h1>Waiting for your decision</h1>
      </div>
      <Loaded query={approvals}>
        {({ sources, jobs, tests, decided }) => (
          <>
            {sources.length + jobs.length + tests.length === 0 && (
              <section className="card">
                <p className="empty" style={{ padding: '3rem 1rem' }}>
                  Nothing is waiting. A job whose test has ended appears here, and every job or source that can do more
                  than read its home and write its output directory.
                </p>
              </section>
            )}
            {jobs.length > 0 && <Waiting title="Jobs that need your approval to run" jobs={jobs} view="" />}
            {tests.length > 0 && <Waiting title="Tests that have ended" jobs={tests} view="/test" />}
            {sources.length > 0 && (
              <Notice color="amber" icon={<ShieldAlert aria-hidden />} title="Read a source before you allow it.">
                Code runs on this machine in a process of its own with limits on files, time and memory, but it can use
                the network and send signals. Your approval covers exactly this; any change needs a new approval.
              </Notice>
            )}
            {sources.map((source) => (
              <Source key={source.definition} asked={source} />
            ))}
            {decided.length > 0 && <Decided approvals={decided} />}
          </>
        )}
      </Loaded>
    </>
  );
}

function Waiting({
  title,
  jobs,
  view,
}: {
  readonly title: string;
  readonly jobs: Approvals['tests'];
  readonly view: string;
}) {
  return (
    <Card title={title}>
      <ul className="clusters">
        {jobs.map((job) => (
          <li key={job.job_id} className="spread">
            <span className="row">
              <Link href={`/jobs/${job.job_id}${view}`}>{showUnseen(job.name)}</Link>
              <Status of={job.status === 'testing' ? (job.test === 'passed' ? 'passed' : 'failed') : job.status} />
              <span className="muted small num">{count(job.units.pending)} units would follow</span>
            </span>
            <Link href={`/jobs/${job.job_id}${view}`} className="button small">
              Look at it
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Sends a decision about an approval, reports its result and reloads the approvals. */
function useDecide() {
  const queries = useQueryClient();
  const report = useReport();
  return async (definition: string, decision: 'allow' | 'revoke', done: string) => {
    try {
      await change('POST', `/api/approvals/${definition}/${decision}`);
      report.done(done);
      return true;
    } catch (error) {
      report.failed(error);
      return false;
    } finally {
      await queries.invalidateQueries({ queryKey: ['approvals'] });
    }
  };
}

function Source({ asked: { definition, title, can, source, requested_at } }: { readonly asked: Approval }) {
  const decide = useDecide();
  const { type: _, code, ...config } = source ?? { type: title };
  return (
    <Card
      title={`Source ${title}, ${definition.slice(0, 12)}`}
      aside={
        <div className="row">
          <span className="muted small">asked {ago(requested_at)}</span>
          {typeof code === 'string' && <Copy text={code} label="Copy the code" />}
          <ConfirmButton
            className="button primary"
            trigger={
              <>
                <Check aria-hidden /> Allow
              </>
            }
            title="Allow this source to be read?"
            action="Allow this source"
            onConfirm={() => decide(definition, 'allow', 'Allowed. The assistant can continue.')}
          >
            <p className="muted">
              SHA-256 <code>{definition}</code>
            </p>
          </ConfirmButton>
        </div>
      }
    >
      <div className="stack">
        <Powers can={can} />
        <Json value={config} label="Settings" />
        {typeof code === 'string' && <ForeignCode code={code} />}
      </div>
    </Card>
  );
}

function Decided({ approvals }: { readonly approvals: readonly Approval[] }) {
  const decide = useDecide();
  return (
    <Card title="Decisions">
      <ul className="clusters">
        {approvals.map(({ definition, about, title, state, can, approved_by, approved_at, jobs }) => (
          <li key={definition} className="spread">
            <span className="row">
              <code>{definition.slice(0, 12)}</code>
              <span>
                {about} {showUnseen(title)}
              </span>
              <span className="muted small">
                {state === 'revoked'
                  ? 'revoked'
                  : `approved ${approved_at === null ? '' : ago(approved_at)} (${approved_by})`}
                : {can.map((power) => power.can).join(', ')}
              </span>
              {jobs.map((job) => (
                <Link key={job} href={`/jobs/${job}`} className="small mono">
                  {job}
                </Link>
              ))}
            </span>
            {state === 'approved' && (
              <ConfirmButton
                className="button small"
                trigger={
                  <>
                    <X aria-hidden /> Revoke
                  </>
                }
                title="Revoke this approval?"
                action="Revoke"
                danger
                onConfirm={() => decide(definition, 'revoke', 'Revoked. Jobs that ran under it are paused.')}
              >
                <p className="muted">Jobs that run under it are paused before their next run.</p>
              </ConfirmButton>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}
