import { expect, test } from 'vitest';
import { outputInPrompt } from '../../src/domain/job-output.ts';

test.each([
  ['claude', '/out'],
  ['command', '$ABP_OUTPUT_DIR'],
])('a prompt for worker %s names %s as output directory', (type, said) => {
  expect(outputInPrompt(type, '/out')).toBe(said);
});
