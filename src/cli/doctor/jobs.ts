import { existsSync } from 'node:fs';
import { readConfig } from '../../config.ts';
import { count } from '../format.ts';
import type { Check, Finding } from './finding.ts';

const about = 'Jobs';
const LOOKED_AT = 100;

/** Jobs that will not go on by themselves. */
export const jobs: Check = {
  about,
  look: async ({ call, host }) => {
    if (!existsSync(readConfig(host.environment).storagePath)) return [];
    const listed = await call('list_jobs', {
      status: ['enumerating', 'testing', 'running', 'paused', 'post_processing'],
      limit: LOOKED_AT,
    });
    const stale = await Promise.all(listed.jobs.map(({ job_id }) => call('get_job_status', { job_id })));
    const findings = stale.flatMap((job): Finding[] => {
      const { job_id, status, pause_reason, executor, test } = job;
      if (executor.state === 'lost' && status === 'enumerating') {
        const fix = 'abp recover (or abp prune) removes it';
        return [{ about, state: 'warn', message: `${job_id} was never finished being made`, fix }];
      }
      if (executor.state === 'lost') {
        const fix = `abp resume ${job_id} (or abp recover for all such jobs)`;
        return [{ about, state: 'warn', message: `${job_id} is ${status}, but its executor is gone`, fix }];
      }
      if (status === 'paused' && pause_reason !== 'user' && pause_reason !== 'usage_limit') {
        const fix = `abp status ${job_id}`;
        return [{ about, state: 'warn', message: `${job_id} is paused (${pause_reason}): ${job.message}`, fix }];
      }
      if (status === 'testing' && test?.state !== 'running') {
        const fix = `${test?.state === 'passed' ? `abp approve ${job_id}, or ` : ''}abp reject ${job_id}`;
        return [{ about, state: 'warn', message: `${job_id} waits for a decision about its test`, fix }];
      }
      return [];
    });
    if (findings.length > 0) return findings;
    return [{ about, state: 'pass', message: `${count(listed.total, 'job')} under way, none stuck` }];
  },
};
