import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import { duplicateKey, onDuplicate } from '../../src/enumerators/duplicates.ts';
import { getEnumerator, parseConfig } from '../../src/enumerators/index.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

test.each<[string, string, JsonObject, string]>([
  ['csv', 'id\na\nb\n\na\na\n', { id_column: 'id' }, 'line 2 and line 5'],
  ['json', '[{"id":"a"},\n{"id":"b"},{"id":"a"}]', { id_field: 'id' }, 'line 1, column 2 and line 2, column 12'],
  ['json', '{"id":"b"}\n{"id":"a"}\n{"id":"a"}\n', { id_field: 'id' }, 'line 2 and line 3'],
])('%s: refuses a repeated key with its first two places', async (type, content, fields, places) => {
  const file_path = join(temporaryDirectory(), 'source');
  writeFileSync(file_path, content);
  const enumerator = await getEnumerator(type);
  const config = parseConfig(enumerator, { file_path, ...fields });
  const error = await duplicateKey(enumerator, config, { workingDirectory: '/' }, 'a');
  expect(error).toMatchObject({ code: 'invalid_input' });
  expect(error.message).toContain(`found "a" twice: ${places}.`);
  expect(error.hint).toContain('on_duplicate');
});

test.each([
  [{ on_duplicate: 'skip' }, 'skip'],
  [{ on_duplicate: 'refuse' }, 'refuse'],
  [{}, 'refuse'],
])('config %j means %s', (config, expected) => expect(onDuplicate(config)).toBe(expected));

test.each(['csv', 'json', 'sql'])('%s refuses duplicates by default', async (type) => {
  const enumerator = await getEnumerator(type);
  expect(onDuplicate(parseConfig(enumerator, enumerator.example))).toBe('refuse');
});
