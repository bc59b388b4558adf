import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { FailureClass } from '../../../src/domain/failure.ts';
import { compileSchema } from '../../../src/domain/output-schema.ts';
import { createStreamReader } from '../../../src/workers/claude/stream.ts';
import { verdict } from '../../../src/workers/claude/verdict.ts';
import { endingOf } from '../../../src/workers/process/ending.ts';
import { endedAs } from '../../helpers/outcome.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/claude/', import.meta.url));
const NAMES = readdirSync(FOLDER).map((file) => file.replace('.ndjson', ''));

/** What each recorded run of CLI 2.1.330 exited with, and what it must be stored as. */
const RECORDINGS: Readonly<Record<string, readonly [exit: number, outcome: FailureClass | 'completed']>> = {
  success: [0, 'completed'],
  'tool-granted': [0, 'completed'],
  'schema-ok': [0, 'completed'],
  'schema-missing': [0, 'invalid_output'],
  'schema-invalid': [1, 'invalid_output'],
  'tool-denied': [0, 'incomplete'],
  'max-turns': [1, 'max_turns'],
  'max-budget': [1, 'unit_budget'],
  'api-400c': [1, 'billing'],
  'api-400p': [1, 'prompt_too_long'],
  'api-401': [1, 'auth'],
  'api-403': [1, 'auth'],
  'api-404': [1, 'model_not_found'],
  'api-429': [1, 'rate_limited'],
  'api-429u': [1, 'usage_limit'],
  'api-500': [1, 'server_error'],
  'api-529': [1, 'overloaded'],
  'api-cut': [1, 'server_error'],
};

const SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string' }, score: { type: 'number' } },
  required: ['name', 'score'],
};

async function judge(name: string, { lines, exit }: { lines?: number; exit?: number | null } = {}) {
  const all = readFileSync(`${FOLDER}${name}.ndjson`, 'utf8').split('\n');
  const reader = createStreamReader();
  for (const line of all.slice(0, lines ?? all.length)) reader.line(line);
  const status = exit === undefined ? (RECORDINGS[name]?.[0] ?? 0) : exit;
  return verdict({
    facts: reader.facts,
    ending: status === null ? null : endingOf(null, status, 1000),
    stderr: '',
    check: name.startsWith('schema') ? await compileSchema(SCHEMA) : null,
    allowDenials: false,
  });
}

const classOf = (outcome: Awaited<ReturnType<typeof judge>>) => {
  if (outcome === null) return 'cut off';
  return outcome.ok ? 'completed' : outcome.failureClass;
};

describe('every recorded run', () => {
  it('has an expectation', () => {
    expect(NAMES.toSorted()).toEqual(Object.keys(RECORDINGS).toSorted());
  });

  it.each(Object.entries(RECORDINGS))('%s', async (name, [, expected]) => {
    const outcome = await judge(name);
    expect(outcome).toMatchObject(endedAs(expected));
    expect(outcome?.usage).toMatchObject({ costUsd: expect.any(Number), sessionId: expect.any(String) });
    expect(outcome?.usage).not.toHaveProperty('costEstimated');
  });

  it.each(NAMES)('%s never completes if the stream ends before its result line', async (name) => {
    const events = readFileSync(`${FOLDER}${name}.ndjson`, 'utf8').trimEnd().split('\n').length;
    for (let lines = 0; lines < events; lines++) {
      expect(classOf(await judge(name, { lines, exit: null }))).toBe('cut off');
      expect(classOf(await judge(name, { lines, exit: 0 }))).toBe('crashed');
      expect(classOf(await judge(name, { lines, exit: 137 }))).toBe('crashed');
    }
  });

  it('is judged from its stream alone where the exit status is lost', async () => {
    for (const name of NAMES) {
      expect([name, classOf(await judge(name, { exit: null }))]).toEqual([name, RECORDINGS[name]?.[1]]);
    }
  });

  it('a success counts despite its exit code, but not after a kill', async () => {
    for (const name of ['success', 'tool-granted', 'schema-ok']) {
      const outcome = await judge(name, { exit: 1 });
      expect(classOf(outcome)).toBe('completed');
      expect(outcome?.notes?.remarks).toEqual(['exit code 1 after a result that said success']);
      expect(classOf(await judge(name, { exit: 137 }))).toBe('crashed');
    }
    expect(classOf(await judge('tool-denied', { exit: 1 }))).toBe('incomplete');
  });

  it('reports why structured output was refused', async () => {
    expect(await judge('schema-invalid')).toMatchObject({
      message:
        "the structured output was refused: Output does not match required schema: root: must have required property 'name', root: must have required property 'score', root: must NOT have additional properties ('wrong' is not allowed)",
    });
  });
});

describe('facts of a recording', () => {
  it('cost, tokens and turns of the run', async () => {
    expect((await judge('success'))?.usage).toEqual({
      costUsd: 0.007479999999999999,
      inputTokens: 2400,
      outputTokens: 50,
      turns: 1,
      sessionId: '8962f086-3394-492b-b6ee-18a98117ec4b',
      durationMs: 1000,
    });
  });

  it('tools used, calls refused and files changed', async () => {
    expect((await judge('tool-granted'))?.notes).toEqual({
      toolsUsed: { Write: 1 },
      filesChanged: ['/home/user/project/out.txt'],
      model: 'claude-opus-5-5',
    });
    expect((await judge('tool-denied'))?.notes).toEqual({
      toolsUsed: { Write: 1 },
      toolsDenied: ['Write(/home/user/project/out.txt)'],
      model: 'claude-opus-5-5',
    });
  });

  it('the JSON result with a schema', async () => {
    const outcome = await judge('schema-ok');
    expect(outcome?.ok && outcome.result.structured).toEqual({ name: 'alpha', score: 7 });
  });

  it('the retry delay of the service', async () => {
    expect(await judge('api-429')).toMatchObject({ retryAfterMs: 2442 });
    expect(await judge('api-529')).toMatchObject({ retryAfterMs: 620 });
    expect(await judge('api-500')).not.toHaveProperty('retryAfterMs');
  });

  it('the sum of message prices, counted once per message', () => {
    for (const name of NAMES) {
      const events = readFileSync(`${FOLDER}${name}.ndjson`, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      const total = events.at(-1).total_cost_usd;
      const ids = new Set(
        events.flatMap(({ message }) => (String(message?.model).startsWith('claude') ? message.id : [])),
      );
      const reader = createStreamReader();
      for (const event of events) {
        const price = ids.has(event.message?.id) ? { costUSD: total / ids.size } : {};
        reader.line(JSON.stringify({ ...event, ...price }));
      }
      expect([name, reader.facts.pricedUsd ?? 0]).toEqual([name, expect.closeTo(total, 9)]);
    }
  });

  it('is a cost near the true one when the run is cut off', async () => {
    for (const name of ['success', 'tool-granted', 'max-turns', 'schema-invalid']) {
      const whole = await judge(name);
      const lines = readFileSync(`${FOLDER}${name}.ndjson`, 'utf8').trimEnd().split('\n').length - 1;
      const cut = await judge(name, { lines, exit: 137 });
      expect(cut?.usage.costEstimated).toBe(true);
      const ratio = (cut?.usage.costUsd ?? 0) / (whole?.usage.costUsd ?? 1);
      expect([name, ratio > 0.8 && ratio < 1.25, ratio]).toEqual([name, true, ratio]);
    }
  });
});
