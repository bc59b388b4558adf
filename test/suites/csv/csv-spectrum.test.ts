import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/domain/json.ts';
import { enumerateAll, refusal } from '../../enumerators/helpers.ts';

const SUITE = dirname(createRequire(import.meta.url).resolve('csv-spectrum'));
const names = readdirSync(join(SUITE, 'csvs')).map((file) => file.replace(/\.csv$/, ''));

/** Files that are refused by choice, with the setting that reads them; docs/differences.md says why. */
const CHOICES: Readonly<Record<string, JsonObject>> = { location_coordinates: { relax_quotes: true } };
/** What the suite says of a file and gets wrong: it is no list, and has another telephone number than the file. */
const CORRECTED: Readonly<Record<string, (wrong: JsonObject) => readonly JsonObject[]>> = {
  location_coordinates: (wrong) => [{ ...wrong, 'Contact Phone Number': '2095257564' }],
};

describe('csv-spectrum', () => {
  test('is present', () => expect(names.length).toBeGreaterThanOrEqual(12));

  test.each(names)('%s', async (name) => {
    const file_path = join(SUITE, 'csvs', `${name}.csv`);
    const written = JSON.parse(readFileSync(join(SUITE, 'json', `${name}.json`), 'utf8'));
    const expected = CORRECTED[name]?.(written) ?? written;
    const settings = CHOICES[name];
    if (settings)
      expect((await refusal(() => enumerateAll('csv', { file_path }))).hint).toContain(Object.keys(settings)[0]);
    const { payloads } = await enumerateAll('csv', { file_path, ...settings });
    expect(payloads.map(({ _row_index, _id, ...columns }) => columns)).toEqual(expected);
  });
});
