import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Assignment } from '../../src/workers/process/assignment.ts';
import { answersTool, type Script } from '../helpers/messages-api.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { assignmentFor, perform, start, usageUpToCut, workerWith } from '../helpers/worker.ts';
import { CLIS, type Machine, machine } from './claude.ts';

/** One call of a tool, then a silence in which the attempt is cut off; whoever asks after that gets an answer. */
const cutOffAfterOneCall: Script = (request, turn) => {
  if (turn === 0) return { use: 'Glob', input: { pattern: 'first' } };
  return answersTool(request) && turn === 1 ? { stall: true } : { say: 'finished' };
};

/** Resolves once the agent hangs in its second turn and the CLI has written the first one down (it does that by and by). */
async function untilHanging({ api, home }: Machine): Promise<void> {
  await expect.poll(() => api.requests.length, PATIENCE).toBe(2);
  const transcripts = () => globSync(path.join(home, '.claude/projects/*/*.jsonl'));
  await expect
    .poll(
      () =>
        transcripts()
          .map((file) => readFileSync(file, 'utf8'))
          .join(),
      PATIENCE,
    )
    .toMatch(/"tool_result"/);
}

describe.each(CLIS)('an attempt with Claude Code $version that was cut off', ({ program }) => {
  it.each([
    ['killed', (pid: number) => process.kill(-pid, 'SIGKILL')],
    ['stopped by us', (_: number, controller: AbortController) => controller.abort('interrupted')],
  ])('(%s) goes on in its own session, and no part of it is counted twice', async (_, cut) => {
    const place = await machine(program, cutOffAfterOneCall);
    const { environment, api } = place;
    const { worker, assignment } = await workerWith({ type: 'claude' }, { environment });
    const controller = new AbortController();
    const { outcome, spawned } = start(worker, assignment, controller.signal);
    const { pid } = await spawned;
    await untilHanging(place);
    cut(pid, controller);
    expect(await outcome).toMatchObject({ ok: false });
    const before = (await usageUpToCut(worker, assignment)) ?? {};
    expect(before).toMatchObject({ costEstimated: true, sessionId: expect.any(String) });

    const next: Assignment = {
      ...assignmentFor({ environment, config: assignment.config }),
      attempt: 2,
      home: assignment.home,
      workingDirectory: assignment.workingDirectory,
      resumeSessionId: before.sessionId ?? null,
    };
    const resumed = await perform(worker, next);
    expect(resumed).toMatchObject({ ok: true, result: { text: 'finished' }, usage: { sessionId: before.sessionId } });
    const sent = JSON.stringify(api.requests[2]?.body.messages);
    expect(sent).toContain('Do item 7.');
    expect(sent).toContain('first');
    expect(readFileSync(path.join(next.runDirectory, 'stdin'), 'utf8')).toContain('cut off');

    const whole = await machine(program, () => ({ say: 'finished' }));
    const { worker: fresh, assignment: alone } = await workerWith({ type: 'claude' }, whole);
    const single = await perform(fresh, alone);
    expect(resumed.usage.costUsd).toBeCloseTo(single.usage.costUsd ?? 0, 6);
    expect(resumed.usage.inputTokens).toBe(single.usage.inputTokens);
  });

  it('goes on with nothing lost when its schema is asked for', async () => {
    const outputSchema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };
    const place = await machine(program, (request, turn) => {
      const reply = cutOffAfterOneCall(request, turn);
      return turn < 2 ? reply : { use: 'StructuredOutput', input: { n: 2 } };
    });
    const { environment } = place;
    const { worker, assignment } = await workerWith({ type: 'claude' }, { environment, outputSchema });
    const { outcome, spawned } = start(worker, assignment);
    const { pid } = await spawned;
    await untilHanging(place);
    process.kill(-pid, 'SIGKILL');
    await outcome;
    const { sessionId = null } = (await usageUpToCut(worker, assignment)) ?? {};
    const { workingDirectory, config } = assignment;
    const next = assignmentFor({ environment, config, outputSchema, workingDirectory, resumeSessionId: sessionId });
    expect(await perform(worker, next)).toMatchObject({ ok: true, result: { structured: { n: 2 } } });
  });

  it('after a tool was refused to it starts over, where the refusal counts', async () => {
    const place = await machine(program, (request, turn) => {
      const write = { use: 'Write', input: { file_path: '/tmp/abp-forbidden', content: 'x' } };
      if (turn === 1) return { stall: true };
      return answersTool(request) ? { say: 'I wrote it.' } : write;
    });
    const { environment } = place;
    const { worker, assignment } = await workerWith({ type: 'claude' }, { environment });
    const { outcome, spawned } = start(worker, assignment);
    const { pid } = await spawned;
    await untilHanging(place);
    process.kill(-pid, 'SIGKILL');
    await outcome;
    const { sessionId: resumeSessionId = null } = (await usageUpToCut(worker, assignment)) ?? {};
    const { workingDirectory, config } = assignment;
    const next = assignmentFor({ environment, config, workingDirectory, resumeSessionId });
    expect(await perform(worker, next)).toMatchObject({ ok: false, failureClass: 'incomplete' });
  });
});
