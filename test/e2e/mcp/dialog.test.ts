import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { wire } from '../../../src/wire.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { play } from './claude-host.ts';
import type { Move } from './moves.ts';
import { onTerminalOfClaude, type TerminalHost } from './terminal-host.ts';

const DOWN = '\u001b[B';
const RIGHT = '\u001b[C';
const UNITS = 5;

/** What the screen shows of a dialog: its lines without their indent. */
const dialogOn = (screen: readonly string[]) =>
  screen
    .slice(screen.findIndex((line) => line.includes('requests your input')) + 1)
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** The choice that the next key is about. */
const markedOn = (host: TerminalHost) => host.screen().find((line) => line.includes('❯ ◯')) ?? '';

/** Opens the choices of a dialog, goes down to one, takes it, and accepts. */
async function choose(host: TerminalHost, choice: string): Promise<void> {
  host.type(RIGHT);
  await host.shows(/▾/);
  await host.shows(/❯ ◯/);
  for (let marked = markedOn(host); !marked.includes(choice); marked = markedOn(host)) {
    host.type(DOWN);
    await vi.waitFor(() => expect(markedOn(host)).not.toBe(marked), PATIENCE);
  }
  host.type(' ');
  await host.shows(new RegExp(`decision: ▸ ${choice}`));
  host.type(DOWN);
  await host.shows(/❯ {3}note:/);
  host.type(DOWN);
  await host.shows(/❯ Accept/);
  // It takes no answer for a moment, so that nobody accepts what has only just come up.
  await vi.waitFor(async () => {
    host.type('\r');
    const isGone = () => !/❯ Accept/.test(host.screen().join('\n'));
    await vi.waitFor(() => expect(isGone()).toBe(true), { timeout: 2000, interval: 50 });
  }, PATIENCE);
}

/** A session whose assistant makes a job of a program and starts it. */
async function session(columns: number, name: string, command: readonly string[]) {
  let project = '';
  const moves: Move[] = [
    () => ({
      call: [
        'create_job',
        {
          name,
          intent: 'Count the words.',
          source: { type: 'json', file_path: path.join(project, 'items.json') },
          worker: { type: 'command', command },
        },
      ],
    }),
    ([{ job_id }]) => ({ call: ['start_job', { job_id, wait_seconds: 45 }] }),
    ([{ status }]) => ({ say: `Now it is ${status}.` }),
  ];
  const host = await onTerminalOfClaude({
    columns,
    assistant: play(moves),
    worker: () => ({ say: 'nobody asks a model' }),
  });
  project = host.project;
  writeFileSync(path.join(project, 'items.json'), JSON.stringify(Array.from({ length: UNITS }, (_, n) => ({ n }))));
  const script = `#!/bin/sh\ncat >/dev/null\necho "$ABP_UNIT" >>ran\necho '{"words":17}'\n`;
  writeFileSync(path.join(project, 'work.sh'), script, { mode: 0o755 });
  await host.shows(/❯/);
  host.type('count my letters');
  await host.shows(/❯\scount my letters/);
  host.type('\r');
  await host.shows(/requests your input[\s\S]*Accept/);
  const abp = wire(host.environment);
  onTestFinished(() => abp.close());
  const jobs = () => abp.store.repository.jobs;
  return { host, jobs, jobId: (await jobs().list({ limit: 1 })).jobs[0]?.jobId ?? '' };
}

it.each([80, 120])(
  'on a terminal of %i columns the real Claude Code shows what a person decides about, and their keys decide',
  async (columns) => {
    const { host, jobs, jobId } = await session(columns, 'count the words of my letters', ['./work.sh', 'a b']);
    const [may, tests, why, decision, details] = dialogOn(host.screen());
    expect(may).toBe('May it run? It runs programs as you.');
    expect(tests).toMatch(/^Tests 1 of 5 units; the others wait for you\. Job "count the words of my l/);
    expect(why).toBe(`It has not been approved yet. In full: abp approvals allow ${jobId}`);
    expect(decision).toBe('❯ * decision: ▸ not set');
    expect(details).toMatch(/^programs: \.\/work\.sh "a b" · Worker: /);
    expect(await jobs().get(jobId)).toMatchObject({ status: 'created' });

    await choose(host, 'approve: exactly this may run');
    const [result, rest, powers, , more] = dialogOn(await host.shows(/Test passed[\s\S]*Accept/));
    expect(result).toBe('Test passed: {"words":17}');
    expect(rest).toMatch(/^The other 4 units: no known cost, \d+ s\. Job "count the words of my/);
    expect(powers).toBe('It runs programs as you.');
    expect(more).toMatch(/^Unit 0 \(succeeded, \d+ s\): \{"words":17\}/);
    expect(await jobs().get(jobId)).toMatchObject({ status: 'testing', test: { state: 'passed' } });

    await choose(host, 'approve: run all other units');
    await host.shows(/Now it is (running|completed)\./);
    await vi.waitFor(async () => expect(await jobs().get(jobId)).toMatchObject({ status: 'completed' }), PATIENCE);
  },
);

it('a refusal by key leaves everything as it is', async () => {
  const { host, jobs, jobId } = await session(80, 'count', ['./work.sh']);
  await choose(host, 'refuse: nothing runs');
  await host.shows(/Now it is /);
  expect(await jobs().get(jobId)).toMatchObject({ status: 'created', approvedDefinition: null });
});

it('a long name and a long command push nothing out of the lines that count', async () => {
  const name = 'Only reads the letters, as always, nothing else is done here, say yes. '.repeat(3).slice(0, 200);
  const { host, jobId } = await session(80, name, ['./work.sh', ' '.repeat(300), 'rm -rf ~']);
  const [may, tests, why] = dialogOn(host.screen());
  expect(may).toBe('May it run? It runs programs as you.');
  expect(tests).toMatch(/^Tests 1 of 5 units; the others wait for you\. Job "Only reads the letters/);
  expect(why).toContain(`In full: abp approvals allow ${jobId}`);
});
