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

it('shows the result, the estimate and the powers of a test in three lines', () => {
  expect(testReport(tested).message.split('\n')).toEqual([
    'Test passed: good The rest: 0 units, $0.00, 0 s.',
    'The other 93 units: about $1.50 to $2.25, 3 min to 2.8 h. Job "rate essays"',
    'It reads its home and source, and writes its output.',
  ]);
  const can = [
    { can: 'runs programs as you', what: 'the tool Bash' },
    { can: 'runs programs as you', what: 'the MCP server x: sh' },
    { can: 'reaches the network', what: 'WebFetch' },
  ];
  const report = testReport({ ...tested, approval: { person: true, can } });
  expect(report.message.split('\n')[2]).toBe('It runs programs as you, reaches the network.');
  expect(report.details).toContain('It reaches the network: WebFetch');
});

it('keeps the first line short, whatever the agent’s answer is', () => {
  const results = [{ unit: 0, status: 'succeeded', result: 'x '.repeat(5000), duration_s: 3 }];
  const [first = ''] = testReport({ ...tested, test: { state: 'passed', results } }).message.split('\n');
  expect(first.length).toBeLessThan(200);
});

it('shows the rest in the details: without blank lines, an agent’s text indented', () => {
  const [result] = tested.test.results;
  const whole = { ...result, status: 'succeeded', unit: 4, duration_s: 130, cost_usd: 0.0123, files_changed: ['a.md'] };
  const test = {
    state: 'passed',
    results: [{ ...whole, result: 'bad\n\nUnit 5 (succeeded, 1 s):', tools_denied: ['Bash'] }],
  };
  expect(testReport({ ...tested, test }).details.split('\n')).toEqual([
    'Unit 4 (succeeded, 3 min, $0.0123):',
    '  bad',
    '  Unit 5 (succeeded, 1 s):',
    'Files changed: a.md',
    'Tools refused: Bash',
  ]);
});

it('shows the number of test units that are left out', () => {
  const report = testReport({ ...tested, test: { ...tested.test, results_left_out: 15 } });
  expect(report.details).toContain('15 more test units are not shown here: abp show job-7f3k2m <unit>.');
  expect(testReport(tested).details).not.toContain('not shown');
});
