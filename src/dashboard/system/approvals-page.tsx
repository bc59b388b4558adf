import { useQueryClient } from '@tanstack/react-query';
import { Check, ShieldAlert } from 'lucide-react';
import { useEffect } from 'react';
import { Link } from 'wouter';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { change } from '../api.ts';
import { ago, count } from '../format.ts';
import { Ask } from '../parts/ask.tsx';
import { Card } from '../parts/card.tsx';
import { Copy } from '../parts/copy.tsx';
import { ForeignCode } from '../parts/foreign-code.tsx';
import { Loaded } from '../parts/loading.tsx';
import { Notice } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { useTell } from '../parts/toasts.tsx';
import { type Approvals, type Code, useApprovals } from './use-approvals.ts';

/** What only a person may decide: tests that have ended, and code that wants to run, whole. */
export function ApprovalsPage() {
  const approvals = useApprovals();
  useEffect(() => {
    document.title = 'Approvals · Agentic Batch Processor';
  }, []);
  return (
    <>
      <div className="title">
        <h1>What waits for you</h1>
      </div>
      <Loaded query={approvals}>
        {({ codes, tests }) => (
          <>
            {codes.length + tests.length === 0 && (
              <section className="card">
                <p className="empty" style={{ padding: '3rem 1rem' }}>
                  Nothing waits. A job whose test has ended appears here, and code by which an assistant wants to
                  enumerate items.
                </p>
              </section>
            )}
            {tests.length > 0 && <Tests jobs={tests} />}
            {codes.length > 0 && (
              <Notice color="amber" icon={<ShieldAlert aria-hidden />} title="Read code before you approve it.">
                It runs on this machine in a process of its own with limits on files, time and memory, but it can use
                the network and send signals. Your approval is for this very text: a changed one asks again.
              </Notice>
            )}
            {codes.map((code) => (
              <DynamicCode key={code.sha256} code={code} />
            ))}
          </>
        )}
      </Loaded>
    </>
  );
}

function Tests({ jobs }: { readonly jobs: Approvals['tests'] }) {
  return (
    <Card title="Tests that have ended">
      <ul className="clusters">
        {jobs.map((job) => (
          <li key={job.job_id} className="spread">
            <span className="row">
              <Link href={`/jobs/${job.job_id}/test`}>{showUnseen(job.name)}</Link>
              <Status of={job.test === 'passed' ? 'passed' : 'failed'} />
              <span className="muted small num">{count(job.units.pending)} units would follow</span>
            </span>
            <Link href={`/jobs/${job.job_id}/test`} className="button small">
              Look at it
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function DynamicCode({ code: { sha256, code, requested_at } }: { readonly code: Code }) {
  const queries = useQueryClient();
  const tell = useTell();
  const approve = async () => {
    try {
      await change('POST', `/api/code-approvals/${sha256}/approve`);
      tell.done('Approved. The assistant can go on.');
      return true;
    } catch (error) {
      tell.failed(error);
      return false;
    } finally {
      await queries.invalidateQueries({ queryKey: ['approvals'] });
    }
  };
  return (
    <Card
      title={`Dynamic enumerator ${sha256.slice(0, 12)}`}
      aside={
        <div className="row">
          <span className="muted small">asked {ago(requested_at)}</span>
          <Copy text={code} label="Copy the code" />
          <Ask
            className="button primary"
            trigger={
              <>
                <Check aria-hidden /> Approve
              </>
            }
            title="Let this code run?"
            action="Approve this code"
            onConfirm={approve}
          >
            <p className="muted">
              SHA-256 <code>{sha256}</code>
            </p>
          </Ask>
        </div>
      }
    >
      <ForeignCode code={code} />
    </Card>
  );
}
