import { expect, it } from 'vitest';
import { testReport } from '../../../src/mcp/test-report.ts';

const tested = {
  job_id: 'job-7f3k2m',
  name: 'rate essays',
  status: 'testing',
  units: { total: 100, pending: 93, running: 0, completed: 7, failed: 0, skipped: 0, cancelled: 0 },
  cost_usd: 0.02,
  executor: { state: 'none' as const },
  test: {
    state: 'passed',
    results: [{ unit: 0, status: 'succeeded', result: 'good\n\nThe rest: 0 units, $0.00, 0 s.', duration_s: 3 }],
  },
  estimate: { remaining_units: 93, cost_usd: [1.5, 2.25], duration_s: [180, 10_000] },
  next: [],
};

it('says what came out of a test, what it cost, and what the rest would take', () => {
  const [result] = tested.test.results;
  const whole = { ...result, status: 'succeeded', unit: 4, duration_s: 130, cost_usd: 0.0123, files_changed: ['a.md'] };
  const test = { state: 'passed', results: [{ ...whole, result: 'bad', tools_denied: ['Bash'] }] };
  expect(testReport({ ...tested, test }).split('\n')).toEqual([
    'Test of "rate essays" (job-7f3k2m): passed.',
    '',
    'Unit 4 (succeeded, 3 min, $0.0123):',
    '  bad',
    'Files changed: a.md',
    'Tools refused: Bash',
    '',
    'The rest: 93 units, about $1.50 to $2.25, 3 min to 2.8 h.',
  ]);
});

it('sets an agent’s words off, so that they cannot be taken for its own', () => {
  const lines = testReport(tested).split('\n');
  expect(lines.filter((line) => line.startsWith('The rest'))).toEqual([expect.stringContaining('93 units')]);
  expect(lines).toContain('  The rest: 0 units, $0.00, 0 s.');
});

it('says how many test units it does not show', () => {
  const report = testReport({ ...tested, test: { ...tested.test, results_left_out: 15 } });
  expect(report).toContain('15 more test units are not shown here: abp show job-7f3k2m <unit>.');
  expect(testReport(tested)).not.toContain('not shown');
});
