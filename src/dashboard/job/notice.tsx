import { CircleCheck, FlaskConical, Pause, TriangleAlert, WifiOff } from 'lucide-react';
import { Link } from 'wouter';
import { sentences } from '../../domain/sentences.ts';
import { moment, words } from '../format.ts';
import { pageWords, verdictOf } from '../hint-words.ts';
import { Notice } from '../parts/notice.tsx';
import type { Overview } from './use-job.ts';

/** Notice about the state of a job that needs attention; nothing otherwise. */
export function JobNotice({ job, view }: { readonly job: Overview; readonly view: string }) {
  const test = `/jobs/${job.job_id}/test`;
  if (job.executor.state === 'lost') {
    return (
      <Notice color="red" icon={<WifiOff aria-hidden />} title="The executor has stopped.">
        No results are lost: a new executor continues where it stopped. ABP starts one within seconds unless recovery is
        switched off; Recover starts it now.
      </Notice>
    );
  }
  if (job.status === 'created' && view !== 'test') {
    return (
      <Notice color="blue" icon={<FlaskConical aria-hidden />} title="Nothing has run yet.">
        The job waits for its test. <Link href={test}>Try it first</Link>
      </Notice>
    );
  }
  if (job.status === 'testing' && view !== 'test') {
    if (job.test?.state === 'running') {
      return (
        <Notice color="blue" icon={<FlaskConical aria-hidden />} title="A test unit is running.">
          <Link href={test}>Watch it</Link>
        </Notice>
      );
    }
    const passed = job.test?.state === 'passed';
    return (
      <Notice
        color={passed ? 'green' : 'amber'}
        icon={passed ? <CircleCheck aria-hidden /> : <TriangleAlert aria-hidden />}
        title={passed ? 'The test has passed and waits for your decision.' : 'The test has failed.'}
      >
        {job.test?.verdict && verdictOf(job.test)} <Link href={test}>Review and decide</Link>
      </Notice>
    );
  }
  if (job.status === 'paused') {
    return (
      <Notice
        color="amber"
        icon={<Pause aria-hidden />}
        title={job.pause_reason === 'user' ? 'Paused.' : `Paused: ${words(job.pause_reason ?? '')}.`}
      >
        {job.message && sentences(job.message, pageWords(job.advice))}
        {job.resume_at && <> It resumes automatically at {moment(job.resume_at)}.</>}
      </Notice>
    );
  }
  if (job.status === 'failed' && job.message) {
    return (
      <Notice color="red" icon={<TriangleAlert aria-hidden />} title="The job has ended with failures.">
        {sentences(job.message)}
      </Notice>
    );
  }
  return null;
}
