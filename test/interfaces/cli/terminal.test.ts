import { describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { type Workspace, workspace } from './abp.ts';
import { onTerminal, onTerminalThen, type TerminalRun } from './terminal.ts';

const CTRL_C = '\u0003';
const ERASE = '\u001b[J';

describe('on a terminal', () => {
  test('abp run shows the test, asks, redraws a progress bar, and prints a summary', async () => {
    const space = workspace(['one', 'two', 'fail', 'wait']);
    await space.allow();
    const run = onTerminal(space, 'run', 'batch.yaml', '--output', 'out.csv');
    await run.shows(/Unit 0 succeeded[\s\S]*"title": "one"/);
    await run.shows(/Run the other 3 units\? \[y\]es, \[n\]o: reject the test, \[l\]ater: /);
    run.type('what\r');
    await run.shows(/ater: what\n.*Run the other 3 units/);
    run.type('y\r');
    await run.shows(/running.*█.*3 of 4 done, 1 failed, 1 running/);
    await run.shows(/3 0003\.txt .*reading 0003\.txt/);
    await run.shows(/1 × agent_error: exit code 1/);
    await run.shows(/p pause {2}c cancel {2}\+ - slots {2}q quit \(the job continues\)/);
    expect(run.screen()).toContain(ERASE);
    space.go();
    expect(await run.ended).toBe(1);
    expect(run.text()).toMatch(/4 rows written to .*out\.csv/);
  });

  test('abp serve shows a link that signs the person in, once', async () => {
    const space = workspace();
    const run = onTerminal(space, 'serve', '--port', '0');
    await run.shows(/Sign in: http:\S+#[\w-]{43}\n/);
    const link = new URL(/Sign in: (\S+)/.exec(run.text())?.[1] ?? '');
    const signIn = () =>
      fetch(`${link.origin}/auth`, { method: 'POST', body: new URLSearchParams({ code: link.hash.slice(1) }) });
    expect([(await signIn()).status, (await signIn()).status]).toEqual([200, 401]);
    run.type(CTRL_C);
    expect(await run.ended).toBe(0);
  });

  test.each([
    ['n', 5, 'created'],
    ['l', 3, 'testing'],
    [CTRL_C, 130, 'testing'],
  ])('the answer %j ends with %i and leaves the job %s', async (answer, exit, status) => {
    const space = workspace();
    await space.allow();
    const run = onTerminal(space, 'run', 'batch.yaml');
    await run.shows(/ater: $/);
    run.type(answer === CTRL_C ? `${answer}y\r` : `${answer}\r`);
    expect(await run.ended).toBe(exit);
    expect((await space.job((await space.jobs())[0] ?? '')).status).toBe(status);
  });

  test('keys pause, resume, cancel and change slots; q leaves the job running', async () => {
    const space = workspace(['wait', 'wait', 'wait', 'wait'], { limits: { max_workers: 2 } });
    await space.abp('run', 'batch.yaml', '--skip-test', '--yes', '--detach');
    const [jobId = ''] = await space.jobs();
    const leaving = onTerminal(space, 'watch', jobId);
    await leaving.shows(/2 running/);
    leaving.type('+');
    await leaving.shows(/3 running[\s\S]*Slots changed: 3\./);
    leaving.type('-');
    await leaving.shows(/Slots changed: 2\./);
    leaving.type('q');
    expect(await leaving.ended).toBe(130);
    expect(leaving.text()).toContain(`abp watch ${jobId}`);

    const run = onTerminal(space, 'watch', jobId);
    await run.shows(/\d running/);
    run.type('p');
    await run.shows(/paused \(user\)[\s\S]*Paused: running units finish/);
    run.type('r');
    await run.shows(/Resumed\./);
    run.type('c');
    await run.shows(/Press c again/);
    run.type('c');
    expect(await run.ended).toBe(5);
    expect((await space.job(jobId)).status).toBe('cancelled');
  });

  test.each([
    ['Ctrl-C', CTRL_C],
    ['q', 'q'],
  ])('%s quits at once, and later keys go to the shell', async (_name, key) => {
    const space = workspace(['wait', 'wait']);
    await space.abp('run', 'batch.yaml', '--skip-test', '--yes', '--detach');
    const [jobId = ''] = await space.jobs();
    const watch = onTerminalThen(space, ['watch', jobId], 'read line; echo "the shell read <$line>"; stty -a');
    await watch.shows(/\d running/);
    watch.type(`${key}p+c q\n`);
    await watch.shows(/the shell read <p\+c q>[\s\S]* icanon[\s\S]* echo /);
    expect(watch.text()).toContain(`${jobId} continues. Follow it again with: abp watch ${jobId}`);
    expect(await space.job(jobId)).toMatchObject({ status: 'running', maxWorkers: 4 });
  });

  test.each<[string, (space: Workspace) => Promise<TerminalRun>, RegExp]>([
    [
      'a test runs',
      async (space) => {
        await space.allow();
        const run = onTerminal(space, 'run', 'batch.yaml');
        await run.shows(/quit \(the test continues\)/);
        return run;
      },
      /^testing running$/,
    ],
    [
      'a job is approved and watched',
      async (space) => {
        space.write('in/0000.txt', 'one');
        await space.allow();
        await space.abp('run', 'batch.yaml');
        const run = onTerminal(space, 'approve', (await space.jobs())[0] ?? '', '--watch');
        await run.shows(/quit \(the job continues\)/);
        return run;
      },
      /^running/,
    ],
  ])('two Ctrl-C at once while %s quit and pause nothing', async (_when, reach, state) => {
    const space = workspace(['wait', 'wait']);
    const run = await reach(space);
    run.type(CTRL_C + CTRL_C);
    expect(await run.ended).toBe(130);
    const { status, test: tried } = await space.job((await space.jobs())[0] ?? '');
    expect(`${status} ${tried?.state}`).toMatch(state);
  });

  test.each<[string, object]>([
    [
      'answers',
      { type: 'dynamic', code: 'export async function* enumerate() { for (;;) yield { n: Math.random() }; }' },
    ],
    [
      'says nothing',
      { type: 'dynamic', code: 'export async function* enumerate() { await new Promise((r) => setTimeout(r, 1e6)); }' },
    ],
  ])('Ctrl-C ends the command at once while it reads a source that %s', async (_what, source) => {
    const space = workspace([], { source });
    const run = onTerminalThen(
      space,
      ['create', 'batch.yaml', '--yes'],
      'echo "ended with $?"; read line; echo "<$line>"',
    );
    await vi.waitFor(async () => expect(await space.jobs(['enumerating'])).toHaveLength(1), PATIENCE);
    run.type(CTRL_C);
    run.type('pwd\n');
    await run.shows(/ended with 130[\s\S]*<pwd>/);
    expect(run.text()).toMatch(/Stopped with Ctrl-C/);
    await space.abp('recover');
    expect(await space.jobs()).toEqual([]);
  });

  test('a job that is cancelled during its test has no failed test and no decision', async () => {
    const space = workspace(['wait', 'two']);
    await space.allow();
    const run = onTerminal(space, 'run', 'batch.yaml', '--output', 'out.csv');
    await run.shows(/c cancel {2}q quit \(the test continues\)/);
    run.type('c');
    await run.shows(/Press c again/);
    run.type('c');
    expect(await run.ended).toBe(5);
    expect(run.text()).toMatch(/texts {2}job-\w+ {2}cancelled/);
    expect(run.text()).not.toMatch(/Test failed|abp reject/);
  });

  test('any other key withdraws the question whether to cancel', async () => {
    const space = workspace(['wait']);
    await space.abp('run', 'batch.yaml', '--skip-test', '--yes', '--detach');
    const [jobId = ''] = await space.jobs();
    const run = onTerminal(space, 'watch', jobId);
    await run.shows(/\d running/);
    run.type('c');
    await run.shows(/Press c again/);
    run.type('xcq');
    expect(await run.ended).toBe(130);
    expect((await space.job(jobId)).status).toBe('running');
  });

  test('dynamic code is shown and asked about once: no creates nothing, yes continues', async () => {
    const source = { type: 'dynamic', code: 'export function* enumerate() { yield { n: 1 }; }' };
    const space = workspace([], { source });
    const no = onTerminal(space, 'create', 'batch.yaml');
    await no.shows(/yield \{ n: 1 \}[\s\S]*It runs as you[\s\S]*Allow it to be read\? \[y\/N\] /);
    no.type('\r');
    expect(await no.ended).toBe(5);
    expect(await space.jobs()).toEqual([]);
    const yes = onTerminal(space, 'create', 'batch.yaml');
    await yes.shows(/Allow it to be read\? \[y\/N\] /);
    yes.type('y\r');
    expect(await yes.ended).toBe(0);
    expect(await space.jobs()).toHaveLength(1);
    const again = onTerminal(space, 'preview', 'batch.yaml');
    expect(await again.ended).toBe(0);
    expect(again.text()).not.toMatch(/Allow it/);
  });

  test('commands that cannot be undone ask first', async () => {
    const space = workspace();
    const { document } = await space.json('create', 'batch.yaml');
    const no = onTerminal(space, 'delete', document.job_id);
    await no.shows(/Delete job-\w+ with all its results\? \[y\/N\] /);
    no.type('\r');
    expect(await no.ended).toBe(5);
    expect(await space.jobs()).toHaveLength(1);
    const yes = onTerminal(space, 'delete', document.job_id);
    await yes.shows(/\[y\/N\] /);
    yes.type('y\r');
    expect(await yes.ended).toBe(0);
    expect(await space.jobs()).toEqual([]);
  });

  test('colours are for terminals, and NO_COLOR is honoured', async () => {
    const space = workspace();
    await space.json('create', 'batch.yaml');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a colour begins with one
    const COLOUR = /\u001b\[[0-9;]*m/;
    expect((await space.abp('status')).stdout).not.toMatch(COLOUR);
    const coloured = onTerminal(space, 'status');
    await coloured.ended;
    expect(coloured.screen()).toMatch(COLOUR);
    Object.assign(space.environment, { NO_COLOR: '1' });
    const plain = onTerminal(space, 'status');
    await plain.ended;
    expect(plain.screen()).toMatch(/texts/);
    expect(plain.screen()).not.toMatch(COLOUR);
  });
});
