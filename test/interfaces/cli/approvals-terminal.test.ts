import { appendFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { workspace } from './abp.ts';
import { scripted } from './scripted.ts';
import { onTerminal } from './terminal.ts';

describe('on a terminal, what a job can do', () => {
  test.each([
    ['n\r', 5],
    ['\r', 5],
    ['\u0003', 130],
  ])('the answer %j to what a job can do ends with %i, and nothing was run', async (answer, exit) => {
    const space = scripted();
    const run = onTerminal(space, 'run', 'batch.yaml');
    await run.shows(/runs programs as you: sh work\.sh[\s\S]*work\.sh [0-9a-f]{12}[\s\S]*Allow it\? \[y\/N\] $/);
    run.type(answer);
    expect(await run.ended).toBe(exit);
    expect(space.ran()).toBe(false);
    expect(await space.approvals()).toEqual([]);
  });

  test('after a yes the test runs, and its result is asked about next', async () => {
    const space = scripted();
    const run = onTerminal(space, 'run', 'batch.yaml');
    await run.shows(/Allow it\? \[y\/N\] $/);
    run.type('y\r');
    await run.shows(/Test passed[\s\S]*Run the other 2 units\?/);
    run.type('y\r');
    expect(await run.ended).toBe(0);
  });

  test('abp approve asks about a changed script, then approves', async () => {
    const space = scripted();
    const jobId = await space.created('--yes');
    await space.abp('start', jobId);
    appendFileSync(space.script, '# changed\n');
    const run = onTerminal(space, 'approve', jobId, '--watch');
    await run.shows(/Changed since its approval: .*work\.sh[\s\S]*Allow it\? \[y\/N\] $/);
    run.type('y\r');
    expect(await run.ended).toBe(0);
  });

  test('code with unseen characters is rejected without a question', async () => {
    const code = '// yields\rglobalThis.x = 1\nexport const enumerate = () => [1];';
    const space = workspace([], { source: { type: 'dynamic', code } });
    const run = onTerminal(space, 'create', 'batch.yaml');
    expect(await run.ended).toBe(2);
    expect(run.text()).toMatch(/U\+000D/);
    expect(run.text()).not.toMatch(/Allow it/);
  });
});
