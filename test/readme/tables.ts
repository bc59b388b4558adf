import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { batchFileSchema } from '../../src/cli/batch-file/schema.ts';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { VARIABLES } from '../../src/config.ts';
import { type Advice, advised } from '../../src/domain/advice.ts';
import { ATTEMPT_STATUS_MEANING } from '../../src/domain/attempt.ts';
import { FAILURES, type FailureRule } from '../../src/domain/failure.ts';
import { hintText } from '../../src/domain/hint.ts';
import { JOB_STATUS_MEANING, PAUSE_REASONS } from '../../src/domain/job.ts';
import { UNIT_STATUS_MEANING } from '../../src/domain/unit.ts';
import { listEnumerators } from '../../src/enumerators/index.ts';
import { dashboardTool } from '../../src/mcp/dashboard-tool.ts';
import { operationsOn } from '../../src/orchestrator/operations.ts';
import { packageRoot } from '../../src/package-root.ts';
import { getWorker } from '../../src/workers/index.ts';

/** The README, between whose markers `<!-- name -->` and `<!-- /name -->` the tables stand. */
export const README = join(packageRoot(), 'README.md');

function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(headers), line(headers.map(() => '---')), ...rows.map(line)].join('\n');
}

/** What to do, outside a test. */
const what = (advice: Advice) => hintText(advised(advice, 'paused'));
const code = (text: string) => `\`${text}\``;
const meanings = (head: string, table_: Readonly<Record<string, string>>) =>
  table(
    [head, 'meaning'],
    Object.entries(table_).map(([name, meaning]) => [code(name), meaning]),
  );

/** An example that fits a table; longer ones are shown by list_enumerators. */
function shortExample(example: object): string {
  const text = JSON.stringify(example);
  return text.length <= 200 ? code(text) : '`abp enumerators` shows one';
}

/** First sentence of a description: what it does. */
const firstSentence = (text: string) => text.split(/(?<=[.;:]) /)[0]?.replace(/[;:]$/, '.') ?? text;

function fieldRows(schema: z.ZodType, prefix = ''): string[][] {
  const shape = (schema as { shape?: Record<string, z.ZodType> }).shape ?? {};
  return Object.entries(shape).flatMap(([name, field]) => {
    const inner = unwrap(field);
    const { element, shape: fields } = inner as { element?: z.ZodType; shape?: object };
    const isDeep = (fields ?? element) !== undefined && name !== 'worker' && name !== 'source';
    const deeper = isDeep ? fieldRows(element ?? inner, `${prefix}${name}${element ? '[]' : ''}.`) : [];
    return [[code(prefix + name), field.description ?? inner.description ?? ''], ...deeper];
  });
}

function unwrap(schema: z.ZodType): z.ZodType {
  const { def } = schema as unknown as { def: { type: string; innerType?: z.ZodType } };
  return (def.type === 'optional' || def.type === 'nullable') && def.innerType ? unwrap(def.innerType) : schema;
}

async function workerTable(type: string): Promise<string> {
  return table(['field', 'meaning'], fieldRows((await getWorker(type)).configSchema));
}

/** Every generated table by the name of its marker. */
export async function tables(): Promise<Readonly<Record<string, string>>> {
  return {
    // Written by the end-to-end test in which Claude Code is the client.
    transcript: `\n${readFileSync(join(packageRoot(), 'test/e2e/__transcript__/conversation.md'), 'utf8').trim()}\n`,
    tools: table(
      ['tool', 'effect', 'what it does'],
      [...operationsOn('mcp'), dashboardTool].map(({ name, effect, description }) => [
        code(name),
        effect,
        firstSentence(description),
      ]),
    ),
    sources: table(
      ['type', 'items', 'example'],
      (await listEnumerators()).map(({ type, description, example }) => [
        code(type),
        description,
        shortExample(example),
      ]),
    ),
    'claude-worker': await workerTable('claude'),
    'command-worker': await workerTable('command'),
    'batch-file': table(['field', 'meaning'], fieldRows(batchFileSchema)),
    environment: table(
      ['variable', 'default', 'meaning'],
      Object.values(VARIABLES).map(({ name, fallback, meaning }) => [code(name), code(fallback), meaning]),
    ),
    'job-statuses': meanings('job', JOB_STATUS_MEANING),
    'pause-reasons': table(
      ['pause_reason', 'meaning', 'what to do'],
      Object.entries(PAUSE_REASONS).map(([name, { meaning, advice }]) => [code(name), meaning, what(advice)]),
    ),
    'unit-statuses': meanings('unit', UNIT_STATUS_MEANING),
    'attempt-statuses': meanings('attempt', ATTEMPT_STATUS_MEANING),
    failures: table(
      ['class', 'meaning', 'what to do'],
      (Object.entries(FAILURES) as [string, FailureRule][]).map(([name, { of, meaning, advice }]) => {
        const ofProgram = of?.command;
        return [
          code(name),
          ofProgram && ofProgram.meaning !== meaning ? `${meaning}; or ${ofProgram.meaning}` : meaning,
          ofProgram ? `${what(advice)} (A program: ${what(ofProgram.advice)})` : what(advice),
        ];
      }),
    ),
    'exit-codes': table(
      ['code', 'meaning'],
      Object.values(EXIT_CODES).map(([exit, meaning]) => [String(exit), meaning]),
    ),
  };
}

/** The README with every table as the code has it. Throws when a marker is missing. */
export async function withTables(text: string): Promise<string> {
  let result = text;
  for (const [name, content] of Object.entries(await tables())) {
    const begin = `<!-- ${name} -->`;
    const end = `<!-- /${name} -->`;
    const from = result.indexOf(begin);
    const to = result.indexOf(end);
    if (from < 0 || to < from) throw new Error(`README.md has no markers ${begin} … ${end}`);
    result = `${result.slice(0, from + begin.length)}\n${content}\n${result.slice(to)}`;
  }
  return result;
}

/** The README as it is. */
export function readReadme(): string {
  return readFileSync(README, 'utf8');
}
