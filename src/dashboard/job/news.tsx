import { CircleCheck, FlaskConical, Pause, TriangleAlert, WifiOff } from 'lucide-react';
import { Link } from 'wouter';
import { moment, words } from '../format.ts';
import { Notice } from '../parts/notice.tsx';
import { inWords } from '../wording.ts';
import type { Overview } from './use-job.ts';

/** What a person should know of a job before anything else, if there is something. */
export function News({ job, view }: { readonly job: Overview; readonly view: string }) {
  const test = `/jobs/${job.job_id}/test`;
  if (job.executor.state === 'lost') {
    return (
      <Notice color="red" icon={<WifiOff aria-hidden />} title="Its executor is gone.">
        Nothing is lost: a new one goes on where it stopped. ABP does that by itself within seconds unless it is
        switched off; Recover does it now.
      </Notice>
    );
  }
  if (job.status === 'created' && view !== 'test') {
    return (
      <Notice color="blue" icon={<FlaskConical aria-hidden />} title="Nothing has run yet.">
        It waits for its test. <Link href={test}>Try it first</Link>
      </Notice>
    );
  }
  if (job.status === 'testing' && view !== 'test') {
    if (job.test?.state === 'running') {
      return (
        <Notice color="blue" icon={<FlaskConical aria-hidden />} title="A test unit is being tried.">
          <Link href={test}>Watch it</Link>
        </Notice>
      );
    }
    const passed = job.test?.state === 'passed';
    return (
      <Notice
        color={passed ? 'green' : 'amber'}
        icon={passed ? <CircleCheck aria-hidden /> : <TriangleAlert aria-hidden />}
        title={passed ? 'The test has passed and waits for you.' : 'The test has failed.'}
      >
        {job.test?.verdict && inWords(job.test.verdict)} <Link href={test}>Look at it and decide</Link>
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
        {job.message && inWords(job.message)}
        {job.resume_at && <> It goes on by itself at {moment(job.resume_at)}.</>}
      </Notice>
    );
  }
  if (job.status === 'failed' && job.message) {
    return (
      <Notice color="red" icon={<TriangleAlert aria-hidden />} title="The job has ended, and not everything worked.">
        {inWords(job.message)}
      </Notice>
    );
  }
  return null;
}
