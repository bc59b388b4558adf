import { describe, expect, it } from 'vitest';
import { reportedFailure } from '../../src/domain/report.ts';

describe("an agent's last message", () => {
  it.each([
    ['ABP_FAILED: the file is missing', 'the file is missing'],
    ['  **ABP_FAILED:** two\nlines', 'two\nlines'],
    ['I looked everywhere.\n\n`ABP_FAILED: nothing found', 'nothing found'],
    ['ABP_FAILED:', 'the agent reported a failure and gave no reason'],
  ])('%j reports a failure', (text, reason) => {
    expect(reportedFailure(text)).toBe(reason);
  });

  it.each([['All good.'], [''], ['The log says ABP_FAILED: x, which is normal.'], ['abp_failed: lower case']])(
    '%j reports no failure',
    (text) => {
      expect(reportedFailure(text)).toBeNull();
    },
  );
});
