import { describe, expect, test } from 'vitest';
import { advised, TEST_AGAIN } from '../../src/domain/advice.ts';
import { commandOf } from '../../src/domain/commands.ts';
import { AbpError, decisionIn, jobIn } from '../../src/domain/error.ts';
import {
  type Hint,
  hint,
  hintText,
  type Mention,
  mention,
  NAMED_OPERATIONS,
  replaceHints,
  using,
} from '../../src/domain/hint.ts';

describe('a hint', () => {
  test('is text with operations as data inside', () => {
    expect(hint`Look, then ${mention('resume_job')}.`).toEqual(['Look, then ', { operation: 'resume_job' }, '.']);
    expect(hint`${hint`Wait: ${mention('get_job')}`} shows it`).toEqual([
      'Wait: ',
      { operation: 'get_job' },
      ' shows it',
    ]);
  });

  test.each<[Hint | undefined, string]>([
    [undefined, ''],
    ['Wait.', 'Wait.'],
    [[mention('resume_job'), ' continues it.'], 'resume_job continues it.'],
    [[mention('start_job', { again: true })], 'start_job with again=true'],
    [['Look ', using('get_unit')], 'Look with get_unit'],
    [[using('get_unit', { unit: 7, cursor: 'end' })], 'with get_unit (unit=7, cursor=end)'],
  ])('%j is worded %j by default', (given, text) => {
    expect(hintText(given)).toBe(text);
  });

  test('without an operation is plain text', () => {
    expect(hint`Wait ${'for'} ${hint`it`}.`).toBe('Wait for it.');
  });

  test('is found in an answer, with the job that it is about, but not in what a user or an agent wrote', () => {
    const given = [mention('resume_job'), ' continues it.'];
    const answer = {
      jobs: [{ job_id: 'job-1', test: { advice: given }, units: { hint: ['a', 'b'], other: given } }],
      payload: { hint: given },
      advice: 'Wait.',
      ['__proto__']: 1,
    };
    const worded = replaceHints(answer, (field, hint, jobId) => ({ [field]: `${jobId}: ${hintText(hint)}` }));
    expect(worded).toEqual({
      ...answer,
      jobs: [{ ...answer.jobs[0], test: { advice: 'job-1: resume_job continues it.' } }],
    });
    expect(Object.keys(worded as object)).toEqual(Object.keys(answer));
  });

  test('is worded by each interface', () => {
    expect(hintText([mention('resume_job'), '.'], ({ operation }) => operation.toUpperCase())).toBe('RESUME_JOB.');
  });
});

describe('the command of an operation', () => {
  test.each(NAMED_OPERATIONS)('%s has one', (name) => {
    expect(commandOf(mention(name), 'job-1')).toMatch(/^abp /);
    expect(commandOf(mention(name))).not.toMatch(/job-1|JOB/);
  });

  test.each<[Mention, string]>([
    [mention('start_job'), 'abp start job-1'],
    [mention('start_job', { approve: true }), 'abp approve job-1'],
    [mention('start_job', { approve: false }), 'abp reject job-1'],
    [mention('start_job', { again: true }), 'abp start job-1 --again'],
    [mention('start_job', { skip_test: true }), 'abp start job-1 --skip-test'],
    [mention('get_job_status', { wait_seconds: 30 }), 'abp watch job-1'],
    [mention('get_unit', { unit: 7 }), 'abp logs job-1 7'],
    [mention('pause_job', { hard: true }), 'abp pause job-1 --hard'],
    [mention('resume_job', { max_workers: 3 }), 'abp resume job-1 --max-workers 3'],
    [mention('manage_units', { action: 'reopen' }), 'abp reopen job-1'],
    [mention('manage_units', { action: 'retry', unit: 7 }), 'abp retry job-1 7'],
    [mention('manage_units', { action: 'rerun' }), 'abp rerun job-1'],
    [mention('allow_source', { definition: 'abc' }), 'abp approvals allow abc'],
  ])('%j: %s', (named, command) => {
    expect(commandOf(named, 'job-1')).toBe(command);
  });
});

test.each<[Hint | undefined, Mention | null]>([
  [[mention('allow_job')], mention('allow_job')],
  [[mention('allow_job'), '.'], null],
  ['Give another name.', null],
  [undefined, null],
])('a decision that only a person makes is the whole hint of its error: %j', (given, decision) => {
  const parts = { ...(given === undefined ? {} : { hint: given }), details: { job_id: 'job-1' } };
  expect(decisionIn(new AbpError('approval_required', 'm', parts))).toEqual(decision);
  expect(decisionIn(new AbpError('conflict', 'm', parts))).toBeNull();
  expect(jobIn(new AbpError('conflict', 'm', parts))).toBe('job-1');
  expect(jobIn(new AbpError('conflict', 'm'))).toBeUndefined();
});

test.each([
  [{ fix: 'Make room', next: 'resume' }, 'paused', 'Make room, then resume_job.'],
  [{ fix: 'Make room', next: 'resume' }, 'testing', 'Make room, then start_job with again=true.'],
  [{ fix: 'Make room', next: 'retry' }, 'failed', 'Make room, then retry.'],
  [{ fix: 'Wait' }, 'testing', 'Wait.'],
  [{ fix: 'Wait', inTest: [TEST_AGAIN] }, 'testing', 'start_job with again=true'],
  [{ fix: [using('update_job')] }, 'running', 'with pause_job and then with update_job.'],
  [{ fix: [using('update_job')] }, 'paused', 'with update_job.'],
] as const)('%j in %s: %s', (advice, status, text) => {
  expect(hintText(advised(advice, status))).toBe(text);
});
