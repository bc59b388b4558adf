import { useQuery } from '@tanstack/react-query';
import { Check, CircleCheck, FlaskConical, RotateCcw, TriangleAlert, X } from 'lucide-react';
import { Fragment, useState } from 'react';
import { Link } from 'wouter';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { jobPath, read } from '../api.ts';
import { count, duration, usd } from '../format.ts';
import { verdictOf } from '../hint-words.ts';
import { Card } from '../parts/card.tsx';
import { ConfirmButton } from '../parts/confirm-button.tsx';
import { Loaded } from '../parts/loading.tsx';
import { Notice } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { Conversation } from '../unit/conversation.tsx';
import { Prompt } from '../unit/prompt.tsx';
import { type Detail, Result } from '../unit/result.tsx';
import { workerWords } from '../worker-words.ts';
import { EditPrompt } from './edit-prompt.tsx';
import { type Overview, useAct, useSettings } from './use-job.ts';

/** Results of the test, for the decision whether to run the other units. */
export function TestView({ job }: { readonly job: Overview }) {
  const units = (job.test?.units as readonly number[] | undefined) ?? [];
  if (job.status !== 'created' && !job.test) {
    return (
      <section className="card">
        <p className="empty">This job was started without a test.</p>
      </section>
    );
  }
  return (
    <>
      <Decide job={job} />
      {units.map((unit) => (
        <TestUnit key={unit} job={job} unit={unit} />
      ))}
    </>
  );
}

function Decide({ job }: { readonly job: Overview }) {
  const act = useAct(job.job_id);
  if (job.status === 'created') {
    const number = Math.min(job.test_units, job.units.total);
    const first = number === 1 ? 'One unit is' : `${number} units, spread over the source, are`;
    const says =
      number === 0
        ? 'It skips its test: all units run at once, real work at real cost.'
        : `${first} tried first: real work at real cost, shown here before anything else runs.`;
    const done = number === 0 ? 'All units run now.' : 'The test has started.';
    return (
      <Notice color="blue" icon={<FlaskConical aria-hidden />} title="Nothing has run yet.">
        <span className="row">
          <span>{says}</span>
          <button type="button" className="button primary" onClick={() => void act(done, 'start', { wait_seconds: 0 })}>
            <FlaskConical aria-hidden />{' '}
            {number === 0 ? `Run ${job.units.total} units` : number === 1 ? 'Try one unit' : `Try ${number} units`}
          </button>
        </span>
      </Notice>
    );
  }
  if (job.status !== 'testing') return null;
  if (job.test?.state === 'running') {
    return (
      <Notice color="blue" icon={<FlaskConical aria-hidden />} title="The test is running.">
        <span className="row">
          The work of its {workerWords(job.worker.type).one} is shown below as it happens. <Reject job={job} />
        </span>
      </Notice>
    );
  }
  const passed = job.test?.state === 'passed';
  return (
    <Notice
      color={passed ? 'green' : 'amber'}
      icon={passed ? <CircleCheck aria-hidden /> : <TriangleAlert aria-hidden />}
      title={job.test?.verdict ? verdictOf(job.test) : passed ? 'The test has passed.' : 'The test has failed.'}
    >
      {passed && <EstimateText job={job} />}
      <span className="row" style={{ marginTop: '0.7rem' }}>
        {passed ? <Approve job={job} /> : <Again job={job} />}
        <Edit job={job} />
        <Reject job={job} />
      </span>
    </Notice>
  );
}

/** Estimate for the other units, from the test. */
function EstimateText({ job: { estimate } }: { readonly job: Overview }) {
  if (!estimate) return null;
  const [lowUsd, highUsd] = estimate.cost_usd ?? [];
  const [minSeconds, maxSeconds] = estimate.duration_s;
  return (
    <span>
      By this test, the other {count(estimate.remaining_units)} units would take{' '}
      <strong>
        {minSeconds === maxSeconds ? duration(minSeconds) : `${duration(minSeconds)} to ${duration(maxSeconds)}`}
      </strong>
      {lowUsd !== undefined && highUsd !== undefined && (
        <>
          {' '}
          and cost <strong>{lowUsd === highUsd ? usd(lowUsd) : `${usd(lowUsd)} to ${usd(highUsd)}`}</strong>
        </>
      )}
      .
    </span>
  );
}

function Approve({ job }: { readonly job: Overview }) {
  const act = useAct(job.job_id);
  const shown = job.approval?.shown;
  const rest = count(job.estimate?.remaining_units ?? job.units.pending);
  return (
    <button
      type="button"
      className="button primary"
      onClick={() => void act('Approved: all other units run now.', 'start', { approve: true, shown, wait_seconds: 0 })}
    >
      <Check aria-hidden /> Approve and run {rest} units
    </button>
  );
}

/** Tests the same units again after a fix; a required approval is requested above first. */
function Again({ job }: { readonly job: Overview }) {
  const act = useAct(job.job_id);
  return (
    <button
      type="button"
      className="button primary"
      onClick={() => void act('The test has started again.', 'start', { again: true, wait_seconds: 0 })}
    >
      <RotateCcw aria-hidden /> Test again
    </button>
  );
}

function Edit({ job }: { readonly job: Overview }) {
  const settings = useSettings(job.job_id);
  const current = settings.data?.revisions.find(({ revision }) => revision === settings.data.revision);
  const steps = current?.steps.filter(({ scope }) => scope === 'unit') ?? [];
  return steps.map(({ name, template }) => (
    <EditPrompt
      key={`${current?.revision} ${name}`}
      jobId={job.job_id}
      step={name}
      label={steps.length > 1 ? ` ${name}` : ' prompt'}
      template={template}
      testAgain
      allowFirst={job.approval?.person === true}
    />
  ));
}

function Reject({ job }: { readonly job: Overview }) {
  const act = useAct(job.job_id);
  const [note, setNote] = useState('');
  return (
    <ConfirmButton
      className="button small"
      trigger={
        <>
          <X aria-hidden /> Reject
        </>
      }
      title="Reject this test?"
      action="Reject"
      onConfirm={() =>
        act('Rejected: the job is back in the state before its test.', 'start', {
          approve: false,
          wait_seconds: 0,
          ...(note ? { note } : {}),
        })
      }
    >
      <p className="muted">Its units become pending again without using a retry; the attempts stay in the history.</p>
      <label>
        <span className="small muted">What is wrong with it</span>
        <textarea className="field" rows={3} value={note} onChange={(event) => setNote(event.target.value)} />
      </label>
    </ConfirmButton>
  );
}

function TestUnit({ job, unit }: { readonly job: Overview; readonly unit: number }) {
  const detail = useQuery({
    queryKey: ['job', job.job_id, 'unit', unit],
    queryFn: () => read<Detail>(`${jobPath(job.job_id)}/units/${unit}`, { details: 'true' }),
  });
  return <Loaded query={detail}>{(data) => <TestResult job={job} detail={data} />}</Loaded>;
}

/** The newest test attempt at each step; without one the latest attempt. */
function testsOf({ attempts }: Detail): Detail['attempts'] {
  const tests = attempts.filter(({ purpose }) => purpose === 'test');
  const newest = [...new Map(tests.map((attempt) => [attempt.step, attempt])).values()];
  return newest.length > 0 ? newest : attempts.slice(-1);
}

function TestResult({ job, detail }: { readonly job: Overview; readonly detail: Detail }) {
  const { told, doing, did } = workerWords(job.worker.type);
  const tests = testsOf(detail);
  const attempt = tests.at(-1);
  return (
    <section className="stack" aria-label={`Test unit ${detail.unit}`}>
      <div className="row">
        <h2>
          <Link href={`/jobs/${job.job_id}/units/${detail.unit}`}>{showUnseen(detail.key)}</Link>
        </h2>
        {attempt && <Status of={attempt.status} note={attempt.failure_class} />}
        {attempt && (
          <span className="muted small num">
            {duration(attempt.duration_s)}
            {attempt.cost_usd !== undefined && ` · ${usd(attempt.cost_usd)}`}
          </span>
        )}
      </div>
      {attempt?.tools_denied && (
        <Notice color="amber" icon={<TriangleAlert aria-hidden />} title="Tools that were refused">
          {attempt.tools_denied.join(', ')}
        </Notice>
      )}
      <div className="columns">
        <div className="stack">
          <Card title={told}>
            {detail.prompt ? <Prompt prompt={detail.prompt} /> : <p className="empty">No prompt.</p>}
          </Card>
          {attempt?.files_changed && (
            <Card title="Changed files">
              <ul className="mono small">
                {attempt.files_changed.map((file) => (
                  <li key={file}>{file}</li>
                ))}
              </ul>
            </Card>
          )}
        </div>
        <div className="stack">
          {tests.map((each) => (
            <Fragment key={each.attempt}>
              {each.step && <h3>{showUnseen(each.step)}</h3>}
              <Result jobId={job.job_id} detail={detail} attempt={each} />
              <Card title={each.status === 'running' ? doing : did}>
                <Conversation
                  jobId={job.job_id}
                  unit={detail.unit}
                  scope="unit"
                  attempt={each.attempt}
                  running={each.status === 'running'}
                  withPrompt={false}
                />
              </Card>
            </Fragment>
          ))}
        </div>
      </div>
    </section>
  );
}
