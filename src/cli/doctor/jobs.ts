import { existsSync } from 'node:fs';
import { readConfig } from '../../config.ts';
import { sentences } from '../../domain/sentences.ts';
import { count } from '../format.ts';
import { inCommands } from '../hint-words.ts';
import { nextCommands } from '../job/next-commands.ts';
import type { Status } from '../job/status-text.ts';
import type { Session } from '../session.ts';
import type { Check, Finding } from './finding.ts';

const about = 'Jobs';
const CHECKED_JOBS = 100;

/** Finds jobs that will not continue without action. */
export const jobs: Check = {
  about,
  look: async (session) => {
    const { call, host } = session;
    if (!existsSync(readConfig(host.environment).storagePath)) return [];
    const listed = await call('list_jobs', {
      status: ['enumerating', 'testing', 'running', 'paused'],
      limit: CHECKED_JOBS,
    });
    const active = await Promise.all(listed.jobs.map(({ job_id }) => call('get_job_status', { job_id })));
    const findings: Finding[] = [];
    for (const job of active) findings.push(...(await findingsAbout(session, job)));
    if (findings.length > 0) return findings;
    return [{ about, state: 'pass', message: `${count(listed.total, 'active job')}, none stuck` }];
  },
};

async function findingsAbout(session: Session, job: Status): Promise<Finding[]> {
  const { job_id, status, pause_reason, executor, test } = job;
  const next = async () => (await nextCommands(session, job)).join(', or ');
  if (executor.state === 'lost' && status === 'enumerating') {
    const fix = 'abp recover removes it';
    return [{ about, state: 'warn', message: `${job_id} was never completely created`, fix }];
  }
  if (executor.state === 'lost') {
    const fix = `${await next()} (or abp recover for all such jobs)`;
    return [{ about, state: 'warn', message: `${job_id} is ${status}, but its executor died`, fix }];
  }
  if (status === 'paused' && pause_reason !== 'user' && pause_reason !== 'usage_limit') {
    const { message: what, advice = '' } = job;
    const message = `${job_id} is paused (${pause_reason}): ${sentences(what, inCommands(advice, job_id))}`;
    return [{ about, state: 'warn', message, fix: await next() }];
  }
  if (status === 'testing' && test?.state !== 'running') {
    const what = test?.state === 'passed' ? 'awaits a decision about its test' : 'awaits a decision: its test failed';
    return [{ about, state: 'warn', message: `${job_id} ${what}`, fix: await next() }];
  }
  return [];
}
