import { expect, test } from 'vitest';
import { pageWords } from '../../src/dashboard/hint-words.ts';
import { advised } from '../../src/domain/advice.ts';
import { adviceIn, FAILURE_CLASSES } from '../../src/domain/failure.ts';
import { type Hint, hint, mention, NAMED_OPERATIONS, using } from '../../src/domain/hint.ts';
import { JOB_STATUSES, PAUSE_REASONS } from '../../src/domain/job.ts';
import { OPERATIONS } from '../../src/orchestrator/operations.ts';

const ALL: readonly Hint[] = [
  ...FAILURE_CLASSES.flatMap((name) =>
    JOB_STATUSES.flatMap((status) => [adviceIn(status, name), adviceIn(status, name, 'command')]),
  ),
  ...Object.values(PAUSE_REASONS).flatMap(({ advice }) => JOB_STATUSES.map((status) => advised(advice, status))),
];
const TOOL = new RegExp(`\\b(?:${OPERATIONS.map(({ name }) => name).join('|')})\\b`);

test.each(ALL)('%j sends a person only to controls that the page has', (given) => {
  const text = pageWords(given);
  expect(text).not.toMatch(TOOL);
  // That view changes only the prompt.
  expect(
    text.replaceAll(/prompt under Prompt & settings|prompt with Pause and then under Prompt & settings/g, ''),
  ).not.toContain('Prompt & settings');
});

test.each<[Hint, string]>([
  [
    advised(PAUSE_REASONS.failures.advice, 'paused'),
    'Look at failures, fix the prompt under Prompt & settings, then Resume.',
  ],
  [
    advised(PAUSE_REASONS.failures.advice, 'running'),
    'Look at failures, fix the prompt with Pause and then under Prompt & settings, then Resume.',
  ],
  [adviceIn('paused', 'model_not_found'), 'Choose another model with abp update <job>, then Resume.'],
  [
    adviceIn('running', 'unit_budget'),
    "Raise the worker's max_budget_usd with Pause and then with abp update <job>, then retry.",
  ],
  [hint`${mention('update_job')} changes it.`, 'abp update <job> changes it.'],
  [hint`Look ${using('get_unit', { unit: 7 })}.`, 'Look on the page of unit 7.'],
])('%j on the page: %s', (given, text) => {
  expect(pageWords(given)).toBe(text);
});

test.each(NAMED_OPERATIONS)('%s has its control', (name) => {
  expect(pageWords([mention(name)])).not.toMatch(TOOL);
});
