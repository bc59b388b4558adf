import { describe, expect, onTestFinished, test } from 'vitest';
import { pageWords } from '../../src/dashboard/hint-words.ts';
import { advised } from '../../src/domain/advice.ts';
import { FAILURE_CLASSES, failureRule } from '../../src/domain/failure.ts';
import { hintText } from '../../src/domain/hint.ts';
import { wire } from '../../src/wire.ts';
import { installed } from '../helpers/installation.ts';
import { MAIN, type Ran, runNode } from './cli/abp.ts';
import { type Scripted, scripted } from './cli/scripted.ts';

/** Log of more than one page; no single line names the error. */
const LOG = 'i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "step $i" >&2; done; sed "s/^/  /" >&2 <<E\nthe reason\nE\n';

/** Creates a job of one program that fails after this log. */
async function failed(script: string): Promise<Scripted> {
  const space = scripted();
  space.write('work.sh', `cat >/dev/null; ${script}exit 1\n`);
  await space.program('run', 'batch.yaml', '--yes', '--skip-test');
  return space;
}

function orchestratorOf({ environment, folder }: Scripted) {
  const { orchestrator, close } = wire(environment, installed().program('executor/main'), 'in_memory');
  onTestFinished(close);
  const call = { interface: 'http' as const, workingDirectory: folder, home: folder, human: null, maxWaitMs: 0 };
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into, field by field
  return (name: string, input: object): Promise<any> => orchestrator.callUnknown(name, input, call);
}

/** Runs the command in a text. */
async function follow(space: Scripted, { stdout }: Ran): Promise<string> {
  const [, args = ''] = /\babp (logs [^,;.]+)/.exec(stdout) ?? [];
  return (await runNode(space, [MAIN, ...args.split(' ')])).stdout;
}

describe.each([
  ['says on stderr', LOG],
  ['says on stdout alone', LOG.replaceAll('>&2', '>&1')],
])('what a program that failed %s', (_where, script) => {
  test('is shown by the command that its failure names', async () => {
    const space = await failed(script);
    const [jobId = ''] = await space.jobs();
    for (const look of [
      ['status', jobId],
      ['show', jobId, '1'],
    ]) {
      expect(await follow(space, await space.abp(...look)), look.join(' ')).toMatch(/step 60\nlog: +the reason$/);
    }
  });

  test('is shown by the call that its failure names, from its end', async () => {
    const space = await failed(script);
    const [job_id = ''] = await space.jobs();
    const call = orchestratorOf(space);
    const { failures } = await call('get_job_status', { job_id });
    const [, unit] = /with get_unit \(unit=(\d+), cursor=end\)/.exec(hintText(failures[0].advice)) ?? [];
    const { conversation } = await call('get_unit', { job_id, unit: Number(unit), cursor: 'end' });
    expect(conversation.entries.at(-1).text.trim()).toBe('the reason');
    expect(conversation.entries).toHaveLength(20);
    expect(conversation.next_cursor).toBe(null);
  });

  test('is shown on the page that the dashboard names', async () => {
    const space = await failed(script);
    const [job_id = ''] = await space.jobs();
    const call = orchestratorOf(space);
    const { clusters } = await call('job_overview', { job_id });
    const [, unit] = /end of its log on the page of unit (\d+),/.exec(pageWords(clusters[0].advice)) ?? [];
    const { entries } = await call('attempt_log', { job_id, unit: Number(unit), attempt: 1, limit: 200 });
    expect(entries.at(-1).text.trim()).toBe('the reason');
  });
});

test('a failed test of a program names the log of its unit', async () => {
  const space = scripted();
  space.write('work.sh', `cat >/dev/null; ${LOG}exit 1\n`);
  const jobId = await space.created();
  await space.program('start', jobId, '--yes');
  expect(await follow(space, await space.abp('status', jobId))).toMatch(/the reason$/);
});

test('advice about a log names only places that exist', () => {
  const advice = FAILURE_CLASSES.flatMap((name) => [failureRule(name).advice, failureRule(name, 'command').advice]).map(
    (each) => hintText(advised(each, 'failed')),
  );
  const aboutLogs = advice.filter((text) => /\blog\b|agent's message/.test(text));
  expect(aboutLogs.length).toBeGreaterThan(2);
  expect(aboutLogs.filter((text) => !text.includes('with get_unit'))).toEqual([]);
});
