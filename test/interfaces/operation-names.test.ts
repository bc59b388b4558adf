import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { OPERATIONS } from '../../src/orchestrator/operations.ts';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** Where a text may name operations, with the reason. */
const MAY_NAME: Readonly<Record<string, string>> = {
  'mcp/': 'it speaks to models, whose tools they are',
  'config.ts': 'a variable is about one tool of MCP hosts',
};

const NAMES = OPERATIONS.map(({ name }) => name).join('|');
const ARGUMENTS = /\b(?:approve|again|skip_test|hard)=(?:true|false)\b|\bwithout (?:approve|skip_test|again)\b/;
const LITERAL = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/;

/** Source without comments, and without descriptions, which say to a model what an operation is for. */
function withoutDescriptions(source: string): string {
  const literals = `(?:\\s*(?:${LITERAL.source})(?:\\s*\\+)?)+`;
  return source
    .replace(/^\s*\/\*[\s\S]*?\*\//gm, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(new RegExp(`\\.describe\\(${literals},?\\s*\\)`, 'g'), '')
    .replace(new RegExp(`\\bdescription:${literals}`, 'g'), '');
}

/** Lines whose text names an operation or its arguments; a literal that is only a name is code, so is a key. */
function namesInTexts(source: string): readonly string[] {
  const named = new RegExp(`\\b(?:${NAMES})\\b`);
  return withoutDescriptions(source)
    .replace(new RegExp(`(['"])(?:${NAMES})\\1`, 'g'), '')
    .replace(new RegExp(`^\\s*(?:${NAMES}):`, 'gm'), '')
    .split('\n')
    .filter((line) => named.test(line) || ARGUMENTS.test(line));
}

test.each([
  ["hint: 'start_job runs it.'", true],
  ['hint: `Use start_job first`', true],
  ["'Wait: call it without approve.'", true],
  ['hint: hint`${' + "mention('start_job')" + '} runs it.`', false],
  ["name: 'start_job',", false],
  ['  start_job: post(`x`),', false],
  ["description:\n    'Before start_job.',", false],
  ["z.string().describe('As in start_job')", false],
])('%j names an operation in a text: %s', (source, isNamed) => {
  expect(namesInTexts(source).length > 0).toBe(isNamed);
});

test('texts name operations as data, so that each interface has its own words for them', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.tsx?$/.test(file) && !Object.keys(MAY_NAME).some((folder) => file.startsWith(folder)),
  );
  expect(files.length).toBeGreaterThan(300);
  const found = files.flatMap((file) =>
    namesInTexts(readFileSync(join(SRC, file), 'utf8')).map((line) => `${file}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});
